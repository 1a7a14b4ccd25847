package sig

import (
	"bytes"
	"fmt"
)

// domains are what the signed bytes of kai's other formats begin with.
var domains = []string{"SSHSIG", "KAISIG", "DSSEv1 ", "kai-sig"}

// DomainSize is how much of a message CheckBare must see: the longest domain.
const DomainSize = 7

// CheckBare refuses to sign, in formats that sign the message as it stands, a
// message that begins like the signed bytes of another format: the signature
// could be moved into a file of that format and would be good there. head is
// the message or at least its first DomainSize bytes.
//
// The error is ErrDomain.
func CheckBare(head []byte) error {
	for _, d := range domains {
		if bytes.HasPrefix(head, []byte(d)) {
			return fmt.Errorf("%w: it begins with %q", ErrDomain, d)
		}
	}
	return nil
}
