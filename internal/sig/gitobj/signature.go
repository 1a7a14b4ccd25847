package gitobj

import (
	"bytes"
	"errors"
	"fmt"

	"kai/internal/sig"
	"kai/internal/sig/sshsig"
)

// Namespace is what signatures of git objects are for.
const Namespace = "git"

// ErrUnsigned: an object without a signature.
var ErrUnsigned = errors.New("object is not signed")

// beginning is a line that begins a signature, and what of.
type beginning struct{ line, program string }

// beginnings are those that git knows, see gpg.format in git-config(1). An empty
// program is this one.
func beginnings() []beginning {
	return []beginning{
		{"-----BEGIN SSH SIGNATURE-----", ""},
		{"-----BEGIN PGP SIGNATURE-----", "OpenPGP signature, which git verify-commit judges with gpg or sq"},
		{"-----BEGIN PGP MESSAGE-----", "OpenPGP signature, which git verify-commit judges with gpg or sq"},
		{"-----BEGIN SIGNED MESSAGE-----", "X.509 signature, which git verify-commit judges with gpgsm"},
	}
}

func beginningOf(text []byte) (beginning, bool) {
	for _, b := range beginnings() {
		if bytes.HasPrefix(text, []byte(b.line)) {
			return b, true
		}
	}
	return beginning{}, false
}

// splitTrailer cuts a tag's message before its signature, which begins with the
// last line that can begin one.
func splitTrailer(body []byte) (message, trailer []byte) {
	cut := len(body)
	for pos := 0; pos < len(body); {
		if _, ok := beginningOf(body[pos:]); ok {
			cut = pos
		}
		n := bytes.IndexByte(body[pos:], '\n')
		if n < 0 {
			break
		}
		pos += n + 1
	}
	if cut == len(body) {
		return body, nil
	}
	return body[:cut:cut], body[cut:]
}

// Claim is the object's signature, over the object's payload.
//
// The errors are ErrUnsigned, sig.ErrUnsupported for signatures of OpenPGP and
// X.509, and those of sshsig.Parse; of more than one signature it is
// sig.ErrMalformed.
func (o *Object) Claim() (*sig.Claim, error) {
	signature := o.Signature()
	if signature == nil {
		return nil, ErrUnsigned
	}
	b, ok := beginningOf(signature)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: of no kind that git knows", sig.ErrMalformed)
	case b.program != "":
		return nil, fmt.Errorf("%w: %s", sig.ErrUnsupported, b.program)
	}
	parsed, err := sshsig.Parse(signature, sig.DetachedLimits)
	if err != nil {
		return nil, err
	}
	if len(parsed.Claims) != 1 {
		return nil, fmt.Errorf("%w: %d signatures in one git object", sig.ErrMalformed, len(parsed.Claims))
	}
	c := &parsed.Claims[0]
	c.Over(o.Payload())
	if p, err := o.Person(); err == nil {
		c.ClaimedTime = p.Time
	}
	return c, nil
}
