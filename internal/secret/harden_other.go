//go:build !linux && !darwin

package secret

import (
	"errors"
	"fmt"
)

// Harden keeps other programs of the same user from reading this process, on Linux and macOS.
// Here it can do nothing, and says so with an error that wraps errors.ErrUnsupported.
func Harden() error { return fmt.Errorf("secret: hardening of this system: %w", errors.ErrUnsupported) }
