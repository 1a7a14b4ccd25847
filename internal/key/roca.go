package key

import "math/big"

// isROCA recognises moduli of a flawed generator that sat in many smart cards
// (CVE-2017-15361) and whose keys can be factored. Its primes were powers of
// 65537 modulo the product of the first primes, so the modulus is one as well:
// modulo every prime up to 167 it is 65537ˣ, for one x that suits them all. A
// modulus of another origin passes with a probability of about 2⁻¹⁵⁴.
func isROCA(n *big.Int) bool {
	type congruence struct{ x, order int64 }
	var found []congruence
	for r := int64(3); r <= 167; r += 2 {
		if !big.NewInt(r).ProbablyPrime(0) {
			continue
		}
		x, order := discreteLog(new(big.Int).Mod(n, big.NewInt(r)).Int64(), 65537%r, r)
		if x < 0 {
			return false
		}
		for _, c := range found { // one x suits both
			if (x-c.x)%gcd(order, c.order) != 0 {
				return false
			}
		}
		found = append(found, congruence{x, order})
	}
	return true
}

// discreteLog returns x with baseˣ = n modulo the small prime r, -1 if there is
// none, and the order of base.
func discreteLog(n, base, r int64) (x, order int64) {
	x = -1
	power := int64(1)
	for {
		if power == n {
			x = order
		}
		order++
		if power = power * base % r; power == 1 {
			return x, order
		}
	}
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
