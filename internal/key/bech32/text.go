package bech32

// Encode is Append with Bech32 for bytes that are public.
func Encode(prefix string, data []byte) (string, error) { return encode(Bech32, prefix, data) }

// Decode is Parse with Bech32 for bytes that are public.
func Decode(text string) (prefix string, data []byte, err error) {
	return Parse(Bech32, []byte(text))
}

// EncodeM is Append with Bech32m for bytes that are public.
func EncodeM(prefix string, data []byte) (string, error) { return encode(Bech32m, prefix, data) }

// DecodeM is Parse with Bech32m for bytes that are public.
func DecodeM(text string) (prefix string, data []byte, err error) {
	return Parse(Bech32m, []byte(text))
}

func encode(v Variant, prefix string, data []byte) (string, error) {
	text, err := Append(nil, v, prefix, data)
	return string(text), err
}
