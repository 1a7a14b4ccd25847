package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"testing"

	"filippo.io/age"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/durable"
	"kai/internal/durable/durabletest"
)

// disk is a file system that knows what of it would survive a power cut: the content of files as it
// was synced last, under the names that directories had when they were synced last.
type disk struct {
	durable.FS
	path    string
	content map[uint64][]byte            // by inode
	names   map[string]map[string]uint64 // inodes by directory and name
}

func newDisk(t *testing.T, root *os.Root, dir string) *disk {
	d := &disk{durable.Root(root), dir, map[uint64][]byte{}, map[string]map[string]uint64{}}
	must(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err == nil && e.IsDir() {
			return d.keepNames(rel)
		}
		if err == nil {
			err = d.keepContent(rel)
		}
		return err
	}))
	return d
}

func inode(info fs.FileInfo) uint64 { return info.Sys().(*syscall.Stat_t).Ino }

func (d *disk) keepContent(name string) error {
	info, err := os.Stat(filepath.Join(d.path, name))
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(d.path, name))
	d.content[inode(info)] = data
	return err
}

func (d *disk) keepNames(dir string) error {
	names, err := d.list(dir)
	d.names[dir] = names
	return err
}

// list is what a directory has now; that of a directory is 0.
func (d *disk) list(dir string) (map[string]uint64, error) {
	entries, err := os.ReadDir(filepath.Join(d.path, dir))
	names := map[string]uint64{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if names[e.Name()] = 0; !e.IsDir() {
			names[e.Name()] = inode(info)
		}
	}
	return names, err
}

func (d *disk) OpenUnnamed(string, fs.FileMode) (durable.Unnamed, error) {
	return nil, errors.ErrUnsupported
}

func (d *disk) SyncDir(name string) error { return d.keepNames(name) }

func (d *disk) Open(name string, flag int, mode fs.FileMode) (durable.File, error) {
	f, err := d.FS.Open(name, flag, mode)
	if err != nil {
		return nil, err
	}
	return &diskFile{f, d, name}, nil
}

type diskFile struct {
	durable.File
	disk *disk
	name string
}

func (f *diskFile) Sync() error     { return f.disk.keepContent(f.name) }
func (f *diskFile) SyncData() error { return f.disk.keepContent(f.name) }

// cut is what is found after a power cut. Of what was not synced, luck decides what is there: each
// directory is as it was synced or as it is now, each file too, or a part of what was written.
func (d *disk) cut(t *testing.T, luck *rand.Rand) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	how := luck.IntN(3) // nothing survives, everything, or some
	survives := func() bool { return how == 1 || how == 2 && luck.IntN(2) == 0 }
	now := map[uint64][]byte{}
	for dir := range d.names {
		names, err := d.list(dir)
		must(t, err)
		for name, ino := range names {
			if ino != 0 {
				now[ino], err = os.ReadFile(filepath.Join(d.path, dir, name))
				must(t, err)
			}
		}
	}
	for dir, names := range d.names {
		if survives() {
			var err error
			names, err = d.list(dir)
			must(t, err)
		}
		for name, ino := range names {
			if ino == 0 {
				continue
			}
			data, written := d.content[ino], now[ino]
			switch {
			case written == nil: // removed since, and that did not survive
			case survives():
				data = written
			case how == 2 && bytes.HasPrefix(written, data):
				data = written[:len(data)+luck.IntN(len(written)-len(data)+1)]
			case how == 2 && name == stateFile && len(data) == len(written):
				data = append(bytes.Clone(written[:stateCopy]), data[stateCopy:]...)
			}
			files[path.Join(dir, name)] = data
		}
	}
	return files
}

// Processes append, open epochs and sign, some of them are killed at any of their calls, and then
// the power fails. What was acknowledged is there, and the log is whole. Whatever is not synced in
// its order is found by this.
func TestPowerCut(t *testing.T) {
	logs := 1500
	if testing.Short() {
		logs = 60
	}
	if _, err := os.Stat("/dev/shm"); err != nil {
		t.Skip("inodes are not used again on a tmpfs, and there is none:", err)
	}
	who, recipient := newAuditor(t)
	dead := errors.New("the process has ended")
	cuts, acknowledged, recoveries := 0, 0, 0
	p := newMemoryPlace(t)
	p.opts.Recipients = always(recipient)
	prepareEvents(t, p, 250)
	must(t, os.WriteFile(p.file(reserveFile), nil, 0o600))
	fresh := snapshotFiles(t, p.path)
	for seed := range uint64(logs) {
		luck := rand.New(rand.NewPCG(seed, 1))
		p.unseal()
		restoreFiles(t, p.path, fresh)
		told := map[uint64][32]byte{}
		for range 1 + luck.IntN(3) { // power cuts
			root, err := os.OpenRoot(p.path)
			must(t, err)
			d := newDisk(t, root, p.path)
			for range 1 + luck.IntN(6) { // processes
				end := 1 << 30
				if luck.IntN(2) == 0 {
					end = luck.IntN(90)
				}
				opts := p.opts
				opts.Dir = durable.NewDirFS(durabletest.Wrap(d, func(c durabletest.Call) *durabletest.Fault {
					if c.N >= end {
						return &durabletest.Fault{Err: dead}
					}
					return nil
				}))
				r, err := randomWork(t, luck, opts)
				if err != nil && !errors.Is(err, dead) {
					t.Fatalf("log %d: %v", seed, err)
				}
				for _, a := range r {
					told[a.Event.N] = a.Leaf
				}
			}
			after := d.cut(t, luck)
			must(t, root.Close())
			p.unseal()
			restoreFiles(t, p.path, after)
			cuts++
			l := p.open()
			r, err := l.Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK})
			if err != nil {
				t.Fatalf("log %d: no append any more: %v", seed, err)
			}
			recoveries += len(r.Own)
			told[r.Events[0].Event.N] = r.Events[0].Leaf
			acknowledged += lookFor(t, fmt.Sprint("log ", seed), l, told)
			v, err := l.Verify(t.Context(), VerifyOptions{Workers: 1, Identities: []age.Identity{who}})
			must(t, err)
			if v.Verdict != VerdictOK || v.Coverage.MACTo != v.Size {
				t.Fatalf("log %d: %s: %v", seed, v.Verdict, v.Findings)
			}
		}
	}
	t.Logf("%d logs, %d power cuts, %d acknowledged events looked for, %d recoveries", logs, cuts, acknowledged, recoveries)
	if recoveries == 0 {
		t.Error("nothing was ever lost: the test is blind")
	}
}

// randomWork is what a process does.
func randomWork(t *testing.T, luck *rand.Rand, opts Options) ([]Appended, error) {
	l, err := Open(opts)
	if err != nil {
		return nil, err
	}
	switch luck.IntN(8) {
	case 0, 1:
		return newEpoch(nil, l)
	case 2:
		_, _, err := l.Checkpoint(context.Background(), []*checkpoint.Signer{testSigner(t, l.info.Origin)})
		return nil, err
	}
	drafts := make([]Draft, 1+luck.IntN(2)*luck.IntN(2)*luck.IntN(300))
	outcome := event.Outcome(1 + luck.IntN(2))
	for i := range drafts {
		drafts[i] = Draft{Act: "secret_retrieved", Outcome: outcome}
	}
	r, err := l.Append(context.Background(), drafts...)
	return r.Events, err
}

// lookFor fails when an acknowledged event is not there as it was.
func lookFor(t *testing.T, what string, l *Log, told map[uint64][32]byte) int {
	t.Helper()
	found := 0
	for v, err := range l.Views(t.Context(), 0, 1<<40) {
		must(t, err)
		if leaf, ok := told[v.N]; ok {
			if leaf != LineHash(v.Line) {
				t.Fatalf("%s: event %d is another one", what, v.N)
			}
			found++
		}
	}
	if found != len(told) {
		t.Fatalf("%s: %d of %d acknowledged events are there", what, found, len(told))
	}
	return found
}
