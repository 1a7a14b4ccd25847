package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"unicode/utf8"
)

// Existing and missing files are fs.ErrExist and fs.ErrNotExist, wrapped.
var (
	// ErrLocked means that somebody else holds the lock and did not let go in time.
	ErrLocked = errors.New("locked by another process")

	// ErrNotRegular means that a name is a directory, link, device or the like, and not the plain
	// file it has to be.
	ErrNotRegular = errors.New("not a regular file")

	// ErrTooLarge means that a file or an append is above its limit.
	ErrTooLarge = errors.New("too large")

	// ErrClosed means that an Output was committed or aborted, or a Log closed, before.
	ErrClosed = errors.New("already closed")
)

// CorruptError means that a log is damaged at a place where a crash cannot have damaged it.
type CorruptError struct {
	Name   string // of the log
	Offset int64  // of the first byte that is not understood
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("log %s: offset %d: %s", quote(e.Name), e.Offset, e.Reason)
}

// failed says what was attempted on which name. The os package puts names into its errors as they
// are; they may come from outside, so they are taken out and put back quoted.
func failed(what, name string, err error) error {
	return fmt.Errorf("%s %s: %w", what, quote(name), bare(err))
}

// bare takes the os package's wrapping off an error.
func bare(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	var call *os.SyscallError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	case errors.As(err, &call):
		return call.Err
	}
	return err
}

// quote returns a name as it is when it is plain text, else as a Go string literal.
func quote(name string) string {
	if name == "" || !utf8.ValidString(name) {
		return strconv.Quote(name)
	}
	for _, r := range name {
		if !strconv.IsPrint(r) || r == '"' || r == '\\' {
			return strconv.Quote(name)
		}
	}
	return name
}
