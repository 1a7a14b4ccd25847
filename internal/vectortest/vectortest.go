// Package vectortest finds public test vectors and the other programs that
// tests compare with, neither of which is part of this repository. Vectors are
// read from the directory in KAI_VECTORS, by default shared/vectors beside the
// repository, programs from PATH. A test that misses its vectors or program is
// skipped with a notice, or fails under KAI_REQUIRE_PEERS=1.
package vectortest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Read returns a vector file, named relative to the directory.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Dir(t), filepath.FromSlash(name)))
	if err != nil {
		Missing(t, err.Error())
	}
	return data
}

// JSON decodes a vector file.
func JSON[T any](t testing.TB, name string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(Read(t, name), &v); err != nil {
		t.Fatalf("test vectors %s: %v", name, err)
	}
	return v
}

// Dir is the directory of all vectors.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("KAI_VECTORS")
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared", "vectors")
	}
	if _, err := os.Stat(dir); err != nil {
		Missing(t, "no test vectors: "+err.Error())
	}
	return dir
}

// Missing skips a test that lacks something from outside this repository, or
// fails it under KAI_REQUIRE_PEERS=1.
func Missing(t testing.TB, notice string) {
	t.Helper()
	if os.Getenv("KAI_REQUIRE_PEERS") == "1" {
		t.Fatal(notice)
	}
	t.Skip(notice)
}

// root is the directory of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}
