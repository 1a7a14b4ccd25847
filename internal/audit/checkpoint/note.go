package checkpoint

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// dash begins a signature line: U+2014 and a space.
const dash = "\u2014 "

// Signature is a line of a note that nobody has verified.
type Signature struct {
	Name  string // of the key, as the line says
	Hash  uint32 // of the key, as the line says
	line  string // with its line feed
	value []byte // what follows the key hash
}

// Line is the whole line with its line feed.
func (s Signature) Line() string { return s.line }

// Note is a parsed note whose signatures nobody has verified.
type Note struct {
	claimed    Checkpoint
	body       string
	signatures []Signature
}

// ParseNote reads a signed checkpoint of at most MaxNote bytes: the body, an
// empty line, and 1 to MaxSignatures signature lines. A note that it accepts has
// no other spelling.
//
// The error is ErrMalformed.
//
// Format: https://c2sp.org/signed-note
func ParseNote(data []byte) (*Note, error) {
	if len(data) > MaxNote {
		return nil, &SyntaxError{What: "note", Offset: MaxNote, Reason: fmt.Sprintf("longer than %d bytes", MaxNote)}
	}
	// A body has no empty line, so that the first one is also the last, which
	// the specification divides at.
	body, lines, ok := strings.Cut(string(data), "\n\n")
	if !ok {
		return nil, &SyntaxError{What: "note", Offset: len(data), Reason: "no empty line below the text"}
	}
	body += "\n"
	c, err := Parse([]byte(body))
	if err != nil {
		return nil, err
	}
	signatures, err := parseLines(lines, len(body)+1)
	if err != nil {
		return nil, err
	}
	return &Note{claimed: c, body: body, signatures: signatures}, nil
}

// ParseLines reads 1 to MaxSignatures signature lines of at most MaxNote bytes:
// what a witness answers with. Nothing is verified.
//
// The error is ErrMalformed.
func ParseLines(data []byte) ([]Signature, error) {
	if len(data) > MaxNote {
		return nil, &SyntaxError{What: "note", Offset: MaxNote, Reason: fmt.Sprintf("longer than %d bytes", MaxNote)}
	}
	return parseLines(string(data), 0)
}

// parseLines reads all of text, which begins at an offset of its file.
func parseLines(text string, offset int) ([]Signature, error) {
	var signatures []Signature
	for first := true; first || text != ""; first = false {
		line, rest, ok := strings.Cut(text, "\n")
		s, reason := parseLine(line)
		switch {
		case !ok:
			reason = "no line feed at the end"
		case len(signatures) == MaxSignatures:
			reason = fmt.Sprintf("more than %d signatures", MaxSignatures)
		}
		if reason != "" {
			return nil, &SyntaxError{What: "note", Offset: offset, Reason: reason}
		}
		signatures = append(signatures, s)
		offset += len(line) + 1
		text = rest
	}
	return signatures, nil
}

// parseLine reads a line without its line feed, or says what is wrong.
func parseLine(line string) (s Signature, reason string) {
	rest, ok := strings.CutPrefix(line, dash)
	if !ok {
		return s, "not a signature line"
	}
	name, encoded, ok := strings.Cut(rest, " ")
	if !ok || !utf8.ValidString(name) || checkName(name) != nil {
		return s, "bad key name in a signature line"
	}
	data, ok := decodeBase64(encoded)
	if !ok {
		return s, "bad base64 in a signature line"
	}
	if len(data) < 5 {
		return s, "signature without a value"
	}
	return Signature{Name: name, Hash: binary.BigEndian.Uint32(data), line: line + "\n", value: data[4:]}, ""
}

// Claimed is the checkpoint that nobody has verified.
func (n *Note) Claimed() Checkpoint { return n.claimed }

// Signatures are the lines in their order.
func (n *Note) Signatures() []Signature { return slices.Clone(n.signatures) }

// Bytes is the note again, byte for byte.
func (n *Note) Bytes() []byte {
	var b strings.Builder
	b.WriteString(n.body + "\n")
	for _, s := range n.signatures {
		b.WriteString(s.line)
	}
	return []byte(b.String())
}

// Under returns the note with the lines under one name only, which are still not
// verified: a log's own, for instance, under its origin. The error is ErrUntrusted
// when there are none.
func (n *Note) Under(name string) (*Note, error) {
	own := *n
	own.signatures = nil
	for _, s := range n.signatures {
		if s.Name == name {
			own.signatures = append(own.signatures, s)
		}
	}
	if len(own.signatures) == 0 {
		return nil, fmt.Errorf("note: %w: no line under %q", ErrUntrusted, name)
	}
	return &own, nil
}

// VerifiedSignature is a line that its key made.
type VerifiedSignature struct {
	Signature
	Key  *Verifier // one of the known
	Time time.Time // as Verifier.Time says; the key's owner vouches for it
}

// Verified is a checkpoint with at least one signature by a known key. Only
// Verify and Open make one.
type Verified struct {
	checkpoint Checkpoint
	signatures []VerifiedSignature
	unverified []Signature
}

// Checkpoint is what the known keys have signed.
func (v *Verified) Checkpoint() Checkpoint { return v.checkpoint }

// Signatures are the verified lines in the note's order. One key may have
// several, with different times.
func (v *Verified) Signatures() []VerifiedSignature { return slices.Clone(v.signatures) }

// Unverified are the lines of unknown keys. They say nothing.
func (v *Verified) Unverified() []Signature { return slices.Clone(v.unverified) }

// By returns the newest signature of a key.
func (v *Verified) By(k *Verifier) (VerifiedSignature, bool) {
	var newest VerifiedSignature
	found := false
	for _, s := range v.signatures {
		if s.Key.Equal(k) && (!found || s.Time.After(newest.Time)) {
			newest, found = s, true
		}
	}
	return newest, found
}

// Open parses a note and verifies it: ParseNote and Verify in one.
//
// The errors are ErrMalformed and those of Verify.
func Open(data []byte, known ...*Verifier) (*Verified, error) {
	n, err := ParseNote(data)
	if err != nil {
		return nil, err
	}
	return n.Verify(known...)
}

// Verify checks every line of a known key. A line that is repeated counts once.
//
// The errors are ErrSignature (*BadSignature) when a line of a known key does
// not verify, whatever other lines do; ErrUntrusted when no line is of a known
// key; and ErrAmbiguous for the known keys themselves.
//
// golang.org/x/mod/sumdb/note's Open looks at the first line of a key only; here
// a bad second one counts.
func (n *Note) Verify(known ...*Verifier) (*Verified, error) {
	ring, err := newRing(known)
	if err != nil {
		return nil, err
	}
	v := &Verified{checkpoint: n.claimed}
	seen := make(map[string]bool)
	for _, s := range n.signatures {
		if seen[s.line] {
			continue
		}
		seen[s.line] = true
		signature, known, err := ring.verify(n.body, s)
		switch {
		case err != nil:
			return nil, err
		case known:
			v.signatures = append(v.signatures, signature)
		default:
			v.unverified = append(v.unverified, s)
		}
	}
	if len(v.signatures) == 0 {
		return nil, fmt.Errorf("note: %w", ErrUntrusted)
	}
	return v, nil
}

// ring finds a known key by what a line says of it.
type ring map[keyID]*Verifier

type keyID struct {
	name string
	hash uint32
}

func newRing(known []*Verifier) (ring, error) {
	r := make(ring, len(known))
	for _, k := range known {
		at := keyID{k.name, k.hash}
		if old, ok := r[at]; ok && !old.Equal(k) {
			return nil, fmt.Errorf("%w: %s", ErrAmbiguous, id(k.name, k.hash))
		}
		r[at] = k
	}
	return r, nil
}

// verify checks one line under a body. known says whether its key is.
func (r ring) verify(body string, s Signature) (v VerifiedSignature, known bool, err error) {
	k, ok := r[keyID{s.Name, s.Hash}]
	if !ok {
		return v, false, nil
	}
	if !k.Verify([]byte(body), s.value) {
		return v, true, &BadSignature{Name: s.Name, Hash: s.Hash}
	}
	return VerifiedSignature{Signature: s, Key: k, Time: k.Time(s.value)}, true, nil
}

// join makes a note of a body and its lines.
func join(body string, lines []string) ([]byte, error) {
	if len(lines) > MaxSignatures {
		return nil, fmt.Errorf("%w: %d signatures, at most %d", ErrFull, len(lines), MaxSignatures)
	}
	out := body + "\n" + strings.Join(lines, "")
	if len(out) > MaxNote {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrFull, len(out), MaxNote)
	}
	return []byte(out), nil
}
