package manifest

import (
	"bytes"
	"io"

	"kai/internal/sig"
)

// Format is the manifest among the formats of signatures. Its Parse reads the
// entries and lets go of them: Open keeps a way to them.
type Format struct{}

// ProofFormat is the proof among the formats of signatures.
type ProofFormat struct{}

var (
	_ sig.Format = Format{}
	_ sig.Format = ProofFormat{}
)

// Name is "manifest".
func (Format) Name() string { return formatName }

// Name is "proof".
func (ProofFormat) Name() string { return proofFormatName }

// Detect looks at the first line; the name does not count.
func (Format) Detect(head []byte, _ string) bool {
	return bytes.HasPrefix(head, []byte(magic+"\n"))
}

// Detect looks at the first line; the name does not count.
func (ProofFormat) Detect(head []byte, _ string) bool {
	return bytes.HasPrefix(head, []byte(proofMagic+"\n"))
}

// Parse reads a manifest as Open does. The payload is the head.
func (Format) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	m, err := read(r, limits)
	if err != nil {
		return nil, err
	}
	return &sig.Unverified{Claims: m.claims, Payload: m.Signed()}, nil
}

// Parse reads a proof as ReadProof does. The payload is the head.
func (ProofFormat) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	p, err := readProof(r, limits)
	if err != nil {
		return nil, err
	}
	return &sig.Unverified{Claims: p.claims, Payload: p.Signed()}, nil
}
