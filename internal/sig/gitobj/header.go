package gitobj

import (
	"bytes"
	"slices"
	"strings"

	"kai/internal/sig"
)

const formatName = "git object"

// header is one line of the header, with the lines that continue it.
type header struct {
	name  string
	value []byte // without the continuation's spaces and the last line feed
	at    int    // where the line begins
}

func (h header) isSignature() bool { return strings.HasPrefix(h.name, "gpgsig") }

// append writes the line as it stands in an object.
func (h header) append(b []byte) []byte {
	b = append(append(b, h.name...), ' ')
	b = append(b, bytes.ReplaceAll(h.value, []byte("\n"), []byte("\n "))...)
	return append(b, '\n')
}

// splitHeader reads the lines up to the empty one. body is the rest, from the
// empty line on.
func splitHeader(content []byte) (lines []header, body []byte, err error) {
	for pos := 0; pos < len(content); {
		if content[pos] == '\n' {
			return lines, content[pos:], nil
		}
		n := bytes.IndexByte(content[pos:], '\n')
		if n < 0 {
			return nil, nil, syntaxError(len(content), "header is cut off")
		}
		line := content[pos : pos+n]
		if i := bytes.IndexByte(line, 0); i >= 0 {
			return nil, nil, syntaxError(pos+i, "NUL in the header")
		}
		switch name, value, ok := bytes.Cut(line, []byte(" ")); {
		case !ok:
			return nil, nil, syntaxError(pos, "header line without a value")
		case len(name) > 0:
			lines = append(lines, header{string(name), slices.Clip(value), pos})
		case len(lines) == 0:
			return nil, nil, syntaxError(pos, "continuation of no header line")
		default:
			last := &lines[len(lines)-1]
			last.value = append(append(last.value, '\n'), value...)
		}
		pos += n + 1
	}
	return lines, nil, nil
}

// scanner takes header lines in the order that the kind of object has them.
type scanner struct {
	lines []header
	end   int // where the header ends
}

// next returns the value of the next line if it has the name.
func (s *scanner) next(name string) (value string, ok bool) {
	if len(s.lines) == 0 || s.lines[0].name != name {
		return "", false
	}
	value = string(s.lines[0].value)
	s.lines = s.lines[1:]
	return value, true
}

// one is next for a line that must be there, of one line.
func (s *scanner) one(name string) (string, error) {
	at := s.at()
	value, ok := s.next(name)
	switch {
	case !ok:
		return "", syntaxError(at, "no "+name+" line where it belongs")
	case strings.Contains(value, "\n"):
		return "", syntaxError(at, name+" of several lines")
	}
	return value, nil
}

// id is one for a line whose value is an id of h.
func (s *scanner) id(name string, h Hash) (string, error) {
	at := s.at()
	value, err := s.one(name)
	if err != nil {
		return "", err
	}
	if have, ok := HashOf(value); !ok || have != h {
		return "", syntaxError(at, name+" is no "+h.String()+" id")
	}
	return value, nil
}

func (s *scanner) at() int {
	if len(s.lines) == 0 {
		return s.end
	}
	return s.lines[0].at
}

// rest checks the lines that are left: none of the names may stand there, and
// each signature only once.
func (s *scanner) rest(names ...string) error {
	signatures := map[string]bool{}
	for _, l := range s.lines {
		switch {
		case slices.Contains(names, l.name):
			return syntaxError(l.at, "second "+l.name+" line, or one out of order")
		case !l.isSignature():
		case l.name != SHA1.signatureHeader() && l.name != SHA256.signatureHeader():
			return syntaxError(l.at, "unknown kind of signature line")
		case signatures[l.name]:
			return syntaxError(l.at, "second "+l.name+" line")
		default:
			signatures[l.name] = true
		}
	}
	return nil
}

func syntaxError(at int, reason string) error {
	return &sig.SyntaxError{Format: formatName, Offset: int64(at), Reason: reason}
}
