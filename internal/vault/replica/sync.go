package replica

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/authority"
	"kai/internal/vault/overlay"
	"kai/internal/vault/remote"
)

const (
	stagingDir    = "local/sync"
	quarantineDir = "local/quarantine"
	rootFile      = "vault.json"
	syncLock      = "local/sync.lock"
	vaultLock     = "local/lock"
	lockPoll      = 20 * time.Millisecond

	// attempts is how often a sync begins anew when somebody else was faster.
	attempts = 6
)

// Options say what is synced.
type Options struct {
	Target string // under which the place is remembered
	// Pull adopts what the place has, Push gives it what it lacks.
	Pull, Push bool
	// DryRun only counts.
	DryRun bool
	Vault  vault.Options
	// Keys are used to check MACs and memory; nil while the vault is locked: then unlocking does.
	Keys *vault.Keys
	// Confirm is asked before a vault is adopted where there was none.
	Confirm func(fingerprint string) error
}

// Quarantined is something that was not adopted.
type Quarantined struct {
	Name string // in the vault
	At   string // where it was put, below the vault's directory
	Err  error
}

// Result is what a sync has done.
type Result struct {
	Pushed, Pulled int // files
	// Removed are files that were not needed any more, on both sides.
	Removed     int
	Adopted     []*authority.Signed // heads that came from the place
	Heads       []*authority.Signed // that the vault now has
	Quarantined []Quarantined
	// RolledBack are objects that the place had before, or had more of.
	RolledBack []string
	// Missing are files that a head in the place lists and the place has not.
	Missing []string
	// Created means that there was no vault before.
	Created bool
}

// Err is the gravest of what was found: vault.ErrFork, vault.ErrTampered, ErrRolledBack,
// ErrIncomplete, or nil.
func (r *Result) Err() error {
	for _, target := range []error{vault.ErrFork, vault.ErrTampered} {
		for _, q := range r.Quarantined {
			if errors.Is(q.Err, target) {
				return q.Err
			}
		}
	}
	switch {
	case len(r.Quarantined) > 0:
		return r.Quarantined[0].Err
	case len(r.RolledBack) > 0:
		return fmt.Errorf("%s: %w", r.RolledBack[0], ErrRolledBack)
	case len(r.Missing) > 0:
		return fmt.Errorf("%s: %w", r.Missing[0], ErrIncomplete)
	}
	return nil
}

// Sync brings the vault below fsys and a place to the same state. The result is what was done until
// then when there is an error too; what was found and did not stop it is in Result.Err.
//
// Errors are vault.ErrNoVault when neither side has one, ErrForeign, vault.ErrConflict, those of the
// place, of Confirm and of the file system.
func Sync(ctx context.Context, fsys durable.FS, r remote.Remote, o Options) (*Result, error) {
	s := &syncing{ctx: ctx, o: o, fs: fsys, dir: durable.NewDirFS(fsys), r: r, warned: map[string]bool{}}
	warn := o.Vault.Warn
	s.o.Vault.Warn = func(text string) { // the vault is opened several times
		if !s.warned[text] && warn != nil {
			s.warned[text] = true
			warn(text)
		}
	}
	if err := s.dir.MkdirAll("local", 0o700); err != nil {
		return &Result{}, err
	}
	held, err := s.dir.Lock(ctx, syncLock, lockPoll)
	if err != nil {
		return &Result{}, err
	}
	defer held.Unlock()
	defer func() { _ = s.clearStaging() }()
	for range attempts {
		s.res = &Result{}
		err = s.attempt()
		if errors.Is(err, vault.ErrTampered) && !s.anew {
			s.anew = true // a file here is damaged: what the place has may take its place
			continue
		}
		if !errors.Is(err, remote.ErrChanged) {
			break
		}
	}
	return s.res, err
}

// syncing is a sync that is running.
type syncing struct {
	ctx    context.Context
	o      Options
	fs     durable.FS
	dir    *durable.Dir
	r      remote.Remote
	warned map[string]bool
	res    *Result

	memory  *memory
	known   *contents       // of the target; what is checked is added
	before  map[string]seen // what was known when the sync began
	objects map[string]remote.Object
	local   *vault.Vault // nil where there is none yet
	merged  *vault.Vault // local with what is staged before it
	admin   []string     // manifests that are staged
	logs    map[logKey]bool
	refused map[string]bool // manifests that are not adopted
	forked  map[logKey]bool // logs that are left alone on both sides
	// damaged are objects that are not what they must be. Where we have what they must be, they are
	// replaced.
	damaged map[string]bool
	// tooLarge are the tags of objects that are larger than they may be.
	tooLarge map[string]string
	anew     bool // nothing that is remembered of the place is believed
	// confirmed is the fingerprint that was agreed to.
	confirmed string
}

func (s *syncing) attempt() error {
	if err := s.begin(); err != nil {
		return err
	}
	if err := s.fetchRoot(); err != nil {
		return err
	}
	if err := s.fetchManifests(); err != nil {
		return err
	}
	if err := s.chooseHeads(); err != nil {
		return err
	}
	if err := s.fetchLogs(); err != nil {
		return err
	}
	if err := s.adopt(); err != nil {
		return err
	}
	if err := s.push(); err != nil {
		return err
	}
	if s.o.DryRun {
		return nil
	}
	return s.memory.keep(s.dir, s.o.Target, s.known)
}

// begin opens the vault and lists the place.
func (s *syncing) begin() (err error) {
	if err := s.clearStaging(); err != nil {
		return err
	}
	if s.memory, err = readMemory(s.dir); err != nil {
		return err
	}
	s.known = s.memory.of(s.o.Target)
	s.before = maps.Clone(s.known.Objects)
	if s.anew {
		clear(s.known.Objects)
	}
	s.objects, s.admin, s.tooLarge = map[string]remote.Object{}, nil, map[string]string{}
	s.logs, s.refused, s.forked, s.damaged = map[logKey]bool{}, map[string]bool{}, map[logKey]bool{}, map[string]bool{}
	s.local, err = vault.Open(s.dir, s.o.Vault)
	if errors.Is(err, vault.ErrNoVault) {
		s.local, err = nil, nil
	}
	if err != nil {
		return err
	}
	list, err := s.r.List(s.ctx)
	if err != nil {
		return err
	}
	for _, o := range list {
		f, ok := vault.ParseFile(o.Name)
		switch {
		case !ok: // somebody else's, or hostile
		case o.Size > f.Limit:
			s.tooLarge[o.Name] = o.Tag
			s.refuse(o.Name, "", &vault.FileError{File: o.Name, Offset: -1, Err: fmt.Errorf("%w: %d bytes", vault.ErrTampered, o.Size)})
		default:
			s.objects[o.Name] = o
		}
	}
	return nil
}

// refuse tells of something that is not adopted.
func (s *syncing) refuse(name, at string, err error) {
	s.res.Quarantined = append(s.res.Quarantined, Quarantined{name, at, err})
	s.damaged[name] = true
}

// open opens the vault with what is staged before it.
func (s *syncing) open() (*vault.Vault, error) {
	return vault.Open(durable.NewDirFS(s.overlay()), s.o.Vault)
}

func (s *syncing) overlay() *overlay.FS {
	return &overlay.FS{Top: s.fs, Prefix: path.Join(stagingDir, "files"), Base: s.fs}
}

// stage writes something that was fetched.
func (s *syncing) stage(name string, data []byte) error {
	name = path.Join(stagingDir, "files", name)
	if err := s.dir.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	return s.dir.WriteFile(name, data, 0o600)
}

// clearStaging removes what was fetched.
func (s *syncing) clearStaging() error { return s.dir.RemoveAll(stagingDir) }

// quarantine keeps bytes that are refused, for whoever looks into it.
func (s *syncing) quarantine(name string, data []byte) (at string, err error) {
	if s.o.DryRun {
		return "", nil
	}
	at = path.Join(quarantineDir, strings.ReplaceAll(name, "/", "_")+"-"+authority.DigestOf(data).Short())
	if err := s.dir.MkdirAll(quarantineDir, 0o700); err != nil {
		return "", err
	}
	return at, s.dir.WriteFile(at, data, 0o600)
}

// objectNames are the names of objects of one kind, in order.
func (s *syncing) objectNames(kind vault.FileKind) []string {
	var names []string
	for name := range s.objects {
		if f, _ := vault.ParseFile(name); f.Kind == kind {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
