package main

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/key/keyfile"
)

// hybridBench is a directory with the key files of signers: NAME and NAME-pq are private,
// NAME.pub has both public keys.
type hybridBench struct {
	*world
}

func newHybridBench(t *testing.T, names ...string) *hybridBench {
	t.Helper()
	b := &hybridBench{newWorld(t, "")}
	for _, name := range names {
		public := ""
		for file, kind := range map[string]key.Type{name: key.Ed25519, name + "-pq": key.MLDSA65} {
			private, err := key.Generate(kind, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			text, err := keyfile.MarshalPrivate(keyfile.PrivateForms(kind)[0], private, keyfile.Named{}, nil, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			b.write(t, file, string(text.Expose()))
			public += private.Public().String() + "\n"
		}
		b.write(t, name+".pub", public)
	}
	return b
}

func (b *hybridBench) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.workDir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sign returns the SSH block and the KAI block over a file.
func (b *hybridBench) sign(t *testing.T, file, classical, pq string) (first, second string) {
	t.Helper()
	if code := b.run(t, "sign", file, "-o", "-", "--key", "file:"+classical, "--key", "file:"+pq); code != exitDone {
		t.Fatalf("kai sign: exit %d: %s", code, b.err.String())
	}
	text := b.out.String()
	i := strings.Index(text, "-----BEGIN KAI SIGNATURE-----\n")
	if i < 0 {
		t.Fatalf("no KAI block:\n%s", text)
	}
	return text[:i], text[i:]
}

// What the post-quantum half is worth: it must be good if it is there, and must be there only
// if the caller wants it.
func TestHybrid(t *testing.T) {
	b := newHybridBench(t, "ada", "bob")
	b.write(t, "app", "content\n")
	b.write(t, "other", "other content\n")
	first, second := b.sign(t, "app", "ada", "ada-pq")
	_, otherFile := b.sign(t, "other", "ada", "ada-pq")
	_, otherSigner := b.sign(t, "app", "bob", "bob-pq")
	// Ed25519 signs the same the second time, so that this block is bound to ada's signature.
	again, foreignKey := b.sign(t, "app", "ada", "bob-pq")
	if again != first {
		t.Fatal("Ed25519 gave two signatures of one message")
	}
	classical := strings.Split(readWorldFile(t, b.world, "ada.pub"), "\n")
	for _, line := range classical {
		if strings.HasPrefix(line, "ed25519:") {
			b.write(t, "classical.pub", line+"\n")
		}
	}
	changed := []byte(second)
	if at := len(second) - 1000; changed[at] == 'A' { // a digit of the signature
		changed[at] = 'B'
	} else {
		changed[at] = 'A'
	}
	for _, c := range []struct {
		name, file, signer string
		require            bool
		code               int
		pq, reason         string
	}{
		{"both halves", first + second, "ada.pub", false, exitDone, "verified", ""},
		{"both halves, required", first + second, "ada.pub", true, exitDone, "verified", ""},
		{"stripped", first, "ada.pub", false, exitDone, "absent", ""},
		{"stripped, required", first, "ada.pub", true, exitUntrusted, "absent", "pq_missing"},
		{"signer without the second key", first + second, "classical.pub", false, exitDone, "unbound", ""},
		{"signer without the second key, required", first + second, "classical.pub", true, exitUntrusted, "unbound", "pq_missing"},
		{"of another file", first + otherFile, "ada.pub", false, exitBad, "bad", "pq"},
		{"of another signer", first + otherSigner, "ada.pub", false, exitBad, "bad", "pq"},
		{"by another signer's key", first + foreignKey, "ada.pub", false, exitBad, "bad", "pq_key_mismatch"},
		{"of nobody known", first + second, "bob.pub", false, exitUntrusted, "", ""},
		{"a digit changed", first + string(changed), "ada.pub", false, exitBad, "bad", "pq"},
		{"twice", first + second + second, "ada.pub", false, exitUndecidable, "", ""},
		{"alone", second, "ada.pub", false, exitUndecidable, "", ""},
	} {
		b.write(t, "app.sig", c.file)
		args := []string{"verify", "app", "-s", "app.sig", "--signer", c.signer, "--json"}
		if c.require {
			args = append(args, "--require-pq")
		}
		code := b.run(t, args...)
		if code != c.code {
			t.Errorf("%s: exit %d, want %d\n%s%s", c.name, code, c.code, b.out.String(), b.err.String())
			continue
		}
		pq, reasons := judgedPQ(t, b.out.String())
		if c.pq != "" && pq != c.pq || c.reason != "" && !strings.Contains(reasons, c.reason) {
			t.Errorf("%s: pq %q, reasons %q; want %q, %q", c.name, pq, reasons, c.pq, c.reason)
		}
	}
}

// judgedPQ reads from the report of kai verify --json what it says of the first signature.
func judgedPQ(t *testing.T, report string) (pq, reasons string) {
	t.Helper()
	var r struct {
		Signatures []struct {
			PQ      string
			Reasons []struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(report), &r); err != nil {
		t.Fatalf("%v in %s", err, report)
	}
	if len(r.Signatures) == 0 {
		return "", ""
	}
	for _, reason := range r.Signatures[0].Reasons {
		reasons += reason.Code + " "
	}
	return r.Signatures[0].PQ, reasons
}

func readWorldFile(t *testing.T, w *world, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.workDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
