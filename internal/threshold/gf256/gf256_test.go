package gf256_test

import (
	"bytes"
	"testing"

	"kai/internal/threshold/gf256"
)

// slowMul multiplies as at school: all products of bits, then the remainder by long division.
func slowMul(a, b byte) byte {
	var product uint
	for i := range 8 {
		for j := range 8 {
			product ^= uint(a>>i&1) * uint(b>>j&1) << (i + j)
		}
	}
	for i := 15; i >= 8; i-- {
		if product>>i&1 == 1 {
			product ^= 0x11b << (i - 8)
		}
	}
	return byte(product)
}

func TestMulEveryPair(t *testing.T) {
	if got := gf256.Mul(0x57, 0x83); got != 0xc1 { // FIPS 197 §4.2
		t.Errorf("0x57 · 0x83 = %#x", got)
	}
	for a := range 256 {
		for b := range 256 {
			if got, want := gf256.Mul(byte(a), byte(b)), slowMul(byte(a), byte(b)); got != want {
				t.Fatalf("%#x · %#x = %#x, want %#x", a, b, got, want)
			}
		}
	}
}

func TestInverse(t *testing.T) {
	if got := gf256.Inverse(0x53); got != 0xca { // FIPS 197 §4.2, the usual example
		t.Errorf("1/0x53 = %#x", got)
	}
	if got := gf256.Inverse(0); got != 0 {
		t.Errorf("1/0 = %#x", got)
	}
	for a := 1; a < 256; a++ {
		if got := gf256.Mul(byte(a), gf256.Inverse(byte(a))); got != 1 {
			t.Errorf("%#x / %#x = %#x", a, a, got)
		}
	}
}

// Values of a polynomial determine it, at every point.
func TestInterpolate(t *testing.T) {
	coefficients := [][]byte{{1, 0}, {0xfe, 0}, {0x42, 7}, {9, 0}}
	at := func(x byte) []byte {
		out := []byte{0xaa, 0xaa}
		gf256.Evaluate(out, coefficients, x)
		return out
	}
	if !bytes.Equal(at(0), coefficients[0]) || !bytes.Equal(at(1), []byte{1 ^ 0xfe ^ 0x42 ^ 9, 7}) {
		t.Errorf("values at 0 and 1: %v %v", at(0), at(1))
	}
	xs := []byte{200, 1, 255, 2}
	var ys [][]byte
	for _, x := range xs {
		ys = append(ys, at(x))
	}
	for x := range 256 {
		out := []byte{0xaa, 0xaa}
		gf256.Interpolate(out, xs, ys, byte(x))
		if !bytes.Equal(out, at(byte(x))) {
			t.Errorf("at %d: %v, want %v", x, out, at(byte(x)))
		}
	}
	// One value too few is another polynomial.
	out := make([]byte, 2)
	gf256.Interpolate(out, xs[:3], ys[:3], 0)
	if out[0] == 1 {
		t.Error("three of four values suffice")
	}
}
