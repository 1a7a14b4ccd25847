package minisign

import (
	"io"

	"kai/internal/sig"
)

// Signify is signify's format, "signify" in reports. It is only verified.
type Signify struct{}

// Name implements sig.Format.
func (Signify) Name() string { return "signify" }

// Detect implements sig.Format: the two lines, and not minisign's third.
func (Signify) Detect(head []byte, _ string) bool {
	found, four := looksLike(head)
	return found && !four
}

// Parse reads a detached signature file: one claim about the whole message,
// for the namespace "file".
func (f Signify) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	data, err := limits.ReadAll(r)
	if err != nil {
		return nil, err
	}
	l := lines{format: f.Name(), data: data}
	b, err := l.block()
	switch {
	case err != nil:
		return nil, err
	case b.algorithm != legacy:
		return nil, l.fault(0, "algorithm is minisign's, but its third line is missing")
	case l.open: // signify refuses it too
		return nil, l.fault(len(data), "signature line is not ended")
	case l.offset != len(data):
		return nil, l.fault(l.offset, "bytes after the second line; embedded messages are not read")
	}
	c := b.claim(f.Name())
	c.Notes = l.notes()
	return &sig.Unverified{Claims: []sig.Claim{c}}, nil
}
