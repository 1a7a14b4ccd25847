package manifest

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"kai/internal/digest"
)

// Type is the TYPE of an entry.
type Type byte

// The types. An executable is a regular file with the owner's execute bit.
const (
	File       Type = 'f'
	Executable Type = 'x'
	Link       Type = 'l' // never followed
	Directory  Type = 'd' // only directories without entries of their own
)

// IsRegular reports whether the entry is of a regular file.
func (t Type) IsRegular() bool { return t == File || t == Executable }

// Entry is one line of a manifest.
type Entry struct {
	Type Type
	Size int64  // of the content or of the target's text, in bytes; 0 for a directory
	Sum  []byte // of the same; nil for a directory
	Path string // escaped, as in the file
}

// Raw is the path as the file system has it, relative to the tree's root.
func (e *Entry) Raw() string {
	raw, err := unescape(e.Path)
	if err != nil {
		panic("manifest: entry with an unchecked path: " + strconv.Quote(e.Path))
	}
	return raw
}

// appendTo appends the entry's line without its line feed.
func (e *Entry) appendTo(b []byte) []byte {
	b = append(b, byte(e.Type), ' ')
	b = strconv.AppendInt(b, e.Size, 10)
	b = append(b, ' ')
	if e.Type == Directory {
		b = append(b, '-')
	} else {
		b = hex.AppendEncode(b, e.Sum)
	}
	b = append(b, ' ')
	return append(b, e.Path...)
}

// parseEntry reads a line without its line feed. The errors are a fault and
// sig.ErrTooLarge.
func parseEntry(line string, a digest.Algorithm) (Entry, error) {
	word, rest, _ := strings.Cut(line, " ")
	size, rest, _ := strings.Cut(rest, " ")
	sum, path, ok := strings.Cut(rest, " ")
	if !ok {
		return Entry{}, fault("line with less than four fields")
	}
	e := Entry{Path: path}
	var err error
	if e.Size, err = parseSize(size); err != nil {
		return Entry{}, err
	}
	switch word {
	case "d":
		if size != "0" || sum != "-" {
			return Entry{}, fault(`directory that is not "d 0 - PATH"`)
		}
	case "f", "x", "l":
		if e.Sum, err = parseSum(sum, a); err != nil {
			return Entry{}, err
		}
	default:
		return Entry{}, fault("unknown type of entry")
	}
	e.Type = Type(word[0])
	return e, checkPath(path)
}

// parseSize reads a decimal number that is written in one way only.
func parseSize(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > math.MaxInt64 || strconv.FormatUint(n, 10) != s {
		return 0, fault("number that is not decimal, or above 2^63-1")
	}
	return int64(n), nil
}

// parseSum reads the lower-case hex of one digest.
func parseSum(s string, a digest.Algorithm) ([]byte, error) {
	if len(s) != hex.EncodedLen(a.Size()) {
		return nil, fault("digest of a wrong length")
	}
	sum, err := hex.DecodeString(s)
	if err != nil || strings.ContainsAny(s, "ABCDEF") {
		return nil, fault("digest not in lower-case hex")
	}
	return sum, nil
}
