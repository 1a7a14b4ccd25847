package digest

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// Entry is one line of a list.
type Entry struct {
	Algorithm Algorithm
	Sum       []byte // Algorithm.Size() bytes
	Path      string // any bytes but NUL, at least one
}

// Format says how the lines of a list look. The zero value is what sha256sum
// writes.
type Format struct {
	Tag  bool // lines name their algorithm; Parse always takes both forms
	Zero bool // lines end with NUL and nothing is escaped
}

// Append appends the line for e, with its end, to b.
func (f Format) Append(b []byte, e Entry) []byte {
	path := e.Path
	if !f.Zero && strings.ContainsAny(path, "\\\n\r") {
		b = append(b, '\\')
		path = escaper.Replace(path)
	}
	if f.Tag {
		b = append(b, e.Algorithm.Tag()...)
		b = append(b, " ("...)
		b = append(b, path...)
		b = append(b, ") = "...)
		b = hex.AppendEncode(b, e.Sum)
	} else {
		b = hex.AppendEncode(b, e.Sum)
		b = append(b, "  "...)
		b = append(b, path...)
	}
	return append(b, f.end())
}

// escaper is safe for concurrent use and never changes.
var escaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)

func (f Format) end() byte {
	if f.Zero {
		return 0
	}
	return '\n'
}

// Parse reads one line, without its end. untagged is the algorithm of lines
// that do not name one.
//
// It accepts what Append writes and what other tools do: hexadecimal digits in
// upper case, an asterisk for the second space, and "TAG(PATH)= HEX" with the
// tags of OpenSSL. The error is a reason, which holds no bytes of the line.
func (f Format) Parse(line []byte, untagged Algorithm) (Entry, error) {
	escaped := !f.Zero && bytes.HasPrefix(line, []byte{'\\'})
	if escaped {
		line = line[1:]
	}
	e, path, digits, err := split(line, untagged)
	if err != nil {
		return Entry{}, err
	}
	if len(digits) != 2*e.Algorithm.Size() {
		return Entry{}, reason("digest of another length than " + e.Algorithm.String())
	}
	e.Sum = make([]byte, e.Algorithm.Size())
	if _, err := hex.Decode(e.Sum, digits); err != nil {
		return Entry{}, reason("digest not in hexadecimal")
	}
	if len(path) == 0 {
		return Entry{}, reason("no path")
	}
	if bytes.IndexByte(path, 0) >= 0 {
		return Entry{}, reason("NUL in the path")
	}
	e.Path = string(path)
	if escaped {
		if e.Path, err = unescape(e.Path); err != nil {
			return Entry{}, err
		}
	}
	return e, nil
}

// split finds the parts of a line in either form. The entry has its algorithm.
func split(line []byte, untagged Algorithm) (e Entry, path, digits []byte, err error) {
	if a, rest, ok := cutTag(line); ok {
		end := bytes.LastIndexByte(rest, ')')
		if end < 0 {
			return e, nil, nil, reason("no parenthesis after the path")
		}
		path, digits = rest[:end], bytes.TrimPrefix(rest[end+1:], []byte{' '})
		digits, ok = bytes.CutPrefix(digits, []byte("= "))
		if !ok {
			return e, nil, nil, reason("no equals sign after the path")
		}
		return Entry{Algorithm: a}, path, digits, nil
	}
	if err := untagged.check(); err != nil {
		return e, nil, nil, err
	}
	space := bytes.IndexByte(line, ' ')
	if space < 0 || len(line) < space+2 || line[space+1] != ' ' && line[space+1] != '*' {
		return e, nil, nil, reason("neither a digest, two spaces and a path nor a tagged line")
	}
	return Entry{Algorithm: untagged}, line[space+2:], line[:space], nil
}

// cutTag takes a known tag and its parenthesis off the front of a line.
func cutTag(line []byte) (a Algorithm, rest []byte, ok bool) {
	before, rest, ok := bytes.Cut(line, []byte{'('})
	if !ok {
		return 0, nil, false
	}
	a, ok = byTag(string(bytes.TrimSuffix(before, []byte{' '})))
	return a, rest, ok
}

// unescape undoes escaper, and accepts nothing that escaper does not write.
func unescape(path string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '\\' {
			i++
			if i == len(path) {
				return "", reason("backslash at the end of the path")
			}
			switch path[i] {
			case '\\':
				c = '\\'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			default:
				return "", reason("unknown escape in the path")
			}
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}
