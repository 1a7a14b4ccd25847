package vault

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"kai/internal/canon"
	"kai/internal/vault/fields"
	"kai/internal/vault/vlog"
)

// What could not be read again is never written: one such record would make a namespace unreadable.
func TestUnreadableMeta(t *testing.T) {
	b := newVault(t)
	b.set("default/a", KindAPIKeys, "one")
	for what, change := range map[string]func(*Meta){
		"control in a tag":     func(m *Meta) { m.Tags = []string{"a\nb"} },
		"zero in a kind":       func(m *Meta) { m.Kind = "a\x00b" },
		"zero in a scope":      func(m *Meta) { m.Scope.Service = "a\x00b" },
		"no kind":              func(m *Meta) { m.Kind = "" },
		"no path":              func(m *Meta) { m.Path = "" },
		"bad UTF-8":            func(m *Meta) { m.From = "\xff" },
		"control in a rotator": func(m *Meta) { m.RotateWith = "\x1b[0m" },
		"control in public":    func(m *Meta) { m.Public = map[string]string{"a": "b\x7f"} },
		"a name in public":     func(m *Meta) { m.Public = map[string]string{"\u202e\x00": "b"} },
		"a long scope":         func(m *Meta) { m.Scope.Service = strings.Repeat("s", 300) },
		"too much":             func(m *Meta) { m.Tags = []string{strings.Repeat("t", vlog.MaxMeta)} },
		"a large number":       func(m *Meta) { m.RotateEvery = 1 << 60 },
		"a clock of the past":  func(m *Meta) { m.Created = -1 << 62 },
	} {
		s, _ := b.resolve("default/x")
		c := put("b", KindAPIKeys, "value")
		change(&c.Meta)
		_, err := s.Commit(t.Context(), []Change{c})
		if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", what, err)
		}
		b.want("default/a", "one")
	}
	// A session knows scopes by names of at most 255 bytes.
	for _, scope := range []Scope{{Service: strings.Repeat("s", 256)}, {Agent: "a\x00"}} {
		if _, err := b.v.Limit(b.keys, Limits{Scope: scope}); err == nil {
			t.Errorf("a session of scope %.20q", scope)
		}
		b.reopen()
	}
}

// A device whose clock is ahead, or that writes the largest numbers there are, does not keep others from
// changing what it changed.
func TestClockAhead(t *testing.T) {
	b := newVault(t)
	other := b.other()
	b.set("default/x", KindAPIKeys, "one")
	s, err := b.v.Space(other, "default")
	must(t, err)
	for _, ahead := range []time.Duration{time.Hour, 24 * 365 * time.Hour} {
		now := b.now
		b.now = b.now.Add(ahead)
		x, err := s.Find("x")
		must(t, err)
		_, err = s.SetMeta(t.Context(), x, func(m *Meta) { m.CompromisedSince, m.Tags = 0, []string{"theirs"} })
		must(t, err)
		b.now = now
		own, _ := b.resolve("default/x")
		x, err = own.Find("x")
		must(t, err)
		_, err = own.SetMeta(t.Context(), x, func(m *Meta) { m.CompromisedSince, m.Tags = 7, []string{"ours"} })
		must(t, err)
		x, err = own.Find("x")
		must(t, err)
		if x.CompromisedSince != 7 || x.Tags[0] != "ours" {
			t.Errorf("%v ahead: %+v", ahead, x.Meta)
		}
	}
	// The last clock and version there are, with the device's own program.
	w, err := s.newWriter()
	must(t, err)
	m := Meta{Path: "x", Kind: KindAPIKeys, HLC: "ffffffffffffffff", Version: canon.MaxInteger, Created: 1, Updated: 1, Fields: []string{"value"}}
	own, _ := b.resolve("default/x")
	x, err := own.Find("x")
	must(t, err)
	m.Parents = []string{x.Record.String()}
	meta, err := appendMeta(nil, &m)
	must(t, err)
	key, err := s.metaKey(1)
	must(t, err)
	valueKey, err := s.valueKey(1, m.Kind, m.Scope)
	must(t, err)
	value, err := fields.Encode([]fields.Field{{Name: "value", Value: []byte("theirs")}})
	must(t, err)
	_, err = w.b.Add(&vlog.Draft{Type: vlog.Put, Epoch: 1, Meta: meta, Value: value.Expose(), MetaKey: key, ValueKey: valueKey}, rand.Reader)
	must(t, err)
	_, err = w.finish()
	must(t, err)
	b.want("default/x", "theirs")
	b.set("default/x", KindAPIKeys, "ours")
	b.want("default/x", "ours")
	own, _ = b.resolve("default/x")
	x, err = own.Find("x")
	must(t, err)
	if x.Conflict {
		t.Error("a conflict")
	}
	if _, err := own.SetMeta(t.Context(), x, func(m *Meta) { m.Tags = []string{"ours"} }); err != nil {
		t.Error(err)
	}
}
