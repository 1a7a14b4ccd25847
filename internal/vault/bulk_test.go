package vault

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"
)

// sequence yields changes, and then an error if there is one.
func sequence(changes []Change, err error) iter.Seq2[*Change, error] {
	return func(yield func(*Change, error) bool) {
		for i := range changes {
			if !yield(&changes[i], nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// logBytes is how much lies in the logs of the vault.
func (b *testVault) logBytes() (n int64) {
	names, err := filepath.Glob(filepath.Join(b.path, "ns", "*", "*.vlog"))
	must(b, err)
	for _, name := range names {
		info, err := os.Stat(name)
		must(b, err)
		n += info.Size()
	}
	return n
}

// A sequence is one commit: versions of one path follow each other, and all that was there stays.
func TestCommitSeq(t *testing.T) {
	b := newVault(t)
	b.set("default/old", KindAPIKeys, "old")
	b.set("default/again", KindCredentials, "before")
	s, _ := b.resolve("default/x")
	changes := []Change{put("again", KindCredentials, "one"), put("again", KindCredentials, "two")}
	for i := range 3000 { // more than is held before it is written
		changes = append(changes, put(fmt.Sprintf("dir/%d", i), KindCredentials, fmt.Sprintf("%0400d", i)))
	}
	c, err := s.CommitSeq(t.Context(), sequence(changes, nil))
	must(t, err)
	b.reopen()
	b.want("default/old", "old")
	b.want("default/again", "two")
	b.want("default/dir/2999", fmt.Sprintf("%0400d", 2999))
	s, _ = b.resolve("default/x")
	h, err := s.History("again")
	must(t, err)
	if len(h) != 3 || h[2].Version != 3 || h[2].Conflict {
		t.Errorf("%+v", h)
	}
	if c.Record.Sequence < 3002 {
		t.Errorf("checkpoint is record %d", c.Record.Sequence)
	}
	b.set("default/after", KindAPIKeys, "after")
	b.want("default/after", "after")
}

// A sequence that fails, at its end or in its middle, leaves nothing.
func TestCommitSeqFails(t *testing.T) {
	b := newVault(t)
	b.set("default/old", KindAPIKeys, "old")
	before := b.logBytes()
	var many []Change
	for i := range 3000 {
		many = append(many, put(fmt.Sprintf("dir/%d", i), KindAPIKeys, fmt.Sprintf("%0400d", i)))
	}
	errSource := errors.New("the source has ended")
	fresh := put("old", KindAPIKeys, "new")
	fresh.New = true
	for name, test := range map[string]struct {
		changes []Change
		err     error
		want    error
	}{
		"an error of the sequence": {many, errSource, errSource},
		"a path that comes again":  {append(many[:len(many):len(many)], put("dir/0", KindAPIKeys, "x")), nil, ErrConflict},
		"a path that exists":       {append(many[:len(many):len(many)], fresh), nil, ErrExists},
		"a value that is too long": {append(many[:len(many):len(many)], put("long", KindAPIKeys, string(make([]byte, 17<<20)))), nil, nil},
	} {
		s, _ := b.resolve("default/x")
		_, err := s.CommitSeq(t.Context(), sequence(test.changes, test.err))
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
		if after := b.logBytes(); after != before {
			t.Errorf("%s: %d bytes, %d before", name, after, before)
		}
		b.reopen()
		b.want("default/old", "old")
		_, err = b.tryGet("default/dir/0")
		wantErr(t, err, ErrNotFound)
	}
}

// After a new key for a namespace everything stays readable, and what is new is under the new key.
func TestRotateNamespace(t *testing.T) {
	b := newVault(t)
	b.set("default/a", KindCredentials, "one")
	epoch, err := b.v.RotateNamespace(t.Context(), b.keys, DefaultNamespace)
	must(t, err)
	if epoch != 2 {
		t.Errorf("epoch %d", epoch)
	}
	b.want("default/a", "one")
	b.set("default/b", KindCredentials, "two")
	b.reopen()
	b.want("default/a", "one")
	b.want("default/b", "two")
	s, _ := b.resolve("default/x")
	for path, want := range map[string]uint32{"a": 1, "b": 2} {
		v, err := s.Find(path)
		must(t, err)
		if v.Epoch != want {
			t.Errorf("%s is under epoch %d, want %d", path, v.Epoch, want)
		}
	}
	_, err = b.v.RotateNamespace(t.Context(), b.keys, "none")
	wantErr(t, err, ErrNotFound)
}

// What compaction remembers of where a record was does not go to a new version of it.
func TestCopiesOfCompactedVersions(t *testing.T) {
	b := newVault(t)
	b.set("default/a", KindAPIKeys, "one")
	b.set("default/a", KindAPIKeys, "two")
	s, _ := b.resolve("default/x")
	_, err := s.Compact(t.Context(), CompactOptions{})
	must(t, err)
	old, err := s.Version("a", 1)
	must(t, err)
	list, buf, err := s.Value(old)
	must(t, err)
	defer buf.Wipe()
	change := Change{Type: put("", "", "").Type, Meta: old.Meta, Fields: list}
	_, err = s.Commit(t.Context(), []Change{change})
	must(t, err)
	b.want("default/a", "one")
	b.reopen()
	b.want("default/a", "one")
	s, _ = b.resolve("default/x")
	h, err := s.History("a")
	must(t, err)
	if len(h) != 3 || h[2].Version != 3 || h[2].Conflict {
		t.Errorf("%+v", h)
	}
}
