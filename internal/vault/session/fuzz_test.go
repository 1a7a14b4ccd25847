package session_test

import (
	"bytes"
	"os"
	"testing"

	"kai/internal/vault/session"
)

// What is accepted as the fields of a blob is written again as it was.
func FuzzFields(f *testing.F) {
	b := newBench(f)
	s := b.begin(f, nil)
	plain := s.Plain()
	f.Add(plain, false)
	f.Add(plain, true)
	f.Add(plain[:len(plain)-1], false)
	f.Add([]byte(nil), false)
	f.Add([]byte("\x05begun\x08\x00\x00\x00AAAA\x01\x00\x00\x00\x04boot\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"+
		"\x04keys\x00\x00\x00\x00\x09not_after\x08\x00\x00\x00BAAA\x01\x00\x00\x00"), true)
	f.Fuzz(func(t *testing.T, plain []byte, user bool) {
		again, err := session.Reencode(plain, user)
		if err == nil && !bytes.Equal(again, plain) {
			t.Errorf("accepted %x, writes %x", plain, again)
		}
	})
}

// Whatever lies in the place of the blob, it is said to be no blob.
func FuzzBlob(f *testing.F) {
	b := newBench(f)
	s := b.begin(f, nil)
	g := given(f, s)
	whole, err := os.ReadFile(b.file(s.Name()))
	must(f, err)
	f.Add(whole[:len(whole)-1])
	f.Add(whole[:8])
	f.Add(whole[:48])
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, blob []byte) {
		if bytes.Equal(blob, whole) {
			return
		}
		must(t, os.WriteFile(b.file(s.Name()), blob, 0o600))
		must(t, os.Chtimes(b.file(s.Name()), start.Wall, start.Wall))
		_, err := b.Peek(start, g)
		wantError(t, "blob", err, session.ErrTampered)
	})
}

// A text of S has one spelling.
func FuzzToken(f *testing.F) {
	b := newBench(f)
	s := b.begin(f, nil)
	text := string(s.Token().Text().Expose())
	for _, seed := range []string{text, text[:51], "kaisess1", "", "kaisess1" + text, text[:30] + "\n" + text[30:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, err := session.ParseToken(text)
		if err != nil {
			return
		}
		defer token.Wipe()
		again := token.Text()
		defer again.Wipe()
		if !again.EqualBytes([]byte(text)) {
			t.Errorf("accepted %q, writes %q", text, again.Expose())
		}
	})
}

// The name of a blob has one spelling.
func FuzzBlobName(f *testing.F) {
	b := newBench(f)
	s := b.begin(f, nil)
	for _, seed := range []string{s.Name(), s.Name() + ".u", s.Name() + ".u.u", "lock", ".", "..", ".u", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if again, ok := session.ParseBlobName(name); ok && again != name {
			t.Errorf("accepted %q, writes %q", name, again)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	bench := newBench(b)
	g := given(b, bench.begin(b, nil))
	for b.Loop() {
		s, err := bench.Open(start, g)
		if err != nil {
			b.Fatal(err)
		}
		s.Wipe()
	}
}
