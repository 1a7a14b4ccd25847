package secret_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"kai/internal/secret"
)

func TestReadTrimmedStripsOneLineEnding(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"\n", ""},
		{"\r\n", ""},
		{"\r", "\r"},
		{"a", "a"},
		{"a\n", "a"},
		{"a\r\n", "a"},
		{"a\n\n", "a\n"},
		{"a\r\n\r\n", "a\r\n"},
		{"a\r\r\n", "a\r"},
		{"a\n\r", "a\n\r"},
		{"\na", "\na"},
		{" a \n", " a "},
	} {
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "one byte": iotest.OneByteReader, "data with EOF": iotest.DataErrReader,
		} {
			s, err := secret.ReadTrimmed(wrap(strings.NewReader(c.in)), 100)
			if err != nil {
				t.Errorf("%q, %s: %v", c.in, name, err)
				continue
			}
			if string(s.Expose()) != c.want {
				t.Errorf("%q, %s: got %q, want %q", c.in, name, s.Expose(), c.want)
			}
		}
		s, err := secret.Read(strings.NewReader(c.in), 100)
		if err != nil || string(s.Expose()) != c.in {
			t.Errorf("untrimmed %q: %q, %v", c.in, s.Expose(), err)
		}
	}
}

func TestReadLimit(t *testing.T) {
	for _, n := range []int{0, 1, 10, 4095, 4096, 4097, 8192, 20_000} {
		text := strings.Repeat("k", n)
		for _, c := range []struct {
			name, in string
			read     func(io.Reader, int) (*secret.Bytes, error)
			fits     bool
		}{
			{"exact", text, secret.Read, true},
			{"one more", text + "k", secret.Read, false},
			{"newline counts", text + "\n", secret.Read, false},
			{"trimmed exact", text, secret.ReadTrimmed, true},
			{"trimmed LF", text + "\n", secret.ReadTrimmed, true},
			{"trimmed CRLF", text + "\r\n", secret.ReadTrimmed, true},
			{"trimmed one more", text + "k", secret.ReadTrimmed, false},
			{"trimmed one more and LF", text + "k\n", secret.ReadTrimmed, false},
			{"trimmed two LF", text + "\n\n", secret.ReadTrimmed, false},
			{"trimmed four more", text + "kkkk", secret.ReadTrimmed, false},
		} {
			s, err := c.read(strings.NewReader(c.in), n)
			switch {
			case c.fits && (err != nil || s.Len() != n):
				t.Errorf("%d, %s: %v", n, c.name, err)
			case !c.fits && !errors.Is(err, secret.ErrTooLong):
				t.Errorf("%d, %s: %v, want too long", n, c.name, err)
			case !c.fits && s != nil:
				t.Errorf("%d, %s: error and a secret", n, c.name)
			}
		}
	}
	if _, err := secret.Read(strings.NewReader(""), -1); !errors.Is(err, secret.ErrTooLong) {
		t.Errorf("negative limit: %v", err)
	}
	if s, err := secret.ReadTrimmed(strings.NewReader("a\n"), math.MaxInt); err != nil || s.Len() != 1 {
		t.Errorf("any length: %v", err)
	}
}

type idleReader struct{}

func (idleReader) Read([]byte) (int, error) { return 0, nil }

func TestReadErrors(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"at once":          {iotest.ErrReader(broken), broken},
		"after some bytes": {io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)), broken},
		"at the limit":     {io.MultiReader(strings.NewReader("abcdef"), iotest.ErrReader(broken)), broken},
		"never anything":   {idleReader{}, io.ErrNoProgress},
		"time limit":       {iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("abcdef"))), iotest.ErrTimeout},
	} {
		s, err := secret.Read(c.r, 6)
		if !errors.Is(err, c.want) || s != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "abc") {
			t.Errorf("%s: the error shows what was read: %v", name, err)
		}
	}
}

func TestReadFromAFile(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdef"), 2000)
	path := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(path, append(bytes.Clone(want), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := secret.ReadTrimmed(f, 1<<20)
	if err != nil || !s.EqualBytes(want) {
		t.Fatalf("%d bytes, %v", s.Len(), err)
	}
}
