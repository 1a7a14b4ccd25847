package vault

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/secret"
	"kai/internal/vault/authority"
	"kai/internal/vault/vlog"
)

// toldBy names what an error is.
func toldBy(err error) string {
	for _, c := range []struct {
		name string
		err  error
	}{
		{"rollback", ErrRollback}, {"tampered", ErrTampered}, {"denied", ErrDenied}, {"conflict", ErrConflict}, {"exists", ErrExists}, {"not found", ErrNotFound},
	} {
		if errors.Is(err, c.err) {
			return c.name
		}
	}
	if err != nil {
		return err.Error()
	}
	return "done"
}

// goingOn is a Space that commits again and again.
type goingOn struct {
	*testVault
	s          *Space
	keys, user *secret.Bytes // of the session
}

func (g *goingOn) commit(changes ...Change) error {
	_, err := g.s.Commit(g.Context(), changes)
	return err
}

// ends says how commits end, and what is there then.
func (g *goingOn) ends(err error) string {
	var told []string
	for _, changes := range [][]Change{
		{put("first", KindAPIKeys, "seven"), put("old/7", KindAPIKeys, "eight"), {Type: vlog.Del, Meta: Meta{Path: "own", Kind: KindAPIKeys}}},
		{{Type: vlog.Put, New: true, Meta: Meta{Path: "first", Kind: KindAPIKeys}, Fields: put("", "", "no").Fields}},
		{{Type: vlog.Put, New: true, Meta: Meta{Path: "other", Kind: KindAPIKeys}, Fields: put("", "", "new").Fields}},
		{put("second", KindCredentials, "nine")},
	} {
		one := err
		if err == nil {
			one = g.commit(changes...)
		}
		told = append(told, toldBy(one))
	}
	text := ""
	if err := g.enter(); err != nil {
		text = toldBy(err)
	} else if text, err = g.describe(); err != nil {
		text = toldBy(err)
	} else {
		text += toldBy(g.damage())
	}
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return strings.Contains(l, "old/") && !strings.Contains(l, "old/7 ") })
	return strings.Join(told, ", ") + "\n" + strings.Join(lines, "\n")
}

// A Space that goes on from one commit to the next knows the end of its log and what it has written.
// Whatever others do in between, the next commit ends as that of a process that has just begun.
func TestCommitGoesOn(t *testing.T) {
	here := func(b *testVault, name string) string { return filepath.Join(b.path, name) }
	log := func(b *testVault) string {
		b.Helper()
		names, err := b.space(DefaultNamespace).logNames()
		must(b, err)
		names = slices.DeleteFunc(names, func(n logName) bool { return n.dev != b.keys.device.id })
		return spaceFile(b.space(DefaultNamespace).id, names[len(names)-1])
	}
	// another process
	process := func(b *testVault) *testVault {
		b.Helper()
		o := *b
		var err error
		o.v, o.keys, err = b.tryOpen(b.dir, b.slot)
		must(b, err)
		return &o
	}
	// another device of the owner, which does not have what this machine remembers
	device := func(b *testVault) *testVault {
		b.Helper()
		o := process(b)
		d, cert, err := o.v.makeDevice(authority.Owner)
		must(b, err)
		must(b, o.v.amend(b.Context(), o.keys, func(a *amendment) error { return a.listDevice(d.device.id, cert) }))
		o.keys.device, o.keys.local = d.device, nil
		return o
	}
	replaced := func(b *testVault, name string, data []byte) {
		b.Helper()
		must(b, os.Remove(here(b, name)))
		must(b, os.WriteFile(here(b, name), data, 0o600))
	}
	read := func(b *testVault, name string) []byte {
		b.Helper()
		data, err := os.ReadFile(here(b, name))
		must(b, err)
		return data
	}
	type attack struct {
		name   string
		others func(b *testVault)
	}
	attacks := []attack{
		{"nothing", func(*testVault) {}},
		{"a commit of the same path", func(b *testVault) { must(b, setIn(process(b), put("first", KindAPIKeys, "theirs"))) }},
		{"a commit of another path", func(b *testVault) { must(b, setIn(process(b), put("theirs", KindAPIKeys, "x"))) }},
		{"a deletion", func(b *testVault) {
			must(b, setIn(process(b), Change{Type: vlog.Del, Meta: Meta{Path: "first", Kind: KindAPIKeys}}))
		}},
		{"many commits", func(b *testVault) {
			o := process(b)
			for i := range indexTail + 3 {
				must(b, setIn(o, put("first", KindAPIKeys, fmt.Sprint(i))))
			}
		}},
		{"a commit into a new file", func(b *testVault) {
			o := process(b)
			o.v.roll = 1
			must(b, setIn(o, put("first", KindAPIKeys, "theirs")))
		}},
		{"a commit into a new file that is not remembered", func(b *testVault) {
			o, seen := process(b), read(b, seenFile)
			o.v.roll = 1
			must(b, setIn(o, put("first", KindAPIKeys, "theirs")))
			replaced(b, seenFile, seen)
		}},
		{"a commit that is not remembered", func(b *testVault) {
			o, seen := process(b), read(b, seenFile)
			must(b, setIn(o, put("first", KindAPIKeys, "theirs")))
			replaced(b, seenFile, seen)
		}},
		{"a compaction", func(b *testVault) {
			_, err := process(b).space(DefaultNamespace).Compact(b.Context(), CompactOptions{})
			must(b, err)
		}},
		{"the log of another device", func(b *testVault) {
			must(b, setIn(device(b), put("first", KindAPIKeys, "theirs")))
		}},
		{"a new key", func(b *testVault) {
			o := process(b)
			_, err := o.v.RotateNamespace(b.Context(), o.keys, DefaultNamespace)
			must(b, err)
		}},
		{"the namespace removed", func(b *testVault) {
			o := process(b)
			must(b, o.v.RemoveNamespace(b.Context(), o.keys, DefaultNamespace))
		}},
		{"the device removed", func(b *testVault) {
			o := device(b)
			must(b, o.v.RemoveDevice(b.Context(), o.keys, b.keys.device.id, nil))
		}},
		{"another device removed, and what it wrote", func(b *testVault) {
			o := process(b)
			cut := uint64(0)
			for id := range o.v.manifest.Devices {
				if id != o.keys.device.id {
					must(b, o.v.RemoveDevice(b.Context(), o.keys, id, &cut))
				}
			}
		}},
		{"the log cut", func(b *testVault) { must(b, os.Truncate(here(b, log(b)), int64(len(read(b, log(b)))-1))) }},
		{"a commit, and the log cut back", func(b *testVault) {
			size := int64(len(read(b, log(b))))
			must(b, setIn(process(b), put("first", KindAPIKeys, "theirs")))
			must(b, os.Truncate(here(b, log(b)), size))
		}},
		{"the log torn", func(b *testVault) { appendTo(b, log(b), "half of something") }},
		{"the log gone", func(b *testVault) { must(b, os.Remove(here(b, log(b)))) }},
		{"the log copied", func(b *testVault) { replaced(b, log(b), read(b, log(b))) }},
		{"the log altered at its end", func(b *testVault) {
			data := read(b, log(b))
			data[len(data)-3] ^= 1
			replaced(b, log(b), data)
		}},
		{"the memory gone", func(b *testVault) { must(b, os.Remove(here(b, seenFile))) }},
		{"the memory torn", func(b *testVault) { appendTo(b, seenFile, "\x50half") }},
		{"the memory altered", func(b *testVault) {
			data := read(b, seenFile)
			data[len(data)-3] ^= 1
			replaced(b, seenFile, data)
		}},
		{"the memory written anew", func(b *testVault) {
			o := process(b)
			held, err := o.v.lock(b.Context())
			must(b, err)
			m, err := o.v.recall(o.keys.local)
			must(b, err)
			must(b, o.v.rewriteSeen(o.keys, m))
			must(b, held.Unlock())
		}},
		{"the memory older", func(b *testVault) {
			data := read(b, seenFile)
			replaced(b, seenFile, data[:len(data)-(1+65+32+seenMAC)])
		}},
		{"no index", func(b *testVault) { _ = os.RemoveAll(here(b, indexDir)) }},
		{"a damaged index", func(b *testVault) {
			for _, name := range b.glob(indexDir + "/*") {
				data := read(b, name)
				for i := range data {
					data[i] ^= 1
				}
				replaced(b, name, data)
			}
		}},
		{"another index", func(b *testVault) {
			held, err := b.v.lock(b.Context())
			must(b, err)
			must(b, process(b).space(DefaultNamespace).writeIndex())
			must(b, held.Unlock())
		}},
	}
	var old []Change
	for i := range indexTail + 5 {
		old = append(old, put(fmt.Sprint("old/", i), KindAPIKeys, fmt.Sprint(i)))
	}
	runs := map[string][2]goingOn{} // one of a process that has just begun, one that goes on
	for _, a := range attacks {
		b := newMemoryVault(t)
		must(t, setIn(b, old...))
		must(t, setIn(b, put("first", KindAPIKeys, "one"), put("second", KindCredentials, "two")))
		saved := snapshot(t, b.path)
		keys, user := b.keys.Encode()
		must(t, setIn(device(b), put("other", KindAPIKeys, "theirs")))
		maps.Copy(saved, snapshot(t, b.path))
		var pair [2]goingOn
		for i := range pair {
			o := newPlace(t)
			o.slot, o.who, o.now = b.slot, b.who, b.now
			restore(t, o.path, saved)
			must(t, o.resume(keys, user))
			pair[i] = goingOn{o, o.space(DefaultNamespace), keys, user}
			must(t, pair[i].commit(put("first", KindAPIKeys, "three"), put("own", KindAPIKeys, "four")))
		}
		runs[a.name] = pair
	}
	// Directories that nobody has changed for a while need not be read again.
	time.Sleep(settled)
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			var ends [2]string
			for i, r := range runs[a.name] {
				r.TB = t
				must(t, r.commit(put("first", KindAPIKeys, "five")))
				must(t, r.commit(put("first", KindAPIKeys, "six")))
				before := r.s.view
				if before == nil || !r.s.stands() || r.s.view.listing == nil {
					t.Fatal("it does not go on")
				}
				a.others(r.testVault)
				begun := error(nil)
				if i == 0 {
					v, err := Open(r.dir, r.options())
					must(t, err)
					k, err := DecodeKeys(r.keys, r.user)
					must(t, err)
					r.v, r.testVault.keys = v, k
					r.s, begun = v.Space(k, DefaultNamespace)
				}
				ends[i] = r.ends(begun)
			}
			if ends[0] != ends[1] {
				t.Errorf("a process that has just begun: %s\none that goes on: %s", ends[0], ends[1])
			}
			if a.name == "nothing" && !strings.HasPrefix(ends[1], "done, exists, exists, done\n") {
				t.Error(ends[1])
			}
		})
	}
}

// settled is after how long a directory counts as not changed.
const settled = 3200 * time.Millisecond

// What a commit that failed was about to write is not known to the next.
func TestFailedCommitIsForgotten(t *testing.T) {
	b := newMemoryVault(t)
	s := b.space(DefaultNamespace)
	commit := func(changes ...Change) error { _, err := s.Commit(t.Context(), changes); return err }
	must(t, commit(put("a", KindAPIKeys, "one")))
	must(t, commit(put("a", KindAPIKeys, "two")))
	meta := func(tag string) Change {
		v, err := s.Find("a")
		must(t, err)
		m := v.Meta
		m.Tags = []string{tag}
		return Change{Type: vlog.Meta, Meta: m}
	}
	must(t, commit(meta("kept")))
	created := Change{Type: vlog.Put, New: true, Meta: Meta{Path: "a", Kind: KindAPIKeys}, Fields: put("", "", "no").Fields}
	wantErr(t, commit(meta("lost"), put("b", KindAPIKeys, "lost"), created), ErrExists)
	for range 2 {
		v, err := s.Find("a")
		must(t, err)
		if !slices.Equal(v.Tags, []string{"kept"}) || v.Version != 2 {
			t.Errorf("tags %q, version %d", v.Tags, v.Version)
		}
		_, err = s.Find("b")
		wantErr(t, err, ErrNotFound)
		must(t, b.enter())
		s = b.space(DefaultNamespace)
	}
}

// A Space that has looked something up sees what others write after that.
func TestFindAfterOthers(t *testing.T) {
	b := newMemoryVault(t)
	must(t, setIn(b, put("a", KindAPIKeys, "one")))
	s := b.space(DefaultNamespace)
	for i := range indexTail + 20 {
		v, err := s.Find("a")
		must(t, err)
		if v.Version != uint64(i+1) {
			t.Fatalf("version %d after %d commits", v.Version, i+1)
		}
		must(t, setIn(b, put("a", KindAPIKeys, fmt.Sprint(i))))
	}
}
