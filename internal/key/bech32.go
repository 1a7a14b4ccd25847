package key

import (
	"fmt"
	"strings"
)

// Bech32 of BIP 173, without its limit of 90 characters, as age uses it. Not
// Bech32m.
const bech32Alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32Checksum is the remainder of the words under the code's generator; 1
// for a whole text, whose last six words make it so.
func bech32Checksum(prefix string, words []byte) uint32 {
	sum := uint32(1)
	step := func(word byte) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(word)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	for _, c := range []byte(prefix) {
		step(c >> 5)
	}
	step(0)
	for _, c := range []byte(prefix) {
		step(c & 31)
	}
	for _, w := range words {
		step(w)
	}
	return sum
}

// bech32Encode writes data in lower case, into a buffer that is never grown.
func bech32Encode(prefix string, data []byte) []byte {
	words := make([]byte, 0, (len(data)*8+4)/5+6)
	defer func() { clear(words[:cap(words)]) }()
	var bits, n uint32
	for _, b := range data {
		bits, n = bits<<8|uint32(b), n+8
		for ; n >= 5; n -= 5 {
			words = append(words, byte(bits>>(n-5)&31))
		}
	}
	if n > 0 {
		words = append(words, byte(bits<<(5-n)&31))
	}
	sum := bech32Checksum(prefix, append(words, 0, 0, 0, 0, 0, 0)) ^ 1
	for i := range 6 {
		words = append(words, byte(sum>>(25-5*i)&31))
	}
	out := make([]byte, 0, len(prefix)+1+len(words))
	out = append(append(out, prefix...), '1')
	for _, w := range words {
		out = append(out, bech32Alphabet[w])
	}
	return out
}

// bech32Decode reads what bech32Encode writes, in one case. The error is
// ErrMalformed.
func bech32Decode(text []byte) (prefix string, data []byte, err error) {
	lower, upper := false, false
	last := -1
	for i, c := range text {
		lower = lower || c >= 'a' && c <= 'z'
		upper = upper || c >= 'A' && c <= 'Z'
		if c == '1' {
			last = i
		}
		if c < 33 || c > 126 {
			return "", nil, fmt.Errorf("Bech32 text: %w: character", ErrMalformed)
		}
	}
	if lower && upper || last < 1 || len(text)-last-1 < 6 {
		return "", nil, fmt.Errorf("Bech32 text: %w", ErrMalformed)
	}
	prefix = strings.ToLower(string(text[:last]))
	words := make([]byte, 0, len(text)-last-1)
	defer func() { clear(words[:cap(words)]) }()
	for _, c := range text[last+1:] {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		w := strings.IndexByte(bech32Alphabet, c)
		if w < 0 {
			return "", nil, fmt.Errorf("Bech32 text: %w: character", ErrMalformed)
		}
		words = append(words, byte(w))
	}
	if bech32Checksum(prefix, words) != 1 {
		return "", nil, fmt.Errorf("Bech32 text: %w: checksum", ErrMalformed)
	}
	data = make([]byte, 0, len(words)*5/8)
	var bits, n uint32
	for _, w := range words[:len(words)-6] {
		bits, n = bits<<5|uint32(w), n+5
		if n >= 8 {
			data = append(data, byte(bits>>(n-8)))
			n -= 8
		}
	}
	if n >= 5 || bits&(1<<n-1) != 0 { // a word too many, or padding that is not zero
		return "", nil, fmt.Errorf("Bech32 text: %w: padding", ErrMalformed)
	}
	return prefix, data, nil
}
