package jws

import (
	"encoding/json"
	"io"

	"kai/internal/canon"
	"kai/internal/sig"
)

// CardName is the format of agent cards, and the namespace of their signatures.
const CardName = "a2a"

// Card reads the signed agent cards of the A2A protocol.
type Card struct{}

// Name implements sig.Format.
func (Card) Name() string { return CardName }

// Detect implements sig.Format: signatures without a payload beside them, the
// first with a protected header.
func (Card) Detect(head []byte, _ string) bool {
	names, whole := sig.MemberNames(head)
	if !whole || !names["signatures"] || names["payload"] || names["mediaType"] {
		return false
	}
	o, err := canon.ParseObject(head)
	if err != nil {
		return false
	}
	list, err := o.Objects("signatures")
	return err == nil && len(list) > 0 && list[0].Has("protected")
}

// Parse implements sig.Format. The payload is the card in canonical form,
// without its signatures.
func (Card) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	data, err := limits.ReadAll(r)
	if err != nil {
		return nil, err
	}
	o, err := canon.ParseObject(data)
	if err != nil {
		return nil, syntaxError(err)
	}
	entries, err := o.Objects("signatures")
	if err != nil {
		return nil, syntaxError(err)
	}
	if err := limits.Count(len(entries)); err != nil {
		return nil, err
	}
	signatures, err := parseSignatures(entries)
	if err != nil {
		return nil, err
	}
	payload, err := cardPayload(o)
	if err != nil {
		return nil, err
	}
	u := &sig.Unverified{Payload: payload}
	for _, s := range signatures {
		c, err := s.claim(CardName, payload)
		if err != nil {
			return nil, err
		}
		u.Claims = append(u.Claims, c)
	}
	return u, nil
}

// cardPayload is the card without its signatures in the form of RFC 8785.
func cardPayload(o canon.Object) ([]byte, error) {
	rest := make(canon.Object, len(o))
	for name, value := range o {
		if name != "signatures" {
			rest[name] = value
		}
	}
	data, err := json.Marshal(rest)
	if err != nil {
		return nil, syntaxError(err)
	}
	payload, err := canon.Transform(data)
	if err != nil {
		return nil, syntaxError(err)
	}
	return payload, nil
}

// SignCard returns card with the signatures of further signers at the end of
// its signatures, which it need not have. Nothing else in it changes.
//
// card is a JSON object that package canon accepts. rand is crypto/rand.Reader
// outside tests.
//
// The errors are ErrMalformed, ErrTooLarge, ErrScheme (key type) and those of
// sig.Scheme.Sign.
func SignCard(rand io.Reader, card []byte, signers ...sig.Signer) ([]byte, error) {
	o, err := canon.ParseObject(card)
	if err != nil {
		return nil, syntaxError(err)
	}
	present, err := o.Objects("signatures")
	if err != nil {
		return nil, syntaxError(err)
	}
	payload, err := cardPayload(o)
	if err != nil {
		return nil, err
	}
	if len(payload) > maxPayload {
		return nil, tooLarge(len(payload))
	}
	// A2A §8.4: typ says what this is, kid is not optional.
	entries, err := sign(rand, header{Type: "JOSE"}, payload, classical(signers))
	if err != nil {
		return nil, err
	}
	if err := sig.EnvelopeLimits.Count(len(present) + len(entries)); err != nil {
		return nil, err
	}
	return appendEntries(card, entries)
}

// classical leaves the post-quantum companions out: A2A's readers know one
// signature a signer.
func classical(signers []sig.Signer) []sig.Signer {
	list := make([]sig.Signer, 0, len(signers))
	for _, s := range signers {
		s.PQ = nil
		list = append(list, s)
	}
	return list
}

func appendEntries(object []byte, entries []entry) ([]byte, error) {
	for _, e := range entries {
		element, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		if object, err = canon.AppendElement(object, "signatures", element); err != nil {
			return nil, syntaxError(err)
		}
	}
	return object, nil
}
