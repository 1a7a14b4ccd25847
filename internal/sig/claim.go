package sig

import (
	"time"

	"kai/internal/digest"
	"kai/internal/key"
)

// A Claim is one signature as a file states it. Nothing in it has been
// checked; it becomes Verified only through Check.
type Claim struct {
	// Format is the format's name, such as "sshsig".
	Format string
	// Namespace says what the signature is for. Formats without one of their
	// own use "file", "dsse:TYPE", "jws", "a2a" or "note:NAME".
	Namespace string
	// Hash names the hash of the message that was signed, "" if the message
	// itself was.
	Hash string
	// Key is the key that the file itself carries: it names the signer and
	// vouches for nothing. Zero if the file carries none.
	Key key.Public
	// KeyHint is what the format has instead of a key, in the format's own
	// text form: minisign key id, DSSE keyid, JWS kid, note verifier name.
	KeyHint string
	// NamesKey reports whether KeyHint may mean a key, given the key id that
	// came with the key, if any. Nil: the hint is too weak to tell.
	NamesKey func(k key.Public, id *[8]byte) bool
	// NeedsOneKey: the format names no key at all, so trying several would
	// let the signature choose among them.
	NeedsOneKey bool
	// Scheme and Signature are the algorithm and its value.
	Scheme    Scheme
	Signature []byte
	// Or are further schemes that the value may be of, in formats that leave
	// the algorithm to the key: those of a key's type are tried. Scheme is
	// empty where all of them are equal.
	Or []Scheme
	// Content tells how the signed bytes come from the message.
	Content Content
	// Payload is what the file carries under this signature, and PayloadType
	// its media type, as in Unverified: a file may hold several.
	Payload     []byte
	PayloadType string
	// PQ is the post-quantum half that belongs to this signature, if any.
	PQ *Claim
	// Companion is a further signature by the same key that must be good too,
	// if any.
	Companion *Companion
	// Comment and ClaimedTime are shown, never relied on, unless the format
	// signs them.
	Comment     string
	ClaimedTime time.Time
	// Certificate is the OpenSSH certificate blob that came instead of a bare
	// key; Key is then the certified key.
	Certificate []byte
	// Notes are remarks for an explanation, such as ignored trailing text.
	Notes []string
	// Fault is set by a parser that read the file but already knows that this
	// claim cannot become good: an algorithm not judged here (ErrUnsupported),
	// a key that is refused, or a part that contradicts the rest
	// (*BadSignature). Check reports it and computes nothing; a fault of PQ
	// counts as the claim's own.
	Fault error
}

func (c *Claim) fault() error {
	if c.Fault == nil && c.PQ != nil {
		return c.PQ.Fault
	}
	return c.Fault
}

// Companion is a signature beside the one over the message, by the same key
// and scheme, of bytes that stand in the signature file.
type Companion struct {
	Signed    []byte
	Signature []byte
	// Fault is the answer if it fails.
	Fault *BadSignature
}

// Content tells how the bytes under a signature come from the message that the
// caller holds. Exactly one of the four ways is used.
type Content struct {
	// Fixed are the signed bytes themselves: they stand in the signature file.
	Fixed []byte
	// Wrap builds the signed bytes from the message's hash by algorithm Hash.
	Hash digest.Algorithm
	Wrap func(sum []byte) []byte
	// Whole: the signed bytes are the message itself, of any length.
	Whole bool
	// Embed builds the signed bytes from the message itself, which must fit
	// in memory: at most MaxEmbedded bytes.
	Embed func(message []byte) []byte
}

// elsewhere reports whether the message is needed.
func (c Content) elsewhere() bool { return c.Wrap != nil || c.Whole || c.Embed != nil }

// signed returns the signed bytes, given the hash that Wrap needs.
func (c Content) signed(sum []byte) []byte {
	if c.Wrap != nil {
		return c.Wrap(sum)
	}
	return c.Fixed
}

// Over turns a claim about a message elsewhere into one about part, which is at
// hand: formats that sign a piece of their own file use it.
func (c *Claim) Over(part []byte) {
	c.Content = c.Content.over(part)
	if c.PQ != nil {
		c.PQ.Over(part)
	}
}

func (c Content) over(part []byte) Content {
	switch {
	case c.Wrap != nil:
		h := c.Hash.New()
		h.Write(part)
		return Content{Fixed: c.Wrap(h.Sum(nil))}
	case c.Whole:
		return Content{Fixed: part}
	case c.Embed != nil:
		return Content{Fixed: c.Embed(part)}
	default:
		return c
	}
}

// schemes are those that the value is tried as, in order.
func (c *Claim) schemes() []Scheme {
	if c.Scheme == "" {
		return c.Or
	}
	return append([]Scheme{c.Scheme}, c.Or...)
}

// Accepts reports whether a key of type t can have made the signature.
func (c *Claim) Accepts(t key.Type) bool {
	for _, s := range c.schemes() {
		if s.KeyType() == t {
			return true
		}
	}
	return false
}

// Unverified is a parsed signature file: its claims in file order.
type Unverified struct {
	Claims []Claim
	// Payload is what the file itself carries and its claims sign, nil for
	// detached signatures and for files of several payloads, whose claims have
	// one each. It must not be used before a claim over it is good.
	Payload []byte
	// PayloadType is the payload's media type, where the format has one.
	PayloadType string
}
