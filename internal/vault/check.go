package vault

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"kai/internal/vault/authority"
	"kai/internal/vault/vlog"
)

// Severity says how bad a finding is.
type Severity string

// Severities of findings.
const (
	Damaged Severity = "damaged" // proven: something was changed or is missing
	Notice  Severity = "notice"  // to be looked at
)

// Finding is something that a check has found.
type Finding struct {
	Finding  string // one word or a few, joined by _
	Severity Severity
	Path     string // of a file in the vault, or of a secret
	Text     string
	Hint     string
}

// Check looks at everything that the keys open: all documents and wraps that are listed, all chains and
// checkpoints, the meta data of all records, and, when deep is set, all values. It goes on after what
// it finds. The error is that of the file system.
func (v *Vault) Check(keys *Keys, deep bool, found func(Finding)) error {
	c := &checker{v: v, keys: keys, deep: deep, found: found}
	if len(v.heads) > 1 {
		c.notice("two_heads", adminDir, "two devices changed the vault at once", "kai vault resolve --admin HASH")
	}
	for _, id := range v.Slots() {
		if _, err := v.Slot(id); err != nil {
			c.add(path.Join(slotDir, id.String()), err)
		}
		for _, suffix := range []string{"vrk", "usr"} {
			name := slotWrapName(id, v.manifest.Last().E, suffix)
			if _, err := v.dir.Lstat(name); err != nil {
				c.add(name, fileError(name, fmt.Errorf("%w: %w", ErrTampered, err)))
			}
		}
	}
	for id := range v.manifest.Devices {
		if _, err := v.Device(id); err != nil {
			c.add(path.Join(deviceDir, id.String()), err)
		}
	}
	for id := range v.manifest.Roles {
		r, err := v.Role(id)
		if err != nil {
			c.add(path.Join(roleDir, id.String()), err)
			continue
		}
		for _, e := range r.Epochs {
			c.wraps(roleEpochDir(id, e.E), e.Wraps)
		}
	}
	for id := range v.manifest.NS {
		p, err := v.Policy(id)
		if err != nil {
			c.add(path.Join(spaceDir, id.String()), err)
			continue
		}
		for _, e := range p.Epochs {
			c.wraps(epochDir(id, e.Number()), e.Wraps)
		}
	}
	names, err := v.Namespaces(keys)
	if err != nil {
		return err
	}
	for _, name := range names {
		c.space(name)
	}
	return nil
}

type checker struct {
	v     *Vault
	keys  *Keys
	deep  bool
	found func(Finding)
}

func (c *checker) notice(finding, path, text, hint string) {
	c.found(Finding{finding, Notice, path, text, hint})
}

// add tells what an error says.
func (c *checker) add(path string, err error) {
	f := Finding{Finding: "damaged", Severity: Damaged, Path: path, Text: err.Error(), Hint: "restore the file from a backup or another device: kai vault sync"}
	var at *FileError
	if errors.As(err, &at) {
		f.Path = at.File
	}
	switch {
	case errors.Is(err, ErrRollback):
		f.Finding = "rollback"
	case errors.Is(err, ErrNewer):
		f.Finding, f.Severity, f.Hint = "newer", Notice, "a newer kai"
	}
	c.found(f)
}

func (c *checker) wraps(dir string, wraps map[string]authority.Digest) {
	for name, d := range wraps {
		if _, err := c.v.listed(path.Join(dir, name), d, maxSmall); err != nil {
			c.add(path.Join(dir, name), err)
		}
	}
}

// space checks the records of a namespace.
func (c *checker) space(name string) {
	s, err := c.v.Space(c.keys, name)
	if err == nil {
		s.thorough = true
		err = s.open()
	}
	if err != nil {
		c.add(name, err)
		return
	}
	items := map[string]*item{}
	for _, l := range s.view.logs {
		err := s.recordsFrom(l, 0, l.files[0].header.Start(), func(x *Version, t vlog.Type) error {
			it := items[x.Path]
			if it == nil {
				it = &item{}
				items[x.Path] = it
			}
			it.add(x, t)
			if c.deep && t == vlog.Put {
				c.value(s, x)
			}
			return nil
		})
		if err != nil {
			c.add(s.dir(), err)
		}
		if l.torn {
			c.notice("torn_tail", spaceFile(s.id, l.files[len(l.files)-1].logName), "a commit that was cut short follows the last one", "the next change of that device removes it")
		}
		if l.cert.Removed {
			c.notice("removed_device", l.dev.String(), fmt.Sprintf("records of a removed device, up to %d", l.limit), "")
		}
	}
	if s.nearlyUsedUp() {
		c.notice("key_nearly_used_up", name, fmt.Sprintf("its key of epoch %d may seal %d records more", s.policy.Last().E, s.left()), "kai vault rotate --ns "+name)
	}
	now := c.v.opts.Now()
	for p, it := range items {
		x := it.current()
		if x == nil {
			continue
		}
		switch state := x.State(now); state {
		case StateConflict:
			c.notice("conflict", name+"/"+p, "two devices changed it at once", "kai vault resolve "+name+"/"+p+" N")
		case StateExpired, StateDue, StateCompromised:
			c.notice(string(state), name+"/"+p, "it is "+strings.ReplaceAll(string(state), "_", " "), "kai vault rotate "+name+"/"+p)
		}
	}
}

// value opens a value.
func (c *checker) value(s *Space, x *Version) {
	_, buf, err := s.Value(x)
	buf.Wipe()
	if err != nil && !errors.Is(err, ErrDenied) && !errors.Is(err, ErrNeedsUser) {
		c.add(s.dir(), err)
	}
}
