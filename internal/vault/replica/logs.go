package replica

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
	"kai/internal/vault/overlay"
	"kai/internal/vault/remote"
)

// logKey names the log of a device in a namespace.
type logKey struct{ ns, dev objectid.ID }

func compareKeys(a, b logKey) int {
	if c := bytes.Compare(a.ns[:], b.ns[:]); c != 0 {
		return c
	}
	return bytes.Compare(a.dev[:], b.dev[:])
}

// chosen is a log that is taken over from the place.
type chosen struct {
	key          logKey
	theirs, ours *vault.DeviceLog // ours may be nil
}

const logsDir = stagingDir + "/logs"

// remoteLogs are the names of the place's files of each log.
func (s *syncing) remoteLogs() map[logKey][]string {
	out := map[logKey][]string{}
	for _, name := range s.objectNames(vault.LogFile) {
		f, _ := vault.ParseFile(name)
		k := logKey{f.NS, f.Dev}
		out[k] = append(out[k], name)
	}
	return out
}

// fetchLogs stages the place's files of all logs that may be new.
func (s *syncing) fetchLogs() error {
	for k, names := range s.remoteLogs() {
		if !listed(s.merged, k) || s.allKnown(names) {
			continue
		}
		s.logs[k] = true
		for _, name := range names {
			if err := s.fetchLog(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// listed reports whether a head has both the namespace and the device of a log.
func listed(v *vault.Vault, k logKey) bool {
	return slices.ContainsFunc(v.Heads(), func(h *authority.Signed) bool {
		_, ns := h.NS[k.ns]
		_, dev := h.Devices[k.dev]
		return ns && dev
	})
}

// allKnown reports whether objects are as they were when they were compared with our files.
func (s *syncing) allKnown(names []string) bool {
	return s.local != nil && !slices.ContainsFunc(names, func(name string) bool {
		k, ok := s.known.Objects[name]
		if !ok || k.Tag != s.objects[name].Tag {
			return true
		}
		info, err := s.dir.Lstat(name)
		return err != nil || info.Size() < k.Size // it was compared with a file that is not there any more
	})
}

func (s *syncing) fetchLog(name string) error {
	body, tag, err := s.r.Get(s.ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", name, remote.ErrChanged)
	}
	if err != nil {
		return err
	}
	defer body.Close()
	at := path.Join(logsDir, name)
	if err := s.dir.MkdirAll(path.Dir(at), 0o700); err != nil {
		return err
	}
	out, err := s.dir.Create(at, durable.CreateOptions{Mode: 0o600})
	if err != nil {
		return err
	}
	defer func() { _ = out.Abort() }()
	f, _ := vault.ParseFile(name)
	n, err := copyAtMost(out, body, f.Limit)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.objects[name] = remote.Object{Name: name, Size: n, Tag: tag}
	return out.Commit()
}

// sourceReader marks what reading from the place has failed with.
type sourceReader struct{ r io.Reader }

func (r sourceReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", remote.ErrUnreachable, err)
	}
	return n, err
}

func copyAtMost(to io.Writer, from io.Reader, limit int64) (int64, error) {
	n, err := io.Copy(to, io.LimitReader(sourceReader{from}, limit+1))
	if err == nil && n > limit {
		err = vault.ErrTooLarge
	}
	return n, err
}

// theirs is the vault with the place's logs, and none of ours.
func (s *syncing) theirs() (*vault.Vault, error) {
	return vault.Open(durable.NewDirFS(&overlay.FS{
		Top: s.fs, Prefix: logsDir, Base: s.overlay(),
		Hidden: func(name string) bool { return strings.HasSuffix(name, ".vlog") },
	}), s.o.Vault)
}

// compareLogs decides which logs are taken over. The lock of the vault is held.
func (s *syncing) compareLogs() ([]chosen, error) {
	if len(s.logs) == 0 {
		return nil, nil
	}
	theirs, err := s.theirs()
	if err != nil {
		return nil, err
	}
	var keys []logKey
	for k := range s.logs {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)
	var out []chosen
	for _, k := range keys {
		take, err := s.compareLog(theirs, k)
		if err != nil {
			return nil, err
		}
		if take != nil {
			out = append(out, *take)
		}
	}
	return out, nil
}

func (s *syncing) compareLog(theirs *vault.Vault, k logKey) (*chosen, error) {
	names := s.remoteLogs()[k]
	their, err := theirs.LogOf(k.ns, k.dev)
	ours, ownErr := s.merged.LogOf(k.ns, k.dev)
	if ownErr != nil {
		if ownErr = s.setAside(k, their, ownErr); ownErr != nil {
			return nil, ownErr
		}
		ours = nil
	}
	if errors.Is(err, vault.ErrTampered) || errors.Is(err, vault.ErrNewer) || errors.Is(err, vault.ErrTooLarge) {
		return nil, s.damagedLog(names, ours, err)
	}
	if err != nil || their == nil {
		if err == nil && ours != nil {
			s.remember(names) // nothing whole in it: ours is longer
		}
		return nil, err
	}
	take, at, err := s.longer(ours, their)
	if err != nil {
		return nil, err
	}
	if at != "" {
		s.forked[k] = true
		return nil, s.forkedLog(at, k, ours)
	}
	s.remember(names)
	if take {
		return &chosen{k, their, ours}, nil
	}
	return nil, nil
}

// remember notes that objects were compared with our files.
func (s *syncing) remember(names []string) {
	for _, name := range names {
		o := s.objects[name]
		s.known.Objects[name] = seen{Size: o.Size, Tag: o.Tag}
	}
}

// damagedLog refuses a log of the place. Where ours holds as much, it is put in its place.
func (s *syncing) damagedLog(names []string, ours *vault.DeviceLog, err error) error {
	name := names[0]
	if at := (*vault.FileError)(nil); errors.As(err, &at) && slices.Contains(names, at.File) {
		name = at.File
	}
	at, moveErr := s.keepStaged(name)
	s.refuse(name, at, fmt.Errorf("the target's copy: %w", err))
	for _, other := range names {
		delete(s.known.Objects, other)
		if other != name && !s.covers(ours, other) {
			s.damaged[other] = true
		}
	}
	if !s.covers(ours, name) {
		f, _ := vault.ParseFile(name)
		s.forked[logKey{f.NS, f.Dev}] = true // what it holds may be more than ours: it is left alone
	}
	return moveErr
}

// covers reports whether we have at least as many bytes of a file as the place.
func (s *syncing) covers(ours *vault.DeviceLog, name string) bool {
	f, _ := vault.ParseFile(name)
	if ours == nil {
		return false
	}
	if f.Generation < ours.Generation {
		return true
	}
	return slices.ContainsFunc(ours.Files, func(p vault.LogPart) bool { return p.Name == name && p.End >= s.objects[name].Size })
}

// keepStaged moves a log that is refused into quarantine.
func (s *syncing) keepStaged(name string) (at string, err error) {
	if s.o.DryRun {
		return "", nil
	}
	if err := s.dir.MkdirAll(quarantineDir, 0o700); err != nil {
		return "", err
	}
	at = path.Join(quarantineDir, strings.ReplaceAll(name, "/", "_"))
	err = s.dir.Rename(path.Join(logsDir, name), at)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return at, err
}

func (s *syncing) forkedLog(name string, k logKey, ours *vault.DeviceLog) error {
	at, err := s.keepStaged(name)
	for _, other := range s.remoteLogs()[k] {
		delete(s.known.Objects, other)
	}
	s.refuse(name, at, &vault.FileError{File: name, Offset: -1, Err: fmt.Errorf("%w: %s has written on two machines", vault.ErrFork, k.dev)})
	return err
}

// longer reports whether the place's log goes on where ours ends. forked names a file in which both have
// different records of one number, "" when there is none.
func (s *syncing) longer(ours, their *vault.DeviceLog) (longer bool, forked string, err error) {
	switch {
	case ours == nil:
		return true, "", nil
	case their.Generation == ours.Generation:
		return s.longerFiles(ours, their)
	case their.Generation > ours.Generation:
		if !follows(their, ours) {
			return false, their.Files[0].Name, nil
		}
		return true, "", nil
	case !follows(ours, their):
		return false, their.Files[0].Name, nil
	}
	return false, "", nil
}

// follows reports whether a later generation goes on where an earlier one ends, or later.
func follows(later, earlier *vault.DeviceLog) bool {
	last := earlier.Next - 1
	before := later.Before
	if before.Generation != earlier.Generation {
		return last <= before.Last // one between them is gone
	}
	return last < before.Last || last == before.Last && earlier.Chain == before.Chain
}

// longerFiles compares two copies of one generation, byte for byte.
func (s *syncing) longerFiles(ours, their *vault.DeviceLog) (longer bool, forked string, err error) {
	for i := range min(len(ours.Files), len(their.Files)) {
		a, b := &ours.Files[i], &their.Files[i]
		if a.Name != b.Name {
			return false, b.Name, nil // one begins a file where the other does not
		}
		same, err := s.sameStart(a.Name, min(a.End, b.End))
		if err != nil {
			return false, "", err
		}
		lastOf := func(l *vault.DeviceLog) bool { return i == len(l.Files)-1 }
		if !same || a.End < b.End && !lastOf(ours) || b.End < a.End && !lastOf(their) {
			return false, b.Name, nil
		}
	}
	return their.Next > ours.Next, "", nil
}

// sameStart compares the first n bytes of our file with those of the staged one.
func (s *syncing) sameStart(name string, n int64) (bool, error) {
	a, err := s.dir.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer a.Close()
	b, err := s.dir.OpenFile(path.Join(logsDir, name), os.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer b.Close()
	var x, y [32 << 10]byte
	for at := int64(0); at < n; {
		k := min(int64(len(x)), n-at)
		if _, err := a.ReadAt(x[:k], at); err != nil {
			return false, err
		}
		if _, err := b.ReadAt(y[:k], at); err != nil {
			return false, err
		}
		if !bytes.Equal(x[:k], y[:k]) {
			return false, nil
		}
		at += k
	}
	return true, nil
}

// setAside makes way for the place's copy of a log when ours is damaged, ownErr, and theirs has all that
// ours had. Otherwise the error is ownErr.
func (s *syncing) setAside(k logKey, their *vault.DeviceLog, ownErr error) error {
	if their == nil || !errors.Is(ownErr, vault.ErrTampered) {
		return ownErr
	}
	var own []string
	for _, name := range s.merged.LogFiles(k.ns) {
		f, _ := vault.ParseFile(name)
		if f.Dev != k.dev || f.Generation < their.Generation {
			continue
		}
		info, err := s.dir.Lstat(name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(their.Files, func(p vault.LogPart) bool { return p.Name == name && p.End >= info.Size() }) {
			return ownErr
		}
		own = append(own, name)
	}
	s.o.Vault.Warn(fmt.Sprintf("%v; the target's copy takes its place", ownErr))
	if !s.o.Pull || s.o.DryRun {
		return nil
	}
	if err := s.dir.MkdirAll(quarantineDir, 0o700); err != nil {
		return err
	}
	for _, name := range own {
		if err := s.dir.Rename(name, path.Join(quarantineDir, "own_"+strings.ReplaceAll(name, "/", "_"))); err != nil {
			return err
		}
	}
	return nil
}
