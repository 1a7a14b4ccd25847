package secret

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden keeps other programs of the same user from reading this process: no core dump, no
// debugger. It concerns the whole process, is meant to be called once at start, before the first
// secret, and may be called again. The error names every step that was refused; the others are
// done nevertheless.
//
// macOS: PT_DENY_ATTACH and a soft RLIMIT_CORE of 0, which children inherit and may raise again.
func Harden() error {
	var errs []error
	if err := unix.PtraceDenyAttach(); err != nil {
		errs = append(errs, fmt.Errorf("secret: refusal of debuggers: %w", err))
	}
	return errors.Join(append(errs, noCore())...)
}
