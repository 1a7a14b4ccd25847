package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"kai/internal/secret"
	"kai/internal/vault/objectid"
)

// Session is an unlocked vault. It is for one goroutine, and ended by [Session.Wipe] for this process,
// by [Sessions.End] for all.
type Session struct {
	ID objectid.ID
	Options

	// NotAfter is when it ends at the latest.
	NotAfter time.Time

	// HasUser reports whether the user key can be opened in this session, after a factor.
	HasUser bool

	// Keys are what Begin or Rewrite was given; they are wiped by Wipe.
	Keys *secret.Bytes

	in      *Sessions
	carrier Carrier // nil: what Begin has made without a keeper
	token   *Token
	span    span
	lastUse time.Time
	left    time.Duration // at the moment of Open
}

// Carrier is the name of what carries S, "" for nothing.
func (s *Session) Carrier() string {
	if s.carrier == nil {
		return ""
	}
	return s.carrier.Name()
}

// IdleUntil is when the session ends if it is not used again.
func (s *Session) IdleUntil() time.Time {
	if end := s.lastUse.Add(s.Idle); end.Before(s.NotAfter) {
		return end
	}
	return s.NotAfter
}

// Token is S with S_u, for printing it; it belongs to the session.
func (s *Session) Token() *Token { return s.token }

// Wipe forgets the keys in this process. The session goes on.
func (s *Session) Wipe() {
	if s != nil {
		s.Keys.Wipe()
		s.token.Wipe()
	}
}

func (s *Session) name() string { return blobName(s.in.Vault, s.ID) }

// write makes the blob, or makes it anew. lastUse becomes that of the file.
func (s *Session) write() error {
	blob, err := seal(s.token.s, s.in.Vault, s.name(), s.in.Random, s.fields())
	if err == nil {
		err = s.in.Dir.WriteFile(s.name(), blob, 0o600)
	}
	if err == nil {
		err = s.in.Chtimes(s.name(), s.lastUse, s.lastUse)
	}
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

// used counts a use.
func (s *Session) used(now Now) error {
	// A blob that cannot be touched, on a mount that is only read, ends earlier: no error.
	if s.in.Chtimes(s.name(), now.Wall, now.Wall) == nil {
		s.lastUse = now.Wall
	}
	k, ok := s.carrier.(Keeper)
	if !ok {
		return nil
	}
	err := k.Renew(s.in.Vault, s.token, s.left)
	if errors.Is(err, ErrNone) || errors.Is(err, ErrExpired) {
		return fmt.Errorf("%s: %w: the session has ended", k.Name(), ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", k.Name(), err)
	}
	return nil
}

// Rewrite gives the session other keys, as after a rotation, and another head of the audit log. Its
// times stay. keys stay the caller's. ErrLocked means that the session has ended.
func (s *Session) Rewrite(ctx context.Context, keys *secret.Bytes, auditHead []byte) error {
	return s.change(ctx, func() error {
		old, oldHead := s.Keys, s.AuditHead
		s.Keys, s.AuditHead = keys.Clone(), append([]byte(nil), auditHead...)
		if err := s.write(); err != nil {
			s.Keys.Wipe()
			s.Keys, s.AuditHead = old, oldHead
			return err
		}
		old.Wipe()
		return nil
	})
}

// change calls f under the lock, if the session is still there.
func (s *Session) change(ctx context.Context, f func() error) (err error) {
	held, err := s.in.Dir.Lock(ctx, lockFile, lockPoll)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	if _, err := s.in.Dir.Lstat(s.name()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the session has ended", ErrLocked)
	} else if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	if err := f(); err != nil {
		return err
	}
	// Who locks does not wait for our lock: what was written after that must go.
	if s.over() {
		return errors.Join(fmt.Errorf("%w: the session has ended", ErrLocked), s.in.remove(s.ID))
	}
	return nil
}

// over reports whether the keeper has S no more, or the blob is gone.
func (s *Session) over() bool {
	if _, err := s.in.Dir.Lstat(s.name()); errors.Is(err, fs.ErrNotExist) {
		return true
	}
	k, ok := s.carrier.(Keeper)
	if !ok {
		return false
	}
	t, err := k.Load(s.in.Vault)
	defer t.Wipe()
	return errors.Is(err, ErrNone) || errors.Is(err, ErrExpired) || err == nil && !t.s.Equal(s.token.s)
}
