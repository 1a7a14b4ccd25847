package jws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"kai/internal/sig"
)

// header is the protected header written.
type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ,omitempty"`
}

// entry is one signature in JSON.
type entry struct {
	Protected string `json:"protected"`
	Signature string `json:"signature"`
}

// general is a whole file in JSON.
type general struct {
	Payload    string  `json:"payload"`
	Signatures []entry `json:"signatures"`
}

// Sign returns a file that carries payload: in compact form if there is one
// signature, else in the general JSON form, and one line in both. Each signer
// makes a signature, and one more for a post-quantum companion.
//
// payload may be of up to 46 MiB, and is signed as it is. It must not be empty:
// in compact form it would look detached. rand is crypto/rand.Reader outside
// tests.
//
// The errors are ErrTooLarge, ErrUnsupported (empty payload), ErrScheme (key
// type), ErrNoKey (no signer) and those of sig.Scheme.Sign.
func Sign(rand io.Reader, payload []byte, signers ...sig.Signer) ([]byte, error) {
	if len(payload) > maxPayload {
		return nil, tooLarge(len(payload))
	}
	if len(payload) == 0 {
		return nil, fmt.Errorf("%w: jws of an empty payload", sig.ErrUnsupported)
	}
	entries, err := sign(rand, header{}, payload, signers)
	if err != nil {
		return nil, err
	}
	if len(entries) == 1 {
		return compact(entries[0], encode(payload)), nil
	}
	return generalFile(general{encode(payload), entries})
}

// SignDetached returns a file for a payload that stays where it is, of at most
// sig.MaxEmbedded bytes. A post-quantum companion is left out: the form holds
// one signature.
//
// The errors are those of Sign.
func SignDetached(rand io.Reader, payload []byte, signer sig.Signer) ([]byte, error) {
	if len(payload) > sig.MaxEmbedded {
		return nil, tooLarge(len(payload))
	}
	entries, err := sign(rand, header{}, payload, classical([]sig.Signer{signer}))
	if err != nil {
		return nil, err
	}
	return compact(entries[0], ""), nil
}

// Add returns file with the signatures of further signers, in the general JSON
// form. The signatures that it has are kept, and whether they are good is not
// asked. The file must carry its payload.
//
// The errors are those of Parse and of Sign.
func Add(rand io.Reader, data []byte, signers ...sig.Signer) ([]byte, error) {
	f, err := parseFile(data)
	if err != nil {
		return nil, err
	}
	if f.payload == nil {
		return nil, fmt.Errorf("%w: a second signature in a detached jws", sig.ErrUnsupported)
	}
	if _, err := f.unverified(); err != nil {
		return nil, err
	}
	entries, err := sign(rand, header{}, f.payload, signers)
	if err != nil {
		return nil, err
	}
	if err := sig.EnvelopeLimits.Count(len(f.signatures) + len(entries)); err != nil {
		return nil, err
	}
	all := struct {
		Payload    string `json:"payload"`
		Signatures []any  `json:"signatures"`
	}{Payload: encode(f.payload)}
	for _, s := range f.signatures {
		all.Signatures = append(all.Signatures, s.again())
	}
	for _, e := range entries {
		all.Signatures = append(all.Signatures, e)
	}
	return generalFile(all)
}

// again is a parsed signature as it is written.
func (s signature) again() any {
	e := entry{s.protected, encode(s.value)}
	if s.unprotected == nil {
		return e
	}
	return struct {
		entry
		Header map[string]json.RawMessage `json:"header"`
	}{e, s.unprotected}
}

func sign(rand io.Reader, h header, payload []byte, signers []sig.Signer) ([]entry, error) {
	var entries []entry
	for _, s := range signers {
		e, err := signOne(rand, h, payload, s)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
		if s.PQ != nil {
			if e, err = signOne(rand, h, payload, *s.PQ); err != nil {
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

func signOne(rand io.Reader, h header, payload []byte, s sig.Signer) (e entry, err error) {
	var scheme sig.Scheme
	if h.Algorithm, scheme, err = algorithmFor(s.Public.Type()); err != nil {
		return e, err
	}
	if h.KeyID, err = keyID(s.Public); err != nil {
		return e, err
	}
	data, err := json.Marshal(h)
	if err != nil {
		return e, err
	}
	e.Protected = encode(data)
	value, err := scheme.Sign(rand, s.Public, s.Signer, signingInput(e.Protected, payload))
	if err != nil {
		return e, err
	}
	e.Signature = encode(value)
	return e, nil
}

func compact(e entry, payload string) []byte {
	return []byte(e.Protected + "." + payload + "." + e.Signature + "\n")
}

func generalFile(v any) ([]byte, error) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line) // ends the line
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("jws: %w", err)
	}
	return line.Bytes(), nil
}

func tooLarge(n int) error { return fmt.Errorf("%w: payload of %d bytes", sig.ErrTooLarge, n) }
