package replica

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/authority"
	"kai/internal/vault/remote"
)

// maxManifests bounds how many manifests of a place are looked at.
const maxManifests = 4096

// get fetches an object that is no log.
func (s *syncing) get(name string) ([]byte, error) {
	f, _ := vault.ParseFile(name)
	body, tag, err := s.r.Get(s.ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, remote.ErrChanged) // it was listed
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, f.Limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, remote.ErrUnreachable, err)
	}
	if int64(len(data)) > f.Limit {
		return nil, fmt.Errorf("%s: %w", name, remote.ErrChanged) // it was smaller when it was listed
	}
	s.objects[name] = remote.Object{Name: name, Size: int64(len(data)), Tag: tag}
	d := authority.DigestOf(data)
	s.known.Objects[name] = seen{Size: int64(len(data)), Sum: hex.EncodeToString(d[:]), Tag: tag}
	return data, nil
}

// sum is the digest of an object, which is fetched unless it is known.
func (s *syncing) sum(name string) (d authority.Digest, err error) {
	if k, ok := s.known.Objects[name]; ok && k.Tag == s.objects[name].Tag {
		if n, err := hex.Decode(d[:], []byte(k.Sum)); err == nil && n == len(d) {
			return d, nil
		}
	}
	data, err := s.get(name)
	return authority.DigestOf(data), err
}

// fetchRoot compares which vault the place holds with ours, or takes its root over.
func (s *syncing) fetchRoot() error {
	_, there := s.objects[rootFile]
	if s.local == nil && !there {
		return fmt.Errorf("the target: %w", vault.ErrNoVault)
	}
	if !there {
		return nil
	}
	data, err := s.get(rootFile)
	if err != nil {
		return err
	}
	id, fingerprint, err := vault.RootFingerprint(data)
	if err != nil {
		return fmt.Errorf("the target: %w", err)
	}
	if s.local == nil {
		s.res.Created = true
		if s.confirmed != fingerprint {
			if err := s.o.Confirm(fingerprint); err != nil {
				return err
			}
			s.confirmed = fingerprint
		}
		return s.stage(rootFile, data)
	}
	own, err := s.dir.ReadFile(rootFile, int64(len(data))+1)
	switch {
	case err != nil && !errors.Is(err, durable.ErrTooLarge):
		return err
	case bytes.Equal(own, data):
		return nil
	case id != s.local.ID():
		return fmt.Errorf("the target holds vault %s: %w", fingerprint, ErrForeign)
	}
	return fmt.Errorf("the target's %s: %w", rootFile, vault.ErrTampered)
}

// fetchManifests stages the manifests that are new and rightly signed.
func (s *syncing) fetchManifests() error {
	names := s.objectNames(vault.ManifestFile)
	if len(names) > maxManifests {
		return fmt.Errorf("the target: %d manifests: %w", len(names), vault.ErrTooLarge)
	}
	v := s.local
	if v == nil {
		// There is none to check against yet but its root.
		data, err := s.get(rootFile)
		if err == nil {
			v, err = vault.OfRoot(data, s.o.Vault)
		}
		if err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := s.fetchManifest(v, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *syncing) fetchManifest(v *vault.Vault, name string) error {
	own, err := s.dir.ReadFile(name, authority.MaxFile)
	switch {
	case err == nil && s.local != nil:
		d, err := s.sum(name)
		if err == nil && d != authority.DigestOf(own) {
			err = s.tampered(name, "it is not what its name says")
		}
		return err
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if f, _ := vault.ParseFile(name); s.local != nil && f.Rev < vault.Window(s.local.Heads()[0].Rev) {
		return nil // older than what is kept; push removes it
	}
	data, err := s.get(name)
	if err != nil {
		return err
	}
	m, err := v.ParseManifest(data)
	if err == nil && "admin/"+m.Name() != name {
		err = errors.New("it is not what its name says")
	}
	if err != nil {
		return s.tamperedWith(name, data, err)
	}
	s.admin = append(s.admin, name)
	return s.stage(name, data)
}

func (s *syncing) tampered(name, why string) error {
	data, err := s.get(name)
	if err != nil {
		return err
	}
	return s.tamperedWith(name, data, errors.New(why))
}

// tamperedWith puts an object into quarantine. The error is that of doing so.
func (s *syncing) tamperedWith(name string, data []byte, why error) error {
	at, err := s.quarantine(name, data)
	if !errors.Is(why, vault.ErrNewer) {
		why = fmt.Errorf("%w: the target's copy: %w", vault.ErrTampered, why)
	}
	s.refuse(name, at, &vault.FileError{File: name, Offset: -1, Err: why})
	return err
}

// chooseHeads leaves out manifests until each head is complete, and one that may be adopted.
func (s *syncing) chooseHeads() error {
	for {
		v, err := s.open()
		if err != nil {
			return err
		}
		refused, err := s.checkHeads(v)
		if err != nil {
			return err
		}
		if refused == "" {
			s.merged = v
			return s.checkMemory()
		}
		s.refused[refused] = true
		if err := s.dir.Remove(stagingDir + "/files/" + refused); err != nil {
			return err
		}
		if s.local == nil && len(s.refused) == len(s.admin) {
			return s.nothingWhole()
		}
	}
}

// nothingWhole says why a vault cannot be adopted where there was none.
func (s *syncing) nothingWhole() error {
	if err := s.res.Err(); err != nil {
		return err
	}
	return fmt.Errorf("the target: %w: no manifest", ErrIncomplete)
}

// checkMemory holds what would be adopted against the keys and the memory of this machine.
func (s *syncing) checkMemory() error {
	if s.o.Keys == nil || s.local == nil {
		return nil
	}
	return s.merged.CheckMemory(s.o.Keys)
}

// checkHeads returns the name of the first head that cannot be adopted, "" when all can.
func (s *syncing) checkHeads(v *vault.Vault) (refused string, err error) {
	ours := map[string]bool{}
	var last *authority.Epoch
	if s.local != nil {
		for _, h := range s.local.Heads() {
			ours["admin/"+h.Name()] = true
		}
		last = s.local.Manifest().Last()
	}
	for i, h := range v.Heads() {
		name := "admin/" + h.Name()
		if ours[name] {
			// What is missing here may be there.
			if err := v.Needs(h, func(l vault.Listed) error { return s.ensure(v, h, l) }); err != nil && !errors.Is(err, errAbsent) {
				return "", err
			}
			continue
		}
		if last != nil && h.Last().E < last.E {
			s.o.Vault.Warn(fmt.Sprintf("%s is not adopted: it was signed with an older root key; where it was made, kai vault sync and kai vault resolve --admin %s", name, s.local.Heads()[0].Digest.Short()))
			return name, nil
		}
		others := append([]*authority.Signed{}, v.Heads()[:i]...)
		if s.local != nil {
			others = append(others, s.local.Heads()...)
		}
		for _, other := range others {
			if !agree(h, other) {
				return "", fmt.Errorf("%s: two devices changed the root key at once: %w", name, vault.ErrConflict)
			}
		}
		switch err := v.Needs(h, func(l vault.Listed) error { return s.ensure(v, h, l) }); {
		case errors.Is(err, errAbsent):
			return name, nil
		case errors.Is(err, vault.ErrTampered), errors.Is(err, vault.ErrMalformed), errors.Is(err, vault.ErrNewer):
			data, getErr := s.get(name)
			if getErr == nil {
				getErr = s.tamperedWith(name, data, err)
			}
			return name, getErr
		case err != nil:
			return "", err
		}
	}
	return "", nil
}

// agree reports whether two manifests name the same owners, as far as both go.
func agree(a, b *authority.Signed) bool {
	for i := range min(len(a.Epochs), len(b.Epochs)) {
		if !bytes.Equal(a.Epochs[i].Owner, b.Epochs[i].Owner) {
			return false
		}
	}
	return true
}

// errAbsent means that a head cannot be adopted: a file is missing, or not what is listed.
var errAbsent = errors.New("not in the target")

// ensure stages a file that a head lists, unless it is there.
func (s *syncing) ensure(v *vault.Vault, h *authority.Signed, l vault.Listed) error {
	_, err := v.CheckListed(l)
	if err == nil || !errors.Is(err, vault.ErrTampered) {
		return err
	}
	taken := !errors.Is(err, fs.ErrNotExist) // what we have of that name is another head's
	candidates := []string{l.Name}
	f, _ := vault.ParseFile(l.Name)
	if f.Kind == vault.WrapFile && !l.Bare {
		candidates = append(candidates, vault.Beside(l.Name, l.Digest))
	}
	wrong := false
	for _, name := range candidates {
		if _, ok := s.objects[name]; !ok {
			continue
		}
		data, err := s.get(name)
		if err != nil {
			return err
		}
		if !l.Bare && authority.DigestOf(data) != l.Digest {
			if wrong = true; f.Kind == vault.DocumentFile {
				if err := s.tamperedWith(name, data, errors.New("it is not what its name says")); err != nil {
					return err
				}
			}
			continue
		}
		at := l.Name
		if taken && f.Kind == vault.WrapFile {
			at = vault.Beside(l.Name, l.Digest)
		}
		return s.stage(at, data)
	}
	if wrong && f.Kind == vault.WrapFile {
		if err := s.tampered(l.Name, fmt.Sprintf("it is not what manifest %d lists", h.Rev)); err != nil {
			return err
		}
	}
	if !wrong && !slices.Contains(s.res.Missing, l.Name) {
		s.res.Missing = append(s.res.Missing, l.Name)
	}
	return fmt.Errorf("%s: %w", l.Name, errAbsent)
}
