package jws

import (
	"strings"

	"kai/internal/key"
)

// keyID is the kid written for a key.
func keyID(k key.Public) (string, error) { return k.Fingerprint(), nil }

// namesKey tells ids that are computed from a key from those that somebody made
// up: only the first kind rules a key out.
func namesKey(kid string) bool { return strings.HasPrefix(kid, "SHA256:") }

// isKeyID reports whether kid, for which namesKey holds, means k.
func isKeyID(kid string, k key.Public) bool { return kid == k.Fingerprint() }
