package did

import (
	"encoding/json"
	"fmt"

	"filippo.io/edwards25519"
	"github.com/mr-tron/base58"

	"kai/internal/key"
	"kai/internal/key/jwk"
)

// Contexts of the suites in which keys are described.
const (
	contextDID     = "https://www.w3.org/ns/did/v1"
	contextEd25519 = "https://w3id.org/security/suites/ed25519-2018/v1"
	contextX25519  = "https://w3id.org/security/suites/x25519-2019/v1"
	contextJWK     = "https://w3id.org/security/suites/jws-2020/v1"
)

// document is a DID document, members in the order they are written.
type document struct {
	Context    []string `json:"@context"`
	ID         string   `json:"id"`
	Methods    []method `json:"verificationMethod"`
	Assertion  []string `json:"assertionMethod,omitempty"`
	Login      []string `json:"authentication,omitempty"`
	Invocation []string `json:"capabilityInvocation,omitempty"`
	Delegation []string `json:"capabilityDelegation,omitempty"`
	Agreement  []string `json:"keyAgreement,omitempty"`
}

type method struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Controller string          `json:"controller"`
	Base58     string          `json:"publicKeyBase58,omitempty"`
	JWK        json.RawMessage `json:"publicKeyJwk,omitempty"`
}

// Document writes the DID document of a key, as JSON indented by two spaces
// with a line feed at the end. The error is key.ErrType.
func Document(p key.Public) ([]byte, error) {
	id, err := Of(p)
	if err != nil {
		return nil, err
	}
	d := document{Context: []string{contextDID}, ID: id}
	switch p.Type() {
	case key.Ed25519:
		agreement, err := Agreement(p)
		if err != nil {
			return nil, err
		}
		d.Context = append(d.Context, contextEd25519, contextX25519)
		d.addSigner(d.base58(p, "Ed25519VerificationKey2018"))
		d.addAgreement(d.base58(agreement, "X25519KeyAgreementKey2019"))
	case key.X25519:
		d.Context = append(d.Context, contextX25519)
		d.addAgreement(d.base58(p, "X25519KeyAgreementKey2019"))
	default:
		public, err := jwk.MarshalPublic(p, "")
		if err != nil {
			return nil, err
		}
		d.Context = append(d.Context, contextJWK)
		m := method{ID: fragment(id, id), Type: "JsonWebKey2020", Controller: id, JWK: public}
		d.addSigner(m)
		if p.Type() == key.ECDSAP256 || p.Type() == key.ECDSAP384 {
			d.Agreement = []string{m.ID}
		}
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("DID document: %w", err)
	}
	return append(text, '\n'), nil
}

func (d *document) addSigner(m method) {
	d.Methods = append(d.Methods, m)
	list := []string{m.ID}
	d.Assertion, d.Login, d.Invocation, d.Delegation = list, list, list, list
}

func (d *document) addAgreement(m method) {
	d.Methods = append(d.Methods, m)
	d.Agreement = []string{m.ID}
}

// base58 describes a key of the document that is not in a JWK.
func (d *document) base58(p key.Public, suite string) method {
	own, err := Of(p)
	if err != nil {
		own = d.ID // unreachable: both types have a codec
	}
	return method{ID: fragment(d.ID, own), Type: suite, Controller: d.ID, Base58: base58.Encode(p.Raw())}
}

// fragment is the identifier of a key inside a document: its own did:key
// without the method.
func fragment(document, own string) string { return document + "#" + own[len("did:key:"):] }

// Agreement is the X25519 form of an Ed25519 key: the same point on the
// Montgomery curve. Its secret is the first half of SHA-512 over the seed.
//
// The errors are key.ErrType and key.ErrWeak.
func Agreement(p key.Public) (key.Public, error) {
	if p.Type() != key.Ed25519 {
		return key.Public{}, fmt.Errorf("%w: %s has no X25519 form", key.ErrType, p.Type())
	}
	point, err := new(edwards25519.Point).SetBytes(p.Raw())
	if err != nil {
		return key.Public{}, fmt.Errorf("X25519 form: %w", key.ErrWeak)
	}
	return key.NewPublic(key.X25519, point.BytesMontgomery())
}
