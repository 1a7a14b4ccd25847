package pkix_test

import (
	"crypto/rsa"
	"encoding/asn1"
	"math/big"
	"testing"
)

// pkcs1 is RSAPrivateKey of RFC 8017 appendix A.1.2.
type pkcs1 struct {
	Version      int
	N            *big.Int
	E            int
	D, P, Q      *big.Int
	DP, DQ, QInv *big.Int
}

func pkcs1Of(k *rsa.PrivateKey) pkcs1 {
	k.Precompute()
	return pkcs1{0, k.N, k.E, k.D, k.Primes[0], k.Primes[1], k.Precomputed.Dp, k.Precomputed.Dq, k.Precomputed.Qinv}
}

func (p pkcs1) marshal(t *testing.T) []byte {
	t.Helper()
	der, err := asn1.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
