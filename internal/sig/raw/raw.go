package raw

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"

	"kai/internal/digest"
	"kai/internal/key"
	"kai/internal/sig"
)

// Format is the bare value, "raw" in reports.
type Format struct{}

// Name implements sig.Format.
func (Format) Name() string { return "raw" }

// Detect implements sig.Format. It is to be asked last: a file of the right
// length is all there is to see.
func (Format) Detect(head []byte, _ string) bool {
	_, ok := claimOf(head)
	return ok
}

// Parse reads a value: one claim about the whole message, for the namespace
// "file", without any hint of a key.
func (f Format) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	data, err := limits.ReadAll(r)
	if err != nil {
		return nil, err
	}
	c, ok := claimOf(data)
	if !ok {
		return nil, &sig.SyntaxError{Format: f.Name(), Reason: fmt.Sprintf("%d bytes that are no signature value", len(data))}
	}
	return &sig.Unverified{Claims: []sig.Claim{c}}, nil
}

// claimOf tells what kind of value data is, in the order of the package
// documentation.
func claimOf(data []byte) (sig.Claim, bool) {
	c := sig.Claim{
		Format:      Format{}.Name(),
		Namespace:   "file",
		NeedsOneKey: true,
		Signature:   data,
		Content:     sig.Content{Whole: true},
	}
	if len(data) > maxValue {
		return sig.Claim{}, false
	}
	if value, ok := textValue(data); ok {
		c.Scheme, c.Signature = sig.Ed25519, value
		return c, true
	}
	switch n := len(data); {
	case isText(data):
		return sig.Claim{}, false
	case n == ed25519.SignatureSize:
		c.Scheme = sig.Ed25519
	case n <= maxP256 && isDER(data):
		c.Scheme, c.Hash = sig.ECDSASHA256, digest.SHA256.String()
	case n <= maxP384 && isDER(data):
		c.Scheme, c.Hash = sig.P384SHA256, digest.SHA256.String()
	case n >= minRSA && n%stepRSA == 0:
		c.Scheme, c.Or, c.Hash = sig.RSAPSSSHA256, []sig.Scheme{sig.RSASHA256}, digest.SHA256.String()
	default:
		return sig.Claim{}, false
	}
	return c, true
}

// isDER reports whether data is one short SEQUENCE that begins with an INTEGER.
func isDER(data []byte) bool {
	return len(data) > 2 && data[0] == 0x30 && int(data[1]) == len(data)-2 && data[2] == 0x02
}

// Sign returns the value for a message, in binary. The scheme is the one of the
// key's type: Ed25519, ECDSA P-256 or RSA-PSS. An Ed25519 message is read into
// memory, up to MaxMessage bytes; others are read once, of any length.
//
// The errors are sig.ErrDomain, ErrMessageTooLarge, the reader's, and those of
// sig.Scheme.Sign; sig.ErrScheme for keys of other types.
func Sign(ctx context.Context, rand io.Reader, signer sig.Signer, message io.Reader) ([]byte, error) {
	head := make([]byte, sig.DomainSize)
	n, err := io.ReadFull(message, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("raw: message: %w", err)
	}
	head = head[:n]
	if err := sig.CheckBare(head); err != nil {
		return nil, fmt.Errorf("raw: %w", err)
	}
	message = io.MultiReader(bytes.NewReader(head), message)
	switch t := signer.Public.Type(); t {
	case key.Ed25519:
		return signWhole(rand, signer, message)
	case key.ECDSAP256:
		return signStream(ctx, rand, signer, sig.ECDSASHA256, message)
	case key.RSA:
		return signStream(ctx, rand, signer, sig.RSAPSSSHA256, message)
	default:
		return nil, fmt.Errorf("raw: %w: a key of type %s makes no bare signatures", sig.ErrScheme, t)
	}
}

func signWhole(rand io.Reader, signer sig.Signer, message io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(message, MaxMessage+1))
	if err != nil {
		return nil, fmt.Errorf("raw: message: %w", err)
	}
	if len(data) > MaxMessage {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrMessageTooLarge, MaxMessage)
	}
	value, err := sig.Ed25519.Sign(rand, signer.Public, signer.Signer, data)
	if err != nil {
		return nil, fmt.Errorf("raw: %w", err)
	}
	return value, nil
}

func signStream(ctx context.Context, rand io.Reader, signer sig.Signer, scheme sig.Scheme, message io.Reader) ([]byte, error) {
	sums, err := digest.Sums(ctx, message, []digest.Spec{{Algorithm: digest.SHA256}})
	if err != nil {
		return nil, fmt.Errorf("raw: message: %w", err)
	}
	value, err := scheme.SignDigest(rand, signer.Public, signer.Signer, sums[0])
	if err != nil {
		return nil, fmt.Errorf("raw: %w", err)
	}
	return value, nil
}
