package replica

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"kai/internal/vault"
	"kai/internal/vault/authority"
	"kai/internal/vault/remote"
)

// push gives the place what it lacks. What it had before and lacks now is told.
func (s *syncing) push() error {
	v := s.local
	if s.o.Pull && !s.o.DryRun {
		var err error
		if v, err = vault.Open(s.dir, s.o.Vault); err != nil {
			return err
		}
	}
	if v == nil {
		return nil // nothing of ours
	}
	if err := s.pushAll(v); err != nil {
		return err
	}
	if s.o.DryRun {
		return nil
	}
	return s.r.Finish(s.ctx)
}

func (s *syncing) pushAll(v *vault.Vault) error {
	if err := s.pushFile(rootFile, rootFile); err != nil {
		return err
	}
	others, err := listedDigests(v)
	if err != nil {
		return err
	}
	for _, h := range v.Heads() {
		if err := v.Needs(h, func(l vault.Listed) error { return s.pushListed(v, l, others) }); err != nil {
			return err
		}
	}
	if err := s.pushLogs(v); err != nil {
		return err
	}
	return s.pushManifests(v)
}

// listedDigests are, by name, all digests of wraps that a policy or role lists, or has listed.
func listedDigests(v *vault.Vault) (map[string][]authority.Digest, error) {
	out := map[string][]authority.Digest{}
	err := v.EverListed(func(l vault.Listed) error {
		if !slices.Contains(out[l.Name], l.Digest) {
			out[l.Name] = append(out[l.Name], l.Digest)
		}
		return nil
	})
	return out, err
}

// pushListed puts a file that a head lists into the place, beside another one if two heads list
// different files of that name.
func (s *syncing) pushListed(v *vault.Vault, l vault.Listed, others map[string][]authority.Digest) error {
	own, err := v.CheckListed(l)
	if err != nil {
		return err
	}
	f, _ := vault.ParseFile(l.Name)
	if _, there := s.objects[l.Name]; there && f.Kind == vault.WrapFile && !l.Bare {
		sum, err := s.sum(l.Name)
		if err != nil {
			return err
		}
		beside := vault.Beside(l.Name, l.Digest)
		if _, there := s.objects[beside]; sum != l.Digest && (there || slices.Contains(others[l.Name], sum)) {
			return s.pushFile(beside, own)
		}
	}
	return s.pushFile(l.Name, own)
}

// pushFile puts an immutable file into the place, and puts it right there.
func (s *syncing) pushFile(name, own string) error {
	f, _ := vault.ParseFile(name)
	data, err := s.dir.ReadFile(own, f.Limit)
	if err != nil {
		return changedMeanwhile(err)
	}
	tag := s.tooLarge[name]
	if o, there := s.objects[name]; there {
		sum, err := s.sum(name)
		if err != nil || sum == authority.DigestOf(data) {
			return err
		}
		if tag = o.Tag; !s.damaged[name] {
			if err := s.tampered(name, "it is not what ours is"); err != nil {
				return err
			}
			tag = s.objects[name].Tag
		}
	}
	return s.put(name, tag, own, int64(len(data)), authority.DigestOf(data))
}

// put writes the first size bytes of one of our files to an object. sum is zero for logs.
func (s *syncing) put(name, tag, own string, size int64, sum authority.Digest) error {
	if k, ok := s.before[name]; ok && !s.damaged[name] && (tag == "" || k.Size > s.objects[name].Size) {
		s.res.RolledBack = append(s.res.RolledBack, name)
	}
	if !s.o.Push {
		return nil
	}
	s.res.Pushed++
	if s.o.DryRun {
		return nil
	}
	file, err := s.dir.OpenFile(own, os.O_RDONLY, 0)
	if err != nil {
		return changedMeanwhile(err)
	}
	defer file.Close()
	newTag, err := s.r.Put(s.ctx, name, tag, io.NewSectionReader(file, 0, size))
	if err != nil {
		return err
	}
	k := seen{Size: size, Tag: newTag}
	if sum != (authority.Digest{}) {
		k.Sum = hex.EncodeToString(sum[:])
	}
	s.known.Objects[name] = k
	return nil
}

// changedMeanwhile is what it means that a file of ours is not there any more.
func changedMeanwhile(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", remote.ErrChanged, err)
	}
	return err
}

// pushLogs puts in the place what it lacks of our logs, and removes what they have replaced.
func (s *syncing) pushLogs(v *vault.Vault) error {
	theirs := s.remoteLogs()
	return v.Logs(func(l *vault.DeviceLog) error {
		k := logKey{l.NS, l.Dev}
		newer := func(name string) bool { f, _ := vault.ParseFile(name); return f.Generation > l.Generation }
		if s.forked[k] || !s.o.Pull && slices.ContainsFunc(theirs[k], newer) {
			return nil
		}
		for i := range l.Files {
			if err := s.pushLog(&l.Files[i]); err != nil {
				return err
			}
		}
		for _, name := range theirs[k] {
			if f, _ := vault.ParseFile(name); f.Generation < l.Generation {
				if err := s.drop(name); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (s *syncing) pushLog(p *vault.LogPart) error {
	o, there := s.objects[p.Name]
	switch {
	case !there:
		return s.put(p.Name, s.tooLarge[p.Name], p.Name, p.End, authority.Digest{})
	case s.damaged[p.Name]:
		return s.put(p.Name, o.Tag, p.Name, p.End, authority.Digest{})
	case o.Size >= p.End:
		return nil // as much, or more: somebody is writing there, or we do not pull
	}
	return s.put(p.Name, o.Tag, p.Name, p.End, authority.Digest{})
}

// drop removes an object that is not needed any more.
func (s *syncing) drop(name string) error {
	delete(s.known.Objects, name)
	if !s.o.Push {
		return nil
	}
	s.res.Removed++
	if s.o.DryRun {
		return nil
	}
	return s.r.Remove(s.ctx, name, s.objects[name].Tag)
}

// pushManifests puts manifests into the place, the newest first, and removes those that are too old.
func (s *syncing) pushManifests(v *vault.Vault) error {
	oldest := vault.Window(max(v.Heads()[0].Rev, s.merged.Heads()[0].Rev))
	entries, err := s.dir.ReadDir("admin")
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(entries) {
		f, ok := vault.ParseFile("admin/" + e.Name())
		if !ok || f.Kind != vault.ManifestFile || f.Rev < oldest {
			continue
		}
		if err := s.pushFile(f.Name, f.Name); err != nil {
			return err
		}
	}
	for _, name := range s.objectNames(vault.ManifestFile) {
		if f, _ := vault.ParseFile(name); f.Rev < oldest && !s.damaged[name] {
			if err := s.drop(name); err != nil {
				return err
			}
		}
	}
	return nil
}
