package jws

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"kai/internal/canon"
	"kai/internal/sig"
)

// Name of the format, and the namespace of its signatures.
const Name = "jws"

// Format reads signatures in the four forms.
type Format struct{}

// Name implements sig.Format.
func (Format) Name() string { return Name }

// Detect implements sig.Format. Of an object that is cut before its signatures,
// the file's name decides.
func (Format) Detect(head []byte, name string) bool {
	if bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{")) {
		names, whole := sig.MemberNames(head)
		switch {
		case names["payloadType"] || names["mediaType"] || !names["payload"]:
			return false
		case names["signatures"] || names["protected"] && names["signature"]:
			return true
		}
		return !whole && strings.HasSuffix(name, ".jws")
	}
	protected, rest, ended := bytes.Cut(head, []byte("."))
	if !ended { // a header with certificates in it
		protected = protected[:len(protected)&^3]
	}
	header, ok := decode(string(protected))
	if !ok || !isText(rest) || !ended && len(head) < cutHead {
		return false
	}
	names, whole := sig.MemberNames(header)
	return names["alg"] && (whole || !ended)
}

// cutHead is the length of a head that is not a whole file.
const cutHead = 4 << 10

// isText reports whether rest can be what follows the header in compact form.
func isText(rest []byte) bool {
	for _, b := range bytes.TrimRight(rest, "\r\n") {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-', b == '_', b == '.':
		default:
			return false
		}
	}
	return true
}

// Parse implements sig.Format. The claims of a detached signature are over the
// caller's message, which must fit in memory.
func (Format) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	data, err := limits.ReadAll(r)
	if err != nil {
		return nil, err
	}
	f, err := parseFile(data)
	if err != nil {
		return nil, err
	}
	if err := limits.Count(len(f.signatures)); err != nil {
		return nil, err
	}
	return f.unverified()
}

// file is what the four forms have in common.
type file struct {
	payload    []byte // nil if detached
	signatures []signature
}

type signature struct {
	protected   string
	unprotected canon.Object
	value       []byte
}

func parseFile(data []byte) (*file, error) {
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return parseObject(data)
	}
	return parseCompact(data)
}

func parseCompact(data []byte) (*file, error) {
	text := strings.TrimSuffix(string(data), "\n")
	text = strings.TrimSuffix(text, "\r")
	parts := strings.SplitN(text, ".", 4)
	if len(parts) != 3 {
		return nil, malformed("not three parts with dots between them")
	}
	f := &file{}
	if parts[1] != "" {
		payload, ok := decode(parts[1])
		if !ok {
			return nil, &sig.SyntaxError{Format: Name, Offset: int64(len(parts[0]) + 1), Reason: "payload is not base64url in its one unpadded form"}
		}
		f.payload = payload
	}
	value, err := decodeSignature(parts[2])
	if err != nil {
		return nil, err
	}
	f.signatures = []signature{{protected: parts[0], value: value}}
	return f, nil
}

func parseObject(data []byte) (*file, error) {
	o, err := canon.ParseObject(data)
	if err != nil {
		return nil, syntaxError(err)
	}
	if !o.Has("payload") {
		return nil, malformed("no payload")
	}
	encoded, err := o.String("payload")
	if err != nil {
		return nil, syntaxError(err)
	}
	payload, ok := decode(encoded)
	if !ok {
		return nil, malformed("payload is not base64url in its one unpadded form")
	}
	f := &file{payload: append([]byte{}, payload...)} // not nil: it is not detached
	general := o.Has("signatures")
	if general && (o.Has("signature") || o.Has("protected") || o.Has("header")) {
		return nil, malformed("both general and flattened")
	}
	entries := []canon.Object{o}
	if general {
		if entries, err = o.Objects("signatures"); err != nil {
			return nil, syntaxError(err)
		}
	}
	if f.signatures, err = parseSignatures(entries); err != nil {
		return nil, err
	}
	return f, nil
}

func parseSignatures(entries []canon.Object) ([]signature, error) {
	if len(entries) == 0 {
		return nil, malformed("no signatures")
	}
	list := make([]signature, 0, len(entries))
	for i, e := range entries {
		s, err := parseSignature(e)
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i+1, err)
		}
		list = append(list, s)
	}
	return list, nil
}

func parseSignature(e canon.Object) (s signature, err error) {
	if s.protected, err = e.String("protected"); err != nil {
		return s, syntaxError(err)
	}
	if s.protected == "" {
		return s, malformed("no protected header")
	}
	if s.unprotected, err = e.Object("header"); err != nil {
		return s, syntaxError(err)
	}
	encoded, err := e.String("signature")
	if err != nil {
		return s, syntaxError(err)
	}
	s.value, err = decodeSignature(encoded)
	return s, err
}

func decodeSignature(encoded string) ([]byte, error) {
	if len(encoded) > maxSignature*4/3+4 {
		return nil, fmt.Errorf("%w: signature value", sig.ErrTooLarge)
	}
	value, ok := decode(encoded)
	if !ok {
		return nil, malformed("signature is not base64url in its one unpadded form")
	}
	return value, nil
}

func (f *file) unverified() (*sig.Unverified, error) {
	u := &sig.Unverified{Payload: f.payload}
	for i, s := range f.signatures {
		c, err := s.claim(Name, f.payload)
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i+1, err)
		}
		u.Claims = append(u.Claims, c)
	}
	return u, nil
}

// claim is about payload or, if that is nil, about a message elsewhere.
func (s signature) claim(format string, payload []byte) (sig.Claim, error) {
	c := sig.Claim{Format: format, Namespace: format, Signature: s.value, Payload: payload}
	if err := parseHeader(&c, s.protected, s.unprotected); err != nil {
		return c, err
	}
	if c.Fault == nil && len(s.value) == 0 {
		return c, malformed("empty signature")
	}
	if payload == nil {
		protected := s.protected
		c.Content.Embed = func(message []byte) []byte { return signingInput(protected, message) }
		return c, nil
	}
	c.Content.Fixed = signingInput(s.protected, payload)
	return c, nil
}

// syntaxError turns an error of package canon into one about the file.
func syntaxError(err error) error {
	e := &sig.SyntaxError{Format: Name, Reason: err.Error()}
	var at *canon.Error
	if errors.As(err, &at) && at.Offset >= 0 {
		e.Offset, e.Reason = int64(at.Offset), "JSON: "+at.Reason()
	}
	return e
}
