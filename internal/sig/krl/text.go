package krl

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// ParseText reads what OpenSSH takes in a list's place: public keys, one a
// line, with empty lines and comments. Unlike there, a key also revokes its
// certificates.
//
// The errors are ErrMalformed, with the line, and ErrTooLarge.
func ParseText(data []byte) (*List, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxFile)
	}
	list := newList()
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		pub, _, options, _, err := ssh.ParseAuthorizedKey([]byte(text))
		if err != nil || len(options) > 0 {
			return nil, fmt.Errorf("%w: line %d: no public key", ErrMalformed, number)
		}
		list.keys[string(pub.Marshal())] = true
	}
	return list, nil
}
