package vlog

import (
	"bytes"
	"crypto/cipher"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kai/internal/vault/objectid"
	"kai/internal/vault/xaes"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func filled(c byte) (id objectid.ID) {
	for i := range id {
		id[i] = c
	}
	return id
}

func aead(t testing.TB, c byte) cipher.AEAD {
	t.Helper()
	a, err := xaes.New(bytes.Repeat([]byte{c}, xaes.KeySize))
	must(t, err)
	return a
}

// counter is a source of nonces: 0, 1, 2, …
type counter byte

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(*c)
		*c++
	}
	return len(b), nil
}

// The keys and ids of the example in doc.go.
var (
	exampleHeader = Header{Vault: filled(1), Namespace: filled(2), Device: filled(3), Generation: 1, First: 1}
	exampleDevice = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{6}, ed25519.SeedSize))
)

func exampleKeys(t testing.TB) (meta, value cipher.AEAD) { return aead(t, 4), aead(t, 5) }

// example is that of doc.go: one PUT and its checkpoint.
func example(t testing.TB) []byte {
	t.Helper()
	meta, value := exampleKeys(t)
	b := NewBuilder(&exampleHeader, exampleHeader.Chain(), 1)
	_, err := b.Add(&Draft{Type: Put, Epoch: 1, Meta: []byte("meta"), Value: []byte("value"), MetaKey: meta, ValueKey: value}, new(counter))
	must(t, err)
	b.AddCheckpoint(exampleDevice, 1_800_000_000_000)
	return b.Bytes()
}

// The bytes of the example stand in doc.go, and were made by testdata/example.py, which
// shares nothing with this package.
func TestExample(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	must(t, err)
	_, text, ok := strings.Cut(string(doc), "# Example\n")
	if !ok {
		t.Fatal("no example in doc.go")
	}
	var lines []string
	for _, m := range regexp.MustCompile(`(?m)^//\t([0-9a-f]{2,})$`).FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1])
	}
	want, err := hex.DecodeString(strings.Join(lines, ""))
	must(t, err)
	got := example(t)
	if !bytes.Equal(got, want) {
		var b strings.Builder
		for part := range slices.Chunk(got, 44) {
			b.WriteString("//\t" + hex.EncodeToString(part) + "\n")
		}
		t.Fatalf("the example is\n%s", b.String())
	}
	h, err := ParseHeader(want)
	must(t, err)
	if h != exampleHeader {
		t.Errorf("%+v", h)
	}
	meta, value := exampleKeys(t)
	var types []Type
	_, err = Scan(want[HeaderSize:], h.Start(), func(f *Frame, _ Position) error {
		types = append(types, f.Type)
		if f.Type == Checkpoint {
			ms, err := f.CheckCheckpoint(&h, exampleDevice.Public().(ed25519.PublicKey))
			if ms != 1_800_000_000_000 {
				t.Errorf("time %d", ms)
			}
			return err
		}
		m, err := f.OpenMeta(&h, meta, nil)
		must(t, err)
		v, err := f.OpenValue(&h, value, nil)
		must(t, err)
		if string(m) != "meta" || string(v) != "value" {
			t.Errorf("%q, %q", m, v)
		}
		return nil
	})
	must(t, err)
	if len(types) != 2 {
		t.Errorf("frames %v", types)
	}
}

func TestPadded(t *testing.T) {
	// Data and their four bytes of length.
	for n, want := range map[int]int{0: 64, 1: 64, 60: 64, 61: 72, 68: 72, 96: 104, 100: 104, 996: 1024, 1000: 1024, 1020: 1024, 1021: 1088, 1<<20 - 4: 1 << 20} {
		if got := Padded(n); got != want {
			t.Errorf("Padded(%d) = %d, want %d", n, got, want)
		}
	}
	sizes := map[int]bool{}
	before := 0
	for n := range 200_000 {
		p := Padded(n)
		sizes[p] = true
		if p < n+4 || p < before || p > 64 && (p-n-4)*100 > 12*(n+4) {
			t.Fatalf("Padded(%d) = %d", n, p)
		}
		before = p
	}
	if len(sizes) > 200 {
		t.Errorf("%d sizes below 200,000: lengths show", len(sizes))
	}
	for _, n := range []int{MaxValue - 1, MaxValue} {
		if p := Padded(n); p < n+4 || (p-n-4)*100 > 12*(n+4) || p+PaddedMeta(MaxMeta)+2*tagSize+fixedSize > maxFrame {
			t.Errorf("Padded(%d) = %d", n, p)
		}
	}
	for n, want := range map[int]int{0: 192, 188: 192, 189: 256, 252: 256, 253: 320, MaxMeta: MaxMeta + 64} {
		if got := PaddedMeta(n); got != want {
			t.Errorf("PaddedMeta(%d) = %d, want %d", n, got, want)
		}
	}
}

// The largest record can be written and read; larger ones are refused.
func TestLargest(t *testing.T) {
	meta, value := exampleKeys(t)
	b := NewBuilder(&exampleHeader, exampleHeader.Chain(), 1)
	d := &Draft{Type: Put, Epoch: 1, Meta: make([]byte, MaxMeta), Value: make([]byte, MaxValue), MetaKey: meta, ValueKey: value}
	_, err := b.Add(d, new(counter))
	must(t, err)
	f, err := ParseFrame(b.Bytes()[HeaderSize:], exampleHeader.Chain(), 1)
	must(t, err)
	if v, err := f.OpenValue(&exampleHeader, value, nil); err != nil || len(v) != MaxValue {
		t.Errorf("%d bytes, %v", len(v), err)
	}
	for _, d := range []*Draft{
		{Type: Put, Epoch: 1, Meta: make([]byte, MaxMeta+1), MetaKey: meta, ValueKey: value},
		{Type: Put, Epoch: 1, Value: make([]byte, MaxValue+1), MetaKey: meta, ValueKey: value},
	} {
		n := len(b.Bytes())
		if _, err := b.Add(d, new(counter)); !errors.Is(err, ErrTooLarge) || len(b.Bytes()) != n {
			t.Errorf("%v, and %d bytes more", err, len(b.Bytes())-n)
		}
	}
}

// check reads a file as a device's log is read, and opens all its records.
func check(t testing.TB, file []byte, want *Header) error {
	h, err := ParseHeader(file)
	if err != nil {
		return err
	}
	if h != *want {
		return ErrDamaged // the name of the file says what it must be
	}
	meta, value := exampleKeys(t)
	covered := false
	_, err = Scan(file[HeaderSize:], h.Start(), func(f *Frame, _ Position) error {
		covered = f.Type == Checkpoint
		if covered {
			_, err := f.CheckCheckpoint(&h, exampleDevice.Public().(ed25519.PublicKey))
			return err
		}
		if f.Type == Gen {
			return nil
		}
		if _, err := f.OpenMeta(&h, meta, nil); err != nil {
			return err
		}
		if f.Type == Put {
			_, err = f.OpenValue(&h, value, nil)
		}
		return err
	})
	if err == nil && !covered {
		err = ErrEnd
	}
	return err
}

func TestEachBit(t *testing.T) {
	file := example(t)
	must(t, check(t, file, &exampleHeader))
	for at := range file {
		for bit := range 8 {
			bad := bytes.Clone(file)
			bad[at] ^= 1 << bit
			err := check(t, bad, &exampleHeader)
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrEnd) && !errors.Is(err, ErrNewer) {
				t.Fatalf("bit %d of byte %d flipped: %v", bit, at, err)
			}
		}
	}
	for n := range file {
		if err := check(t, file[:n], &exampleHeader); !errors.Is(err, ErrEnd) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

// rechained makes all chains right again from a place on, as an attacker without keys can.
func rechained(h *Header, frames [][]byte) []byte {
	out := h.Encode()
	chain := h.Chain()
	for i, f := range frames {
		f = bytes.Clone(f[:len(f)-ChainSize])
		binary.LittleEndian.PutUint64(f[12:], h.First+uint64(i))
		chain = newChainer().next(&chain, f)
		out = append(append(out, f...), chain[:]...)
	}
	return out
}

func frames(t testing.TB, h *Header, file []byte) (list [][]byte) {
	t.Helper()
	at := 0
	_, err := Scan(file[HeaderSize:], h.Start(), func(f *Frame, _ Position) error {
		list = append(list, file[HeaderSize+at:HeaderSize+at+f.Size])
		at += f.Size
		return nil
	})
	must(t, err)
	return list
}

// Frames that are swapped, left out, repeated, or put into another file do not pass, with the chains
// they had, nor with chains made right.
func TestMovedFrames(t *testing.T) {
	meta, value := exampleKeys(t)
	b := NewBuilder(&exampleHeader, exampleHeader.Chain(), 1)
	for range 2 {
		for _, text := range []string{"one", "two"} {
			_, err := b.Add(&Draft{Type: Put, Epoch: 1, Meta: []byte(text), Value: []byte(text), MetaKey: meta, ValueKey: value}, new(counter))
			must(t, err)
		}
		b.AddCheckpoint(exampleDevice, 1)
	}
	file := b.Bytes()
	must(t, check(t, file, &exampleHeader))
	list := frames(t, &exampleHeader, file)
	if again := rechained(&exampleHeader, list); !bytes.Equal(again, file) {
		t.Fatal("the test's own chains are other ones")
	}
	a, c, p, d, e, q := list[0], list[1], list[2], list[3], list[4], list[5]
	_, _ = d, e
	for what, l := range map[string][][]byte{
		"swapped":       {c, a, p},
		"first left":    {c, p},
		"one left":      {a, p},
		"repeated":      {a, a, c, p},
		"commits":       {d, e, q, a, c, p},
		"checkpoint":    {a, c, q},
		"checkpoint 2":  {a, c, p, p},
		"first commit":  {d, e, q},
		"no checkpoint": {a, c, d, e, q},
		"only one":      {p},
	} {
		if err := check(t, rechained(&exampleHeader, l), &exampleHeader); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
		plain := append(exampleHeader.Encode(), bytes.Join(l, nil)...)
		if err := check(t, plain, &exampleHeader); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s, with its chains: %v", what, err)
		}
	}
	// Fields exchanged between records of one commit.
	swap := func(x, y []byte, fromMeta bool) []byte {
		f, err := ParseFrame(x, exampleHeader.Chain(), 1)
		must(t, err)
		g, err := ParseFrame(y, f.Chain, 2)
		must(t, err)
		out := bytes.Clone(x)
		if fromMeta {
			copy(out[48:], g.Meta)
		} else {
			copy(out[48+len(f.Meta)+4:], g.Value)
		}
		return out
	}
	for _, fromMeta := range []bool{true, false} {
		for _, nonce := range []bool{true, false} {
			x := swap(a, c, fromMeta)
			if nonce {
				copy(x[20:44], c[20:44])
			}
			if err := check(t, rechained(&exampleHeader, [][]byte{x, c, p}), &exampleHeader); !errors.Is(err, ErrDamaged) {
				t.Errorf("field exchanged (%v, %v): %v", fromMeta, nonce, err)
			}
		}
	}
	// Another vault, namespace, device, generation, number.
	for what, change := range map[string]func(*Header){
		"vault":      func(h *Header) { h.Vault[5] ^= 1 },
		"namespace":  func(h *Header) { h.Namespace[5] ^= 1 },
		"device":     func(h *Header) { h.Device[5] ^= 1 },
		"generation": func(h *Header) { h.Generation++ },
		"number":     func(h *Header) { h.First++ },
	} {
		h := exampleHeader
		change(&h)
		if err := check(t, rechained(&h, list), &h); !errors.Is(err, ErrDamaged) {
			t.Errorf("another %s: %v", what, err)
		}
		moved := append(h.Encode(), file[HeaderSize:]...)
		if err := check(t, moved, &h); !errors.Is(err, ErrDamaged) {
			t.Errorf("another %s, with its chains: %v", what, err)
		}
		if err := check(t, file, &h); !errors.Is(err, ErrDamaged) {
			t.Errorf("another %s, renamed: %v", what, err)
		}
	}
}

func TestShapes(t *testing.T) {
	type draft struct {
		kind, flags byte
		epoch       uint32
		nonce       byte
		meta, value int
		want        error
	}
	for _, d := range []draft{
		{1, 0, 1, 9, 208, 80, nil}, {1, 1, 1, 9, 208, 80, nil}, {2, 0, 1, 9, 208, 0, nil}, {3, 0, 1, 9, 208, 0, nil},
		{4, 0, 0, 0, checkpointSize, 0, nil}, {5, 0, 0, 0, genSize, 0, nil},
		{1, 0, 0, 9, 208, 80, ErrDamaged}, {1, 0, 1, 9, 208, 0, ErrDamaged}, {2, 0, 1, 9, 208, 1, ErrDamaged}, {3, 0, 0, 9, 208, 0, ErrDamaged},
		{2, 1, 1, 9, 208, 0, ErrDamaged}, {4, 0, 1, 0, checkpointSize, 0, ErrDamaged}, {4, 0, 0, 9, checkpointSize, 0, ErrDamaged},
		{4, 1, 0, 0, checkpointSize, 0, ErrDamaged}, {4, 0, 0, 0, checkpointSize - 1, 0, ErrDamaged}, {5, 0, 0, 0, genSize + 1, 0, ErrDamaged},
		{5, 0, 0, 0, genSize, 1, ErrDamaged},
		{0, 0, 1, 9, 208, 80, ErrNewer}, {6, 0, 1, 9, 208, 80, ErrNewer}, {255, 0, 1, 9, 208, 0, ErrNewer}, {1, 2, 1, 9, 208, 80, ErrNewer}, {1, 0x81, 1, 9, 208, 80, ErrNewer},
	} {
		f := Frame{Type: Type(d.kind), Flags: d.flags, Epoch: d.epoch, Sequence: 7}
		f.Nonce[3] = d.nonce
		b := NewBuilder(&exampleHeader, Chain{}, 7)
		at := b.begin(&f, d.meta, d.value)
		b.out = append(b.out, make([]byte, d.meta)...)
		b.out = binary.LittleEndian.AppendUint32(b.out, uint32(d.value))
		b.out = append(b.out, make([]byte, d.value)...)
		b.end(at)
		_, err := ParseFrame(b.out, Chain{}, 7)
		if !errors.Is(err, d.want) {
			t.Errorf("%+v: %v", d, err)
		}
	}
	// Lengths that would need much memory, or run over.
	for _, n := range []uint32{0, fixedSize - 1, maxFrame + 1, 1 << 31, 1<<32 - 1} {
		bad := binary.LittleEndian.AppendUint32(nil, n)
		if _, err := ParseFrame(append(bad, make([]byte, 200)...), Chain{}, 1); !errors.Is(err, ErrDamaged) {
			t.Errorf("length %d: %v", n, err)
		}
	}
	newer := exampleHeader.Encode()
	newer[7] = '2'
	if _, err := ParseHeader(newer); !errors.Is(err, ErrNewer) {
		t.Errorf("KAIVLOG2: %v", err)
	}
}

// What was sealed with zeros only behind the data opens; anything else there does not.
func TestPaddingIsChecked(t *testing.T) {
	_, value := exampleKeys(t)
	h := exampleHeader
	seal := func(plain []byte) *Frame {
		f := &Frame{Type: Put, Epoch: 1, Sequence: 1, Meta: []byte("x")}
		var aad [aadSize]byte
		sum := f.additional(aad[:0], &h, 'm')
		f.Meta = value.Seal(nil, f.Nonce[:], plain, sum)
		return f
	}
	good := append([]byte{2, 0, 0, 0, 'o', 'k'}, make([]byte, 58)...)
	if b, err := seal(good).OpenMeta(&h, value, nil); err != nil || string(b) != "ok" {
		t.Errorf("%q, %v", b, err)
	}
	for _, bad := range [][]byte{{}, {1}, {1, 0, 0}, {1, 0, 0, 0}, {255, 255, 255, 255, 1}, append(bytes.Clone(good), 1)} {
		if _, err := seal(bad).OpenMeta(&h, value, nil); !errors.Is(err, ErrDamaged) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestCommitFollows(t *testing.T) {
	file := example(t)
	pub := exampleDevice.Public().(ed25519.PublicKey)
	rest := file[HeaderSize:]
	if !CommitFollows(rest, &exampleHeader, pub, 1, ^uint64(0)) {
		t.Error("the checkpoint is not found")
	}
	bad := bytes.Clone(rest)
	for i := range bad[:len(bad)-fixedSize-checkpointSize-ChainSize] {
		bad[i] = 0xaa // all of the record but its chain
	}
	if !CommitFollows(bad, &exampleHeader, pub, 1, ^uint64(0)) {
		t.Error("the checkpoint is not found behind garbage")
	}
	other := exampleHeader
	other.Generation++
	for what, found := range map[string]bool{
		"of an older number": CommitFollows(rest, &exampleHeader, pub, 3, ^uint64(0)),
		"beyond the last":    CommitFollows(rest, &exampleHeader, pub, 1, 1),
		"of another file":    CommitFollows(rest, &other, pub, 1, ^uint64(0)),
		"of another device":  CommitFollows(rest, &exampleHeader, ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey), 1, ^uint64(0)),
		"cut":                CommitFollows(rest[:len(rest)-1], &exampleHeader, pub, 1, ^uint64(0)),
		"nothing":            CommitFollows(nil, &exampleHeader, pub, 1, ^uint64(0)),
	} {
		if found {
			t.Errorf("a checkpoint %s is found", what)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add(exampleHeader.Encode())
	f.Add([]byte("KAIVLOG2"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err == nil && !bytes.Equal(h.Encode(), b[:HeaderSize]) {
			t.Error("another header is written")
		}
		if err != nil && !errors.Is(err, ErrEnd) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	})
}

// The chain is made right first, so that what is behind it is reached.
func FuzzParseFrame(f *testing.F) {
	file := example(f)
	for _, frame := range frames(f, &exampleHeader, file) {
		f.Add(frame, uint64(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, sequence uint64) {
		if len(b) >= fixedSize && len(b) < 1<<20 {
			b = bytes.Clone(b)
			binary.LittleEndian.PutUint32(b, uint32(len(b)))
			c := newChainer().next(&Chain{}, b[:len(b)-ChainSize])
			copy(b[len(b)-ChainSize:], c[:])
		}
		fr, err := ParseFrame(b, Chain{}, sequence)
		if err != nil {
			if !errors.Is(err, ErrEnd) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrDamaged) {
				t.Error(err)
			}
			return
		}
		w := NewBuilder(&exampleHeader, Chain{}, sequence)
		at := w.begin(&fr, len(fr.Meta), len(fr.Value))
		w.out = append(w.out, fr.Meta...)
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(len(fr.Value)))
		w.out = append(w.out, fr.Value...)
		w.end(at)
		if !bytes.Equal(w.out[at:], b[:fr.Size]) {
			t.Error("another frame is written")
		}
	})
}

func FuzzScan(f *testing.F) {
	f.Add(example(f)[HeaderSize:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		end, err := Scan(b, exampleHeader.Start(), nil)
		if end.Offset < HeaderSize || end.Offset > HeaderSize+int64(len(b)) || err == nil && end.Offset != HeaderSize+int64(len(b)) {
			t.Errorf("ends at %d, %v", end.Offset, err)
		}
		CommitFollows(b, &exampleHeader, exampleDevice.Public().(ed25519.PublicKey), 1, ^uint64(0))
	})
}
