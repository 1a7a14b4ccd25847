package transfer

import (
	"context"
	"io"
	"iter"
	"os"
	"time"

	"filippo.io/age"
)

// Store is everything that a source holds.
type Store struct {
	Notes []Note // what was changed or left out
	More  int    // notes beyond those kept

	items [][]Item // in blocks, which are not copied when there are more
	arena *Arena
}

// Len is the number of items.
func (s *Store) Len() int {
	n := 0
	for _, block := range s.items {
		n += len(block)
	}
	return n
}

// At returns an item, from 0 to Len()-1 in the order of the source.
func (s *Store) At(i int) *Item { return &s.items[i/blockSize][i%blockSize] }

// All yields the items in the order of the source, and no errors: writers take it.
func (s *Store) All() iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		for _, block := range s.items {
			for i := range block {
				if !yield(&block[i], nil) {
					return
				}
			}
		}
	}
}

// Wipe overwrites all values. It may be called any number of times, and on nil.
func (s *Store) Wipe() {
	if s != nil {
		s.arena.Wipe()
	}
}

// Item is one secret. What a format does not know is empty.
type Item struct {
	Path   string // legal
	Line   int    // where the source has it, from 1; 0 if there are no lines
	Fields []Field
	Tags   []string // without repetition, in the order of the source

	Kind             string // of the vault: credentials, apiKeys, certificates, signingKeys
	Created, Updated time.Time
	Expires          time.Time
	History          []Version // earlier ones, oldest first

	// What only the vault itself has: where Path begins, and more, nil if there is nothing.
	// Other people's stores do not even say what of an item is no secret.
	Namespace string
	Vault     *VaultItem
}

// Field is a named value.
type Field struct {
	Name  string
	Value Value
}

// Version is what an item once held.
type Version struct {
	Fields  []Field
	Created time.Time // when it was written
}

// VaultItem is what an export of a vault knows more than others.
type VaultItem struct {
	Public                 map[string]string
	Module, Service, Agent string        // scope
	RotateEvery            time.Duration // whole seconds
	RotateWith             string        // a rotator
	Retain                 string        // a number of versions, or a duration
	LastRotated            time.Time
	CompromisedSince       time.Time
}

// Field returns the field of a name.
func (i *Item) Field(name string) (Field, bool) {
	for _, f := range i.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// Note tells what is different in the Store, or missing. It holds no value; names and
// paths in it are quoted.
type Note struct {
	Line int    // 0 if there are no lines
	Path string // of the item, empty for the whole source
	Text string
}

// Source is what is read: a file, or for pass and passage a directory.
type Source struct {
	Name   string    // for messages
	Reader io.Reader // the file
	Size   int64     // its bytes as far as known; saves memory
	Root   *os.Root  // the directory
}

// Options are what readers need beside the source.
type Options struct {
	// Identities open age files (passage, sops, kai).
	Identities []age.Identity

	// Run runs a program, for pass: gpg. stdin is a file as it is stored. What the program
	// writes to stdout is secret: Run may not keep it. An error means that the program
	// failed; its text, the program's complaint for instance, is shown.
	Run func(ctx context.Context, stdin io.Reader, stdout io.Writer, name string, args ...string) error
}

// FullPath is the path with the namespace, if the item has one.
func FullPath(item *Item) string {
	if item.Namespace == "" {
		return item.Path
	}
	return item.Namespace + "/" + item.Path
}
