package keyctl

import "errors"

var (
	// ErrUnavailable means that there is no user keyring for us: not Linux, or a container that
	// denies the calls.
	ErrUnavailable = errors.New("kernel keyring not available")

	ErrNoKey   = errors.New("no such key") // never there, unlinked, or expired for minutes
	ErrExpired = errors.New("key expired") // its timeout is over
	ErrRevoked = errors.New("key revoked") // by Revoke
)
