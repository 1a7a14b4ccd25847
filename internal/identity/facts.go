package identity

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Kind is what an identity is for. The words are part of the format.
type Kind string

// The kinds.
const (
	Agent   Kind = "agent"
	User    Kind = "user"
	Root    Kind = "root"
	Service Kind = "service"
)

// ParseKind checks a word from outside. The error is ErrMalformed.
func ParseKind(word string) (Kind, error) {
	switch k := Kind(word); k {
	case Agent, User, Root, Service:
		return k, nil
	}
	return "", malformed("kind is not agent, user, root or service")
}

// Facts are what an identity says about itself. Nobody else vouches for them:
// names are labels, capabilities are requests, and an owner is claimed until the
// owner attests it.
type Facts struct {
	Name         string // [a-z0-9][a-z0-9._-]{0,63}
	Kind         Kind
	Owner        ID                // zero if there is none
	Version      string            // of the program, at most 64 bytes
	Capabilities []string          // at most 64 of at most 512 bytes
	Principals   []string          // at most 16 of at most 256 bytes
	Meta         map[string]string // at most 32; names like Name, values of at most 256 bytes
	Profile      Profile
}

// Profile is what an identity would like to be shown as, each at most 256 bytes.
type Profile struct {
	DisplayName string `json:"display_name,omitempty"`
	Email       string `json:"email,omitempty"`
	URL         string `json:"url,omitempty"`
}

func (f Facts) clone() Facts {
	f.Capabilities = slices.Clone(f.Capabilities)
	f.Principals = slices.Clone(f.Principals)
	f.Meta = maps.Clone(f.Meta)
	return f
}

// check holds the facts against their bounds. Errors are ErrMalformed and
// ErrTooLarge.
func (f Facts) check() error {
	if !IsName(f.Name) {
		return malformed("name is not [a-z0-9][a-z0-9._-]{0,63}")
	}
	if _, err := ParseKind(string(f.Kind)); err != nil {
		return err
	}
	if err := checkTexts("capabilities", f.Capabilities, maxCapabilities, maxCapability); err != nil {
		return err
	}
	if err := checkTexts("principals", f.Principals, maxPrincipals, maxText); err != nil {
		return err
	}
	if len(f.Meta) > maxMeta {
		return tooLarge("meta", len(f.Meta), maxMeta)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Meta)) {
		if !IsName(name) {
			return malformed("name of a meta member")
		}
		if err := checkText("meta", f.Meta[name], maxText); err != nil {
			return err
		}
	}
	if err := checkText("version", f.Version, maxVersion); err != nil {
		return err
	}
	for _, text := range []string{f.Profile.DisplayName, f.Profile.Email, f.Profile.URL} {
		if err := checkText("profile", text, maxText); err != nil {
			return err
		}
	}
	return nil
}

// IsName reports whether text is a name: [a-z0-9][a-z0-9._-]{0,63}.
func IsName(text string) bool {
	if len(text) == 0 || len(text) > maxName || strings.IndexByte("._-", text[0]) >= 0 {
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("._-", c) < 0 {
			return false
		}
	}
	return true
}

// checkTexts bounds a list of texts, none empty and none twice.
func checkTexts(what string, list []string, most, size int) error {
	if len(list) > most {
		return tooLarge(what, len(list), most)
	}
	for i, text := range list {
		if text == "" || slices.Contains(list[:i], text) {
			return malformed("%s: an empty one, or one twice", what)
		}
		if err := checkText(what, text, size); err != nil {
			return err
		}
	}
	return nil
}

// checkText bounds a text that may be empty. Package canon sees to UTF-8 and to
// the controls of ASCII; the others would break a line as well.
func checkText(what, text string, size int) error {
	if len(text) > size {
		return tooLarge(what, len(text), size)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) {
		return malformed("%s: control character", what)
	}
	return nil
}
