package vault

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
	"strings"
	"syscall"
	"testing"

	"kai/internal/durable"
	"kai/internal/durable/durabletest"
	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
)

// disk is a file system that knows what of it would survive a power cut: the content of files as it was
// synced last, under the names that directories had when they were synced last.
type disk struct {
	durable.FS
	path    string
	content map[uint64][]byte            // by inode
	names   map[string]map[string]uint64 // inodes by directory and name; 0 is a directory
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

const sector = 512

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

// cut is what is found after a power cut, in the form of snapshot. Of what was not synced, luck decides
// what is there: each directory is as it was synced or as it is now, each file too, or a part of what was
// written, with zeros where a block did not come to the disk.
func (d *disk) cut(t *testing.T, luck *rand.Rand) map[string][]byte {
	t.Helper()
	how := luck.IntN(3) // nothing survives, everything, or some
	survives := func() bool { return how == 1 || how == 2 && luck.IntN(2) == 0 }
	files := map[string][]byte{"./": nil}
	var visit func(dir string)
	visit = func(dir string) {
		synced := d.names[dir] // none: the directory itself is new
		now, err := d.list(dir)
		must(t, err)
		names := synced
		if survives() {
			names = now
		}
		for name, ino := range names {
			full := path.Join(dir, name)
			if _, there := now[name]; ino == 0 {
				if there {
					files[full+"/"] = nil
					visit(full)
				}
				continue
			}
			data := d.content[ino]
			written, err := os.ReadFile(filepath.Join(d.path, full))
			if now[name] != ino || err != nil {
				files[full] = data // removed or replaced since, and that did not survive
				continue
			}
			switch {
			case survives():
				data = written
			case how == 2 && bytes.HasPrefix(written, data):
				kept, zeros := len(data)+luck.IntN(len(written)-len(data)+1), 0
				if luck.IntN(2) == 0 {
					kept = max(len(data), kept/sector*sector)
					zeros = luck.IntN(len(written) - kept + 1)
				}
				data = append(bytes.Clone(written[:kept]), make([]byte, zeros)...)
			}
			files[full] = data
		}
	}
	visit(".")
	return files
}

// Processes make a vault, write, compact, and change who may do what; some are killed at any of their
// calls; and then the power fails. What was acknowledged is there, and the vault opens. Whatever is not
// synced in its order, or is remembered before it is durable, is found by this.
func TestPowerCut(t *testing.T) {
	vaults := 150
	if testing.Short() {
		vaults = 12
	}
	if _, err := os.Stat("/dev/shm"); err != nil {
		t.Skip("inodes are not used again on a tmpfs, and there is none:", err)
	}
	b := newMemoryVault(t)
	b.set("default/first", KindCredentials, "value")
	fresh := snapshot(t, b.path)
	firstSlot := b.slot
	cuts, acknowledged, older := 0, 0, 0
	for seed := range uint64(vaults) {
		luck := rand.New(rand.NewPCG(seed, 3))
		restore(t, b.path, fresh)
		b.slot = firstSlot
		must(t, b.enter())
		u := &usage{b: b, luck: luck, told: map[string]string{"default/first": "value"}, slots: 1, roll: 1 << 62}
		if luck.IntN(3) == 0 {
			u.roll = 4000
		}
		for range 1 + luck.IntN(3) { // power cuts
			root, err := os.OpenRoot(b.path)
			must(t, err)
			d := newDisk(t, root, b.path)
			for range 1 + luck.IntN(5) { // processes
				end := 1 << 30
				if luck.IntN(2) == 0 {
					end = luck.IntN(120)
				}
				u.dir = durable.NewDirFS(durabletest.Wrap(d, func(c durabletest.Call) *durabletest.Fault {
					return when(c.N >= end, errDead, false, false)
				}))
				if err := u.work(); err != nil && !errors.Is(err, errDead) {
					t.Fatalf("vault %d: %v", seed, err)
				}
			}
			after := d.cut(t, luck)
			before := len(snapshot(t, b.path)[seenFile])
			must(t, root.Close())
			restore(t, b.path, after)
			cuts++
			if len(after[seenFile]) < before {
				older++
			}
			b.warns = nil
			if err := b.enter(); err != nil {
				t.Fatalf("vault %d: not opened after the power cut: %v", seed, err)
			}
			u.look(fmt.Sprint("vault ", seed))
			must(t, setIn(b, put("after", KindAPIKeys, fmt.Sprint(cuts))))
			u.told["default/after"] = fmt.Sprint(cuts)
			must(t, b.damage())
			acknowledged += len(u.told)
			if t.Failed() {
				t.FailNow()
			}
		}
	}
	t.Logf("%d vaults, %d power cuts, %d acknowledged things looked for; %d times the memory was older", vaults, cuts, acknowledged, older)
	if older == 0 {
		t.Error("nothing was ever lost: the test is blind")
	}
}

// usage is what a vault is used for, and what was acknowledged.
type usage struct {
	b     *testVault
	luck  *rand.Rand
	dir   *durable.Dir
	told  map[string]string // values by path; "" for a namespace
	maybe map[string]bool   // paths that may have another value: a change of them was not acknowledged
	slots int
	roll  int64
	n     int
}

// work is what a process does.
func (u *usage) work() error {
	ctx := context.Background()
	b, luck := u.b, u.luck
	v, keys, err := b.tryOpen(u.dir, b.slot)
	if err != nil {
		return err
	}
	defer keys.Wipe()
	v.roll = u.roll
	names, err := v.Namespaces(keys)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errDead // all of them were told to be damaged
	}
	name := names[luck.IntN(len(names))]
	s, err := v.Space(keys, name)
	if err != nil {
		return err
	}
	u.n++
	switch luck.IntN(12) {
	case 0:
		_, err = s.Compact(ctx, CompactOptions{})
	case 1:
		added := fmt.Sprintf("ns%d", u.n)
		if err = v.AddNamespace(ctx, keys, added, false); err == nil {
			u.told["namespace "+added] = ""
		}
	case 2:
		who, recipient := authority.Principal(fmt.Sprintf("kai1somebody%d", u.n)), newIdentity(b).Recipient().String()
		err = v.Grant(ctx, keys, name, Grant{Principal: who, Recipient: recipient, User: true})
	case 3:
		var id objectid.ID
		if _, err = v.AddSlot(ctx, keys, b.cheapSlot(&id)); err == nil {
			u.slots++
			b.slot, id = id, b.slot
			if luck.IntN(2) == 0 {
				if v, keys, err = b.tryOpen(u.dir, b.slot); err == nil {
					_, err = v.RemoveSlot(ctx, keys, id)
				}
			}
		}
	case 4:
		_, err = s.List(false) // it remembers what it reads
	default:
		var changes []Change
		for range 1 + luck.IntN(4) {
			value := fmt.Sprintf("value %d%s", u.n, strings.Repeat("x", luck.IntN(2)*luck.IntN(3000)))
			changes = append(changes, put(fmt.Sprint("path", luck.IntN(6)), Kinds()[luck.IntN(2)], value))
		}
		_, err = s.Commit(ctx, changes)
		for _, c := range changes {
			full := name + "/" + c.Meta.Path
			if err == nil {
				u.told[full] = string(c.Fields[0].Value)
				delete(u.unsure(), full)
			} else {
				u.unsure()[full] = true
			}
		}
	}
	return err
}

func (u *usage) unsure() map[string]bool {
	if u.maybe == nil {
		u.maybe = map[string]bool{}
	}
	return u.maybe
}

// look fails when something acknowledged is not there.
func (u *usage) look(what string) {
	b := u.b
	names, err := b.v.Namespaces(b.keys)
	must(b, err)
	have := strings.Join(names, " ") + " "
	for word, value := range u.told {
		if ns, ok := strings.CutPrefix(word, "namespace "); ok {
			if !strings.Contains(have, ns+" ") {
				b.Errorf("%s: namespace %s is lost", what, ns)
			}
			continue
		}
		got, err := b.tryGet(word)
		if err != nil || got != value && !u.unsure()[word] {
			b.Errorf("%s: %s is %.30q, not %.30q: %v", what, word, got, value, err)
		}
	}
}

// A process dies before what it has written is durable, another one sees it, and of all that is not
// durable a power cut leaves only the memory: it must not know of more than is there.
func TestMemoryIsNotAhead(t *testing.T) {
	for name, c := range map[string]struct {
		op, suffix string
		do         func(v *Vault, keys *Keys) error
	}{
		"records": {"syncdata", logSuffix, func(v *Vault, keys *Keys) error {
			s, err := v.Space(keys, DefaultNamespace)
			if err == nil {
				_, err = s.Commit(t.Context(), []Change{put("lost", KindAPIKeys, "value")})
			}
			return err
		}},
		"manifest": {"syncdir", adminDir, func(v *Vault, keys *Keys) error { return v.AddNamespace(t.Context(), keys, "lost", false) }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newMemoryVault(t)
			must(t, setIn(b, put("first", KindCredentials, "value")))
			root, err := os.OpenRoot(b.path)
			must(t, err)
			defer root.Close()
			d := newDisk(t, root, b.path)
			died := false
			v, keys, err := b.tryOpen(durable.NewDirFS(durabletest.Wrap(d, func(call durabletest.Call) *durabletest.Fault {
				died = died || call.Op == c.op && strings.HasSuffix(call.Name, c.suffix)
				return when(died, errDead, false, false)
			})), b.slot)
			must(t, err)
			wantErr(t, c.do(v, keys), errDead)
			_, keys, err = b.tryOpen(durable.NewDirFS(d), b.slot)
			must(t, err)
			v, err = Open(durable.NewDirFS(d), b.options())
			must(t, err)
			must(t, v.CheckMemory(keys))
			s, err := v.Space(keys, DefaultNamespace)
			must(t, err)
			_, err = s.List(false)
			must(t, err)
			now := snapshot(t, b.path)
			after := map[string][]byte{}
			for file := range now {
				dir, base := path.Split(file)
				ino, ok := d.names[path.Clean(dir)][base]
				switch {
				case strings.HasSuffix(file, "/"):
					after[file] = nil
				case file == seenFile:
					after[file] = now[file]
				case ok:
					after[file] = d.content[ino]
				}
			}
			restore(t, b.path, after)
			must(t, b.enter())
			b.want("default/first", "value")
			must(t, setIn(b, put("second", KindCredentials, "value")))
		})
	}
}
