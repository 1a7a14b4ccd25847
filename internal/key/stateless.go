package key

import (
	"crypto"
	"errors"
	"fmt"
	"io"

	"github.com/cloudflare/circl/sign/slhdsa"
)

// StatelessSignatureSize is the length of an SLH-DSA-SHA2-128s signature
// (FIPS 205, table 2).
const StatelessSignatureSize = 7856

func statelessPublic(stored []byte) (Public, error) {
	k := slhdsa.PrivateKey{ID: slhdsa.SHA2_128s}
	if err := k.UnmarshalBinary(stored); err != nil {
		return Public{}, ErrMalformed
	}
	raw, err := k.PublicKey().MarshalBinary()
	if err != nil {
		return Public{}, ErrMalformed
	}
	return NewPublic(SLHDSA128s, raw)
}

type statelessSigner struct {
	public Public
	k      *slhdsa.PrivateKey
}

func newStatelessSigner(p *Private) (crypto.Signer, error) {
	k := &slhdsa.PrivateKey{ID: slhdsa.SHA2_128s}
	if err := k.UnmarshalBinary(p.stored.Expose()); err != nil {
		return nil, fmt.Errorf("slh-dsa private key: %w", ErrMalformed)
	}
	return &statelessSigner{p.public, k}, nil
}

func (s *statelessSigner) Public() crypto.PublicKey { return s.public }

func (s *statelessSigner) Sign(rand io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != 0 {
		return nil, errors.New("slh-dsa key signs messages, not digests")
	}
	return slhdsa.SignRandomized(s.k, rand, slhdsa.NewMessage(message), nil)
}

// VerifyStateless reports whether sig is an SLH-DSA-SHA2-128s signature, empty
// context, of message. public must be of type SLHDSA128s.
func VerifyStateless(public Public, message, sig []byte) bool {
	k := slhdsa.PublicKey{ID: slhdsa.SHA2_128s}
	if public.typ != SLHDSA128s || k.UnmarshalBinary([]byte(public.raw)) != nil {
		return false
	}
	return slhdsa.Verify(&k, slhdsa.NewMessage(message), sig, nil)
}
