package durable

import (
	"io"
	"io/fs"
)

// FS is every file system call this package makes, so that tests can make each of them fail.
// [Root] gives the real one; package durabletest wraps it.
//
// Names are slash-separated, relative, and never leave the directory, whatever links are inside.
// Errors are those of package os.
type FS interface {
	// Open opens or creates a file. flag is as for os.OpenFile, perhaps with NoFollow.
	Open(name string, flag int, mode fs.FileMode) (File, error)

	// OpenUnnamed creates a file in directory dir that has no name yet and disappears when it is
	// closed or its process dies before LinkAs. Where the system or file system has no such
	// thing the error is errors.ErrUnsupported.
	OpenUnnamed(dir string, mode fs.FileMode) (Unnamed, error)

	// Link gives a file a second name. It never replaces: an existing name is fs.ErrExist.
	Link(from, to string) error

	// Rename replaces to, if it exists, in one step.
	Rename(from, to string) error

	// Remove removes a file or an empty directory.
	Remove(name string) error

	Mkdir(name string, mode fs.FileMode) error
	Lstat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.DirEntry, error)

	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
}

// NoFollow is a flag for Open: a link that has the name is not followed, and a pipe that has it is
// not waited for. The error is ErrNotRegular, or the file tells by its Stat what it is.
const NoFollow = 1 << 30

// File is an open file.
type File interface {
	io.Reader
	io.Writer
	io.ReaderAt
	io.WriterAt
	io.Closer
	Stat() (fs.FileInfo, error)
	Truncate(size int64) error

	// Seal takes the permission to write from everybody and, where the system and the user's
	// rights allow it, makes the file immutable as chattr(1) does, so that not even root writes to
	// it or removes it by mistake; Unseal undoes the latter. That the file cannot be made immutable
	// is no error.
	Seal() error
	Unseal() error

	// Sync makes content and attributes durable, SyncData the content and what is needed to read
	// it, the size included. After an error nobody knows what is durable; asking again tells
	// nothing, since systems report a failed write once.
	Sync() error
	SyncData() error

	// TryLock takes the advisory lock of the file, shared or exclusive, and reports false when
	// others are in the way. It belongs to this opening of the file: a second opening in the same
	// process competes, and closing the file or the end of the process gives it back.
	TryLock(exclusive bool) (bool, error)
	Unlock() error
}

// Unnamed is a file without a name.
type Unnamed interface {
	File

	// LinkAs gives the file its name. It never replaces: an existing name is fs.ErrExist.
	LinkAs(name string) error
}
