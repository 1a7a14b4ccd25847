package dsse

import (
	"encoding/base64"
	"strings"
)

// DecodeBase64 reads padded base64 in either alphabet and accepts no second
// spelling of the same bytes. (encoding/base64 alone would skip line breaks.)
func DecodeBase64(s string) (data []byte, ok bool) {
	encoding := base64.StdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.URLEncoding
	}
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	data, err := encoding.Strict().DecodeString(s)
	return data, err == nil
}
