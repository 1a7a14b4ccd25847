package primitivetest

import (
	"crypto/sha3"
	"fmt"
	_ "unsafe" // for go:linkname

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/slhdsa"
)

// NIST's files hold expanded private keys, and messages below the interface
// that FIPS 204 and 205 call external. The suppliers have these functions for
// their own tests; nothing but a test may call them.

type (
	internalPrivateKey struct{ _ byte }
	internalPublicKey  struct{ _ byte }
)

//go:linkname expandedKey filippo.io/mldsa/internal/fips140/mldsa.TestingOnlyNewPrivateKeyFromSemiExpanded
func expandedKey(sk []byte) (*internalPrivateKey, error)

//go:linkname expandedBytes filippo.io/mldsa/internal/fips140/mldsa.TestingOnlyPrivateKeySemiExpandedBytes
func expandedBytes(sk *internalPrivateKey) []byte

//go:linkname signMu filippo.io/mldsa/internal/fips140/mldsa.TestingOnlySignExternalMuWithRandom
func signMu(sk *internalPrivateKey, mu, random []byte) ([]byte, error)

//go:linkname verifyMu filippo.io/mldsa/internal/fips140/mldsa.VerifyExternalMu
func verifyMu(pk *internalPublicKey, mu, sig []byte) error

//go:linkname newPrivateKey44 filippo.io/mldsa/internal/fips140/mldsa.NewPrivateKey44
func newPrivateKey44(seed []byte) (*internalPrivateKey, error)

//go:linkname newPrivateKey65 filippo.io/mldsa/internal/fips140/mldsa.NewPrivateKey65
func newPrivateKey65(seed []byte) (*internalPrivateKey, error)

//go:linkname newPrivateKey87 filippo.io/mldsa/internal/fips140/mldsa.NewPrivateKey87
func newPrivateKey87(seed []byte) (*internalPrivateKey, error)

//go:linkname newPublicKey44 filippo.io/mldsa/internal/fips140/mldsa.NewPublicKey44
func newPublicKey44(pk []byte) (*internalPublicKey, error)

//go:linkname newPublicKey65 filippo.io/mldsa/internal/fips140/mldsa.NewPublicKey65
func newPublicKey65(pk []byte) (*internalPublicKey, error)

//go:linkname newPublicKey87 filippo.io/mldsa/internal/fips140/mldsa.NewPublicKey87
func newPublicKey87(pk []byte) (*internalPublicKey, error)

//go:linkname slhSign github.com/cloudflare/circl/sign/slhdsa.slhSignInternal
func slhSign(sk *slhdsa.PrivateKey, message, random []byte) ([]byte, error)

//go:linkname slhVerify github.com/cloudflare/circl/sign/slhdsa.slhVerifyInternal
func slhVerify(pk *slhdsa.PublicKey, message, sig []byte) bool

func newInternalKey(p mldsa.Parameters, seed []byte) (*internalPrivateKey, error) {
	switch p {
	case mldsa.MLDSA44():
		return newPrivateKey44(seed)
	case mldsa.MLDSA65():
		return newPrivateKey65(seed)
	case mldsa.MLDSA87():
		return newPrivateKey87(seed)
	}
	return nil, fmt.Errorf("no parameters %s", p)
}

func newInternalPublicKey(p mldsa.Parameters, raw []byte) (*internalPublicKey, error) {
	switch p {
	case mldsa.MLDSA44():
		return newPublicKey44(raw)
	case mldsa.MLDSA65():
		return newPublicKey65(raw)
	case mldsa.MLDSA87():
		return newPublicKey87(raw)
	}
	return nil, fmt.Errorf("no parameters %s", p)
}

// messageHash is µ of FIPS 204 §6.2: H(H(pk, 64) ‖ M', 64), M' in two parts.
func messageHash(pk, head, message []byte) []byte {
	return messageHashOf(sha3.SumSHAKE256(pk, 64), head, message)
}

func messageHashOf(tr, head, message []byte) []byte {
	h := sha3.NewSHAKE256()
	h.Write(tr)
	h.Write(head)
	h.Write(message)
	mu := make([]byte, 64)
	_, _ = h.Read(mu) // never fails
	return mu
}
