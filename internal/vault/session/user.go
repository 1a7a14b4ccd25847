package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"kai/internal/secret"
)

// User opens the user key, for the caller to wipe, and says until when it opens.
//
// ErrNoUser means that a factor must be given first, and then GrantUser called, or that the session
// has no user key (HasUser). Other errors are ErrTampered, ErrClock, ErrNewer.
func (s *Session) User(ctx context.Context, now Now) (user *secret.Bytes, until time.Time, err error) {
	user, until, err = s.user(now)
	if !errors.Is(err, ErrTampered) {
		return user, until, err
	}
	// S_u and its blob are replaced one after the other, under the lock.
	held, err := s.in.Dir.RLock(ctx, lockFile, lockPoll)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("session: %w", err)
	}
	user, until, err = s.user(now)
	return user, until, errors.Join(err, held.Unlock())
}

func (s *Session) user(now Now) (*secret.Bytes, time.Time, error) {
	none := func(why string) (*secret.Bytes, time.Time, error) {
		return nil, time.Time{}, fmt.Errorf("%w: %s", ErrNoUser, why)
	}
	if !s.HasUser {
		return none("this session is without it")
	}
	factor := fmt.Sprintf("no factor within the last %v", UserLife)
	if err := s.reload(); err != nil {
		return nil, time.Time{}, err
	}
	if s.token.user == nil {
		return none(factor)
	}
	name := s.name() + userSuffix
	blob, _, err := s.in.readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return none(factor)
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	plain, err := open(s.token.user, s.in.Vault, name, blob)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer plain.Wipe()
	r := newReader(plain.Expose(), userFields)
	if r.err != nil {
		return nil, time.Time{}, fmt.Errorf("session %s: %w", name, r.err)
	}
	span := r.span()
	if r.err != nil {
		return nil, time.Time{}, fmt.Errorf("session %s: %w", name, r.err)
	}
	_, err = span.left(now, time.Time{})
	if errors.Is(err, ErrExpired) {
		return none(factor)
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	return copied(r.bytes("keys")), span.notAfter, nil
}

// reload takes S_u as the keeper has it now: another process may have replaced it, and the kernel may
// have ended it.
func (s *Session) reload() error {
	k, ok := s.carrier.(Keeper)
	if !ok {
		return nil
	}
	t, err := k.Load(s.in.Vault)
	if errors.Is(err, ErrNone) || errors.Is(err, ErrExpired) {
		return fmt.Errorf("%s: %w: the session has ended", k.Name(), ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", k.Name(), err)
	}
	if !t.s.Equal(s.token.s) {
		t.Wipe()
		return fmt.Errorf("%s: %w: another session has begun", k.Name(), ErrLocked)
	}
	s.token.user.Wipe()
	s.token.user = t.user
	t.s.Wipe()
	return nil
}

// GrantUser opens the user key for another UserLife, after a factor was given. user stays the
// caller's. Errors are ErrNoUser when the session is without it, or came with no S_u and nothing
// keeps a new one, and ErrLocked when it has ended.
func (s *Session) GrantUser(ctx context.Context, now Now, user *secret.Bytes) error {
	if !s.HasUser {
		return fmt.Errorf("%w: this session is without it", ErrNoUser)
	}
	return s.change(ctx, func() error { return s.grantUser(now, user) })
}

func (s *Session) grantUser(now Now, user *secret.Bytes) error {
	if err := s.reload(); err != nil {
		return err
	}
	keeper, keeps := s.carrier.(Keeper)
	if s.token.user == nil {
		if !keeps {
			return fmt.Errorf("%w: %s has no place for it", ErrNoUser, s.Carrier())
		}
		var err error
		if s.token.user, err = newKey(s.in.Random); err != nil {
			return err
		}
	}
	if err := s.writeUser(now, user); err != nil {
		return err
	}
	if !keeps {
		return nil
	}
	if err := keeper.KeepUser(s.in.Vault, s.token, s.userEnd(now).Sub(now.Wall)); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", keeper.Name(), err), removed(s.in.Dir.Remove(s.name()+userSuffix)))
	}
	return nil
}

// userEnd is until when the user key opens, if a factor is given now: never longer than the session.
func (s *Session) userEnd(now Now) time.Time {
	end := now.Wall.Add(UserLife)
	if s.NotAfter.Before(end) {
		return s.NotAfter
	}
	return end
}

// writeUser makes the blob of the user key.
func (s *Session) writeUser(now Now, user *secret.Bytes) error {
	end := s.userEnd(now)
	name := s.name() + userSuffix
	blob, err := seal(s.token.user, s.in.Vault, name, s.in.Random, spanFields(&span{begun: now, notAfter: end}, user))
	if err == nil {
		err = s.in.Dir.WriteFile(name, blob, 0o600)
	}
	if err == nil {
		err = s.in.Chtimes(name, now.Wall, now.Wall)
	}
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}
