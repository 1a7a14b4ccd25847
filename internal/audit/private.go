package audit

import (
	"errors"
	"fmt"
	"io/fs"

	"kai/internal/durable"
)

// openPrivate opens a file of the log. A link, or a file that others may read or write, is
// ErrPermission.
func openPrivate(d *durable.Dir, name string, flag int) (durable.File, error) {
	f, _, err := openDescribed(d, name, flag)
	return f, err
}

// openSized is openPrivate, and returns the size of the file.
func openSized(d *durable.Dir, name string, flag int) (durable.File, int64, error) {
	f, info, err := openDescribed(d, name, flag)
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// openDescribed is openPrivate, and describes the file.
func openDescribed(d *durable.Dir, name string, flag int) (durable.File, fs.FileInfo, error) {
	f, info, err := d.OpenStat(name, flag, 0o600)
	if errors.Is(err, durable.ErrNotRegular) {
		return nil, nil, fmt.Errorf("audit log: %s: %w", name, ErrPermission)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("audit log: %w", err)
	}
	if othersMay(info.Mode()) {
		err = fmt.Errorf("%w: mode %04o", ErrPermission, info.Mode().Perm())
		return nil, nil, errors.Join(fmt.Errorf("audit log: %s: %w", name, err), f.Close())
	}
	return f, info, nil
}
