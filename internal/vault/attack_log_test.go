package vault

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/vault/authority"
	"kai/internal/vault/fields"
	"kai/internal/vault/vlog"
)

// The tests of this file attack the files of records with an editor, without any key unless they say
// so.

// file is the content of a file below the vault's directory.
func (b *testVault) file(name string) []byte {
	b.Helper()
	data, err := os.ReadFile(filepath.Join(b.path, name))
	must(b, err)
	return data
}

func (b *testVault) write(name string, data []byte) {
	b.Helper()
	p := filepath.Join(b.path, name)
	must(b, os.MkdirAll(filepath.Dir(p), 0o700))
	os.Chmod(p, 0o600)
	must(b, os.WriteFile(p, data, 0o600))
}

func (b *testVault) remove(name string) {
	b.Helper()
	must(b, os.Remove(filepath.Join(b.path, name)))
}

// glob are the files that a pattern fits, below the vault's directory; at least one.
func (b *testVault) glob(pattern string) []string {
	b.Helper()
	list, err := filepath.Glob(filepath.Join(b.path, pattern))
	must(b, err)
	if len(list) == 0 {
		b.Fatalf("no file %s", pattern)
	}
	for i := range list {
		list[i] = strings.TrimPrefix(filepath.ToSlash(list[i]), filepath.ToSlash(b.path)+"/")
	}
	return list
}

// tryReopen opens and unlocks the vault as a new process would.
func (b *testVault) tryReopen() error {
	v, err := Open(b.dir, b.options())
	if err != nil {
		return err
	}
	keys, err := v.Unlock(b.slot, b.who)
	if err == nil {
		b.v, b.keys = v, keys
	}
	return err
}

// warned reports whether some warning holds a text.
func (b *testVault) warned(text string) bool {
	return strings.Contains(strings.Join(b.warns, "\n"), text)
}

// other adds a second owner's device, which writes as its own process would; and gives the keys of it.
// What the machine of the test remembers is not that device's.
func (b *testVault) other() *Keys {
	b.Helper()
	d, cert, err := b.v.makeDevice(authority.Owner)
	must(b, err)
	must(b, b.v.amend(b.Context(), b.keys, func(a *amendment) error { return a.listDevice(d.device.id, cert) }))
	keys, err := b.v.Unlock(b.slot, b.who)
	must(b, err)
	keys.device, keys.local = d.device, nil
	return keys
}

func (b *testVault) setAs(keys *Keys, name, path, value string) *Committed {
	b.Helper()
	s, err := b.v.Space(keys, name)
	must(b, err)
	c, err := s.Commit(b.Context(), []Change{put(path, KindAPIKeys, value)})
	must(b, err)
	return c
}

func (b *testVault) ownLog() string {
	b.Helper()
	return b.glob("ns/*/" + b.keys.DeviceID().String() + ".*.vlog")[0]
}

func parsedName(t testing.TB, file string) logName {
	t.Helper()
	n, ok := parseLogName(filepath.Base(file))
	if !ok {
		t.Fatalf("%s is no name of a log", file)
	}
	return n
}

// forged makes a generation that nobody has signed, or that signer has.
func forged(h *vlog.Header, p vlog.Predecessor, signer ed25519.PrivateKey) []byte {
	b := vlog.NewBuilder(h, h.Chain(), h.First)
	b.AddGen(p)
	b.AddCheckpoint(signer, 1)
	return b.Bytes()
}

// What looks like a compaction, and is signed by nobody or by another device, hides nothing, and does
// not stand for records that were removed.
func TestForgedGeneration(t *testing.T) {
	b := newVault(t)
	b.set("default/a", KindAPIKeys, "one")
	other := b.other()
	b.setAs(other, "default", "b", "two")
	b.reopen()
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	whole := map[string][]byte{}
	for _, file := range b.glob("ns/*/*.vlog") {
		whole[file] = b.file(file)
	}
	for file, data := range whole {
		n := parsedName(t, file)
		h, err := vlog.ParseHeader(data)
		must(t, err)
		end, err := vlog.Scan(data[vlog.HeaderSize:], h.Start(), nil)
		must(t, err)
		h.Generation, h.First = 2, end.Next
		p := vlog.Predecessor{Generation: 1, Last: end.Next - 1, Chain: end.Chain}
		n.generation, n.first = 2, end.Next
		name := filepath.ToSlash(filepath.Join(filepath.Dir(file), n.String()))
		for who, signer := range map[string]ed25519.PrivateKey{"a stranger": stranger, "another device": other.device.private()} {
			if n.dev == other.device.id && who != "a stranger" {
				continue
			}
			b.write(name, forged(&h, p, signer))
			b.reopen()
			b.want("default/a", "one")
			b.want("default/b", "two")
			// It does not stand for what it claims to follow either.
			if n.dev == b.keys.DeviceID() {
				b.remove(file)
				wantErr(t, b.tryReopen(), ErrRollback)
				b.write(file, data)
			}
			b.remove(name)
		}
	}
}

// A device that was removed cannot hide what it wrote before: neither with a new generation, nor
// with more records, nor with garbage. Nor does what it wrote after count.
func TestRemovedDevice(t *testing.T) {
	b := newVault(t)
	other := b.other()
	b.v.roll = 600 // files are small
	for _, v := range []string{"one", "two", "three"} {
		b.setAs(other, "default", "before", v)
	}
	b.reopen()
	stale, err := Open(b.dir, b.options()) // of the device, which has not heard of it
	must(t, err)
	must(t, b.v.RemoveDevice(t.Context(), b.keys, other.device.id, nil))
	b.want("default/before", "three")
	stale.roll = 600
	s, err := stale.Space(other, "default")
	must(t, err)
	w, err := s.newWriter()
	must(t, err)
	for _, p := range []string{"after", "before"} {
		c := put(p, KindAPIKeys, "evil")
		it, err := s.find(p)
		must(t, err)
		w.left = s.left()
		_, err = w.add(&c, it)
		must(t, err)
	}
	_, err = w.finish()
	must(t, err)
	check := func(what string) {
		t.Helper()
		b.warns = nil
		b.reopen()
		if got, err := b.tryGet("default/before"); got != "three" || err != nil {
			t.Errorf("%s: %q, %v", what, got, err)
		}
		_, err := b.tryGet("default/after")
		wantErr(t, err, ErrNotFound)
	}
	check("more records")
	files := b.glob("ns/*/" + other.device.id.String() + ".*.vlog")
	if len(files) < 3 {
		t.Fatalf("%d files", len(files))
	}
	last := files[len(files)-1]
	data := b.file(last)
	for _, bad := range [][]byte{flip(data, 3), flip(data, 100), flip(data, len(data)-1), data[:40], {}} {
		b.write(last, bad)
		check("garbage")
	}
	b.write(last, data)
	n := parsedName(t, last)
	h, err := vlog.ParseHeader(data)
	must(t, err)
	end, err := vlog.Scan(data[vlog.HeaderSize:], h.Start(), nil)
	must(t, err)
	p := vlog.Predecessor{Generation: 1, Last: end.Next - 1, Chain: end.Chain}
	h.Generation, h.First = 2, end.Next
	n.generation, n.first = 2, end.Next
	b.write(filepath.Join(filepath.Dir(last), n.String()), forged(&h, p, other.device.private()))
	check("a generation")
}

func flip(b []byte, at int) []byte {
	c := append([]byte{}, b...)
	c[at] ^= 0x10
	return c
}

// Files of a log are missed wherever they lie in it, by a machine that has never seen them too.
func TestMissingFiles(t *testing.T) {
	b := newVault(t)
	other := b.other()
	b.v.roll = 1
	for _, v := range []string{"one", "two", "three"} {
		b.setAs(other, "default", "x-"+v, v)
	}
	b.reopen()
	files := b.glob("ns/*/" + other.device.id.String() + ".*.vlog")
	if len(files) != 3 {
		t.Fatalf("%q", files)
	}
	seen := b.file(seenFile)
	for _, file := range files[:2] { // the last one needs a memory: see TestMemory
		data := b.file(file)
		b.remove(file)
		b.reopen()
		_, err := b.tryGet("default/x-three")
		wantErr(t, err, ErrTampered)
		b.write(file, data)
		b.write(seenFile, seen)
		b.reopen()
		b.want("default/x-three", "three")
		b.write(seenFile, seen)
	}
}

// A damaged record in the log of another device is told, even to a machine that has never read it;
// what an unfinished copy lacks is not.
func TestDamageIsNotATornTail(t *testing.T) {
	b := newVault(t)
	other := b.other()
	for _, v := range []string{"one", "two", "three"} {
		b.setAs(other, "default", "x-"+v, v)
	}
	log := b.glob("ns/*/" + other.device.id.String() + ".*.vlog")[0]
	whole := b.file(log)
	h, err := vlog.ParseHeader(whole)
	must(t, err)
	var ends []int64
	_, err = vlog.Scan(whole[vlog.HeaderSize:], h.Start(), func(f *vlog.Frame, at vlog.Position) error {
		if f.Type == vlog.Checkpoint {
			ends = append(ends, at.Offset+int64(f.Size))
		}
		return nil
	})
	must(t, err)
	reader := *b.keys // of a machine that remembers nothing
	reader.local, reader.device = nil, nil
	read := func() (string, error) { return b.getAs(&reader, "default", "x-one") }
	step := 5
	if testing.Short() {
		step = 83
	}
	for at := 0; at < len(whole); at += step {
		b.write(log, flip(whole, at))
		got, err := read()
		switch {
		case err != nil && !errors.Is(err, ErrTampered) && !errors.Is(err, ErrNewer):
			t.Fatalf("byte %d of %d flipped: %v", at, len(whole), err)
		case int64(at) < ends[1] && err == nil:
			t.Fatalf("byte %d of %d flipped: %q", at, len(whole), got)
		case int64(at) >= ends[1] && err == nil && got != "one":
			t.Fatalf("byte %d of the last commit flipped: %q", at, got)
		}
	}
	for at := int(ends[0]); at < len(whole); at += step {
		b.write(log, whole[:at])
		if got, err := read(); err != nil || got != "one" {
			t.Fatalf("cut at %d: %q, %v", at, got, err)
		}
	}
	// An old checkpoint, copied behind what it once ended, makes no damage of garbage.
	b.write(log, append(append([]byte{}, whole...), whole[ends[0]-200:ends[0]]...))
	if got, err := read(); err != nil || got != "one" {
		t.Errorf("garbage at the end: %q, %v", got, err)
	}
}

// Records of a type that is not known are refused when they are signed, and are garbage otherwise.
func TestNewerRecords(t *testing.T) {
	b := newVault(t)
	other := b.other()
	b.setAs(other, "default", "x", "one")
	log := b.glob("ns/*/" + other.device.id.String() + ".*.vlog")[0]
	whole := b.file(log)
	h, err := vlog.ParseHeader(whole)
	must(t, err)
	end, err := vlog.Scan(whole[vlog.HeaderSize:], h.Start(), nil)
	must(t, err)
	s, _ := b.resolve("default/x")
	key, err := s.metaKey(1)
	must(t, err)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	for _, signer := range []ed25519.PrivateKey{stranger, other.device.private()} {
		w := vlog.NewBuilder(&h, end.Chain, end.Next)
		_, err := w.Add(&vlog.Draft{Type: 9, Epoch: 1, Meta: []byte("{}"), MetaKey: key}, rand.Reader)
		must(t, err)
		w.AddCheckpoint(signer, 1)
		b.write(log, append(append([]byte{}, whole...), w.Bytes()...))
		b.reopen()
		got, err := b.tryGet("default/x")
		if signer.Equal(stranger) {
			if err != nil || got != "one" {
				t.Errorf("garbage: %q, %v", got, err)
			}
			continue
		}
		wantErr(t, err, ErrNewer)
	}
}

// getAs reads a secret with some keys.
func (b *testVault) getAs(keys *Keys, name, path string) (string, error) {
	s, err := b.v.Space(keys, name)
	if err != nil {
		return "", err
	}
	v, err := s.Find(path)
	if err != nil {
		return "", err
	}
	list, buf, err := s.Value(v)
	if err != nil {
		return "", err
	}
	defer buf.Wipe()
	value, _ := fields.Find(list, "value")
	return string(value), nil
}

// Who may read but not write has the namespace's keys. Records that they seal in the place of others
// are told, with and without an index.
func TestReaderForgesRecords(t *testing.T) {
	b := newVault(t)
	bob := newPrincipal(t, "bob")
	b.grant("default", bob, nil)
	var changes []Change
	for i := range indexTail + 10 {
		changes = append(changes, put(fmt.Sprintf("x%d", i), KindAPIKeys, "true"))
	}
	s, _ := b.resolve("default/x")
	_, err := s.Commit(t.Context(), changes)
	must(t, err)
	b.want("default/x7", "true") // makes the index
	index := b.file(s.indexName())
	v, err := s.Find("x7")
	must(t, err)
	evil, err := b.v.Space(b.as(bob), "default")
	must(t, err)
	log := b.ownLog()
	data := b.file(log)
	h := &v.at.log.files[0].header
	w := vlog.NewBuilder(h, vlog.Chain(data[v.at.offset-vlog.ChainSize:v.at.offset]), v.sequence)
	m := v.Meta
	d := vlog.Draft{Type: vlog.Put, Epoch: 1}
	d.Meta, err = appendMeta(nil, &m)
	must(t, err)
	value, err := fields.Encode([]fields.Field{{Name: "value", Value: []byte("evil")}})
	must(t, err)
	d.Value = value.Expose()
	d.MetaKey, err = evil.metaKey(1)
	must(t, err)
	d.ValueKey, err = evil.valueKey(1, m.Kind, m.Scope)
	must(t, err)
	placed, err := w.Add(&d, rand.Reader)
	must(t, err)
	if placed.Size != v.at.size {
		t.Fatalf("the forged record has %d bytes, the real one %d", placed.Size, v.at.size)
	}
	copy(data[v.at.offset:], w.Bytes()[placed.Offset:])
	b.write(log, data)
	for _, file := range [][]byte{index, nil} {
		if file == nil {
			b.remove(s.indexName())
		}
		got, err := b.tryGet("default/x7")
		if !errors.Is(err, ErrTampered) {
			t.Errorf("index of %d bytes: %q, %v", len(file), got, err)
		}
	}
	// What was found before the exchange is not read after it.
	if list, buf, err := s.Value(v); err == nil {
		t.Errorf("%q", list)
		buf.Wipe()
	}
}
