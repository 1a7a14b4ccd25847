package raw

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
)

const (
	hexSize    = 2 * ed25519.SignatureSize
	base64Size = 88
)

// textValue decodes an Ed25519 value written as text. ok is false for anything
// else.
func textValue(data []byte) (value []byte, ok bool) {
	line := bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	if len(line) == hexSize {
		value = make([]byte, ed25519.SignatureSize)
		_, err := hex.Decode(value, line)
		return value, err == nil
	}
	line = joined(line)
	if len(line) != base64Size || bytes.ContainsAny(line, "\r\n") { // the decoder would skip them
		return nil, false
	}
	value, err := base64.StdEncoding.Strict().DecodeString(string(line))
	return value, err == nil && len(value) == ed25519.SignatureSize
}

// joined takes out the one line break that openssl base64 (after 64 characters)
// and base64 of coreutils (after 76) put into 88 characters.
func joined(line []byte) []byte {
	for _, at := range []int{64, 76} {
		if len(line) == base64Size+1 && line[at] == '\n' {
			return append(bytes.Clone(line[:at]), line[at+1:]...)
		}
	}
	return line
}

// isText reports whether data is printable ASCII throughout, which no value of
// 64 random bytes or more is.
func isText(data []byte) bool {
	for _, c := range data {
		if (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}
