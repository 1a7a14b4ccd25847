// Package scan reads JSON, CSV and XML that hold secrets, in place.
//
// The usual decoders copy each text to the heap, often as a string, where nobody
// can wipe it. The scanners here work on one slice, which the caller keeps in
// secret memory, and give out a [Span] for each text. A text that is spelt with
// escapes, doubled quotes or references is longer than what it means; it is
// decoded over its own spelling, so that no second buffer is needed. After that
// the slice is no longer JSON, CSV or XML, and cannot be read again at that place.
//
// # JSON
//
// RFC 8259, one value: UTF-8 without lone surrogates, no byte order mark, no two
// members of one name, at most [MaxDepth] levels.
//
// # CSV
//
// RFC 4180 with LF or CRLF, and with a byte order mark before the first record if
// there is one. A field is either quoted as a whole or holds no quote. Empty lines
// are passed over. All records have as many fields as the first.
//
// # XML
//
// The part of XML 1.0 that exports use: UTF-8, elements, attributes, character
// data, CDATA, comments, the five entities and numeric references. There is no
// document type, and so no entity of one's own; processing instructions other than
// the declaration are refused too.
//
// # Errors
//
// Every error is an [*Error], with the line it was found in. Its text holds no byte
// of the input.
package scan

import "fmt"

// Limits of all scanners.
const (
	// MaxDepth bounds nested arrays, objects and elements: the scanners recurse. Groups
	// of KeePass rarely nest ten deep, and each level is one element.
	MaxDepth = 128

	// maxAttributes bounds those of one element. KeePass writes at most two.
	maxAttributes = 16
)

// A Span is a part of the slice that is scanned.
type Span struct{ Start, End int }

// Of returns the part itself.
func (s Span) Of(data []byte) []byte { return data[s.Start:s.End:s.End] }

// Len is the number of bytes.
func (s Span) Len() int { return s.End - s.Start }

// Error says what is wrong, and in which line, from 1.
type Error struct {
	Line   int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }
