package keyctl

import "errors"

var (
	// ErrUnavailable means that there is no user keyring for us: not Linux, or a container that
	// denies the calls.
	ErrUnavailable = errors.New("kernel keyring not available")

	ErrNoKey   = errors.New("no such key") // never there, unlinked, or expired for minutes
	ErrExpired = errors.New("key expired") // its timeout is over
	ErrRevoked = errors.New("key revoked") // by Revoke
	ErrForeign = errors.New("key of another user")
)

// Absent reports whether err says that a key is not there, for whatever reason.
func Absent(err error) bool {
	return errors.Is(err, ErrNoKey) || errors.Is(err, ErrExpired) || errors.Is(err, ErrRevoked)
}
