package digest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/zeebo/blake3"

	"kai/internal/digest"
)

func TestPoolIsShared(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 6<<20/16)
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, large, 0o600); err != nil {
		t.Fatal(err)
	}
	want := blake3.Sum256(large)
	pool := digest.NewPool(3)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			f, err := os.Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			sum, size, err := pool.File(t.Context(), f, digest.BLAKE3)
			if err != nil || size != int64(len(large)) || !bytes.Equal(sum, want[:]) {
				t.Errorf("File = %x, %d, %v", sum, size, err)
			}
		})
	}
	wait.Wait()
}

func TestPoolWaitsNoLongerThanItsContext(t *testing.T) {
	pool := digest.NewPool(1)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	held := make(chan error)
	go func() { // reads from the pipe until it is closed
		_, _, err := pool.File(t.Context(), r, digest.SHA256)
		held <- err
	}()
	// More than a pipe holds: when it is written, the only worker is busy.
	if _, err := w.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, _, err := pool.File(ctx, f, digest.SHA256); !errors.Is(err, enough) {
		t.Errorf("with no idle worker: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-held; err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("the one that held it: %v", err)
	}
	if _, _, err := pool.File(t.Context(), f, digest.SHA256); err != nil {
		t.Errorf("the worker was not given back: %v", err)
	}
}
