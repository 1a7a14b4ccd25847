package audit

import (
	"errors"
	"fmt"

	"kai/internal/durable"
)

// openPrivate opens a file of the log. A link, or a file that others may read or write, is
// ErrPermission.
func openPrivate(d *durable.Dir, name string, flag int) (durable.File, error) {
	f, err := d.OpenFile(name, flag, 0o600)
	if errors.Is(err, durable.ErrNotRegular) {
		return nil, fmt.Errorf("audit log: %s: %w", name, ErrPermission)
	}
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	info, err := f.Stat()
	if err == nil && othersMay(info.Mode()) {
		err = fmt.Errorf("%w: mode %04o", ErrPermission, info.Mode().Perm())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("audit log: %s: %w", name, err), f.Close())
	}
	return f, nil
}
