package vault

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"kai/internal/vault/vlog"
)

// readIndex is all that the index of a namespace says; the order of its files does not matter.
func (b *testVault) readIndex(s *Space) (files, entries []string) {
	b.Helper()
	s.view = nil
	must(b, s.open())
	ix, err := s.openIndex()
	must(b, err)
	if ix == nil {
		b.Fatal("there is no index")
	}
	defer ix.rest()
	for _, f := range ix.files {
		files = append(files, fmt.Sprintf("%s to %+v", f.logName, f.Position))
	}
	for i := range ix.entries {
		e, err := ix.entry(i)
		must(b, err)
		entries = append(entries, fmt.Sprintf("%x in %s at %d, %x", e.tag(), ix.files[e.file()].logName, e.offset(), e.check()))
	}
	slices.Sort(files)
	slices.Sort(entries)
	return files, entries
}

// wantIndex compares the index with one that is made of the logs alone.
func (b *testVault) wantIndex(after string) {
	b.Helper()
	b.reopen()
	s, _ := b.resolve("default/x")
	files, entries := b.readIndex(s)
	must(b, os.Remove(filepath.Join(b.path, s.indexName())))
	s.view = nil
	must(b, s.writeIndex())
	wantFiles, wantEntries := b.readIndex(s)
	if !slices.Equal(files, wantFiles) {
		b.Errorf("after %s the index covers %q\ninstead of %q", after, files, wantFiles)
	}
	if !slices.Equal(entries, wantEntries) {
		b.Errorf("after %s the index has %d entries other than the %d of the logs", after, len(entries), len(wantEntries))
	}
}

// What a large commit and a compaction make of what they know is what the logs say.
func TestIndexWithoutReading(t *testing.T) {
	b := newVault(t)
	other := b.other()
	many := func(prefix string) (list []Change) {
		for i := range indexTail + 1 {
			list = append(list, put(fmt.Sprintf("%s/%d", prefix, i), KindAPIKeys, "x"))
		}
		return list
	}
	s, _ := b.resolve("default/x")
	_, err := s.CommitSeq(t.Context(), sequence(many("first"), nil))
	must(t, err)
	b.wantIndex("the first commit")

	b.set("default/noted", KindAPIKeys, "one")
	b.set("default/gone", KindAPIKeys, "one")
	b.setAs(other, "default", "foreign", "one")
	b.setAs(other, "default", "both", "theirs")
	s, _ = b.resolve("default/x")
	_, err = s.Commit(t.Context(), []Change{
		{Type: vlog.Meta, Meta: Meta{Path: "noted", Kind: KindAPIKeys, Tags: []string{"a"}}},
		{Type: vlog.Del, Meta: Meta{Path: "gone", Kind: KindAPIKeys}},
	})
	must(t, err)
	changes := append(many("second"), put("first/7", KindAPIKeys, "two"), put("both", KindAPIKeys, "one"), put("both", KindAPIKeys, "two"))
	s, _ = b.resolve("default/x")
	_, err = s.CommitSeq(t.Context(), sequence(changes, nil))
	must(t, err)
	b.wantIndex("a commit to others")

	s, _ = b.resolve("default/x")
	s.v.roll = 1 // what follows goes into a new file
	_, err = s.CommitSeq(t.Context(), sequence(many("third"), nil))
	must(t, err)
	b.wantIndex("a commit to a new file")

	for _, o := range []CompactOptions{{}, {Reencrypt: true}, {Drop: "gone"}} {
		s, _ = b.resolve("default/x")
		_, err = s.Compact(t.Context(), o)
		must(t, err)
		b.wantIndex(fmt.Sprintf("a compaction %+v", o))
		b.want("default/both", "two")
		b.want("default/third/9", "x")
	}
	b.now = b.now.Add(2 * tombstoneLife)
	s, _ = b.resolve("default/x")
	_, err = s.Compact(t.Context(), CompactOptions{})
	must(t, err)
	b.wantIndex("a compaction that drops a deletion")
}
