package note

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"kai/internal/key"
	"kai/internal/sig"
)

// Format is the signed note, "note" in reports.
type Format struct{}

// Name implements sig.Format.
func (Format) Name() string { return "note" }

// Detect implements sig.Format: an empty line and signature lines to the end.
// Where head is not the whole file, the beginning of a text and the name have
// to do.
func (Format) Detect(head []byte, name string) bool {
	const whole = 4096
	if len(head) >= whole {
		return strings.HasSuffix(name, ".note") && !bytes.ContainsAny(head, "\x00\r")
	}
	_, err := split(head)
	return err == nil
}

// Parse reads a note: its payload is the text, and every line that can be an
// Ed25519 signature is one claim about it. A note without such a line is
// ErrUnsupported; a text of another domain is ErrDomain.
func (f Format) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	data, err := limits.ReadAll(r)
	if err != nil {
		return nil, err
	}
	n, err := split(data)
	if err != nil {
		return nil, err
	}
	if err := limits.Count(len(n.UnverifiedSigs)); err != nil {
		return nil, err
	}
	if err := sig.CheckBare([]byte(n.Text)); err != nil {
		return nil, fmt.Errorf("note: %w", err)
	}
	u := &sig.Unverified{Payload: []byte(n.Text), PayloadType: "text/plain; charset=utf-8"}
	ignored := 0
	for _, s := range n.UnverifiedSigs {
		raw, err := base64.StdEncoding.Strict().DecodeString(s.Base64)
		if err != nil {
			return nil, &sig.SyntaxError{Format: f.Name(), Offset: int64(bytes.Index(data, []byte(s.Base64))), Reason: "base64 that would be written otherwise"}
		}
		value := raw[4:]
		if len(value) != ed25519.SignatureSize {
			ignored++
			continue
		}
		if err := checkName(s.Name); err != nil {
			return nil, fmt.Errorf("note: %w", err)
		}
		u.Claims = append(u.Claims, sig.Claim{
			Format:    f.Name(),
			Namespace: Namespace(s.Name),
			KeyHint:   fmt.Sprintf("%s+%08x", s.Name, s.Hash),
			NamesKey: func(pub key.Public, _ *[8]byte) bool {
				hash, err := keyHash(s.Name, pub)
				return err == nil && hash == s.Hash
			},
			Scheme:      sig.Ed25519,
			Signature:   value,
			Content:     sig.Content{Fixed: u.Payload},
			Payload:     u.Payload,
			PayloadType: u.PayloadType,
		})
	}
	if len(u.Claims) == 0 {
		return nil, fmt.Errorf("note: %w: no line can be an Ed25519 signature", sig.ErrUnsupported)
	}
	if ignored > 0 {
		u.Claims[0].Notes = append(u.Claims[0].Notes, fmt.Sprintf("%d signature lines of other kinds of keys are ignored", ignored))
	}
	return u, nil
}

// split takes a note apart without checking anything: to the framing's own
// library, nobody is known.
func split(data []byte) (*note.Note, error) {
	_, err := note.Open(data, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return nil, &sig.SyntaxError{Format: Format{}.Name(), Reason: "not a text with signature lines below an empty line"}
	}
	return unverified.Note, nil
}

// Namespace is that of signatures under a name.
func Namespace(name string) string { return "note:" + name }

// keyHash is the hash that stands in the lines of a key under a name. The
// errors are those of key.Public.VKey.
func keyHash(name string, pub key.Public) (uint32, error) {
	vkey, err := pub.VKey(name)
	if err != nil {
		return 0, err
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return 0, err
	}
	return v.KeyHash(), nil
}
