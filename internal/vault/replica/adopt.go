package replica

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/authority"
	"kai/internal/vault/remote"
)

// adopt makes what was fetched and checked part of the vault, under its lock.
func (s *syncing) adopt() error {
	if s.local == nil {
		if err := s.dir.MkdirAll("local", 0o700); err != nil {
			return err
		}
	}
	held, err := s.dir.Lock(s.ctx, vaultLock, lockPoll)
	if err != nil {
		return err
	}
	defer held.Unlock()
	if err := s.unchanged(); err != nil {
		return err
	}
	logs, err := s.compareLogs()
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	if s.local != nil {
		for _, h := range s.local.Heads() {
			ours[h.Name()] = true
		}
	}
	s.res.Heads = s.merged.Heads()
	if s.o.Pull {
		for _, h := range s.res.Heads {
			if !ours[h.Name()] {
				s.res.Adopted = append(s.res.Adopted, h)
			}
		}
	} else if s.local != nil {
		s.res.Heads = s.local.Heads()
	}
	if !s.o.Pull {
		return nil
	}
	if s.local == nil && !s.o.DryRun {
		if err := s.makeDirs(); err != nil {
			return err
		}
	}
	for _, h := range s.merged.Heads() {
		if err := s.merged.Needs(h, s.adoptListed); err != nil {
			return err
		}
	}
	for i := range logs {
		s.tellOwn(&logs[i])
		if err := s.adoptLog(&logs[i]); err != nil {
			return err
		}
	}
	if err := s.adoptManifests(); err != nil {
		return err
	}
	if s.local != nil {
		return nil
	}
	return s.move(rootFile, 0o400) // from here on there is a vault
}

// unchanged reports remote.ErrChanged when the vault is not the one any more that was looked at.
func (s *syncing) unchanged() error {
	now, err := vault.Open(s.dir, s.o.Vault)
	if errors.Is(err, vault.ErrNoVault) {
		now, err = nil, nil
	}
	switch {
	case err != nil:
		return err
	case (now == nil) != (s.local == nil):
		return remote.ErrChanged
	case now == nil:
		return nil
	}
	same := slices.EqualFunc(now.Heads(), s.local.Heads(), func(a, b *authority.Signed) bool { return a.Digest == b.Digest })
	if !same {
		return remote.ErrChanged
	}
	return nil
}

func (s *syncing) makeDirs() error {
	for _, name := range []string{"admin", "slots", "devices", "roles", "ns", "local/index", quarantineDir} {
		if err := s.dir.MkdirAll(name, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// adoptListed moves a file that a head lists into its place, if it was fetched.
func (s *syncing) adoptListed(l vault.Listed) error {
	name, err := s.merged.CheckListed(l)
	if err != nil {
		return err
	}
	return s.move(name, 0o600)
}

// move gives a staged file its place. What is not staged is there.
func (s *syncing) move(name string, mode fs.FileMode) error {
	staged := path.Join(stagingDir, "files", name)
	if _, err := s.dir.Lstat(staged); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s.res.Pulled++
	if s.o.DryRun {
		return nil
	}
	f, _ := vault.ParseFile(name)
	data, err := s.dir.ReadFile(staged, f.Limit)
	if err != nil {
		return err
	}
	if err := s.dir.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	// It stays staged: the manifests that follow are checked against all files.
	if err = s.dir.CreateNew(name, data, mode); !errors.Is(err, fs.ErrExist) {
		return err
	}
	// An earlier run did not come to its end, or what is there is damaged.
	own, err := s.dir.ReadFile(name, f.Limit)
	if err == nil && bytes.Equal(own, data) {
		return nil
	}
	return s.dir.WriteFile(name, data, mode)
}

// adoptManifests moves manifests into their places, the newest first: whoever reads in between finds
// heads that are complete.
func (s *syncing) adoptManifests() error {
	slices.Sort(s.admin)
	newest := s.merged.Heads()[0].Rev
	for _, name := range slices.Backward(s.admin) {
		if f, _ := vault.ParseFile(name); s.refused[name] || f.Rev < vault.Window(newest) {
			continue
		}
		if err := s.move(name, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// adoptLog takes over what a log of the place has and ours has not.
func (s *syncing) adoptLog(c *chosen) error {
	for i := range c.theirs.Files {
		p := &c.theirs.Files[i]
		have := int64(0)
		if c.ours != nil {
			for _, own := range c.ours.Files {
				if own.Name == p.Name {
					have = own.End
				}
			}
		}
		if p.End <= have {
			continue
		}
		s.res.Pulled++
		if s.o.DryRun {
			continue
		}
		if err := s.adoptFile(p, have); err != nil {
			return err
		}
	}
	if c.ours == nil || c.ours.Generation == c.theirs.Generation {
		return nil
	}
	return s.removeOlder(c)
}

// adoptFile makes our file the place's first End bytes. We have the first have of them.
func (s *syncing) adoptFile(p *vault.LogPart, have int64) error {
	from, err := s.dir.OpenFile(path.Join(logsDir, p.Name), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := s.dir.MkdirAll(path.Dir(p.Name), 0o700); err != nil {
		return err
	}
	if have == 0 {
		// What is there is no whole commit.
		out, err := s.dir.Create(p.Name, durable.CreateOptions{Mode: 0o600, Replace: true})
		if err != nil {
			return err
		}
		defer func() { _ = out.Abort() }()
		if _, err := io.Copy(out, io.NewSectionReader(from, 0, p.End)); err != nil {
			return err
		}
		return out.Commit()
	}
	to, err := s.dir.OpenFile(p.Name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer to.Close()
	if err := to.Truncate(have); err != nil { // a part of a commit, from a copy that was not finished
		return err
	}
	if _, err := io.Copy(io.NewOffsetWriter(to, have), io.NewSectionReader(from, have, p.End-have)); err != nil {
		return err
	}
	return to.SyncData()
}

// removeOlder removes the generations that were followed by another.
func (s *syncing) removeOlder(c *chosen) error {
	dir := "ns/" + c.key.ns.String()
	entries, err := s.dir.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		f, ok := vault.ParseFile(path.Join(dir, e.Name()))
		if !ok || f.Kind != vault.LogFile || f.Dev != c.key.dev || f.Generation >= c.theirs.Generation {
			continue
		}
		s.res.Removed++
		if s.o.DryRun {
			continue
		}
		if err := s.dir.Remove(f.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// tellOwn warns when the place knows more of this device's own log than this machine: it was put back to
// an older state, or copied.
func (s *syncing) tellOwn(c *chosen) {
	if s.o.Keys != nil && c.ours != nil && c.key.dev == s.o.Keys.DeviceID() {
		s.o.Vault.Warn("the target had more records of this device than this machine: if its home was copied, kai vault device new --replace")
	}
}
