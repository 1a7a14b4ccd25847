package signed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/sig/dsse"
)

// Envelope is an object with its signatures, as somebody sent it: nothing says
// that they are good. It does not change.
type Envelope struct {
	typ    Type
	object []byte
	sigs   []signature
}

// signature is one value and the fingerprint of the key that is said to have
// made it.
type signature struct {
	key   string
	value []byte
}

// envelopeJSON is the envelope as encoding/json sees it.
type envelopeJSON struct {
	Signed json.RawMessage `json:"signed"`
	Sigs   []signatureJSON `json:"sigs"`
}

type signatureJSON struct {
	Key string `json:"key"`
	Sig string `json:"sig"`
}

// Parse reads one envelope. The caller bounds the length of data: time and
// memory are proportional to it.
//
// The errors are ErrMalformed, ErrTooLarge (signatures) and ErrNewer (type,
// version).
func Parse(data []byte) (*Envelope, error) {
	var v envelopeJSON
	if err := Decode(data, &v); err != nil {
		return nil, fmt.Errorf("signed object: %w", err)
	}
	e := &Envelope{object: bytes.Clone(v.Signed)}
	var err error
	if e.typ, err = checkObject(e.object); err != nil {
		return nil, err
	}
	if len(v.Sigs) > MaxSignatures {
		return nil, fmt.Errorf("%s: %w: %d signatures, at most %d", e.typ, ErrTooLarge, len(v.Sigs), MaxSignatures)
	}
	for i, s := range v.Sigs {
		if len(s.Sig) > base64.RawURLEncoding.EncodedLen(maxSignature) {
			return nil, fmt.Errorf("%s: %w: signature %d", e.typ, ErrTooLarge, i)
		}
		value, err := decodeBase64(s.Sig)
		if err != nil || len(value) == 0 || !key.IsFingerprint(s.Key) {
			return nil, fmt.Errorf("%s: signature %d: %w", e.typ, i, ErrMalformed)
		}
		if i > 0 && v.Sigs[i-1].Key >= s.Key {
			return nil, fmt.Errorf("%s: %w: signatures are not sorted, or a key has two", e.typ, ErrMalformed)
		}
		e.sigs = append(e.sigs, signature{s.Key, value})
	}
	if len(e.sigs) == 0 {
		return nil, fmt.Errorf("%s: %w: no signature", e.typ, ErrMalformed)
	}
	if !SameTokens(data, e.Bytes()) {
		return nil, fmt.Errorf("%s: %w: envelope is not spelt as it is written", e.typ, ErrMalformed)
	}
	return e, nil
}

// checkObject accepts the bytes of a canonical object of a known type.
func checkObject(object []byte) (Type, error) {
	var members map[string]json.RawMessage
	if err := canon.Unmarshal(object, &members); err != nil {
		return "", Malformed("signed part", err)
	}
	var t Type
	if json.Unmarshal(members["type"], &t) != nil || members["v"] == nil {
		return "", fmt.Errorf("signed part: %w: no type or version", ErrMalformed)
	}
	if !t.known() || string(members["v"]) != "1" {
		return "", fmt.Errorf("signed part: %w: type or version", ErrNewer)
	}
	return t, nil
}

// Type is the type of the object.
func (e *Envelope) Type() Type { return e.typ }

// Digest names the object, whoever has signed it.
func (e *Envelope) Digest() Digest { return DigestOf(e.object) }

// Unverified is a copy of the object's bytes, before any signature is checked.
func (e *Envelope) Unverified() []byte { return bytes.Clone(e.object) }

// Fingerprints lists the keys that are said to have signed, in order.
func (e *Envelope) Fingerprints() []string {
	var list []string
	for _, s := range e.sigs {
		list = append(list, s.key)
	}
	return list
}

// Bytes is the envelope in one line, without white space or a line feed.
func (e *Envelope) Bytes() []byte {
	size := len(`{"signed":,"sigs":[]}`) + len(e.object)
	for _, s := range e.sigs {
		size += len(`{"key":"","sig":""},`) + len(s.key) + base64.RawURLEncoding.EncodedLen(len(s.value))
	}
	b := append(make([]byte, 0, size), `{"signed":`...)
	b = append(b, e.object...)
	b = append(b, `,"sigs":[`...)
	for i, s := range e.sigs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"key":"`...)
		b = append(b, s.key...) // a fingerprint has no character that JSON would escape
		b = append(b, `","sig":"`...)
		b = base64.RawURLEncoding.AppendEncode(b, s.value)
		b = append(b, `"}`...)
	}
	return append(b, `]}`...)
}

// DSSE is the object as an envelope of DSSE, in one line with its line feed. The
// signatures are the same, and good there too.
func (e *Envelope) DSSE() ([]byte, error) {
	type entry struct {
		KeyID string `json:"keyid"`
		Sig   []byte `json:"sig"`
	}
	v := struct {
		PayloadType string  `json:"payloadType"`
		Payload     []byte  `json:"payload"`
		Signatures  []entry `json:"signatures"`
	}{PayloadType: e.typ.MediaType(), Payload: e.object}
	for _, s := range e.sigs {
		v.Signatures = append(v.Signatures, entry{s.key, s.value})
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("%s: %w", e.typ, err)
	}
	return line.Bytes(), nil
}

// message is what the signatures are over.
func (e *Envelope) message() []byte { return dsse.PAE(e.typ.MediaType(), e.object) }
