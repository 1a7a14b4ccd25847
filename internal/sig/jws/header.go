package jws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/sig"
)

// algorithms are those verified.
func algorithms(alg string) (sig.Scheme, bool) {
	switch alg {
	case "EdDSA", "Ed25519":
		return sig.Ed25519, true
	case "ES256":
		return sig.ES256, true
	case "PS256":
		return sig.RSAPSSSHA256, true
	case "RS256":
		return sig.RSASHA256, true
	case "ML-DSA-65":
		return sig.MLDSA65, true
	}
	return "", false
}

// Allows reports whether a key that a JWK binds to the algorithm alg may have
// made the signature. A key that is bound to none, and formats other than those
// of this package, are free.
func Allows(alg string, c *sig.Claim) bool {
	if alg == "" || c.Format != Name && c.Format != CardName {
		return true
	}
	scheme, ok := algorithms(alg)
	return ok && scheme == c.Scheme
}

// algorithmFor is what a key of type t signs with, and its name.
func algorithmFor(t key.Type) (alg string, scheme sig.Scheme, err error) {
	switch t {
	case key.Ed25519:
		return "EdDSA", sig.Ed25519, nil
	case key.ECDSAP256:
		return "ES256", sig.ES256, nil
	case key.RSA:
		return "PS256", sig.RSAPSSSHA256, nil
	case key.MLDSA65:
		return "ML-DSA-65", sig.MLDSA65, nil
	}
	return "", "", fmt.Errorf("%w: jws with a key of type %s", sig.ErrScheme, t)
}

// carriers are the header members by which a signature brings a key along.
var carriers = [...]string{"jku", "jwk", "x5u", "x5c"}

// parseHeader fills in what the two headers of one signature say. Extensions
// and algorithms that are not judged here become the claim's fault: the other
// signatures of the file are not affected.
func parseHeader(c *sig.Claim, protected string, unprotected canon.Object) error {
	if len(protected) > maxHeader {
		return fmt.Errorf("%w: header of %d bytes", sig.ErrTooLarge, len(protected))
	}
	data, ok := decode(protected)
	if !ok {
		return malformed("protected header is not base64url in its one unpadded form")
	}
	h, err := canon.ParseObject(data)
	if err != nil {
		return malformed("protected header: " + err.Error())
	}
	if err := checkUnprotected(h, unprotected); err != nil {
		return err
	}
	if err := parseAlgorithm(c, h); err != nil {
		return err
	}
	if err := parseExtensions(c, h); err != nil {
		return err
	}
	if err := parseKeyID(c, h, unprotected); err != nil {
		return err
	}
	var ignored []string
	for _, name := range carriers {
		if h.Has(name) || unprotected.Has(name) {
			ignored = append(ignored, name)
		}
	}
	if len(ignored) > 0 {
		c.Notes = append(c.Notes, "the header's own "+strings.Join(ignored, ", ")+" is ignored")
	}
	return nil
}

// checkUnprotected enforces RFC 7515 §4 (no member in both headers) and §4.1.11,
// and refuses an algorithm that anybody could change.
func checkUnprotected(h, unprotected canon.Object) error {
	for name := range unprotected {
		if h.Has(name) {
			return malformed("a member in both headers")
		}
	}
	for _, name := range []string{"alg", "crit", "b64"} {
		if unprotected.Has(name) {
			return malformed(name + " is not protected")
		}
	}
	return nil
}

func parseAlgorithm(c *sig.Claim, h canon.Object) error {
	alg, err := h.String("alg")
	if err != nil {
		return malformed("protected header: " + err.Error())
	}
	if alg == "" {
		return malformed("protected header has no alg")
	}
	scheme, ok := algorithms(alg)
	if !ok {
		c.Fault = fmt.Errorf("%w: jws algorithm %s", sig.ErrUnsupported, show(alg))
		return nil
	}
	c.Scheme = scheme
	return nil
}

// parseExtensions handles crit (RFC 7515 §4.1.11) and b64 (RFC 7797), the one
// extension that is understood as far as its default value goes.
func parseExtensions(c *sig.Claim, h canon.Object) error {
	if h.Has("b64") {
		var encoded bool
		if json.Unmarshal(h["b64"], &encoded) != nil || string(h["b64"]) == "null" {
			return malformed("b64 is neither true nor false")
		}
		if !encoded {
			c.Fault = fmt.Errorf("%w: jws with an unencoded payload", sig.ErrUnsupported)
		}
	}
	if !h.Has("crit") {
		return nil
	}
	var names []*string
	if json.Unmarshal(h["crit"], &names) != nil || len(names) == 0 || slices.Contains(names, nil) {
		return malformed("crit is not a list of names")
	}
	seen := map[string]bool{}
	for _, name := range names {
		if seen[*name] || !h.Has(*name) {
			return malformed("crit names a member twice, or one that is not there")
		}
		seen[*name] = true
		if *name != "b64" {
			c.Fault = fmt.Errorf("%w: jws with the critical extension %s", sig.ErrUnsupported, show(*name))
		}
	}
	return nil
}

func parseKeyID(c *sig.Claim, h, unprotected canon.Object) error {
	for _, from := range []canon.Object{h, unprotected} {
		kid, err := from.String("kid")
		if err != nil {
			return malformed("header: " + err.Error())
		}
		if len(kid) > maxKeyID {
			return fmt.Errorf("%w: kid of %d bytes", sig.ErrTooLarge, len(kid))
		}
		if kid != "" {
			c.KeyHint = kid
		}
	}
	if names := namedBy(c.KeyHint); names != nil {
		c.NamesKey = func(k key.Public, _ *[8]byte) bool { return names(k) }
	}
	return nil
}

// show makes a word of the file fit for an error text.
func show(word string) string {
	if len(word) > 40 {
		word = word[:40] + "…"
	}
	return fmt.Sprintf("%+q", word)
}

func malformed(reason string) error { return &sig.SyntaxError{Format: Name, Reason: reason} }
