package template

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"kai/internal/secret"
	"kai/internal/vault/reference"
)

var (
	// ErrMalformed: what begins like a reference is none, or there is too much of it.
	ErrMalformed = errors.New("malformed template")

	// ErrTooLarge: a template above MaxTemplate.
	ErrTooLarge = errors.New("template too large")

	// ErrValue: a value that its filter cannot write.
	ErrValue = errors.New("value does not fit the filter")
)

// Template is a parsed template. It is not changed by rendering.
type Template struct {
	pieces []piece
}

// piece is text, and then a place for a value, but for the last.
type piece struct {
	text      []byte
	reference *reference.Reference // nil: nothing follows
	filter    filter
	line      int
}

// Read parses what r holds to its end. Besides errors of r the errors are those of Parse.
func Read(r io.Reader) (*Template, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxTemplate+1))
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return Parse(text)
}

// Parse reads a template, which it keeps. The errors are ErrTooLarge, and ErrMalformed with the line.
func Parse(text []byte) (*Template, error) {
	if len(text) > MaxTemplate {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxTemplate)
	}
	t := &Template{}
	line := 1
	from := 0 // of the text before the next place
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte("{{"))
		if i < 0 {
			break
		}
		line += bytes.Count(text[at:at+i], []byte{'\n'})
		at += i
		if !begins(text[at:]) {
			at++ // "{{{ kai://" has one as well
			continue
		}
		place, length, err := parsePlace(text[at:])
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrMalformed, line, err)
		}
		if len(t.pieces) == MaxReferences {
			return nil, fmt.Errorf("%w: more than %d references", ErrMalformed, MaxReferences)
		}
		place.text, place.line = text[from:at], line
		t.pieces = append(t.pieces, place)
		at += length
		from = at
	}
	t.pieces = append(t.pieces, piece{text: text[from:]})
	return t, nil
}

// begins reports whether text, which begins with {{, begins like a reference.
func begins(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(text[2:min(len(text), maxPlace)], " \t"), []byte(reference.Scheme))
}

// parsePlace reads {{ REFERENCE | FILTER }} and returns its length.
func parsePlace(text []byte) (p piece, length int, err error) {
	end := bytes.Index(text[:min(len(text), maxPlace)], []byte("}}"))
	if end < 0 {
		return piece{}, 0, errors.New("reference without its }}")
	}
	uri, name, filtered := bytes.Cut(text[2:end], []byte("|"))
	r, err := reference.ParseURI(string(bytes.Trim(uri, " \t")))
	if err != nil {
		return piece{}, 0, err
	}
	p.reference, p.filter = &r, plain
	if filtered {
		if p.filter, err = parseFilter(string(bytes.Trim(name, " \t"))); err != nil {
			return piece{}, 0, err
		}
	}
	return p, end + 2, nil
}

// References returns the references in the order in which they are first used.
func (t *Template) References() []reference.Reference {
	var list []reference.Reference
	seen := make(map[reference.Reference]bool)
	for _, p := range t.pieces {
		if p.reference != nil && !seen[*p.reference] {
			seen[*p.reference] = true
			list = append(list, *p.reference)
		}
	}
	return list
}

// Render writes the template to w with values in the places of references. lookup gives the value
// of a reference, which stays the caller's; its error is passed on with the line.
//
// All values are got and checked before the first byte is written: after an error that is not
// one of w nothing has been written. lookup is called once for each of References. What does not fit
// its filter is ErrValue.
func (t *Template) Render(w io.Writer, lookup func(reference.Reference) (*secret.Bytes, error)) error {
	values := make(map[reference.Reference]*secret.Bytes)
	for _, p := range t.pieces {
		if p.reference == nil {
			continue
		}
		value, ok := values[*p.reference]
		if !ok {
			var err error
			if value, err = lookup(*p.reference); err != nil {
				return fmt.Errorf("template: line %d: %w", p.line, err)
			}
			values[*p.reference] = value
		}
		if err := p.filter.check(value.Expose()); err != nil {
			return fmt.Errorf("template: line %d: %w: %w", p.line, ErrValue, err)
		}
	}
	for _, p := range t.pieces {
		if err := writeAll(w, p.text); err != nil {
			return err
		}
		if p.reference == nil {
			continue
		}
		if err := p.filter.write(w, values[*p.reference].Expose()); err != nil {
			return err
		}
	}
	return nil
}

// writeAll writes b if it holds anything.
func writeAll(w io.Writer, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("template: %w", err)
	}
	return nil
}
