package bundle

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"filippo.io/age"

	"kai/internal/vault/transfer"
)

// Schema is the version of the format.
const Schema = "kai.vault-export/1"

// Head is the first line.
type Head struct {
	Vault string    // id, or empty
	At    time.Time // of the export
}

// Writer writes one file.
type Writer struct {
	file  io.WriteCloser // encrypts
	hash  hash.Hash
	line  transfer.Buffer
	seen  map[string]bool
	count int
}

// NewWriter begins a file to recipients. age takes its randomness from crypto/rand.
// Nothing is complete before Close, and after an error what was written is worth
// nothing.
func NewWriter(w io.Writer, recipients []age.Recipient, head Head) (*Writer, error) {
	if len(recipients) == 0 {
		return nil, errors.New("export without recipients")
	}
	if !utf8.ValidString(head.Vault) {
		return nil, errors.New("vault id is not UTF-8")
	}
	file, err := age.Encrypt(w, recipients...)
	if err != nil {
		return nil, fmt.Errorf("encrypt export: %w", err)
	}
	out := &Writer{file: file, hash: sha256.New(), seen: make(map[string]bool)}
	appendHead(&out.line, head)
	return out, out.flush()
}

// flush writes the line.
func (w *Writer) flush() error {
	w.line.Append('\n')
	w.hash.Write(w.line.Bytes())
	_, err := w.file.Write(w.line.Bytes())
	w.line.Reset()
	return err
}

// Write adds an item. The error is ErrPath for an item that was written before, or
// whose path or fields' names are not legal, ErrLimit, and w's.
func (w *Writer) Write(item *transfer.Item) error {
	path := transfer.FullPath(item)
	if err := transfer.CheckItem(item); err != nil {
		return fmt.Errorf("item %q: %w", path, err)
	}
	key := identity(item)
	if w.seen[key] {
		return fmt.Errorf("%w: a second item of the path %q", transfer.ErrPath, path)
	}
	if w.count == transfer.MaxItems {
		return fmt.Errorf("%w: more than %d items", transfer.ErrLimit, transfer.MaxItems)
	}
	w.seen[key] = true
	w.count++
	appendRecord(&w.line, item)
	return w.flush()
}

// Close writes the tail and ends the age file. Without it the file is cut off, which
// every reader notices.
func (w *Writer) Close() error {
	defer w.Abort()
	appendTail(&w.line, w.count, w.hash.Sum(nil))
	if err := w.flush(); err != nil {
		return err
	}
	return w.file.Close()
}

// Abort wipes what was buffered and writes nothing more. It may follow Close, so that
// it can be deferred.
func (w *Writer) Abort() { w.line.Wipe() }

// identity is what no two records share.
func identity(item *transfer.Item) string {
	if item.Namespace == "" {
		return item.Path
	}
	return item.Namespace + "\x00" + item.Path
}

func appendHead(line *transfer.Buffer, head Head) {
	line.AppendString(`{"at":"` + formatTime(head.At) + `","schema":"` + Schema + `","vault":`)
	transfer.AppendJSON(line, []byte(head.Vault))
	line.AppendString("}")
}

func appendTail(line *transfer.Buffer, count int, sum []byte) {
	line.AppendString(`{"count":` + strconv.Itoa(count) + `,"sha256":"` + hex.EncodeToString(sum) + `"}`)
}

// object writes the members of an object, with the commas between them.
type object struct {
	line *transfer.Buffer
	more bool
}

func (o *object) name(name string) {
	separator := "{\""
	if o.more {
		separator = ",\""
	}
	o.more = true
	o.line.AppendString(separator + name + "\":")
}

func (o *object) text(name, value string) {
	if value != "" {
		o.name(name)
		transfer.AppendJSON(o.line, []byte(value))
	}
}

func (o *object) time(name string, t time.Time) {
	if !t.IsZero() {
		o.name(name)
		o.line.AppendString(`"` + formatTime(t) + `"`)
	}
}

func (o *object) end() {
	if !o.more {
		o.line.AppendString("{")
	}
	o.line.AppendString("}")
}

// appendRecord writes a record. Its members are in the order of their names.
func appendRecord(line *transfer.Buffer, item *transfer.Item) {
	var vault transfer.VaultItem
	if item.Vault != nil {
		vault = *item.Vault
	}
	o := &object{line: line}
	o.time("compromised_since", vault.CompromisedSince)
	o.time("created", item.Created)
	o.time("expires", item.Expires)
	o.name("fields")
	appendFields(line, item.Fields)
	if len(item.History) > 0 {
		o.name("history")
		appendHistory(line, item.History)
	}
	o.text("kind", item.Kind)
	o.time("last_rotated", vault.LastRotated)
	o.name("ns")
	transfer.AppendJSON(line, []byte(item.Namespace))
	o.name("path")
	transfer.AppendJSON(line, []byte(item.Path))
	if len(vault.Public) > 0 {
		o.name("public")
		public := &object{line: line}
		for _, name := range slices.Sorted(maps.Keys(vault.Public)) {
			public.name(name)
			transfer.AppendJSON(line, []byte(vault.Public[name]))
		}
		public.end()
	}
	o.text("retain", vault.Retain)
	if seconds := int64(vault.RotateEvery / time.Second); seconds > 0 {
		o.name("rotate_every")
		line.AppendString(strconv.FormatInt(seconds, 10))
	}
	o.text("rotate_with", vault.RotateWith)
	if vault.Agent+vault.Module+vault.Service != "" {
		o.name("scope")
		scope := &object{line: line}
		scope.text("agent", vault.Agent)
		scope.text("module", vault.Module)
		scope.text("service", vault.Service)
		scope.end()
	}
	if len(item.Tags) > 0 {
		o.name("tags")
		for i, tag := range item.Tags {
			line.Append("[,"[min(i, 1)])
			transfer.AppendJSON(line, []byte(tag))
		}
		line.Append(']')
	}
	o.time("updated", item.Updated)
	o.end()
}

func appendHistory(line *transfer.Buffer, history []transfer.Version) {
	for i, version := range history {
		line.Append("[,"[min(i, 1)])
		o := &object{line: line}
		o.time("created", version.Created)
		o.name("fields")
		appendFields(line, version.Fields)
		o.end()
	}
	line.Append(']')
}

func appendFields(line *transfer.Buffer, fields []transfer.Field) {
	line.Append('[')
	for i, field := range fields {
		if i > 0 {
			line.Append(',')
		}
		o := &object{line: line}
		o.text("name", field.Name)
		if value := field.Value.Expose(); utf8.Valid(value) {
			o.name("value")
			transfer.AppendJSON(line, value)
		} else {
			o.name("value_b64")
			line.Append('"')
			line.AppendEncoded(base64.RawURLEncoding, value)
			line.Append('"')
		}
		o.end()
	}
	line.Append(']')
}

// timeFormat is RFC 3339 to the millisecond.
const timeFormat = "2006-01-02T15:04:05.999Z"

func formatTime(t time.Time) string { return t.UTC().Truncate(time.Millisecond).Format(timeFormat) }
