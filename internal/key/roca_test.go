package key_test

import (
	"errors"
	"math/big"
	"testing"

	"kai/internal/key"
)

// A modulus built as the flawed generator builds its own, from two primes that
// are powers of 65537 modulo the product of the primes up to 701, and one whose
// second prime is of another origin. Wycheproof has a key from a real card: see
// package jwk.
func TestModuliOfAFlawedGenerator(t *testing.T) {
	m := big.NewInt(1)
	for r := int64(2); r <= 701; r++ { // 126 primes, for moduli of 2048 bits
		if big.NewInt(r).ProbablyPrime(0) {
			m.Mul(m, big.NewInt(r))
		}
	}
	flawed := func(exponent int64) *big.Int { // k·M + 65537^a mod M
		base := new(big.Int).Exp(big.NewInt(65537), big.NewInt(exponent), m)
		k := new(big.Int).Lsh(big.NewInt(3), uint(1022-m.BitLen()))
		for p := new(big.Int).Add(new(big.Int).Mul(k, m), base); ; p.Add(p, m) {
			if p.ProbablyPrime(20) {
				return p
			}
		}
	}
	p, q := flawed(1234567), flawed(7654321)
	if _, err := key.ParseWire(key.RSABlob(new(big.Int).Mul(p, q), 65537)); !errors.Is(err, key.ErrWeak) {
		t.Errorf("flawed modulus: %v", err)
	}
	for q.Add(q, big.NewInt(2)); !q.ProbablyPrime(20); q.Add(q, big.NewInt(2)) {
	}
	n := new(big.Int).Mul(p, q)
	if _, err := key.ParseWire(key.RSABlob(n, 65537)); err != nil {
		t.Errorf("modulus of %d bits with one flawed prime: %v", n.BitLen(), err)
	}
}
