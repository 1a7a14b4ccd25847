package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/digest"
	"kai/internal/sig"
)

// However many signatures look at a message, it is read once: what is hashed, what is kept in
// memory and what is copied are the same bytes, though the file changes in between.
func TestMessageIsReadOnce(t *testing.T) {
	for name, order := range map[string][]string{
		"hash first": {"sums", "load"}, "memory first": {"load", "finish"}, "copy last": {"sums", "load", "finish"},
	} {
		for _, file := range []string{"app", "-"} {
			w := newWorld(t, "before")
			path := writeFile(t, filepath.Join(w.workDir, "app"), "before", 0o600)
			var copied bytes.Buffer
			m := &message{env: newEnv(w.system), name: file, copy: &copied, embeds: true}
			m.require(digest.SHA256)
			for _, step := range order {
				var err error
				switch step {
				case "sums":
					_, err = m.Sums(t.Context(), []digest.Spec{{Algorithm: digest.SHA512}})
				case "load":
					var data []byte
					if data, err = m.Load(t.Context(), sig.MaxEmbedded); string(data) != "before" {
						t.Errorf("%s, %s: loaded %q", name, file, data)
					}
				case "finish":
					err = m.finish(t.Context())
				}
				if err != nil {
					t.Errorf("%s, %s: %s: %v", name, file, step, err)
				}
				writeFile(t, path, "after!", 0o600)
			}
			want := sha256.Sum256([]byte("before"))
			if sum, err := m.sum(digest.SHA256); err != nil || !bytes.Equal(sum, want[:]) || copied.String() != "before" {
				t.Errorf("%s, %s: %x, %v, copied %q", name, file, sum, err, copied.String())
			}
		}
	}
}

// endless is a stream without end that counts what was taken of it.
type endless struct{ taken int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.taken += int64(len(p))
	return len(p), nil
}

// A message that does not fit is not read to its end, which may not exist.
func TestMessageTooLarge(t *testing.T) {
	w := newWorld(t, "")
	stream := &endless{}
	w.stdin = stream
	m := &message{env: newEnv(w.system), name: "-"}
	if _, err := m.Load(t.Context(), 1000); !errors.Is(err, sig.ErrTooLarge) || stream.taken > 8<<20 {
		t.Errorf("%v after %d bytes", err, stream.taken)
	}
	writeFile(t, filepath.Join(w.workDir, "app"), strings.Repeat("x", 1001), 0o600)
	for limit, want := range map[int64]error{1000: sig.ErrTooLarge, 1001: nil} {
		m = &message{env: newEnv(w.system), name: "app"}
		if _, err := m.Load(t.Context(), limit); !errors.Is(err, want) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// A file that grows, shrinks or is touched while it is read was not one message.
func TestMessageChanged(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"grown": func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("x", 3<<20)), 0o600) },
		"cut":   func(path string) error { return os.Truncate(path, 1) },
	} {
		w := newWorld(t, "")
		path := writeFile(t, filepath.Join(w.workDir, "app"), strings.Repeat("x", 2<<20), 0o600)
		m := &message{env: newEnv(w.system), name: "app"}
		m.copy = writerFunc(func(p []byte) (int, error) { return len(p), change(path) })
		_, err := m.Sums(t.Context(), []digest.Spec{{Algorithm: digest.SHA256}})
		if o := judge(t.Context(), err); o.code != exitFailure || o.ident != "changed" {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
