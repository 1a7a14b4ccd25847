package event

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
)

// Class says in what form the value of a member may be recorded.
type Class uint8

// The classes. One name has one class, in every act.
const (
	Plain  Class = iota + 1 // enums, counts, public ids, hashes of files
	HMAC                    // h: and 22 characters: names of secrets and tags
	Commit                  // c: and 43 characters: SHA-256(salt ‖ blob), the blob in details/
	Enc                     // x: and base64: an age file to the auditors
)

func (c Class) String() string {
	return [...]string{"", "plain", "hmac", "commit", "enc"}[c]
}

// maxEnc bounds what an enc member seals, before base64 and with age's own overhead.
const maxEnc = 16<<10 + 4<<10

// lineBreaks are what encoding/base64 skips: with them one value would have many spellings.
const lineBreaks = "\r\n"

// plainMembers, hmacMembers, commitMembers and encMembers are the classes of every name that d
// may have. A name that is in none of them cannot be recorded.
const (
	plainMembers = `
		key_id key_type algorithm backend old_key_id new_key_id purpose
		method slot identity wanted
		secret_type secret_count ns dev gen seq chain count ok_count fail_count deny_count
		agent_id required_level level valid trustor trustee trust_level number digest
		remote_agent channel_type channel_id encryption message_id size
		format error pattern rule rule_level group window_s events truncated title
		class tier reacted
		file epoch recipients auditors n root origin key kind anchors
		adopted cut missing at reason from to bytes segment segments zst
		sink attempts hook_id alert_id dropped
		what old new withheld`
	hmacMembers   = `path tag label folder`
	commitMembers = `details detail`
	encMembers    = `sealed note`
)

// Members returns the class of each member of d by its name. It is not to be changed.
func Members() map[string]Class { return classes() }

var classes = sync.OnceValue(func() map[string]Class {
	m := make(map[string]Class)
	for class, names := range map[Class]string{Plain: plainMembers, HMAC: hmacMembers, Commit: commitMembers, Enc: encMembers} {
		for _, name := range strings.Fields(names) {
			m[name] = class
		}
	}
	return m
})

// Check holds each member against its class. The error is ErrCatalogue; it has no value in it.
func (d Details) Check() error {
	for _, m := range d {
		class, ok := Members()[m.Name]
		if !ok {
			return fmt.Errorf("%w: member %q has no class", ErrCatalogue, m.Name)
		}
		for _, value := range elements(m.Value) {
			if !class.holds(value) {
				return fmt.Errorf("%w: member %s is of class %s, its value is not", ErrCatalogue, m.Name, class)
			}
		}
	}
	return nil
}

// elements are those of a list, or the value alone.
func elements(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

func (c Class) holds(value any) bool {
	text, isText := value.(string)
	switch c {
	case Plain:
		return !isText || len(text) <= MaxOutside+len("…#01234567")
	case HMAC:
		return isText && isEncoded(text, "h:", 16)
	case Commit:
		return isText && isEncoded(text, "c:", 32)
	case Enc:
		blob, ok := strings.CutPrefix(text, "x:")
		if !ok || base64.StdEncoding.EncodedLen(maxEnc) < len(blob) || strings.ContainsAny(blob, lineBreaks) {
			return false
		}
		_, err := base64.StdEncoding.Strict().DecodeString(blob)
		return err == nil
	}
	return false
}

// isEncoded reports whether text is prefix and size bytes in base64url.
func isEncoded(text, prefix string, size int) bool {
	encoded, ok := strings.CutPrefix(text, prefix)
	if !ok || strings.ContainsAny(encoded, lineBreaks) {
		return false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	return err == nil && len(b) == size
}
