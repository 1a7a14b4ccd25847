package vault

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/vault/fields"
	"kai/internal/vault/vlog"
)

// Compaction drops what nothing needs, and changes nothing of what is left.
func TestCompact(t *testing.T) {
	b := newVault(t)
	for n := range 15 {
		b.set("default/a", KindCredentials, fmt.Sprint("a", n))
		b.set("default/b", KindAPIKeys, fmt.Sprint("b", n))
	}
	b.set("default/gone", KindAPIKeys, "gone")
	s, _ := b.resolve("default/x")
	v, err := s.Find("gone")
	must(t, err)
	_, err = s.Delete(t.Context(), v)
	must(t, err)
	a, err := s.Find("a")
	must(t, err)
	_, err = s.SetMeta(t.Context(), a, func(m *Meta) { m.Tags = []string{"tagged"} })
	must(t, err)
	before, err := s.History("a")
	must(t, err)
	for round := range 3 {
		out, err := s.Compact(t.Context(), CompactOptions{Reencrypt: round == 2})
		must(t, err)
		// Of a and b the present version and ten old ones, the META, the deletion and what it deleted.
		if out.Kept != 2*11+1+2 {
			t.Errorf("round %d: %+v", round, out)
		}
		b.reopen()
		b.want("default/a", "a14")
		b.want("default/b", "b14")
		_, err = b.tryGet("default/gone")
		wantErr(t, err, ErrNotFound)
		s, _ = b.resolve("default/x")
		after, err := s.History("a")
		must(t, err)
		if len(after) != 11 || after[0].Record != before[4].Record || after[10].Version != 15 || strings.Join(after[10].Tags, "") != "tagged" {
			t.Errorf("history %+v", after)
		}
		list, buf, err := s.Value(after[0])
		must(t, err)
		if x, _ := fields.Find(list, "value"); string(x) != "a4" {
			t.Errorf("oldest is %q", x)
		}
		buf.Wipe()
	}
	b.set("default/a", KindCredentials, "a15")
	h, err := s.History("a")
	must(t, err)
	if len(h) != 12 || h[11].Conflict || h[11].Version != 16 {
		t.Errorf("a new version after compaction: %+v", h[len(h)-1])
	}
}

// A deletion between two versions stays as long as the first does: the second would be beside it.
func TestCompactKeepsWhatReplaced(t *testing.T) {
	b := newVault(t)
	b.set("default/a", KindAPIKeys, "before")
	b.set("default/old", KindAPIKeys, "before")
	s, _ := b.resolve("default/x")
	for _, path := range []string{"a", "old"} {
		v, err := s.Find(path)
		must(t, err)
		_, err = s.Delete(t.Context(), v)
		must(t, err)
	}
	b.set("default/a", KindAPIKeys, "after")
	b.now = b.now.Add(2 * tombstoneLife) // nor does what was deleted long ago come back
	for range 2 {
		_, err := s.Compact(t.Context(), CompactOptions{})
		must(t, err)
		b.reopen()
		b.want("default/a", "after")
		s, _ = b.resolve("default/x")
		v, err := s.Find("a")
		must(t, err)
		if v.Conflict || v.Version != 3 {
			t.Errorf("%+v", v)
		}
		_, err = b.tryGet("default/old")
		wantErr(t, err, ErrNotFound)
	}
}

// A secret that was removed with all its versions is in no file any more.
func TestCompactDrops(t *testing.T) {
	b := newVault(t)
	for n := range 3 {
		b.set("default/a", KindAPIKeys, fmt.Sprint("a", n))
	}
	b.set("default/b", KindAPIKeys, "b")
	s, _ := b.resolve("default/x")
	v, err := s.Find("a")
	must(t, err)
	_, err = s.Delete(t.Context(), v)
	must(t, err)
	out, err := s.Compact(t.Context(), CompactOptions{Drop: "a"})
	must(t, err)
	if out.Kept != 2 || out.Dropped != 3 || out.After >= out.Before {
		t.Errorf("%+v", out)
	}
	puts := 0
	b.reopen()
	s, _ = b.resolve("default/x")
	must(t, s.records(func(v *Version, typ vlog.Type) error {
		if typ == vlog.Put {
			puts++
		}
		return nil
	}))
	if puts != 1 {
		t.Errorf("%d values", puts)
	}
	files, err := filepath.Glob(filepath.Join(b.path, "ns", s.id.String(), "*.vlog"))
	must(t, err)
	if len(files) != 1 || !strings.Contains(files[0], ".2.") {
		t.Errorf("%q", files)
	}
	b.want("default/b", "b")
	_, err = os.Stat(filepath.Join(b.path, s.indexName()))
	must(t, err)
}
