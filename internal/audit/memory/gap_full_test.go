package memory

import (
	"os"
	"syscall"
	"testing"
	"time"

	"kai/internal/durable"
	"kai/internal/durable/durabletest"
)

// A count that was made room for is kept where no new file can be made.
func TestGapNeedsNoNewFile(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	g := Gap{durable.NewDir(root)}
	if err := g.Reserve(); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	for n := int64(1); n < 4; n++ {
		count := durabletest.Wrap(durable.Root(root), durabletest.None)
		if err := (Gap{durable.NewDirFS(count)}).Add(now.Add(time.Duration(n) * time.Second)); err != nil {
			t.Fatal(err)
		}
		for _, c := range count.Calls() {
			if c.Op == "create" || c.Op == "link" || c.Op == "rename" {
				t.Errorf("%s %s", c.Op, c.Name)
			}
		}
		got, from, to, err := g.Load()
		if err != nil || got != n || !from.Equal(now.Add(time.Second)) || !to.Equal(now.Add(time.Duration(n)*time.Second)) {
			t.Errorf("%d from %s to %s, %v", got, from, to, err)
		}
		info, err := os.Stat(root.Name() + "/" + gapFile)
		if err != nil || info.Size() != gapLine {
			t.Errorf("%v, %v", info, err)
		}
	}
	full := durabletest.Wrap(durable.Root(root), durabletest.FailAt(0, syscall.ENOSPC))
	if err := (Gap{durable.NewDirFS(full)}).Add(now); err == nil {
		t.Error("the test is blind: no call fails")
	}
	for range 2 {
		if err := g.Clear(); err != nil {
			t.Fatal(err)
		}
		if got, _, _, err := g.Load(); got != 0 || err != nil {
			t.Errorf("after Clear %d, %v", got, err)
		}
	}
}
