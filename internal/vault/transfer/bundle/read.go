package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

// Read reads a file with Options.Identities.
//
// The errors are those of package transfer: ErrNoKey, ErrMalformed, with the line inside
// the encrypted text, ErrTampered when count or sha256 differ, ErrPath for an item that
// appears twice, and ErrLimit.
func Read(ctx context.Context, source transfer.Source, opts transfer.Options) (*transfer.Store, error) {
	b := transfer.NewBuilder(source.Name, false)
	defer b.Abort()
	plain := transfer.NewBuffer(transfer.MaxInput)
	defer plain.Wipe()
	if source.Size > 0 && source.Size <= transfer.MaxInput {
		// What is encrypted is shorter than the file.
		plain.Grow(int(source.Size))
	}
	if err := transfer.DecryptAge(source.Reader, plain, opts.Identities); err != nil {
		return nil, fmt.Errorf("%q: %w", source.Name, err)
	}
	data, part := b.Adopt(plain)
	r := reader{Builder: b, data: data, part: part}
	defer r.again.Wipe()
	if err := r.all(ctx); err != nil {
		return nil, b.Fail(r.line, err)
	}
	return b.Done(), nil
}

type reader struct {
	*transfer.Builder
	data  []byte
	part  int
	line  int
	again transfer.Buffer // what was read, as the writer spells it
}

// all reads the lines. The sum is checked before the first record is looked at.
func (r *reader) all(ctx context.Context) error {
	r.line = 1
	if len(r.data) == 0 || r.data[len(r.data)-1] != '\n' {
		return r.Malformed(1, "text does not end with a line feed")
	}
	tail := bytes.LastIndexByte(r.data[:len(r.data)-1], '\n') + 1
	sum := sha256.Sum256(r.data[:tail])
	count := bytes.Count(r.data[:tail], []byte("\n")) - 1
	if count < 0 {
		return r.Malformed(1, "neither head nor tail")
	}
	appendTail(&r.again, count, sum[:])
	if !bytes.Equal(r.again.Bytes(), r.data[tail:len(r.data)-1]) {
		r.line = count + 2
		return fmt.Errorf("%w: number or sum of the records differs", transfer.ErrTampered)
	}
	at := 0
	for ; at < tail; r.line++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		end := at + bytes.IndexByte(r.data[at:], '\n')
		read := r.record
		if at == 0 {
			read = r.head
		}
		if err := r.exactly(at, end, read); err != nil {
			return err
		}
		at = end + 1
	}
	return nil
}

// exactly reads one line, and then sees that it is what read has written to r.again.
func (r *reader) exactly(at, end int, read func(*scan.JSON) error) error {
	spelt := sha256.Sum256(r.data[at:end]) // reading changes the data
	r.again.Reset()
	s := scan.NewJSONLine(r.data[:end], at, r.line)
	if err := read(s); err != nil {
		return err
	}
	if sha256.Sum256(r.again.Bytes()) != spelt {
		return r.Malformed(r.line, "not spelt as the writer of this format does")
	}
	return nil
}

func (r *reader) head(s *scan.JSON) error {
	var head Head
	var schema string
	err := s.Object(func(name []byte) error {
		switch string(name) {
		case "at":
			return r.time(s, &head.At)
		case "schema":
			return r.text(s, &schema)
		case "vault":
			return r.text(s, &head.Vault)
		}
		return unknown(s)
	})
	if err != nil {
		return err
	}
	if schema != Schema {
		return r.Malformed(1, fmt.Sprintf("schema is %q, not %q: made by another version of kai", schema, Schema))
	}
	appendHead(&r.again, head)
	return nil
}

func unknown(s *scan.JSON) error { return s.Fail("unknown member") }

func (r *reader) record(s *scan.JSON) error {
	var item transfer.Item
	item.Line = r.line
	vault := func() *transfer.VaultItem {
		if item.Vault == nil {
			item.Vault = new(transfer.VaultItem)
		}
		return item.Vault
	}
	err := s.Object(func(name []byte) error {
		switch string(name) {
		case "compromised_since":
			return r.time(s, &vault().CompromisedSince)
		case "created":
			return r.time(s, &item.Created)
		case "expires":
			return r.time(s, &item.Expires)
		case "fields":
			return r.fields(s, &item.Fields)
		case "history":
			return r.history(s, &item.History)
		case "kind":
			return r.text(s, &item.Kind)
		case "last_rotated":
			return r.time(s, &vault().LastRotated)
		case "ns":
			return r.text(s, &item.Namespace)
		case "path":
			return r.text(s, &item.Path)
		case "public":
			public := make(map[string]string)
			vault().Public = public
			return s.Object(func(name []byte) error {
				var text string
				err := r.text(s, &text)
				public[string(name)] = text
				return err
			})
		case "retain":
			return r.text(s, &vault().Retain)
		case "rotate_every":
			return r.seconds(s, &vault().RotateEvery)
		case "rotate_with":
			return r.text(s, &vault().RotateWith)
		case "scope":
			return r.scope(s, vault())
		case "tags":
			return s.Array(func() error {
				item.Tags = append(item.Tags, "")
				return r.text(s, &item.Tags[len(item.Tags)-1])
			})
		case "updated":
			return r.time(s, &item.Updated)
		}
		return unknown(s)
	})
	if err != nil {
		return err
	}
	if err := transfer.CheckItem(&item); err != nil {
		return err
	}
	appendRecord(&r.again, &item)
	segments := strings.Split(item.Path, "/")
	return r.Add(item, segments[:len(segments)-1], segments[len(segments)-1])
}

// text reads a string that is no secret.
func (r *reader) text(s *scan.JSON, to *string) error {
	span, err := s.Text()
	if err == nil {
		*to = string(span.Of(r.data))
	}
	return err
}

func (r *reader) time(s *scan.JSON, to *time.Time) error {
	var text string
	if err := r.text(s, &text); err != nil {
		return err
	}
	t, err := time.Parse(timeFormat, text)
	if err != nil {
		return s.Fail("malformed time")
	}
	*to = t
	return nil
}

func (r *reader) seconds(s *scan.JSON, to *time.Duration) error {
	span, err := s.Literal()
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(string(span.Of(r.data)), 10, 32)
	if err != nil || n == 0 {
		return s.Fail("malformed number of seconds")
	}
	*to = time.Duration(n) * time.Second
	return nil
}

func (r *reader) scope(s *scan.JSON, vault *transfer.VaultItem) error {
	return s.Object(func(name []byte) error {
		switch string(name) {
		case "agent":
			return r.text(s, &vault.Agent)
		case "module":
			return r.text(s, &vault.Module)
		case "service":
			return r.text(s, &vault.Service)
		}
		return unknown(s)
	})
}

func (r *reader) history(s *scan.JSON, to *[]transfer.Version) error {
	return s.Array(func() error {
		var version transfer.Version
		err := s.Object(func(name []byte) error {
			switch string(name) {
			case "created":
				return r.time(s, &version.Created)
			case "fields":
				return r.fields(s, &version.Fields)
			}
			return unknown(s)
		})
		*to = append(*to, version)
		return err
	})
}

func (r *reader) fields(s *scan.JSON, to *[]transfer.Field) error {
	return s.Array(func() error {
		var field transfer.Field
		err := s.Object(func(name []byte) error {
			switch string(name) {
			case "name":
				return r.text(s, &field.Name)
			case "value":
				span, err := s.Text()
				if err == nil {
					field.Value = r.Arena().At(r.part, span)
				}
				return err
			case "value_b64":
				return r.bytes(s, &field)
			}
			return unknown(s)
		})
		*to = append(*to, field)
		return err
	})
}

// bytes decodes base64 in place.
func (r *reader) bytes(s *scan.JSON, field *transfer.Field) error {
	span, err := s.Text()
	if err != nil {
		return err
	}
	text := span.Of(r.data)
	n, err := base64.RawURLEncoding.Strict().Decode(text, text)
	if err != nil {
		return s.Fail("malformed base64")
	}
	field.Value = r.Arena().At(r.part, scan.Span{Start: span.Start, End: span.Start + n})
	return nil
}
