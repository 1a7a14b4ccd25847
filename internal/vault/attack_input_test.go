package vault

import (
	"errors"
	"strings"
	"testing"

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
