package transfer

import (
	"context"
	"io"
	"os"
	"time"

	"filippo.io/age"
)

// Store is everything that a source holds.
type Store struct {
	Items []Item // in the order of the source
	Notes []Note // what was changed or left out
	More  int    // notes beyond those kept

	arena *Arena
}

// Wipe overwrites all values. It may be called any number of times, and on nil.
func (s *Store) Wipe() {
	if s != nil {
		s.arena.Wipe()
	}
}

// Item is one secret. What a format does not know is empty.
type Item struct {
	Path   string // legal, without a namespace
	Line   int    // where the source has it, from 1; 0 if there are no lines
	Fields []Field
	Tags   []string // without repetition, in the order of the source

	Kind             string // of the vault: credentials, apiKeys, certificates, signingKeys
	Created, Updated time.Time
	Expires          time.Time
	History          []Version // earlier ones, oldest first

	// What only the vault itself has; nil for other people's stores, which do not even say
	// what of an item is no secret.
	Vault *VaultItem
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
	Namespace              string
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
	if ns := namespace(item); ns != "" {
		return ns + "/" + item.Path
	}
	return item.Path
}

func namespace(item *Item) string {
	if item.Vault == nil {
		return ""
	}
	return item.Vault.Namespace
}
