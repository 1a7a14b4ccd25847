package bech32

import (
	"errors"
	"fmt"
)

// ErrMalformed is what every text that is refused has in common; its wrapping says why.
var ErrMalformed = errors.New("malformed Bech32")

// ErrChecksum is an ErrMalformed: a text of the right form whose characters do not belong
// together. Somebody or something changed it, or it is of the other variant.
var ErrChecksum = fmt.Errorf("%w: checksum", ErrMalformed)

// MaxLength bounds a text in characters (BIP 173): within it the checksum finds what it
// promises to find.
const MaxLength = 90

// checksumWords is the length of the checksum in words.
const checksumWords = 6

// Variant is the constant to which the checksum makes a text add up.
type Variant uint32

const (
	// Bech32 is BIP 173.
	Bech32 Variant = 1
	// Bech32m is BIP 350.
	Bech32m Variant = 0x2bc830a3
)

// Append appends the text of data under a prefix to dst. The prefix is of printable ASCII
// without space and capitals, and not empty; the text has at most MaxLength characters. When
// dst has the room, nothing is copied.
//
// The error is ErrMalformed, with dst unchanged.
func Append(dst []byte, v Variant, prefix string, data []byte) ([]byte, error) {
	if n := Size(prefix, data); n > MaxLength {
		return nil, fmt.Errorf("%w: %d characters, at most %d", ErrMalformed, n, MaxLength)
	}
	return appendText(dst, v, prefix, data)
}

// AppendLong is Append with Bech32 and without MaxLength, as age writes its keys: the checksum
// promises less there.
func AppendLong(dst []byte, prefix string, data []byte) ([]byte, error) {
	return appendText(dst, Bech32, prefix, data)
}

// Size is the length of the text of data under a prefix.
func Size(prefix string, data []byte) int {
	return len(prefix) + 1 + (len(data)*8+4)/5 + checksumWords
}

func appendText(dst []byte, v Variant, prefix string, data []byte) ([]byte, error) {
	if err := checkPrefix([]byte(prefix)); err != nil {
		return nil, err
	}
	words := make([]byte, 0, Size(prefix, data)-len(prefix)-1)
	defer func() { clear(words[:cap(words)]) }()
	var bits, held uint32
	for _, b := range data {
		bits, held = bits<<8|uint32(b), held+8
		for ; held >= 5; held -= 5 {
			words = append(words, byte(bits>>(held-5)&31))
		}
	}
	if held > 0 {
		words = append(words, byte(bits<<(5-held)&31))
	}
	sum := checksum([]byte(prefix), append(words, 0, 0, 0, 0, 0, 0)) ^ uint32(v)
	for i := range checksumWords {
		words = append(words, byte(sum>>(25-5*i)&31))
	}
	dst = append(append(dst, prefix...), '1')
	for _, w := range words {
		dst = append(dst, letter(w))
	}
	return dst, nil
}

// Parse reads what Append writes. data is the caller's to wipe.
//
// The error is ErrMalformed, in the last instance ErrChecksum.
func Parse(v Variant, text []byte) (prefix string, data []byte, err error) {
	if len(text) > MaxLength {
		return "", nil, fmt.Errorf("%w: %d characters, at most %d", ErrMalformed, len(text), MaxLength)
	}
	return parseText(v, text)
}

// ParseLong reads what AppendLong writes.
func ParseLong(text []byte) (prefix string, data []byte, err error) { return parseText(Bech32, text) }

func parseText(v Variant, text []byte) (prefix string, data []byte, err error) {
	room := make([]byte, 0, len(text))
	defer func() { clear(room[:cap(room)]) }()
	prefix, words, err := parseWords(v, text, room)
	if err != nil {
		return "", nil, err
	}
	data = make([]byte, 0, len(words)*5/8)
	var bits, held uint32
	for _, w := range words {
		bits, held = bits<<5|uint32(w), held+5
		if held >= 8 {
			data = append(data, byte(bits>>(held-8)))
			held -= 8
		}
	}
	if held >= 5 || bits&(1<<held-1) != 0 {
		clear(data)
		return "", nil, fmt.Errorf("%w: padding", ErrMalformed)
	}
	return prefix, data, nil
}

// parseWords checks a text but for its padding and appends its words, without the checksum,
// to room.
func parseWords(v Variant, text, room []byte) (prefix string, words []byte, err error) {
	separator := -1
	for i, c := range text {
		if c == '1' {
			separator = i
		}
	}
	if separator < 0 {
		return "", nil, fmt.Errorf("%w: no separator", ErrMalformed)
	}
	if err := checkPrefix(text[:separator]); err != nil {
		return "", nil, err
	}
	rest := text[separator+1:]
	if len(rest) < checksumWords {
		return "", nil, fmt.Errorf("%w: too short for a checksum", ErrMalformed)
	}
	words = room
	for i, c := range rest {
		w, ok := word(c)
		if !ok {
			return "", nil, fmt.Errorf("%w: character %d is not in the alphabet", ErrMalformed, separator+2+i)
		}
		words = append(words, w)
	}
	if checksum(text[:separator], words) != uint32(v) {
		return "", nil, ErrChecksum
	}
	return string(text[:separator]), words[:len(words)-checksumWords], nil
}

// checkPrefix refuses a prefix that is not 1 to 83 characters from 33 to 126 without capitals;
// that it leaves room for a checksum is seen by the length of the text.
func checkPrefix(prefix []byte) error {
	if len(prefix) == 0 {
		return fmt.Errorf("%w: no prefix", ErrMalformed)
	}
	for i, c := range prefix {
		if c >= 'A' && c <= 'Z' {
			return fmt.Errorf("%w: character %d is a capital", ErrMalformed, i+1)
		}
		if c < 33 || c > 126 {
			return fmt.Errorf("%w: character %d of the prefix", ErrMalformed, i+1)
		}
	}
	return nil
}

// checksum is the remainder of prefix and words under the code's generator (BIP 173,
// bech32_polymod over the expanded prefix). A whole text leaves its variant's constant.
func checksum(prefix, words []byte) uint32 {
	sum := uint32(1)
	step := func(word byte) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(word)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			sum ^= g & -(top >> i & 1)
		}
	}
	for _, c := range prefix {
		step(c >> 5)
	}
	step(0)
	for _, c := range prefix {
		step(c & 31)
	}
	for _, w := range words {
		step(w)
	}
	return sum
}
