package minisign

import (
	"bytes"
	"fmt"
	"io"

	"kai/internal/digest"
	"kai/internal/key"
	"kai/internal/sig"
)

// Format is minisign's, "minisign" in reports.
type Format struct{}

// Name implements sig.Format.
func (Format) Name() string { return "minisign" }

// Detect implements sig.Format: the first two lines, then a trusted comment or
// the algorithm that only minisign has.
func (Format) Detect(head []byte, _ string) bool {
	found, four := looksLike(head)
	return found && four
}

// Parse reads a signature file: one claim about the whole message, for the
// namespace "file", whose comment and time are the trusted ones.
func (f Format) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	data, err := limits.ReadAll(r)
	if err != nil {
		return nil, err
	}
	l := lines{format: f.Name(), data: data}
	parsed, err := l.file()
	if err != nil {
		return nil, err
	}
	c := parsed.claim(f.Name())
	c.Comment = parsed.trusted
	c.ClaimedTime = claimedTime(parsed.trusted)
	c.Companion = &sig.Companion{
		Signed:    parsed.covered(),
		Signature: parsed.global,
		Fault:     &sig.BadSignature{Code: "trusted_comment", Reason: "global signature over the trusted comment does not verify"},
	}
	c.Notes = l.notes()
	return &sig.Unverified{Claims: []sig.Claim{c}}, nil
}

// claim is what the first two lines state.
func (b block) claim(format string) sig.Claim {
	c := sig.Claim{
		Format:    format,
		Namespace: "file",
		KeyHint:   b.id.String(),
		NamesKey:  b.names,
		Scheme:    sig.Ed25519,
		Signature: b.value,
		Content:   sig.Content{Whole: true},
	}
	if b.algorithm == prehashed {
		c.Hash = digest.BLAKE2b.String()
		c.Content = sig.Content{Hash: digest.BLAKE2b, Wrap: bytes.Clone}
	}
	return c
}

// names reports whether the file names a key. A key that came without an id has
// the one that kai gives it: without that rule, every file of a stranger would
// be a bad signature of whoever's key is at hand.
func (b block) names(pub key.Public, id *[8]byte) bool {
	if id == nil {
		return b.id == pub.KeyID()
	}
	return b.id == *id
}

// Sign returns a signature file for the message whose BLAKE2b-512 is sum.
//
// The signer's key is Ed25519; id is the key id that its minisign public key
// carries, key.Public.KeyID for one that has no other. Either comment may be empty; see TrustedComment for the usual text.
//
// The errors are ErrComment, and those of sig.Scheme.Sign.
func Sign(rand io.Reader, signer sig.Signer, id KeyID, sum []byte, untrusted, trusted string) ([]byte, error) {
	if len(sum) != digest.BLAKE2b.Size() {
		return nil, fmt.Errorf("minisign: digest of %d bytes, want %d", len(sum), digest.BLAKE2b.Size())
	}
	if err := checkComment("untrusted", untrusted, maxUntrustedLine-len(untrustedPrefix)); err != nil {
		return nil, err
	}
	if err := checkComment("trusted", trusted, maxTrustedLine-len(trustedPrefix)); err != nil {
		return nil, err
	}
	f := file{block: block{untrusted: untrusted, algorithm: prehashed, id: id}, trusted: trusted}
	var err error
	if f.value, err = sig.Ed25519.Sign(rand, signer.Public, signer.Signer, sum); err != nil {
		return nil, fmt.Errorf("minisign: %w", err)
	}
	if f.global, err = sig.Ed25519.Sign(rand, signer.Public, signer.Signer, f.covered()); err != nil {
		return nil, fmt.Errorf("minisign: trusted comment: %w", err)
	}
	return f.append(nil), nil
}
