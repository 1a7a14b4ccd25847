package gitobj

import (
	"crypto/sha1" // names of objects; no signature is checked with it
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Kind is a kind of object that can carry a signature.
type Kind string

// The kinds.
const (
	Commit Kind = "commit"
	Tag    Kind = "tag"
)

// Hash is what a repository makes ids with.
type Hash int

// The hashes.
const (
	SHA1 Hash = iota
	SHA256
)

// HashOf tells the hash by the form of an id: 40 or 64 lower-case hexadecimal
// digits.
func HashOf(id string) (Hash, bool) {
	if strings.Trim(id, "0123456789abcdef") != "" {
		return 0, false
	}
	switch len(id) {
	case 2 * sha1.Size:
		return SHA1, true
	case 2 * sha256.Size:
		return SHA256, true
	}
	return 0, false
}

func (h Hash) String() string {
	if h == SHA256 {
		return "sha256"
	}
	return "sha1"
}

func (h Hash) new() hash.Hash {
	if h == SHA256 {
		return sha256.New()
	}
	return sha1.New()
}

// ID computes the id of an object.
func (h Hash) ID(kind Kind, content []byte) string {
	sum := h.new()
	fmt.Fprintf(sum, "%s %d\x00", kind, len(content))
	sum.Write(content)
	return hex.EncodeToString(sum.Sum(nil))
}

// signatureHeader is the name of the header line for a commit's signature.
func (h Hash) signatureHeader() string {
	if h == SHA256 {
		return "gpgsig-sha256"
	}
	return "gpgsig"
}
