package jwk

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/secret"
)

// members are those of all key types, as they are written and read. A secret
// member makes a key private.
type members struct {
	Alg    string          `json:"alg,omitempty"`
	Crv    string          `json:"crv,omitempty"`
	D      *string         `json:"d,omitempty"`
	DP     *string         `json:"dp,omitempty"`
	DQ     *string         `json:"dq,omitempty"`
	E      *string         `json:"e,omitempty"`
	KeyOps *[]string       `json:"key_ops,omitempty"`
	Kid    string          `json:"kid,omitempty"`
	Kty    string          `json:"kty"`
	N      *string         `json:"n,omitempty"`
	Oth    json.RawMessage `json:"oth,omitempty"`
	P      *string         `json:"p,omitempty"`
	Priv   *string         `json:"priv,omitempty"`
	Pub    *string         `json:"pub,omitempty"`
	Q      *string         `json:"q,omitempty"`
	QI     *string         `json:"qi,omitempty"`
	Use    *string         `json:"use,omitempty"`
	X      *string         `json:"x,omitempty"`
	Y      *string         `json:"y,omitempty"`
}

// Set is a list of keys, with what became of each.
type Set struct {
	Entries []key.Entry
	// Unknown holds an error for each key of a type that is not supported:
	// RFC 7517 §5 has readers skip them.
	Unknown []error
}

// Parse reads one key or a set. The form of the entries tells which. The kid of
// a key is its comment.
//
// The errors are key.ErrMalformed, key.ErrType (a single key of another type)
// and key.ErrWeak.
func Parse(data []byte) (Set, error) {
	if err := canon.Check(data); err != nil {
		return Set{}, fmt.Errorf("JWK: %w: %w", key.ErrMalformed, err)
	}
	var outer struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if err := unmarshal(data, &outer); err != nil {
		return Set{}, fmt.Errorf("JWK: %w", err)
	}
	if outer.Keys == nil {
		e, err := parseKey(data, key.FormJWK)
		if err != nil {
			return Set{}, fmt.Errorf("JWK: %w", err)
		}
		return Set{Entries: []key.Entry{e}}, nil
	}
	return parseSet(*outer.Keys)
}

func parseSet(keys []json.RawMessage) (Set, error) {
	var s Set
	kids := make(map[string]bool)
	for i, raw := range keys {
		e, err := parseKey(raw, key.FormJWKS)
		if err == nil && e.Comment != "" {
			if kids[e.Comment] {
				err = fmt.Errorf("%w: two keys with one kid", key.ErrMalformed)
			}
			kids[e.Comment] = true
		}
		switch {
		case errors.Is(err, key.ErrType):
			s.Unknown = append(s.Unknown, fmt.Errorf("key %d of the set: %w", i+1, err))
		case err != nil:
			e.Wipe()
			for i := range s.Entries {
				s.Entries[i].Wipe()
			}
			return Set{}, fmt.Errorf("JWKS: key %d: %w", i+1, err)
		default:
			s.Entries = append(s.Entries, e)
		}
	}
	return s, nil
}

func parseKey(data []byte, form key.Form) (key.Entry, error) {
	var m members
	if err := unmarshal(data, &m); err != nil {
		return key.Entry{}, err
	}
	defer m.wipe()
	if err := m.checkType(); err != nil {
		return key.Entry{}, err
	}
	public, err := m.public()
	if err != nil {
		return key.Entry{}, err
	}
	if err := m.checkPurpose(public.Type()); err != nil {
		return key.Entry{}, err
	}
	e := key.Entry{Form: form, Public: public, Comment: m.Kid, Algorithm: m.Alg}
	if e.Private, err = m.private(public); err != nil {
		return key.Entry{}, err
	}
	if e.Private != nil {
		if err := e.Private.Matches(public); err != nil {
			e.Wipe()
			return key.Entry{}, err
		}
	}
	return e, nil
}

// names are the members that are read.
var names = []string{
	"alg", "crv", "d", "dp", "dq", "e", "key_ops", "keys", "kid", "kty", "n", "oth", "p", "priv", "pub", "q", "qi", "use", "x", "y",
}

// unmarshal reads an object. encoding/json matches names in any case and takes
// null for an absent member; here a name is exact, and null no value.
func unmarshal(data []byte, v any) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil || all == nil {
		return fmt.Errorf("%w: not an object", key.ErrMalformed)
	}
	exact := make(map[string]json.RawMessage)
	for _, name := range names {
		value, ok := all[name]
		if ok && string(value) == "null" {
			return fmt.Errorf("%w: %s is null", key.ErrMalformed, name)
		}
		if ok {
			exact[name] = value
		}
	}
	text, err := json.Marshal(exact)
	if err != nil {
		return fmt.Errorf("%w: %w", key.ErrMalformed, err)
	}
	defer secret.Zero(text)
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%w: type of a member", key.ErrMalformed)
	}
	return nil
}

// wipe drops the secret members. Strings cannot be overwritten; they are left
// to the collector, as are the copies encoding/json made.
func (m *members) wipe() { *m = members{} }

// checkType names key types that are not supported before anything else about
// the key is judged.
func (m *members) checkType() error {
	known := map[string][]string{"OKP": {"Ed25519", "X25519"}, "EC": {"P-256", "P-384"}, "RSA": nil, "AKP": nil}
	curves, ok := known[m.Kty]
	switch {
	case m.Kty == "":
		return fmt.Errorf("%w: no kty", key.ErrMalformed)
	case !ok:
		return fmt.Errorf("%w: kty %q", key.ErrType, shorten(m.Kty))
	case curves != nil && !slices.Contains(curves, m.Crv):
		return fmt.Errorf("%w: crv %q", key.ErrType, shorten(m.Crv))
	case m.Kty == "AKP" && m.Alg == "":
		return fmt.Errorf("%w: AKP without alg", key.ErrMalformed) // mandatory: RFC 9964
	case m.Kty == "AKP" && m.Alg != "ML-DSA-65":
		return fmt.Errorf("%w: alg %q", key.ErrType, shorten(m.Alg))
	case len(m.Oth) != 0:
		return fmt.Errorf("%w: RSA of more than two primes", key.ErrType)
	}
	return nil
}

// purposes are the values of alg that belong to each type.
var purposes = map[key.Type][]string{
	key.Ed25519:   {"EdDSA", "Ed25519"},
	key.X25519:    {"ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"},
	key.ECDSAP256: {"ES256"},
	key.ECDSAP384: {"ES384"},
	key.RSA:       {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
	key.MLDSA65:   {"ML-DSA-65"},
}

// checkPurpose compares alg, use and key_ops with the type.
func (m *members) checkPurpose(t key.Type) error {
	use, operations := "sig", []string{"sign", "verify"}
	if t == key.X25519 {
		use, operations = "enc", []string{"deriveKey", "deriveBits"}
	}
	if m.Alg != "" && !slices.Contains(purposes[t], m.Alg) {
		return fmt.Errorf("%w: %s key for alg %q", key.ErrType, t, shorten(m.Alg))
	}
	if m.Use != nil && *m.Use != use {
		return fmt.Errorf("%w: %s key for use %q", key.ErrType, t, shorten(*m.Use))
	}
	if m.KeyOps == nil {
		return nil
	}
	for _, o := range *m.KeyOps {
		if !slices.Contains(operations, o) {
			return fmt.Errorf("%w: %s key for the operation %q", key.ErrType, t, shorten(o))
		}
	}
	return nil
}

// decode reads a binary member of a given length, 0 for any.
func decode(name string, value *string, size int) ([]byte, error) {
	if value == nil {
		return nil, fmt.Errorf("%w: no %s", key.ErrMalformed, name)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(*value)
	if err != nil || strings.ContainsAny(*value, "\r\n") || len(raw) == 0 || size != 0 && len(raw) != size {
		return nil, fmt.Errorf("%w: %s", key.ErrMalformed, name)
	}
	return raw, nil
}

func encode(raw []byte) *string {
	text := base64.RawURLEncoding.EncodeToString(raw)
	return &text
}

// shorten keeps foreign words in error texts short; %q escapes them.
func shorten(word string) string {
	if len(word) > 40 {
		return word[:40] + "…"
	}
	return word
}
