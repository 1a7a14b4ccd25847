// Package remote is the contract of places that hold a copy of a vault's files for several devices:
// directories, repositories of git, object stores, key-value stores.
//
// A place holds objects, each a name (a slash-separated path) and bytes, and with each version of an
// object a tag, which no other version of it has. It need not be trusted: it sees ciphertext, and whoever
// reads from it checks all. It should keep what is put into it, and Put should not lose what somebody
// else has put at the same time.
package remote

import (
	"context"
	"errors"
	"io"
)

var (
	// ErrChanged means that the object, or with Finish the place, is not as the tag says: somebody else
	// was faster. Nothing was changed; the caller lists anew.
	ErrChanged = errors.New("changed meanwhile")
	// ErrUnreachable means that the place could not be asked, or has refused. Its cause is wrapped.
	ErrUnreachable = errors.New("cannot be reached")
	// ErrTarget means a target that is written wrongly.
	ErrTarget = errors.New("not a target")
)

// MaxObjects is how many objects a list may have. A vault of 1,000 namespaces and 50 devices that write
// to all of them has 50,000 logs.
const MaxObjects = 200_000

// Object is one version of an object.
type Object struct {
	Name string
	Size int64
	Tag  string // never empty
}

// Remote is such a place. It is used by one goroutine at a time.
type Remote interface {
	// List gives all objects, in any order. An empty place, or one that is yet to be made, has none.
	// What is no plain file is left out. More than MaxObjects are an error.
	List(ctx context.Context) ([]Object, error)

	// Get opens an object and says which version it is. A missing one is fs.ErrNotExist.
	Get(ctx context.Context, name string) (content io.ReadCloser, tag string, err error)

	// Put writes an object and returns its tag. With an empty tag the object must not exist; else the
	// version with that tag is replaced. Otherwise the error is ErrChanged. Readers see the old content
	// or the new one, whole, and what was put is durable when Finish has returned.
	Put(ctx context.Context, name, tag string, content *io.SectionReader) (newTag string, err error)

	// Remove removes the version with that tag. A missing object is no error.
	Remove(ctx context.Context, name, tag string) error

	// Finish ends what Put and Remove have begun since List. Places that change as a whole do so here,
	// and with ErrChanged nothing of it has happened; to others it means nothing.
	Finish(ctx context.Context) error

	Close() error
}
