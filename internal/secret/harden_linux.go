package secret

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden keeps other programs of the same user from reading this process: no core dump, no
// debugger, no /proc/PID/mem. It concerns the whole process, is meant to be called once at start,
// before the first secret, and may be called again. The error names every step that was refused;
// the others are done nevertheless.
//
// Linux: PR_SET_DUMPABLE 0 and a soft RLIMIT_CORE of 0. The limit is inherited by children, who
// may raise it again; the dumpable flag is not, execve sets it anew. While it is 0 the files of
// /proc/PID belong to the superuser, so that a child made by clone cannot have its user namespace
// written from here by an ordinary user: the sandbox starts its helper by execve first.
func Harden() error {
	var errs []error
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		errs = append(errs, fmt.Errorf("secret: refusal of debuggers: %w", err))
	}
	return errors.Join(append(errs, noCore())...)
}
