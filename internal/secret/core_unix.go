//go:build linux || darwin

package secret

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// noCore sets the soft limit of core files to nothing.
func noCore() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return fmt.Errorf("secret: core limit: %w", err)
	}
	limit.Cur = 0
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return fmt.Errorf("secret: core limit: %w", err)
	}
	return nil
}
