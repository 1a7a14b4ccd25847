package dsse

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/sig"
)

// verified are the schemes that an envelope's signature may be of.
func verified() []sig.Scheme {
	return []sig.Scheme{
		sig.Ed25519, sig.ECDSASHA256, sig.ES256, sig.ECDSASHA384, sig.P384SHA256,
		sig.RSAPSSSHA256, sig.RSASHA256, sig.MLDSA65, sig.SLHDSA128s,
	}
}

// made is the scheme that a key of type t signs envelopes with.
func made(t key.Type) (sig.Scheme, error) {
	scheme, err := sig.SchemeOf(t)
	if err != nil || !slices.Contains(verified(), scheme) {
		return "", fmt.Errorf("%w: dsse with a key of type %s", sig.ErrScheme, t)
	}
	return scheme, nil
}

// envelope and entry are the JSON written.
type envelope struct {
	PayloadType string  `json:"payloadType"`
	Payload     string  `json:"payload"`
	Signatures  []entry `json:"signatures"`
}

type entry struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

// Sign returns a file of one envelope: one line, with its line feed. Each
// signer makes an entry, and one more for a post-quantum companion.
//
// payloadType is 1 to 251 bytes of UTF-8 without control characters; payload
// may be of up to 46 MiB. rand is
// crypto/rand.Reader outside tests.
//
// The errors are ErrNamespace (payloadType), ErrTooLarge, ErrScheme (key type)
// and those of sig.Scheme.Sign.
func Sign(rand io.Reader, payloadType string, payload []byte, signers ...sig.Signer) ([]byte, error) {
	if err := checkPayload(payloadType, payload); err != nil {
		return nil, err
	}
	entries, err := sign(rand, PAE(payloadType, payload), signers)
	if err != nil {
		return nil, err
	}
	return encode(envelope{payloadType, base64.StdEncoding.EncodeToString(payload), entries})
}

// Add returns file, which must hold one envelope, with the entries of further
// signers at the end. Nothing else in it changes, and whether the signatures
// that it has are good is not asked.
//
// The errors are those of Parse and of Sign.
func Add(rand io.Reader, file []byte, signers ...sig.Signer) ([]byte, error) {
	o, err := canon.ParseObject(file)
	if err != nil {
		return nil, syntaxError(0, err)
	}
	u, err := ParseEnvelope(o)
	if err != nil {
		return nil, err
	}
	entries, err := sign(rand, PAE(u.PayloadType, u.Payload), signers)
	if err != nil {
		return nil, err
	}
	if err := sig.EnvelopeLimits.Count(len(u.Claims) + len(entries)); err != nil {
		return nil, err
	}
	for _, e := range entries {
		element, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		if file, err = canon.AppendElement(file, "signatures", element); err != nil {
			return nil, syntaxError(0, err)
		}
	}
	return file, nil
}

func checkPayload(payloadType string, payload []byte) error {
	if payloadType == "" {
		return fmt.Errorf("payload type: %w: empty", sig.ErrNamespace)
	}
	if err := sig.CheckNamespace(namespacePrefix + payloadType); err != nil {
		return fmt.Errorf("payload type: %w", err)
	}
	if len(payload) > maxPayload {
		return fmt.Errorf("%w: payload of %d bytes, at most %d", sig.ErrTooLarge, len(payload), maxPayload)
	}
	return nil
}

func sign(rand io.Reader, message []byte, signers []sig.Signer) ([]entry, error) {
	var entries []entry
	for _, s := range signers {
		e, err := signOne(rand, message, s)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
		if s.PQ != nil {
			if e, err = signOne(rand, message, *s.PQ); err != nil {
				return nil, err
			}
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%w: no signer", sig.ErrNoKey)
	}
	return entries, sig.EnvelopeLimits.Count(len(entries))
}

func signOne(rand io.Reader, message []byte, s sig.Signer) (entry, error) {
	scheme, err := made(s.Public.Type())
	if err != nil {
		return entry{}, err
	}
	value, err := scheme.Sign(rand, s.Public, s.Signer, message)
	if err != nil {
		return entry{}, err
	}
	return entry{s.Public.Fingerprint(), base64.StdEncoding.EncodeToString(value)}, nil
}

func encode(e envelope) ([]byte, error) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line) // ends the line
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("envelope: %w", err)
	}
	return line.Bytes(), nil
}
