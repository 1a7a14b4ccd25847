package bech32

// ParseWords gives tests the words of a text whose padding is not that of bytes.
func ParseWords(v Variant, text string) (prefix string, words []byte, err error) {
	return parseWords(v, []byte(text), nil)
}
