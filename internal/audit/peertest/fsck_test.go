package peertest

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"

	"kai/internal/audit/tiles"
)

// directory writes an export as files.
type directory string

func (d directory) Create(path string, data []byte) error {
	name := filepath.Join(string(d), filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func export(t testing.TB, l *tree, size int) directory {
	t.Helper()
	dir := directory(t.TempDir())
	log := tiles.Log{Checkpoint: sign(t, l.head(t, size), logKey(t)), Tree: l, Records: l.records()}
	if err := tiles.Export(t.Context(), dir, log); err != nil {
		t.Fatalf("size %d: %v", size, err)
	}
	return dir
}

// workers is how many fsck has. One ends at each file that is wrong, and when none
// is left fsck waits for ever: a flipped record makes three wrong, one a level.
const workers = 8

// check is fsck in this process.
func check(t testing.TB, dir directory) error {
	t.Helper()
	v, err := fnote.NewVerifier(logKey(t).Verifier().String())
	if err != nil {
		t.Fatal(err)
	}
	hashes := func(bundle []byte) ([][]byte, error) {
		var b api.EntryBundle
		if err := b.UnmarshalText(bundle); err != nil {
			return nil, err
		}
		var out [][]byte
		for _, e := range b.Entries {
			out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
		}
		return out, nil
	}
	return fsck.New(origin, v, &client.FileFetcher{Root: string(dir)}, hashes, fsck.Opts{N: workers}).Check(t.Context())
}

func sizes() []int {
	if testing.Short() {
		return []int{1, 255, 256, 257, 1000}
	}
	return []int{1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 65536 + 300}
}

func TestFsck(t *testing.T) {
	all := sizes()
	l := newTree(t, all[len(all)-1], 0)
	for _, size := range all {
		if err := check(t, export(t, l, size)); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
	}
}

// A flipped bit at the beginning, in the middle and at the end of every file is
// found.
func TestFsckFindsFlips(t *testing.T) {
	const size = 600
	dir := export(t, newTree(t, size, 0), size)
	files, flips := 0, 0
	err := filepath.WalkDir(string(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			changed := bytes.Clone(data)
			changed[at] ^= 1
			if err := os.WriteFile(path, changed, 0o644); err != nil {
				return err
			}
			if check(t, dir) == nil {
				t.Errorf("%s: byte %d flipped and not found", path, at)
			}
			flips++
		}
		return os.WriteFile(path, data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	// 3 bundles, 3 tiles of level 0, one of level 1, the checkpoint.
	if files != 8 || flips != 24 {
		t.Errorf("%d flips in %d files", flips, files)
	}
	if err := check(t, dir); err != nil {
		t.Errorf("restored: %v", err)
	}
}

// The program itself, which ends with 0 whatever it finds, and says it on stderr.
func TestFsckProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the fsck program")
	}
	const size = 65536 + 300
	dir := export(t, newTree(t, size, 0), size)
	key := filepath.Join(t.TempDir(), "log.vkey")
	if err := os.WriteFile(key, []byte(logKey(t).Verifier().String()), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func() string {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // a first build takes one
		defer cancel()
		cmd := exec.CommandContext(ctx, "go", "tool", "fsck", "-ui=false", fmt.Sprintf("-N=%d", workers), "-storage_url=file://"+string(dir)+"/", "-public_key="+key)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("fsck: %v\n%s", err, out)
		}
		return string(out)
	}
	good := fmt.Sprintf("Successfully fsck'd log with size %d", size)
	if out := run(); !bytes.Contains([]byte(out), []byte(good)) || bytes.Contains([]byte(out), []byte("fsck failed")) {
		t.Errorf("fsck says\n%s", out)
	}
	name := filepath.Join(string(dir), "tile", "entries", "017")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[100] ^= 1
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if out := run(); bytes.Contains([]byte(out), []byte(good)) || !bytes.Contains([]byte(out), []byte("fsck failed")) {
		t.Errorf("a flipped bit, and fsck says\n%s", out)
	}
}
