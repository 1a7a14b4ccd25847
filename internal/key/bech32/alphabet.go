package bech32

// alphabet is the character of each word (BIP 173).
const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// equal is 0xff if a and b are equal, else 0, without a branch.
func equal(a, b byte) byte {
	return byte((uint32(a^b) - 1) >> 8)
}

// letter is the character of a word. All characters are read, whatever the word.
func letter(w byte) byte {
	var c byte
	for i := range alphabet {
		c |= alphabet[i] & equal(w, byte(i))
	}
	return c
}

// word is the reverse of letter.
func word(c byte) (w byte, ok bool) {
	var found byte
	for i := range alphabet {
		match := equal(c, alphabet[i])
		w |= byte(i) & match
		found |= match
	}
	return w, found != 0
}
