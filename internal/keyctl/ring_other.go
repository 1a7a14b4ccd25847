//go:build !linux

package keyctl

import (
	"errors"
	"fmt"
	"time"
)

// User is always ErrUnavailable.
func User(func(Ring) error) error {
	return fmt.Errorf("%w: %w", ErrUnavailable, errors.ErrUnsupported)
}

// Find finds nothing.
func (Ring) Find(string) (Key, error) { return 0, ErrUnavailable }

// Set does nothing.
func (Ring) Set(string, []byte) (Key, error) { return 0, ErrUnavailable }

// Read reads nothing.
func (Ring) Read(Key, []byte) (int, error) { return 0, ErrUnavailable }

// Timeout does nothing.
func (Ring) Timeout(Key, time.Duration) error { return ErrUnavailable }

// Revoke does nothing.
func (Ring) Revoke(string) error { return ErrUnavailable }
