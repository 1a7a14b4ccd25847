package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"kai/internal/durable"
	"kai/internal/secret"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
)

// lockFile keeps writers of a directory apart.
const lockFile = "lock"

// Sessions are those of one vault, in one directory.
type Sessions struct {
	Vault objectid.ID

	// Dir is for the owner only: $XDG_RUNTIME_DIR/kai, else vault/local/run. Vaults may share it.
	Dir *durable.Dir

	// Chtimes is that of the *os.Root below Dir.
	Chtimes func(name string, atime, mtime time.Time) error

	Random io.Reader
}

// Options are what a session is begun with.
type Options struct {
	Idle time.Duration // up to MaxIdle
	Life time.Duration // up to MaxLife

	// Scope and AuditHead are the caller's, and come back as they are.
	Scope     []byte
	AuditHead []byte

	Slot   objectid.ID // zero: opened otherwise
	Device objectid.ID // zero: nothing can be written
}

// Begin makes a session of keys, and, unless user is nil, of the user key, whose factor was given just
// now. Both stay the caller's. keeper carries it from then on, and the session that it had for
// this vault ends; when it is nil, only [Session.Token] has S. Stale blobs are removed.
//
// Errors are ErrLimits, ErrUnavailable from the keeper, durable.ErrLocked and those of files and
// random; then nothing has begun. The session before goes on, unless the keeper failed half-way.
//
// Expected system calls: those of durable.Dir.Lock, WriteFile for each blob, utimensat, and of
// the keeper.
func (s *Sessions) Begin(ctx context.Context, now Now, o Options, keys, user *secret.Bytes, keeper Keeper) (*Session, error) {
	if o.Idle <= 0 || o.Idle > MaxIdle || o.Life <= 0 || o.Life > MaxLife {
		return nil, fmt.Errorf("session: idle %v, life %v: %w", o.Idle, o.Life, ErrLimits)
	}
	token, err := s.newToken(user != nil)
	if err != nil {
		return nil, err
	}
	session := s.session(token, now, o, user != nil)
	session.Keys = keys.Clone()
	if keeper != nil {
		session.carrier = keeper
	}
	if err := s.begin(ctx, session, user, keeper); err != nil {
		session.Wipe()
		return nil, err
	}
	return session, nil
}

func (s *Sessions) newToken(withUser bool) (t *Token, err error) {
	t = new(Token)
	if t.s, err = newKey(s.Random); err == nil && withUser {
		t.user, err = newKey(s.Random)
	}
	if err != nil {
		t.Wipe()
		return nil, err
	}
	return t, nil
}

func (s *Sessions) begin(ctx context.Context, session *Session, user *secret.Bytes, keeper Keeper) (err error) {
	held, err := s.Dir.Lock(ctx, lockFile, lockPoll)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	if err := s.sweep(session.span.begun); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.remove(session.ID))
		}
	}()
	if err := session.write(); err != nil {
		return err
	}
	if user != nil {
		if err := session.writeUser(session.span.begun, user); err != nil {
			return err
		}
	}
	if keeper == nil {
		return nil
	}
	// The blobs stand before anybody can come upon S.
	before, err := keeper.Load(s.Vault)
	defer before.Wipe()
	if err := keeper.Keep(s.Vault, session.token, min(session.Idle, session.Life), min(UserLife, session.Life)); err != nil {
		return fmt.Errorf("%s: %w", keeper.Name(), err)
	}
	if err != nil {
		return nil // there was none, or what Load could not read has been replaced
	}
	if err := s.remove(before.id(s.Vault)); err != nil {
		return errors.Join(err, keeper.Forget(s.Vault, session.token))
	}
	return nil
}

// Open finds the session that the first of the carriers has, checks its time, and counts as a use of
// it. The caller wipes it.
//
// Errors are a *LockedError when no carrier has one; ErrExpired, after which it is gone, ErrClock
// and otherwise ErrLocked when it is over; ErrTampered; ErrNewer.
//
// Expected system calls: those of the carriers, openat(blob), fstat, read, utimensat.
func (s *Sessions) Open(now Now, carriers ...Carrier) (*Session, error) {
	session, err := s.open(now, carriers)
	if err != nil {
		return nil, err
	}
	if err := session.used(now); err != nil {
		session.Wipe()
		return nil, err
	}
	return session, nil
}

// Peek is Open, but not a use: for showing the state.
func (s *Sessions) Peek(now Now, carriers ...Carrier) (*Session, error) { return s.open(now, carriers) }

func (s *Sessions) open(now Now, carriers []Carrier) (*Session, error) {
	token, carrier, err := s.find(carriers)
	if err != nil {
		return nil, err
	}
	session, err := s.read(now, token)
	if err != nil {
		if errors.Is(err, ErrExpired) {
			err = errors.Join(err, s.end(token, carrier))
		}
		token.Wipe()
		return nil, fmt.Errorf("%s: %w", carrier.Name(), err)
	}
	session.carrier = carrier
	return session, nil
}

// find asks one carrier after the other.
func (s *Sessions) find(carriers []Carrier) (*Token, Carrier, error) {
	locked := &LockedError{}
	for _, c := range carriers {
		t, err := c.Load(s.Vault)
		if err == nil {
			return t, c, nil
		}
		err = fmt.Errorf("%s: %w", c.Name(), err)
		if !errors.Is(err, ErrNone) && !errors.Is(err, ErrExpired) && !errors.Is(err, ErrUnavailable) {
			return nil, nil, err
		}
		locked.Carriers = append(locked.Carriers, err)
	}
	return nil, nil, locked
}

// read opens the blob of a token, which is the session's after success.
func (s *Sessions) read(now Now, token *Token) (*Session, error) {
	id := token.id(s.Vault)
	name := blobName(s.Vault, id)
	blob, used, err := s.readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: the session has ended", ErrLocked)
	}
	if err != nil {
		return nil, err
	}
	plain, err := open(token.s, s.Vault, name, blob)
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	session, err := s.parse(token, plain.Expose())
	if err != nil {
		return nil, fmt.Errorf("session %s: %w", name, err)
	}
	left, err := session.span.left(now, used)
	if err != nil {
		session.Keys.Wipe()
		return nil, err
	}
	session.lastUse, session.left = used, left
	return session, nil
}

// readFile returns a blob and when it was last used.
func (s *Sessions) readFile(name string) ([]byte, time.Time, error) {
	info, err := s.Dir.Lstat(name)
	if err != nil {
		return nil, time.Time{}, err
	}
	blob, err := s.Dir.ReadFile(name, maxBlob)
	if errors.Is(err, durable.ErrNotRegular) || errors.Is(err, durable.ErrTooLarge) {
		err = fmt.Errorf("%w: %w", ErrTampered, err)
	}
	return blob, info.ModTime(), err
}

// End locks: the sessions that these carriers have are over, for every process. It reports whether
// there was one. Carriers that do not work here carry nothing.
//
// All is tried, whatever fails; the errors are joined.
func (s *Sessions) End(carriers ...Carrier) (ended bool, err error) {
	var errs []error
	for _, c := range carriers {
		t, err := c.Load(s.Vault)
		switch {
		case err == nil:
			ended = true
			errs = append(errs, s.end(t, c))
			t.Wipe()
		case !errors.Is(err, ErrNone) && !errors.Is(err, ErrUnavailable):
			// Expired, or not to be read: it is made sure that it goes.
			if k, ok := c.(Keeper); ok {
				errs = append(errs, k.Forget(s.Vault, nil))
			} else if !errors.Is(err, ErrExpired) {
				errs = append(errs, fmt.Errorf("%s: %w", c.Name(), err))
			}
		}
	}
	return ended, errors.Join(errs...)
}

// end revokes a token and removes its blobs, the latter even if the former fails.
func (s *Sessions) end(t *Token, c Carrier) error {
	var err error
	if k, ok := c.(Keeper); ok {
		if err = k.Forget(s.Vault, t); err != nil {
			err = fmt.Errorf("%s: %w", c.Name(), err)
		}
	}
	return errors.Join(err, s.remove(t.id(s.Vault)))
}

// EndAll locks every session of the vault, also those whose S only others have.
func (s *Sessions) EndAll(keepers ...Keeper) error {
	var errs []error
	for _, k := range keepers {
		if err := k.Forget(s.Vault, nil); err != nil && !errors.Is(err, ErrUnavailable) {
			errs = append(errs, fmt.Errorf("%s: %w", k.Name(), err))
		}
	}
	return errors.Join(append(errs, s.removeIf(func(vault objectid.ID, _ bool, _ fs.DirEntry) bool {
		return vault == s.Vault
	}))...)
}

// Sweep removes blobs that can open no more, of all vaults in the directory, and what killed
// processes have left. A blob does not say without its key when it ends; not to have been used for
// MaxIdle, or UserLife for one of a user key, is what is seen.
func (s *Sessions) Sweep(ctx context.Context, now Now) error {
	held, err := s.Dir.Lock(ctx, lockFile, lockPoll)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return errors.Join(s.sweep(now), held.Unlock())
}

// sweep is Sweep under the lock.
func (s *Sessions) sweep(now Now) error {
	_, err := s.Dir.Sweep(".")
	return errors.Join(err, s.removeIf(func(_ objectid.ID, user bool, e fs.DirEntry) bool {
		info, err := e.Info()
		if err != nil {
			return false // gone meanwhile
		}
		age, most := now.Wall.Sub(info.ModTime()), MaxIdle
		if user {
			most = UserLife
		}
		return age > most+ClockSlack
	}))
}

// removeIf removes the blobs that dead picks.
func (s *Sessions) removeIf(dead func(vault objectid.ID, user bool, e fs.DirEntry) bool) error {
	entries, err := s.Dir.ReadDir(".")
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if vault, _, user, ok := parseBlobName(e.Name()); ok && dead(vault, user, e) {
			errs = append(errs, removed(s.Dir.Remove(e.Name())))
		}
	}
	return errors.Join(errs...)
}

// remove removes the blobs of a session.
func (s *Sessions) remove(id objectid.ID) error {
	name := blobName(s.Vault, id)
	return errors.Join(removed(s.Dir.Remove(name)), removed(s.Dir.Remove(name+userSuffix)))
}

// removed takes what is gone already for removed.
func removed(err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("session: %w", err)
}

func (s *Sessions) session(token *Token, begun Now, o Options, user bool) *Session {
	o.Idle = min(o.Idle, o.Life)
	// What is not written cannot be remembered.
	begun.Wall, begun.Boot = begun.Wall.Truncate(time.Millisecond), begun.Boot.Truncate(time.Millisecond)
	return &Session{
		ID: token.id(s.Vault), Options: o, HasUser: user, NotAfter: begun.Wall.Add(o.Life),
		in: s, token: token, span: span{begun, begun.Wall.Add(o.Life), o.Idle},
		lastUse: begun.Wall, left: o.Idle,
	}
}

// parse reads the fields of a blob. Everything is copied out of plain.
func (s *Sessions) parse(token *Token, plain []byte) (*Session, error) {
	r := newReader(plain, sessionFields)
	if r.err != nil {
		return nil, r.err
	}
	span := r.span()
	o := Options{
		Idle: r.duration("idle"), Life: span.notAfter.Sub(span.begun.Wall),
		Scope: append([]byte(nil), r.bytes("scope")...), AuditHead: append([]byte(nil), r.bytes("audit")...),
		Slot: r.id("slot"), Device: r.id("device"),
	}
	user := r.sized("user", 1)[0]
	if r.err != nil || user > 1 || o.Idle <= 0 || o.Idle > o.Life {
		return nil, ErrNewer
	}
	session := s.session(token, span.begun, o, user == 1)
	session.Keys = copied(r.bytes("keys"))
	return session, nil
}

func (s *Session) fields() []fields.Field {
	user := []byte{0}
	if s.HasUser {
		user[0] = 1
	}
	return append(spanFields(&s.span, s.Keys),
		fields.Field{Name: "audit", Value: s.AuditHead},
		fields.Field{Name: "device", Value: s.Device[:]},
		fields.Field{Name: "idle", Value: u64(s.Idle.Milliseconds())},
		fields.Field{Name: "scope", Value: s.Scope},
		fields.Field{Name: "slot", Value: s.Slot[:]},
		fields.Field{Name: "user", Value: user})
}
