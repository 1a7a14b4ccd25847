package jws

import (
	"strings"

	"kai/internal/key"
	"kai/internal/key/did"
)

// keyID is the kid written for a key: it names the key itself, so a reader who
// has the key needs nothing else to find it.
func keyID(k key.Public) (string, error) { return did.Of(k) }

// namedBy reads the ids that are computed from a key: only they can rule other
// keys out. It returns nil for ids that somebody made up.
func namedBy(kid string) func(key.Public) bool {
	if strings.HasPrefix(kid, "did:key:") {
		id, _, _ := strings.Cut(kid, "#") // some tools name the key inside its own document
		named, err := did.Parse(id)
		if err != nil {
			return nil
		}
		return func(k key.Public) bool { return k == named }
	}
	const digits = 43 // of a SHA-256 in unpadded base64
	if rest, ok := strings.CutPrefix(kid, "SHA256:"); ok && len(rest) == digits {
		return func(k key.Public) bool { return k.Fingerprint() == kid }
	}
	return nil
}
