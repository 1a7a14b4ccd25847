package digest

import (
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"fmt"
	"hash"

	"github.com/zeebo/blake3"
	"golang.org/x/crypto/blake2b"
)

// Algorithm is a named hash. The zero value is none: it has no name, and New
// panics.
type Algorithm uint8

// The algorithms, in the order of the package comment.
const (
	SHA256 Algorithm = iota + 1
	SHA512
	SHA3_256
	BLAKE2b
	BLAKE3

	last = BLAKE3
)

// row is what there is to know about an algorithm.
type row struct {
	name string
	tag  string // of coreutils and b3sum
	ssl  string // the tag of OpenSSL 3, read only; empty if it is the same
	size int
	make func() hash.Hash
}

// row returns the algorithm's line of the table; ok is false for none.
func (a Algorithm) row() (r row, ok bool) {
	switch a {
	case SHA256:
		return row{"sha256", "SHA256", "SHA2-256", sha256.Size, sha256.New}, true
	case SHA512:
		return row{"sha512", "SHA512", "SHA2-512", sha512.Size, sha512.New}, true
	case SHA3_256:
		return row{"sha3-256", "SHA3-256", "", 32, func() hash.Hash { return sha3.New256() }}, true
	case BLAKE2b:
		return row{"blake2b", "BLAKE2b", "BLAKE2B-512", blake2b.Size, newBLAKE2b}, true
	case BLAKE3:
		return row{"blake3", "BLAKE3", "", 32, func() hash.Hash { return blake3.New() }}, true
	}
	return row{}, false
}

func newBLAKE2b() hash.Hash {
	h, err := blake2b.New512(nil)
	if err != nil {
		panic(err) // only a key that is too long is an error
	}
	return h
}

// All returns the algorithms in the order of the table.
func All() []Algorithm {
	var all []Algorithm
	for a := Algorithm(1); a <= last; a++ {
		all = append(all, a)
	}
	return all
}

// ByName returns the algorithm of a name such as "sha3-256", or ErrAlgorithm.
func ByName(name string) (Algorithm, error) {
	for _, a := range All() {
		if a.String() == name {
			return a, nil
		}
	}
	return 0, fmt.Errorf("%w %+.40q", ErrAlgorithm, name)
}

// byTag returns the algorithm of a tag such as "BLAKE2b", or false.
func byTag(tag string) (Algorithm, bool) {
	for _, a := range All() {
		if r, _ := a.row(); tag != "" && (tag == r.tag || tag == r.ssl) {
			return a, true
		}
	}
	return 0, false
}

// String returns the algorithm's name.
func (a Algorithm) String() string {
	if r, ok := a.row(); ok {
		return r.name
	}
	return fmt.Sprintf("Algorithm(%d)", uint8(a))
}

// Tag returns the algorithm's name in tagged lists.
func (a Algorithm) Tag() string {
	r, _ := a.row()
	return r.tag
}

// Size returns the length of a digest in bytes, 0 for none.
func (a Algorithm) Size() int {
	r, _ := a.row()
	return r.size
}

// check returns ErrAlgorithm for none.
func (a Algorithm) check() error {
	if _, ok := a.row(); !ok {
		return fmt.Errorf("%w %v", ErrAlgorithm, a)
	}
	return nil
}

// New returns a new hash in its initial state.
func (a Algorithm) New() hash.Hash {
	r, ok := a.row()
	if !ok {
		panic("digest: New of " + a.String())
	}
	return r.make()
}
