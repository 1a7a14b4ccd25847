package reference

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ErrMalformed: a path or reference that is not one. What wraps it says why.
var ErrMalformed = errors.New("malformed")

// Path names a secret, or a field of it. The zero value is no path.
type Path struct {
	Full  string // namespace and path, in Unicode form C, not encoded
	Field string // "" if none was given
}

// ParsePath reads NAMESPACE/PATH[#FIELD]. The error is ErrMalformed.
func ParsePath(text string) (Path, error) {
	p, err := parsePath(text)
	if err != nil {
		return Path{}, fmt.Errorf("path: %w: %w", ErrMalformed, err)
	}
	return p, nil
}

func parsePath(text string) (Path, error) {
	full, field, named := strings.Cut(text, "#")
	full, err := normalize(full)
	if err != nil {
		return Path{}, err
	}
	p := Path{Full: full}
	if named {
		if p.Field, err = parseField(field); err != nil {
			return Path{}, err
		}
	}
	if !strings.Contains(full, "/") {
		return Path{}, errors.New("no namespace, as in NAMESPACE/PATH")
	}
	return p, nil
}

// ParseName reads one or more segments without a field, under the rules of paths: the name of a
// namespace, or a prefix of paths. It returns them in Unicode form C. The error is ErrMalformed.
func ParseName(text string) (string, error) {
	name, err := normalize(text)
	if err != nil {
		return "", fmt.Errorf("name: %w: %w", ErrMalformed, err)
	}
	return name, nil
}

// ParseField checks the name of a field. The error is ErrMalformed.
func ParseField(text string) (string, error) {
	field, err := parseField(text)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return field, nil
}

// normalize brings segments to form C and checks them.
func normalize(text string) (string, error) {
	if len(text) > maxText {
		return "", fmt.Errorf("%d bytes, at most %d", len(text), MaxPath)
	}
	if !utf8.ValidString(text) {
		return "", errors.New("not UTF-8")
	}
	full := norm.NFC.String(text)
	if len(full) > MaxPath {
		return "", fmt.Errorf("%d bytes, at most %d", len(full), MaxPath)
	}
	n := 0
	for segment := range strings.SplitSeq(full, "/") {
		n++
		if err := checkSegment(segment); err != nil {
			return "", fmt.Errorf("segment %d: %w", n, err)
		}
	}
	if n > MaxSegments {
		return "", fmt.Errorf("%d segments, at most %d", n, MaxSegments)
	}
	return full, nil
}

func checkSegment(segment string) error {
	switch {
	case segment == "":
		return errors.New("empty")
	case segment == "." || segment == "..":
		return fmt.Errorf("%q", segment)
	case strings.Contains(segment, "#"):
		return errors.New(`"#" in a name`)
	case strings.ContainsFunc(segment, unicode.IsControl):
		return errors.New("control character")
	}
	return nil
}

func parseField(field string) (string, error) {
	switch {
	case field == "":
		return "", errors.New("field: empty")
	case len(field) > MaxField:
		return "", fmt.Errorf("field: %d bytes, at most %d", len(field), MaxField)
	}
	for i, c := range []byte(field) {
		if !isAlphanumeric(c) && c != '_' && c != '.' && c != '-' {
			return "", fmt.Errorf("field: byte %d is none of A-Z a-z 0-9 _ . -", i)
		}
	}
	return field, nil
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// String writes the path as ParsePath reads it.
func (p Path) String() string {
	if p.Field == "" {
		return p.Full
	}
	return p.Full + "#" + p.Field
}

// Split tells the namespace from the rest: it is the longest of namespaces that is a prefix of the
// path in whole segments and leaves at least one. ok is false when there is none. The names are
// in form C, in any order.
func (p Path) Split(namespaces []string) (namespace, rest string, ok bool) {
	for _, name := range namespaces {
		after, under := strings.CutPrefix(p.Full, name+"/")
		if under && name != "" && after != "" && len(name) > len(namespace) {
			namespace, rest, ok = name, after, true
		}
	}
	return namespace, rest, ok
}
