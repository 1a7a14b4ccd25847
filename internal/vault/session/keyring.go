package session

import (
	"errors"
	"fmt"
	"time"

	"kai/internal/keyctl"
	"kai/internal/secret"
	"kai/internal/vault/objectid"
)

// Keyring carries S in the user keyring of the Linux kernel. Elsewhere, and in containers that deny
// it, everything is ErrUnavailable.
type Keyring struct{}

var _ Keeper = Keyring{}

// Name implements Carrier.
func (Keyring) Name() string { return "keyring" }

func description(vault objectid.ID) string     { return "kai:session:" + vault.String() }
func userDescription(vault objectid.ID) string { return description(vault) + ":user" }

// Load implements Carrier.
func (Keyring) Load(vault objectid.ID) (t *Token, err error) {
	err = keyctl.User(func(ring keyctl.Ring) error {
		s, err := readKey(ring, description(vault))
		if err != nil {
			return err
		}
		t = &Token{s: s}
		t.user, err = readKey(ring, userDescription(vault))
		if keyctl.Absent(err) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Wipe()
		return nil, carried(err)
	}
	return t, nil
}

// Keep implements Keeper.
func (Keyring) Keep(vault objectid.ID, t *Token, life, user time.Duration) error {
	return carried(keyctl.User(func(ring keyctl.Ring) error {
		// What others may have linked elsewhere is of no use to them any more.
		if err := forget(ring, vault); err != nil {
			return err
		}
		if t.user != nil {
			if err := setKey(ring, userDescription(vault), t.user, user); err != nil {
				return err
			}
		}
		return setKey(ring, description(vault), t.s, life)
	}))
}

// KeepUser implements Keeper.
func (Keyring) KeepUser(vault objectid.ID, t *Token, life time.Duration) error {
	return carried(ifSame(vault, t, func(ring keyctl.Ring, _ keyctl.Key) error {
		return setKey(ring, userDescription(vault), t.user, life)
	}))
}

// Renew implements Keeper.
func (Keyring) Renew(vault objectid.ID, t *Token, life time.Duration) error {
	return carried(ifSame(vault, t, func(ring keyctl.Ring, k keyctl.Key) error { return ring.Timeout(k, life) }))
}

// Forget implements Keeper.
func (Keyring) Forget(vault objectid.ID, t *Token) error {
	all := func(ring keyctl.Ring) error { return forget(ring, vault) }
	var err error
	if t == nil {
		err = keyctl.User(all)
	} else {
		err = ifSame(vault, t, func(ring keyctl.Ring, _ keyctl.Key) error { return all(ring) })
	}
	if keyctl.Absent(err) {
		return nil
	}
	return carried(err)
}

// forget revokes both keys, the second even if the first fails.
func forget(ring keyctl.Ring, vault objectid.ID) error {
	var errs []error
	for _, name := range []string{description(vault), userDescription(vault)} {
		errs = append(errs, ring.Revoke(name))
	}
	return errors.Join(errs...)
}

// ifSame calls f when the keyring has the S of a Token, else it returns keyctl.ErrNoKey.
func ifSame(vault objectid.ID, t *Token, f func(keyctl.Ring, keyctl.Key) error) error {
	return keyctl.User(func(ring keyctl.Ring) error {
		k, err := ring.Find(description(vault))
		if err != nil {
			return err
		}
		s, err := readPayload(ring, k)
		if err != nil {
			return err
		}
		defer s.Wipe()
		if !s.Equal(t.s) {
			return keyctl.ErrNoKey
		}
		return f(ring, k)
	})
}

func setKey(ring keyctl.Ring, name string, payload *secret.Bytes, life time.Duration) error {
	k, err := ring.Set(name, payload.Expose())
	if err != nil {
		return err
	}
	if err := ring.Timeout(k, life); err != nil {
		return errors.Join(err, ring.Revoke(name)) // never without an end
	}
	return nil
}

func readKey(ring keyctl.Ring, name string) (*secret.Bytes, error) {
	k, err := ring.Find(name)
	if err != nil {
		return nil, err
	}
	return readPayload(ring, k)
}

func readPayload(ring keyctl.Ring, k keyctl.Key) (*secret.Bytes, error) {
	s := secret.New(keySize)
	n, err := ring.Read(k, s.Expose())
	if err == nil && n != keySize {
		err = fmt.Errorf("key of %d bytes: %w", n, ErrMalformed)
	}
	if err != nil {
		s.Wipe()
		return nil, err
	}
	return s, nil
}

// carried says an error of the keyring in the words of this package.
func carried(err error) error {
	switch {
	case errors.Is(err, keyctl.ErrUnavailable):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case errors.Is(err, keyctl.ErrExpired):
		return ErrExpired
	case keyctl.Absent(err):
		return ErrNone
	}
	return err
}

// Available reports whether the kernel keeps keys for this user.
func Available() bool {
	_, err := Keyring{}.Load(objectid.ID{})
	return errors.Is(err, ErrNone)
}
