package bech32_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"kai/internal/key/bech32"
)

// The valid texts of BIP 173 and BIP 350, in lower case, with their bytes.
var valid = []struct {
	variant      bech32.Variant
	text, prefix string
	data         string // hex
}{
	{bech32.Bech32, "a12uel5l", "a", ""},
	{bech32.Bech32, "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
		"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio", ""},
	{bech32.Bech32, "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "abcdef", "00443214c74254b635cf84653a56d7c675be77df"},
	{bech32.Bech32, "11" + strings.Repeat("q", 82) + "c8247j", "1", strings.Repeat("00", 51)},
	{bech32.Bech32, "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "split",
		"c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d"},
	{bech32.Bech32, "?1ezyfcl", "?", ""},

	{bech32.Bech32m, "a1lqfn3a", "a", ""},
	{bech32.Bech32m, "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
		"an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber1", ""},
	{bech32.Bech32m, "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx", "abcdef", "ffbbcdeb38bdab49ca307b9ac5a928398a418820"},
	{bech32.Bech32m, "split1checkupstagehandshakeupstreamerranterredcaperredlc445v", "split",
		"c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d"},
	{bech32.Bech32m, "?1v759aa", "?", ""},
}

func TestValid(t *testing.T) {
	for _, v := range valid {
		prefix, data, err := bech32.Parse(v.variant, []byte(v.text))
		if err != nil || prefix != v.prefix || hex.EncodeToString(data) != v.data {
			t.Errorf("%s: %q %x, %v", v.text, prefix, data, err)
		}
		text, err := bech32.Append([]byte("before "), v.variant, v.prefix, data)
		if err != nil || string(text) != "before "+v.text {
			t.Errorf("%s: written as %q, %v", v.text, text, err)
		}
		other := bech32.Bech32 ^ bech32.Bech32m ^ v.variant
		if _, _, err := bech32.Parse(other, []byte(v.text)); !errors.Is(err, bech32.ErrChecksum) || !errors.Is(err, bech32.ErrMalformed) {
			t.Errorf("%s passes as the other variant: %v", v.text, err)
		}
	}
}

// A text of BIP 350 whose words are not the words of bytes: its last two bits are set.
func TestWordsWithoutBytes(t *testing.T) {
	text := "11" + strings.Repeat("l", 82) + "ludsr8"
	prefix, words, err := bech32.ParseWords(bech32.Bech32m, text)
	if err != nil || prefix != "1" || !bytes.Equal(words, bytes.Repeat([]byte{31}, 82)) {
		t.Errorf("words: %q %v, %v", prefix, words, err)
	}
	if _, _, err := bech32.DecodeM(text); err == nil || err.Error() != "malformed Bech32: padding" {
		t.Errorf("bytes: %v", err)
	}
}

// The invalid texts of both, and the valid ones in capitals, with the reason.
func TestInvalid(t *testing.T) {
	for _, v := range []struct {
		variant      bech32.Variant
		text, reason string
	}{
		{bech32.Bech32, "\x201nwldj5", "character 1 of the prefix"},
		{bech32.Bech32, "\x7f1axkwrx", "character 1 of the prefix"},
		{bech32.Bech32, "\x801eym55h", "character 1 of the prefix"},
		{bech32.Bech32, "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx", "91 characters, at most 90"},
		{bech32.Bech32, "pzry9x0s0muk", "no separator"},
		{bech32.Bech32, "1pzry9x0s0muk", "no prefix"},
		{bech32.Bech32, "x1b4n0q5v", "character 3 is not in the alphabet"},
		{bech32.Bech32, "li1dgmt3", "too short for a checksum"},
		{bech32.Bech32, "de1lg7wt\xff", "character 9 is not in the alphabet"},
		{bech32.Bech32, "A1G7SGD8", "character 1 is a capital"},
		{bech32.Bech32, "10a06t8", "no prefix"},
		{bech32.Bech32, "1qzzfhee", "no prefix"},
		{bech32.Bech32, "A12UEL5L", "character 1 is a capital"},
		{bech32.Bech32, "a12UEL5L", "character 4 is not in the alphabet"},
		{bech32.Bech32, "", "no separator"},

		{bech32.Bech32m, "\x201xj0phk", "character 1 of the prefix"},
		{bech32.Bech32m, "\x7f1g6xzxy", "character 1 of the prefix"},
		{bech32.Bech32m, "\x801vctc34", "character 1 of the prefix"},
		{bech32.Bech32m, "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4", "91 characters, at most 90"},
		{bech32.Bech32m, "qyrz8wqd2c9m", "no separator"},
		{bech32.Bech32m, "1qyrz8wqd2c9m", "no prefix"},
		{bech32.Bech32m, "y1b0jsk6g", "character 3 is not in the alphabet"},
		{bech32.Bech32m, "lt1igcx5c0", "character 4 is not in the alphabet"},
		{bech32.Bech32m, "in1muywd", "too short for a checksum"},
		{bech32.Bech32m, "mm1crxm3i", "character 9 is not in the alphabet"},
		{bech32.Bech32m, "au1s5cgom", "character 8 is not in the alphabet"},
		{bech32.Bech32m, "M1VUXWEZ", "character 1 is a capital"},
		{bech32.Bech32m, "m1vuxwez", "checksum"},
		{bech32.Bech32m, "16plkw9", "no prefix"},
		{bech32.Bech32m, "1p2gdwpf", "no prefix"},
		{bech32.Bech32m, "A1LQFN3A", "character 1 is a capital"},
	} {
		_, _, err := bech32.Parse(v.variant, []byte(v.text))
		if !errors.Is(err, bech32.ErrMalformed) || err.Error() != "malformed Bech32: "+v.reason {
			t.Errorf("%q: %v, want %s", v.text, err, v.reason)
		}
	}
}

func TestNotWritable(t *testing.T) {
	for _, v := range []struct {
		prefix string
		length int
		reason string
	}{
		{"", 1, "no prefix"},
		{"Kai", 1, "character 1 is a capital"},
		{"k ai", 1, "character 2 of the prefix"},
		{"ä", 1, "character 1 of the prefix"},
		{"kaishare", 47, "91 characters, at most 90"},
		{strings.Repeat("a", 84), 0, "91 characters, at most 90"},
	} {
		if text, err := bech32.Encode(v.prefix, make([]byte, v.length)); text != "" || !errors.Is(err, bech32.ErrMalformed) ||
			err.Error() != "malformed Bech32: "+v.reason {
			t.Errorf("%q, %d bytes: %q, %v", v.prefix, v.length, text, err)
		}
	}
	if text, err := bech32.Encode("kaishare", make([]byte, 46)); err != nil || len(text) != 89 {
		t.Errorf("46 bytes: %q, %v", text, err)
	}
}

// What the codes are for: whatever one character becomes, and whichever two change places, is
// found. BIP 173 promises this for up to four characters.
func TestTypingErrors(t *testing.T) {
	text, err := bech32.EncodeM("kai", []byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(changed []byte) {
		t.Helper()
		if string(changed) == text {
			return
		}
		if _, _, err := bech32.DecodeM(string(changed)); !errors.Is(err, bech32.ErrMalformed) {
			t.Errorf("%s: %v", changed, err)
		}
	}
	for i := range text {
		for c := range 256 {
			changed := []byte(text)
			changed[i] = byte(c)
			refused(changed)
		}
		refused([]byte(text[:i]))
		for j := range i {
			changed := []byte(text)
			changed[i], changed[j] = changed[j], changed[i]
			refused(changed)
		}
	}
	prefix, data, err := bech32.DecodeM(text)
	if err != nil || prefix != "kai" || string(data) != "0123456789abcdef0123456789abcdef" {
		t.Errorf("unchanged: %q %q, %v", prefix, data, err)
	}
}

// Letters q before a final p are the known weakness of Bech32, which Bech32m ends (BIP 350).
func TestInsertedLetter(t *testing.T) {
	const weak = "ii2134hk2xmat79tp" // BIP 350, motivation
	inserted := weak[:len(weak)-1] + "qp"
	if _, _, err := bech32.ParseWords(bech32.Bech32, weak); err != nil {
		t.Fatal(err)
	}
	if _, _, err := bech32.ParseWords(bech32.Bech32, inserted); err != nil {
		t.Errorf("Bech32 is stronger than it should be: %v", err)
	}
	if _, _, err := bech32.ParseWords(bech32.Bech32m, inserted); err == nil {
		t.Error("Bech32m takes it")
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range valid {
		f.Add(uint32(v.variant), v.text)
	}
	f.Add(uint32(1), "11"+strings.Repeat("l", 82)+"ludsr8")
	f.Fuzz(func(t *testing.T, variant uint32, text string) {
		prefix, data, err := bech32.Parse(bech32.Variant(variant), []byte(text))
		if err != nil {
			if !errors.Is(err, bech32.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		again, err := bech32.Append(nil, bech32.Variant(variant), prefix, data)
		if err != nil || string(again) != text {
			t.Fatalf("%q is written as %q, %v", text, again, err)
		}
	})
}
