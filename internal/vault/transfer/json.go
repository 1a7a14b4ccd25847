package transfer

import "encoding/base64"

// AppendJSON adds a JSON string as RFC 8785 spells it. text is UTF-8.
func AppendJSON(b *Buffer, text []byte) {
	const hex = "0123456789abcdef"
	b.Grow(len(text) + 2)
	b.Append('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.Append('\\', c)
		case c >= ' ':
			b.Append(c)
		case c == '\b':
			b.Append('\\', 'b')
		case c == '\t':
			b.Append('\\', 't')
		case c == '\n':
			b.Append('\\', 'n')
		case c == '\f':
			b.Append('\\', 'f')
		case c == '\r':
			b.Append('\\', 'r')
		default:
			b.Append('\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	b.Append('"')
}

// AppendEncoded adds p in base64.
func (b *Buffer) AppendEncoded(encoding *base64.Encoding, p []byte) {
	n := encoding.EncodedLen(len(p))
	b.Grow(n)
	start := len(b.bytes)
	b.bytes = b.bytes[:start+n]
	encoding.Encode(b.bytes[start:], p)
}
