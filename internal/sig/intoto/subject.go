package intoto

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// digestSizes are the lengths in hex digits of the digests written (in-toto
// digest_set.md). git has two kinds of object ids.
func digestSizes(algorithm string) []int {
	switch algorithm {
	case "sha256", "sha512_256", "sha3_256":
		return []int{64}
	case "sha512", "sha3_512":
		return []int{128}
	case "sha384", "sha3_384":
		return []int{96}
	case "sha1":
		return []int{40}
	case "gitCommit", "gitTree", "gitBlob", "gitTag":
		return []int{40, 64}
	}
	return nil
}

func checkDigest(algorithm, digits string) error {
	sizes := digestSizes(algorithm)
	if sizes == nil {
		return fmt.Errorf("%w: digest algorithm %+q", ErrInput, algorithm)
	}
	if _, err := hex.DecodeString(digits); err != nil || strings.ToLower(digits) != digits || !slices.Contains(sizes, len(digits)) {
		return fmt.Errorf("%w: %s digest is not its number of lower case hex digits", ErrInput, algorithm)
	}
	return nil
}

// FileSubject is the subject for a file of that SHA-256.
func FileSubject(name string, sha256 []byte) Subject {
	return Subject{Name: name, Digest: map[string]string{"sha256": hex.EncodeToString(sha256)}}
}

// ParseSubject reads NAME@sha256:HEX. ok is false if arg has not that shape and
// may be the name of a file. The error is ErrInput.
func ParseSubject(arg string) (s Subject, ok bool, err error) {
	name, digits, ok := cutLast(arg, "@sha256:")
	if !ok {
		return Subject{}, false, nil
	}
	if name == "" {
		return Subject{}, true, fmt.Errorf("%w: subject without a name", ErrInput)
	}
	s = Subject{Name: name, Digest: map[string]string{"sha256": digits}}
	return s, true, checkDigest("sha256", digits)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// checkURI wants an absolute URI, which all identifiers of statements are.
func checkURI(what, uri string) error {
	u, err := url.Parse(uri)
	if err != nil || !utf8.ValidString(uri) || u.Scheme == "" || u.Opaque == "" && u.Host == "" && u.Path == "" {
		return fmt.Errorf("%w: %s %+q is not a URI", ErrInput, what, uri)
	}
	return nil
}
