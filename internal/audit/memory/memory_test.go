package memory_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/memory"
	"kai/internal/durable"
)

func newDir(t *testing.T) (string, *durable.Dir) {
	t.Helper()
	path := t.TempDir()
	root, err := os.OpenRoot(path)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	return path, durable.NewDir(root)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testMemory(t *testing.T, m audit.Memory) {
	t.Helper()
	const id = "01TESTTESTTESTTESTTESTTEST"
	if _, ok, err := m.Load(id); ok || err != nil {
		t.Fatalf("remembers something before anything was stored: %v", err)
	}
	for n := range uint64(3) {
		head := audit.Head{LogID: id, N: n << 40, Root: [32]byte{byte(n), 31: 0xff}}
		must(t, m.Store(head))
		if got, ok, err := m.Load(id); got != head || !ok || err != nil {
			t.Errorf("got %+v, %v, %v; want %+v", got, ok, err, head)
		}
	}
}

func TestLocal(t *testing.T) {
	path, dir := newDir(t)
	m := memory.Local{Dir: dir}
	testMemory(t, m)
	file := filepath.Join(path, "audit-head.json")
	data, err := os.ReadFile(file)
	must(t, err)
	if len(data) != 256 || data[255] != '\n' {
		t.Errorf("the file has %d bytes: %q", len(data), data)
	}
	// Torn in any way, it says nothing; only what fills it up may be missing.
	for n := range len(data) {
		must(t, os.WriteFile(file, data[:n], 0o600))
		if _, ok, err := m.Load(""); ok != (n > 0 && data[n-1] == '}' || n > 0 && data[n-1] == ' ') || err != nil {
			t.Errorf("cut to %d bytes: %v, %v", n, ok, err)
		}
	}
	for i := range data {
		flipped := append([]byte(nil), data...)
		flipped[i] ^= 1
		must(t, os.WriteFile(file, flipped, 0o600))
		if got, ok, _ := m.Load(""); ok {
			t.Errorf("byte %d flipped: %+v", i, got)
		}
	}
	must(t, os.Remove(file))
	must(t, os.Symlink("/etc/passwd", file))
	if _, ok, err := m.Load(""); ok || err == nil {
		t.Error("followed a link")
	}
}

func TestKeyring(t *testing.T) {
	m := memory.Keyring{}
	if err := m.Available(); err != nil {
		t.Skipf("no user keyring: %v", err)
	}
	const id = "01TESTTESTTESTTESTTESTTEST"
	must(t, m.Forget(id))
	t.Cleanup(func() { must(t, m.Forget(id)) })
	testMemory(t, m)
}

func TestGap(t *testing.T) {
	path, dir := newDir(t)
	g := memory.Gap{Dir: dir}
	if n, _, _, err := g.Load(); n != 0 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	must(t, g.Clear())
	start := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	for i := range 3 {
		must(t, g.Add(start.Add(time.Duration(i)*time.Minute)))
	}
	n, from, to, err := g.Load()
	if n != 3 || !from.Equal(start) || !to.Equal(start.Add(2*time.Minute)) || err != nil {
		t.Errorf("%d, %v to %v, %v", n, from, to, err)
	}
	must(t, os.WriteFile(filepath.Join(path, "audit-gap.json"), []byte("{"), 0o600))
	if n, _, _, err := g.Load(); n != 1 || err != nil {
		t.Errorf("damaged: %d, %v", n, err)
	}
	must(t, g.Clear())
	if n, _, _, err := g.Load(); n != 0 || err != nil {
		t.Errorf("cleared: %d, %v", n, err)
	}
}
