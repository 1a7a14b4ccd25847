package transfer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"kai/internal/vault/reference"
)

// unnamed is an item without a name.
const unnamed = "unnamed"

// makePath makes a legal path of folders and a name. changed is false when they were
// legal as they stood.
func makePath(folders []string, name string) (path string, changed bool, err error) {
	segments := make([]string, 0, len(folders)+1)
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		segment, other, err := makeSegment(folder)
		if err != nil {
			return "", false, err
		}
		segments, changed = append(segments, segment), changed || other
	}
	segment, other, err := makeSegment(name)
	if err != nil {
		return "", false, err
	}
	path = strings.Join(append(segments, segment), "/")
	if err := CheckPath(path); err != nil {
		return "", false, err
	}
	return path, changed || other, nil
}

// CheckPath returns ErrPath for a path that is not legal.
func CheckPath(path string) error {
	switch read, err := reference.ParseName(path); {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrPath, err)
	case read != path:
		return fmt.Errorf("%w: not in Unicode's form NFC", ErrPath)
	}
	return nil
}

// makeSegment makes a legal segment of a path.
func makeSegment(name string) (segment string, changed bool, err error) {
	switch name {
	case "":
		return unnamed, true, nil
	case ".":
		return "_", true, nil
	case "..":
		return "", false, fmt.Errorf("%w: a segment is %q", ErrPath, name)
	}
	segment = norm.NFC.String(replaceIllegal(name))
	return segment, segment != name, nil
}

func replaceIllegal(name string) string {
	legal := true
	for i, r := range name {
		if illegal(r) || r == utf8.RuneError && !strings.HasPrefix(name[i:], "\ufffd") {
			legal = false
			break
		}
	}
	if legal {
		return name
	}
	// Map sees a byte that is not UTF-8 as the replacement character.
	var out strings.Builder
	for i, r := range name {
		if illegal(r) || r == utf8.RuneError && !strings.HasPrefix(name[i:], "\ufffd") {
			r = '_'
		}
		out.WriteRune(r)
	}
	return out.String()
}

func illegal(r rune) bool { return r == '/' || r == '#' || unicode.IsControl(r) }

// makeFieldName makes a legal name of a field.
func makeFieldName(name string) string {
	legal := name != "" && len(name) <= MaxFieldName
	for i := 0; legal && i < len(name); i++ {
		legal = fieldByte(name[i])
	}
	if legal {
		return name
	}
	made := make([]byte, 0, MaxFieldName)
	for _, r := range name {
		if len(made) == MaxFieldName {
			break
		}
		if r >= utf8.RuneSelf || !fieldByte(byte(r)) {
			r = '_'
		}
		made = append(made, byte(r))
	}
	if len(made) == 0 {
		return "_"
	}
	return string(made)
}

func fieldByte(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-'
}
