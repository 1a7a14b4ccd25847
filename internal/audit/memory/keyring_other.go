//go:build !linux

package memory

import (
	"errors"

	"kai/internal/audit"
)

// Keyring remembers nothing: there is none here.
type Keyring struct{}

// Name implements audit.Memory.
func (Keyring) Name() string { return "keyring" }

// Available is always an error.
func (Keyring) Available() error { return errors.ErrUnsupported }

// Load implements audit.Memory.
func (Keyring) Load(string) (audit.Head, bool, error) {
	return audit.Head{}, false, errors.ErrUnsupported
}

// Store implements audit.Memory.
func (Keyring) Store(audit.Head) error { return errors.ErrUnsupported }

// Forget does nothing.
func (Keyring) Forget(string) error { return nil }
