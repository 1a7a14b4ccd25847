package manifest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"kai/internal/sig"
	"kai/internal/sig/manifest"
)

// merkle is the tree hash of RFC 6962 §2.1, written down as it stands there.
func merkle(leaves []string) [32]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256([]byte("\x00" + leaves[0]))
	}
	k := split(len(leaves))
	left, right := merkle(leaves[:k]), merkle(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// auditPath is that of RFC 6962 §2.1.1.
func auditPath(m int, leaves []string) [][32]byte {
	if len(leaves) == 1 {
		return nil
	}
	if k := split(len(leaves)); m < k {
		return append(auditPath(m, leaves[:k]), merkle(leaves[k:]))
	} else {
		return append(auditPath(m-k, leaves[k:]), merkle(leaves[:k]))
	}
}

// split is the largest power of two smaller than n.
func split(n int) int {
	k := 1
	for 2*k < n {
		k *= 2
	}
	return k
}

// synthetic is a manifest of n files of no tree.
func synthetic(n int) (text string, lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("f 1 %s file-%07d", sumA, i))
	}
	root := merkle(lines)
	var b strings.Builder
	fmt.Fprintf(&b, "kai-manifest/1\nalg blake3\ntree sha256 %d %s\nsize %d\n\n", n, base64.StdEncoding.EncodeToString(root[:]), n)
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	return b.String() + "\n", lines
}

func TestProofsOfSmallTrees(t *testing.T) {
	for n := 1; n <= 34; n++ {
		text, lines := synthetic(n)
		m := open(t, text)
		for i := range n {
			p, err := m.Prove(fmt.Sprintf("file-%07d", i))
			if err != nil {
				t.Fatal(err)
			}
			want := "kai-proof/1\n" + string(m.Signed()) + fmt.Sprintf("index %d\n%s\n", i, lines[i])
			path := auditPath(i, lines)
			for _, h := range path {
				want += base64.StdEncoding.EncodeToString(h[:]) + "\n"
			}
			if got := string(p.Bytes()); got != want+"\n" {
				t.Fatalf("proof %d of %d:\n%s\nwant\n%s", i, n, got, want)
			}
			if got := manifest.PathLength(int64(i), int64(n)); got != len(path) {
				t.Errorf("length of path %d of %d: %d, want %d", i, n, got, len(path))
			}
			read, err := manifest.ReadProof(bytes.NewReader(p.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if e := read.Entry(); e.Path != fmt.Sprintf("file-%07d", i) || e.Size != 1 {
				t.Errorf("entry %v", e)
			}
		}
	}
}

func TestTenThousandFilesFourteenHashes(t *testing.T) {
	text, lines := synthetic(10000)
	m := open(t, text)
	for _, i := range []int{0, 4095, 8191} {
		p, err := m.Prove(fmt.Sprintf("file-%07d", i))
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(p.Bytes()), lines[i]+"\n")
		if hashes := strings.Count(after, "=\n"); hashes != 14 {
			t.Errorf("proof of entry %d has %d hashes", i, hashes)
		}
	}
}

func TestProveWithoutEntry(t *testing.T) {
	m := open(t, text(t, build(t, grow(t, t.TempDir(), base), manifest.Options{})))
	for _, path := range []string{"", ".", "/", "b", "b/", "/a", "./a", "A", "a ", "nowhere", "a\x1b[2J"} {
		_, err := m.Prove(path)
		if !errors.Is(err, manifest.ErrNoEntry) {
			t.Errorf("%q: %v", path, err)
		} else if strings.Contains(err.Error(), "\x1b") {
			t.Errorf("error text with a control byte: %q", err)
		}
	}
}

func TestProofOfAwkwardName(t *testing.T) {
	root := grow(t, t.TempDir(), tree{"a\n\xff\\": file("x"), "b": file("y")})
	p, err := build(t, root, manifest.Options{}).Prove("a\n\xff\\")
	if err != nil {
		t.Fatal(err)
	}
	e := p.Entry()
	if e.Path != `a\x0a\xff\x5c` || e.Raw() != "a\n\xff\\" {
		t.Errorf("entry %q, raw %q", e.Path, e.Raw())
	}
}

func TestMatch(t *testing.T) {
	m := build(t, grow(t, t.TempDir(), base), manifest.Options{})
	p, err := m.Prove("b/d")
	if err != nil {
		t.Fatal(err)
	}
	e := p.Entry()
	other := bytes.Clone(e.Sum)
	other[31] ^= 1
	if err := p.Match(e.Sum, 3); err != nil {
		t.Error(err)
	}
	for _, err := range []error{p.Match(e.Sum, 4), p.Match(other, 3), p.Match(nil, 3), p.Match(e.Sum[:31], 3)} {
		if !isContent(err) {
			t.Errorf("another file: %v", err)
		}
	}
	for _, path := range []string{"down", "empty"} {
		p, err := m.Prove(path)
		if err != nil {
			t.Fatal(err)
		}
		e := p.Entry()
		if err := p.Match(e.Sum, e.Size); !isContent(err) {
			t.Errorf("%s taken for a file: %v", path, err)
		}
	}
}

func TestTamperedProof(t *testing.T) {
	text, lines := synthetic(21)
	m := open(t, text)
	p, err := m.Prove("file-0000006")
	if err != nil {
		t.Fatal(err)
	}
	good := string(p.Bytes())
	signed := string(m.Signed())
	hash := strings.Split(good, "\n")[8]
	for name, c := range map[string]struct {
		text   string
		syntax bool
	}{
		"another entry":      {strings.Replace(good, lines[6], lines[7], 1), false},
		"another digest":     {strings.Replace(good, sumA, zero, 1), false},
		"another type":       {strings.Replace(good, "\nf 1", "\nx 1", 1), false},
		"another index":      {strings.Replace(good, "index 6", "index 7", 1), false},
		"root of the leaf":   {strings.Replace(good, "sha256 21", "sha256 1", 1), true},
		"index beyond":       {strings.Replace(good, "index 6", "index 21", 1), true},
		"index negative":     {strings.Replace(good, "index 6", "index -1", 1), true},
		"index with a zero":  {strings.Replace(good, "index 6", "index 06", 1), true},
		"no index":           {strings.Replace(good, "index 6\n", "", 1), true},
		"hash missing":       {strings.Replace(good, hash+"\n", "", 1), true},
		"hash twice":         {strings.Replace(good, hash+"\n", hash+"\n"+hash+"\n", 1), true},
		"hash not canonical": {strings.Replace(good, hash, hash[:42]+"B=", 1), true},
		"hashes swapped":     {swapLines(good, 8, 9), false},
		"no end":             {strings.TrimSuffix(good, "\n"), true},
		"text after the end": {good + "x\n", true},
		"bare head":          {"kai-proof/1\n" + signed, true},
		"first line only":    {"kai-proof/1\n", true},
		"nothing":            {"", true},
		"a manifest":         {text, true},
		"another version":    {strings.Replace(good, "proof/1", "proof/2", 1), true},
	} {
		_, err := manifest.ReadProof(strings.NewReader(c.text))
		if c.syntax && !errors.Is(err, sig.ErrMalformed) || !c.syntax && !isContent(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range len(good) {
		for bit := range 8 {
			b := []byte(good)
			b[i] ^= 1 << bit
			read, err := manifest.ReadProof(bytes.NewReader(b))
			if err == nil && string(read.Signed()) == signed {
				t.Errorf("bit %d of byte %d flipped: not found", bit, i)
			}
		}
	}
}

func swapLines(text string, a, b int) string {
	lines := strings.Split(text, "\n")
	lines[a], lines[b] = lines[b], lines[a]
	return strings.Join(lines, "\n")
}
