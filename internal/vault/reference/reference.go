package reference

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Scheme begins every reference.
const Scheme = "kai://"

// Reference is a path, and perhaps which version of the secret is meant. The zero value is no
// reference.
type Reference struct {
	Path
	Version uint64 // 0: the newest
}

// ParseURI reads kai://NAMESPACE/PATH[#FIELD][?version=N]. The error is ErrMalformed.
func ParseURI(text string) (Reference, error) {
	r, err := parseURI(text)
	if err != nil {
		return Reference{}, fmt.Errorf("reference: %w: %w", ErrMalformed, err)
	}
	return r, nil
}

func parseURI(text string) (Reference, error) {
	if len(text) > maxText {
		return Reference{}, fmt.Errorf("%d bytes, at most %d", len(text), maxText)
	}
	rest, ok := strings.CutPrefix(text, Scheme)
	if !ok {
		return Reference{}, fmt.Errorf("does not begin with %s", Scheme)
	}
	rest, query, asked := strings.Cut(rest, "?")
	encoded, field, named := strings.Cut(rest, "#")
	if strings.Contains(query, "#") {
		return Reference{}, errors.New("the field stands before the version, as in #FIELD?version=N")
	}
	plain, err := decode(encoded)
	if err != nil {
		return Reference{}, err
	}
	if named {
		plain += "#" + field
	}
	var r Reference
	if r.Path, err = parsePath(plain); err != nil {
		return Reference{}, err
	}
	if asked {
		if r.Version, err = parseVersion(query); err != nil {
			return Reference{}, err
		}
	}
	return r, nil
}

// decode takes percent-encoding away.
func decode(encoded string) (string, error) {
	if !utf8.ValidString(encoded) {
		return "", errors.New("not UTF-8")
	}
	var b strings.Builder
	for i := 0; i < len(encoded); i++ {
		c := encoded[i]
		if c != '%' {
			if c <= ' ' || c == 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
				return "", fmt.Errorf("byte %d must be percent-encoded: %%%02X", len(Scheme)+i, c)
			}
			b.WriteByte(c)
			continue
		}
		if len(encoded)-i < 3 {
			return "", fmt.Errorf("byte %d: percent-encoding is cut off", len(Scheme)+i)
		}
		n, err := strconv.ParseUint(encoded[i+1:i+3], 16, 8)
		switch {
		case err != nil:
			return "", fmt.Errorf("byte %d: percent-encoding needs two hexadecimal digits", len(Scheme)+i)
		case n == '/' || n == '#':
			return "", fmt.Errorf("byte %d: %q in a name", len(Scheme)+i, rune(n))
		}
		b.WriteByte(byte(n))
		i += 2
	}
	return b.String(), nil
}

func parseVersion(query string) (uint64, error) {
	digits, ok := strings.CutPrefix(query, "version=")
	if !ok {
		return 0, errors.New("nothing but ?version=N may be asked")
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || digits[0] < '1' || digits[0] > '9' || n > MaxVersion {
		return 0, fmt.Errorf("version: not a number from 1 to %d", uint64(MaxVersion))
	}
	return n, nil
}

// String writes the reference as ParseURI reads it, in ASCII.
func (r Reference) String() string {
	var b strings.Builder
	b.WriteString(Scheme)
	for _, c := range []byte(r.Full) {
		if isAlphanumeric(c) || strings.IndexByte("/-._~@:+,=", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if r.Field != "" {
		b.WriteString("#" + r.Field)
	}
	if r.Version != 0 {
		b.WriteString("?version=" + strconv.FormatUint(r.Version, 10))
	}
	return b.String()
}
