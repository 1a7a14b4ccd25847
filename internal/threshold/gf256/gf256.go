// Package gf256 computes in the field of 2⁸ elements that secrets are shared over, bytes being
// polynomials over GF(2) modulo x⁸+x⁴+x³+x+1 (0x11B, the field of AES). Addition is ⊕.
//
// 0x57 · 0x83 = 0xC1 (FIPS 197 §4.2).
//
// Nothing here branches on an element or addresses memory by one; the time depends on lengths
// alone.
package gf256

// Mul is the product of a and b.
func Mul(a, b byte) byte {
	var product byte
	for range 8 {
		product ^= a & -(b & 1)
		b >>= 1
		a = a<<1 ^ 0x1b&-(a>>7)
	}
	return product
}

// Inverse is the b with a·b = 1, and 0 for 0.
func Inverse(a byte) byte {
	// a²⁵⁴, as a²⁵⁵ = 1: 254 is 11111110 in binary.
	power, square := byte(1), a
	for range 7 {
		square = Mul(square, square)
		power = Mul(power, square)
	}
	return power
}

// Evaluate sets out to the values at x of len(out) polynomials. coefficients[i] holds those of
// xⁱ, one a polynomial, and is as long as out.
func Evaluate(out []byte, coefficients [][]byte, x byte) {
	clear(out)
	for i := len(coefficients) - 1; i >= 0; i-- {
		for j, c := range coefficients[i] {
			out[j] = Mul(out[j], x) ^ c
		}
	}
}

// Interpolate sets out to the values at x of the polynomials of least degree that have the
// values ys[i] at xs[i]. Each of ys is as long as out; xs are as many as ys and distinct, or
// the result means nothing.
func Interpolate(out []byte, xs []byte, ys [][]byte, x byte) {
	clear(out)
	for i, y := range ys {
		numerator, denominator := byte(1), byte(1)
		for j, other := range xs {
			if j != i {
				numerator = Mul(numerator, x^other)
				denominator = Mul(denominator, xs[i]^other)
			}
		}
		basis := Mul(numerator, Inverse(denominator))
		for n := range out {
			out[n] ^= Mul(basis, y[n])
		}
	}
}
