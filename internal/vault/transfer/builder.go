package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"kai/internal/vault/transfer/scan"
)

// Builder makes a Store. It is what readers are written with: it makes paths and names
// legal, holds everything to the limits, and gives the place to errors.
type Builder struct {
	name     string
	store    Store
	paths    map[string]int // namespace and path → how many items wanted it
	left     map[string]int // what is not imported → how often
	leftName []string       // keys of left in their order
	rename   bool
	most     int // items
}

// NewBuilder begins the Store of a source. With rename, items of the same path get
// other names; otherwise they are an error.
func NewBuilder(name string, rename bool) *Builder {
	return &Builder{
		name:   name,
		store:  Store{arena: new(Arena)},
		paths:  make(map[string]int),
		left:   make(map[string]int),
		rename: rename,
		most:   MaxItems,
	}
}

// Arena is where values go.
func (b *Builder) Arena() *Arena { return b.store.arena }

// ReadAll reads a source into the arena and returns the bytes and the part they are.
func (b *Builder) ReadAll(r io.Reader, size int64) (data []byte, part int, err error) {
	var buffer Buffer
	if size > 0 && size < MaxInput {
		buffer.Grow(int(size) + 1) // the last read finds the end
	}
	if _, err := buffer.ReadFrom(r); err != nil {
		buffer.Wipe()
		return nil, 0, fmt.Errorf("%q: %w", b.name, err)
	}
	data, part = b.Adopt(&buffer)
	return data, part, nil
}

// Adopt makes a buffer's content part of the arena and returns it and the part's number.
// The buffer is empty then.
func (b *Builder) Adopt(buffer *Buffer) (data []byte, part int) {
	buffer.Grow(1)
	data = buffer.bytes[:len(buffer.bytes):len(buffer.bytes)]
	part = b.Arena().Adopt(buffer.held)
	*buffer = Buffer{limit: buffer.limit}
	return data, part
}

// Fail returns an error of the source with its name: a *SyntaxError for what the
// scanners found, otherwise err with the line.
func (b *Builder) Fail(line int, err error) error {
	var found *scan.Error
	var known *SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &found):
		return &SyntaxError{Name: b.name, Line: found.Line, Reason: found.Reason}
	}
	return &SyntaxError{Name: b.name, Line: line, Reason: err.Error(), Kind: err}
}

// Malformed returns a *SyntaxError. reason holds no value.
func (b *Builder) Malformed(line int, reason string) error {
	return &SyntaxError{Name: b.name, Line: line, Reason: reason}
}

// Note adds a note. text holds no value.
func (b *Builder) Note(line int, path, text string) {
	if len(b.store.Notes) >= maxNotes {
		b.store.More++
		return
	}
	b.store.Notes = append(b.store.Notes, Note{Line: line, Path: path, Text: text})
}

// Left counts something that is not imported, to be noted once with its number.
func (b *Builder) Left(what string) {
	if b.left[what] == 0 {
		if len(b.left) >= maxNotes {
			return
		}
		b.leftName = append(b.leftName, what)
	}
	b.left[what]++
}

// Add adds an item under its folders and name; item.Path is what is made of them.
func (b *Builder) Add(item Item, folders []string, name string) error {
	if b.store.Len() >= b.most {
		return b.Fail(item.Line, fmt.Errorf("%w: more than %d items", ErrLimit, b.most))
	}
	path, changed, err := makePath(folders, name)
	if err == nil {
		item.Path, err = b.unique(item.Namespace, path)
	}
	if err != nil {
		return b.Fail(item.Line, err)
	}
	if changed || item.Path != path {
		b.Note(item.Line, item.Path, fmt.Sprintf("renamed from %q", strings.Join(append(slices.Clip(folders), name), "/")))
	}
	if len(item.Fields) == 0 {
		item.Fields = []Field{{Name: "value"}}
		b.Note(item.Line, item.Path, "has no values")
	}
	if item.Fields, err = b.fields(&item, item.Fields); err != nil {
		return err
	}
	if len(item.History) > MaxVersions {
		return b.Fail(item.Line, fmt.Errorf("%w: more than %d earlier versions", ErrLimit, MaxVersions))
	}
	for i := range item.History {
		fields, err := b.fields(&item, item.History[i].Fields)
		if err != nil {
			return err
		}
		item.History[i].Fields = fields
	}
	item.Tags = b.tags(&item)
	b.store.append(item)
	return nil
}

func (s *Store) append(item Item) {
	last := len(s.items) - 1
	if last < 0 || len(s.items[last]) == blockSize {
		s.items = append(s.items, nil)
		last++
	}
	if last > 0 && s.items[last] == nil {
		s.items[last] = make([]Item, 0, blockSize)
	}
	s.items[last] = append(s.items[last], item)
}

// unique returns path, or another one if it is taken in its namespace.
func (b *Builder) unique(ns, path string) (string, error) {
	key := func(path string) string {
		if ns == "" {
			return path // as it is in the item
		}
		return ns + "\x00" + path
	}
	b.paths[key(path)]++
	n := b.paths[key(path)]
	if n == 1 {
		return path, nil
	}
	if !b.rename {
		return "", fmt.Errorf("%w: a second item of the path %q", ErrPath, path)
	}
	for ; ; n++ {
		next := path + " (" + strconv.Itoa(n) + ")"
		if err := CheckPath(next); err != nil {
			return "", err
		}
		if b.paths[key(next)] == 0 {
			b.paths[key(path)], b.paths[key(next)] = n, 1
			return next, nil
		}
	}
}

// fields gives legal names to the fields of one version and sorts them.
func (b *Builder) fields(item *Item, fields []Field) ([]Field, error) {
	if len(fields) > MaxFields {
		return nil, b.Fail(item.Line, fmt.Errorf("%w: an item with more than %d fields", ErrLimit, MaxFields))
	}
	total := 0
	for i := range fields {
		total += len(fields[i].Name) + fields[i].Value.Len() + fieldOverhead
		wanted := fields[i].Name
		fields[i].Name = freeName(fields[:i], makeFieldName(wanted))
		if fields[i].Name != wanted {
			b.Note(item.Line, item.Path, fmt.Sprintf("field %q renamed from %q", fields[i].Name, wanted))
		}
	}
	if total > MaxValues {
		return nil, b.Fail(item.Line, fmt.Errorf("%w: an item with more than %d bytes", ErrLimit, MaxValues))
	}
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return fields, nil
}

// fieldOverhead is what the vault's codec adds to a name and a value.
const fieldOverhead = 5

// freeName returns name, or name_2 and so on, whichever no field has.
func freeName(fields []Field, name string) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name })
	}
	if !taken(name) {
		return name
	}
	for n := 2; ; n++ {
		suffix := "_" + strconv.Itoa(n)
		if next := name[:min(len(name), MaxFieldName-len(suffix))] + suffix; !taken(next) {
			return next
		}
	}
}

// tags makes tags legal, by the rules for segments, and unique.
func (b *Builder) tags(item *Item) []string {
	var tags []string
	for _, tag := range item.Tags {
		made, _, err := makeSegment(tag)
		switch {
		case tag == "" || slices.Contains(tags, made):
		case err != nil || len(made) > MaxTag || len(tags) == MaxTags:
			b.Note(item.Line, item.Path, "tag left out: there are too many, or it is too long")
		default:
			tags = append(tags, made)
		}
	}
	return tags
}

// Done ends the Store.
func (b *Builder) Done() *Store {
	for _, what := range b.leftName {
		b.Note(0, "", fmt.Sprintf("not imported: %s (%d×)", what, b.left[what]))
	}
	store := b.store
	b.store = Store{}
	return &store
}

// Abort wipes what there is. It does nothing after Done, so that it can be deferred.
func (b *Builder) Abort() { b.store.Wipe() }
