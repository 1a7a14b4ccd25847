//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestHashSpecialFiles(t *testing.T) {
	w := newWorld(t, "")
	if err := syscall.Mkfifo(filepath.Join(w.workDir, "fifo"), 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(filepath.Join(w.workDir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code := w.run(t, "hash", "-r", ".")
	if code != exitFailure || w.err.String() != "kai: error: ./fifo: is a named pipe, not a regular file\n" {
		t.Errorf("exit %d, %q", code, w.err.String())
	}
	if !strings.HasSuffix(w.out.String(), "  ./x\n") {
		t.Errorf("the file beside it: %q", w.out.String())
	}
}
