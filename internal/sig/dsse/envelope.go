package dsse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/sig"
)

// Name of the format.
const Name = "dsse"

const namespacePrefix = "dsse:"

// PAE is what a signature of an envelope signs: the pre-authentication
// encoding of protocol.md.
func PAE(payloadType string, payload []byte) []byte {
	b := make([]byte, 0, len(payload)+len(payloadType)+40)
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(append(b, ' '), payloadType...)
	b = strconv.AppendInt(append(b, ' '), int64(len(payload)), 10)
	return append(append(b, ' '), payload...)
}

// Format reads files of envelopes.
type Format struct{}

// Name implements sig.Format.
func (Format) Name() string { return Name }

// Detect implements sig.Format. Of a head that is cut in its first member,
// the file's name decides.
func (Format) Detect(head []byte, name string) bool {
	names, whole := sig.MemberNames(head)
	if names["payloadType"] {
		return true
	}
	return !whole && names["payload"] && (strings.HasSuffix(name, ".dsse") || strings.HasSuffix(name, ".jsonl"))
}

// Parse implements sig.Format. The claims of all envelopes stand in file order,
// each with its own Payload. Unverified has a payload only if the file holds
// one envelope.
func (Format) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	data, err := limits.ReadAll(r)
	if err != nil {
		return nil, err
	}
	parts, err := split(data)
	if err != nil {
		return nil, err
	}
	all := &sig.Unverified{}
	for _, p := range parts {
		o, err := canon.ParseObject(p.data)
		if err != nil {
			return nil, syntaxError(p.offset, err)
		}
		one, err := ParseEnvelope(o)
		if err != nil {
			return nil, at(p.offset, err)
		}
		all.Claims = append(all.Claims, one.Claims...)
		if err := limits.Count(len(all.Claims)); err != nil {
			return nil, err
		}
		all.Payload, all.PayloadType = one.Payload, one.PayloadType
	}
	if len(parts) > 1 {
		all.Payload, all.PayloadType = nil, ""
	}
	return all, nil
}

// part is one JSON value of a file.
type part struct {
	data   []byte
	offset int64
}

// split finds the values of a file of JSON lines. A value may stretch over
// lines, but two cannot share one.
func split(data []byte) ([]part, error) {
	var parts []part
	dec := json.NewDecoder(bytes.NewReader(data))
	end := int64(0)
	for {
		var value json.RawMessage
		if err := dec.Decode(&value); err == io.EOF {
			break
		} else if err != nil {
			// Package canon knows better what is wrong and where.
			return append(parts, part{data[end:], end}), nil
		}
		start := dec.InputOffset() - int64(len(value))
		if len(parts) > 0 && !bytes.Contains(data[end:start], []byte("\n")) {
			return nil, &sig.SyntaxError{Format: Name, Offset: start, Reason: "two envelopes on one line"}
		}
		end = dec.InputOffset()
		parts = append(parts, part{data[start:end], start})
	}
	if len(parts) == 0 {
		return nil, &sig.SyntaxError{Format: Name, Reason: "no envelope"}
	}
	return parts, nil
}

// ParseEnvelope reads one envelope, which other formats contain too. The
// errors are ErrMalformed, as *sig.SyntaxError, and ErrTooLarge.
func ParseEnvelope(o canon.Object) (*sig.Unverified, error) {
	payloadType, payload, err := parsePayload(o)
	if err != nil {
		return nil, err
	}
	entries, err := o.Objects("signatures")
	if err != nil {
		return nil, syntaxError(0, err)
	}
	if len(entries) == 0 {
		return nil, malformed("no signatures")
	}
	if err := sig.EnvelopeLimits.Count(len(entries)); err != nil {
		return nil, err
	}
	u := &sig.Unverified{Payload: payload, PayloadType: payloadType}
	signed := PAE(payloadType, payload)
	for i, e := range entries {
		c := sig.Claim{
			Format:      Name,
			Namespace:   namespacePrefix + payloadType,
			Or:          verified(),
			Content:     sig.Content{Fixed: signed},
			Payload:     payload,
			PayloadType: payloadType,
			Notes:       unknownMembers(o, "payloadType", "payload", "signatures"),
		}
		if err := parseSignature(&c, e); err != nil {
			return nil, fmt.Errorf("signature %d: %w", i+1, err)
		}
		u.Claims = append(u.Claims, c)
	}
	return u, nil
}

func parsePayload(o canon.Object) (payloadType string, payload []byte, err error) {
	if payloadType, err = o.String("payloadType"); err != nil {
		return "", nil, syntaxError(0, err)
	}
	if len(payloadType) > maxPayloadType {
		return "", nil, fmt.Errorf("%w: payload type of %d bytes, at most %d", sig.ErrTooLarge, len(payloadType), maxPayloadType)
	}
	if payloadType == "" || sig.CheckNamespace(namespacePrefix+payloadType) != nil {
		return "", nil, malformed("payloadType is empty or has control characters")
	}
	encoded, err := o.String("payload")
	if err != nil {
		return "", nil, syntaxError(0, err)
	}
	payload, ok := DecodeBase64(encoded)
	if !ok || !o.Has("payload") {
		return "", nil, malformed("payload is not base64 in its one padded form")
	}
	return payloadType, payload, nil
}

func parseSignature(c *sig.Claim, e canon.Object) error {
	encoded, err := e.String("sig")
	if err != nil {
		return syntaxError(0, err)
	}
	if len(encoded) > maxSignature*4/3+4 {
		return fmt.Errorf("%w: signature value", sig.ErrTooLarge)
	}
	value, ok := DecodeBase64(encoded)
	if !ok || len(value) == 0 {
		return malformed("sig is not base64 in its one padded form")
	}
	if c.KeyHint, err = e.String("keyid"); err != nil {
		return syntaxError(0, err)
	}
	if len(c.KeyHint) > maxKeyID {
		return fmt.Errorf("%w: keyid of %d bytes", sig.ErrTooLarge, len(c.KeyHint))
	}
	c.Signature = value
	c.Notes = append(c.Notes, unknownMembers(e, "keyid", "sig")...)
	if isFingerprint(c.KeyHint) {
		hint := c.KeyHint
		c.NamesKey = func(k key.Public, _ *[8]byte) bool { return k.Fingerprint() == hint }
	}
	return nil
}

// isFingerprint tells a hint in kai's and OpenSSH's form, which is strong, from
// the other ids that tools make up.
func isFingerprint(id string) bool {
	const digits = 43 // of a SHA-256 in unpadded base64
	rest, ok := strings.CutPrefix(id, "SHA256:")
	return ok && len(rest) == digits
}

// unknownMembers is the note about members that nothing signs, if any.
func unknownMembers(o canon.Object, known ...string) []string {
	n := len(o)
	for _, name := range known {
		if o.Has(name) {
			n--
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d unknown members, which nothing signs, are ignored", n)}
}

func malformed(reason string) error { return &sig.SyntaxError{Format: Name, Reason: reason} }

// syntaxError turns an error of package canon, in JSON that starts at offset,
// into one about the file.
func syntaxError(offset int64, err error) error {
	reason := err.Error()
	var at *canon.Error
	if errors.As(err, &at) && at.Offset >= 0 {
		offset += int64(at.Offset)
		reason = "JSON: " + at.Reason()
	}
	return &sig.SyntaxError{Format: Name, Offset: offset, Reason: reason}
}

// at moves an error inside an envelope to where the envelope stands.
func at(offset int64, err error) error {
	var e *sig.SyntaxError
	if errors.As(err, &e) {
		e.Offset += offset
	}
	return err
}
