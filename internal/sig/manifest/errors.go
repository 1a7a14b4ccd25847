package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"kai/internal/digest"
	"kai/internal/sig"
)

var (
	// ErrChanged: a file, link or directory was not the same at the end of
	// reading it as at the start, or a manifest changed between two passes.
	ErrChanged = digest.ErrChanged

	// ErrSpecial: a socket, device or FIFO. It has no content to sign.
	ErrSpecial = errors.New("neither file, directory nor symbolic link")

	// ErrPattern: an exclude pattern that path.Match does not understand, or
	// that a head cannot hold.
	ErrPattern = errors.New("bad exclude pattern")

	// ErrNoEntry: a proof was asked for a path that has no entry.
	ErrNoEntry = errors.New("no such entry in the manifest")
)

// PathError is what is wrong with one path of a tree. Path is in the form of a
// manifest.
type PathError struct {
	Path string
	Err  error
}

// Error quotes the path: names come from strangers.
func (e *PathError) Error() string {
	raw, err := unescape(e.Path)
	if err != nil {
		raw = e.Path
	}
	return strconv.Quote(raw) + ": " + e.Err.Error()
}

func (e *PathError) Unwrap() error { return e.Err }

// at names the path that err is about. The system's errors carry names of their
// own, unescaped, which are dropped.
func at(path string, err error) error {
	if known, ok := err.(*PathError); ok {
		return known
	}
	if system, ok := err.(*fs.PathError); ok {
		err = system.Err
	}
	if system, ok := err.(*os.SyscallError); ok {
		err = system.Err
	}
	if path == "" {
		path = "."
	}
	return &PathError{path, err}
}

// fault is why a line is refused, before its place is known.
type fault string

func (f fault) Error() string { return string(f) }

// place turns a fault into a *sig.SyntaxError and leaves other errors alone.
func place(format string, offset int64, err error) error {
	if f, ok := err.(fault); ok {
		return &sig.SyntaxError{Format: format, Offset: offset, Reason: string(f)}
	}
	return err
}

// differs is the error for content that is not what was signed.
func differs(format string, args ...any) error {
	return &sig.BadSignature{Code: "content", Reason: fmt.Sprintf(format, args...)}
}

func tooLarge(format string, args ...any) error {
	return fmt.Errorf("%w: %s", sig.ErrTooLarge, fmt.Sprintf(format, args...))
}
