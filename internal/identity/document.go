package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"kai/internal/signed"
)

// version is the first member of every document.
const version = "identity/1"

// FileSuffix ends the names of files that hold a document: NAME.kai-id.json.
const FileSuffix = ".kai-id.json"

// documentJSON is a document as encoding/json sees it, in the order in which it
// is written.
type documentJSON struct {
	Kai          string            `json:"kai"`
	Events       []json.RawMessage `json:"events"`
	Attestations []json.RawMessage `json:"attestations,omitempty"`
	Certificates []string          `json:"certificates,omitempty"`
	Revocations  []json.RawMessage `json:"revocations,omitempty"`
}

// Unverified is a document that is well-formed. No signature in it has been
// checked and no rule of the chain: the only thing that it can be used for is
// Verify, and its id is that of its first event.
type Unverified struct {
	events       []event
	attestations []statement[attestationJSON]
	certificates []string
	revocations  []statement[revocationStatementJSON]
}

// Parse reads a document of at most MaxDocument bytes. White space between the
// tokens outside of signed objects is free; apart from that only the spelling of
// Identity.Document is accepted.
//
// The errors are ErrMalformed, ErrTooLarge and ErrNewer.
func Parse(data []byte) (*Unverified, error) {
	u, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("identity document: %w", err)
	}
	return u, nil
}

func parse(data []byte) (*Unverified, error) {
	if len(data) > MaxDocument {
		return nil, tooLarge("bytes", len(data), MaxDocument)
	}
	var d documentJSON
	if err := signed.Decode(data, &d); err != nil {
		return nil, err
	}
	if d.Kai != version {
		if strings.HasPrefix(d.Kai, "identity/") {
			return nil, fmt.Errorf("version: %w", ErrNewer)
		}
		return nil, malformed("no member kai with %q", version)
	}
	if err := d.checkBounds(); err != nil {
		return nil, err
	}
	u := &Unverified{certificates: d.Certificates}
	for i, raw := range d.Events {
		e, err := signed.Parse(raw)
		if err != nil {
			return nil, atEvent(i, err)
		}
		parsed, err := parseEvent(e)
		if err != nil {
			return nil, atEvent(i, err)
		}
		u.events = append(u.events, parsed)
	}
	if u.events[0].Event != InceptionEvent {
		return nil, atEvent(0, malformed("no inception"))
	}
	var err error
	if u.attestations, err = parseStatements("attestation", d.Attestations, parseAttestation); err != nil {
		return nil, err
	}
	if u.revocations, err = parseStatements("revocation", d.Revocations, parseRevocation); err != nil {
		return nil, err
	}
	if !signed.SameTokens(data, write(u.parts())) {
		return nil, malformed("document is not spelt as it is written")
	}
	return u, nil
}

func (d *documentJSON) checkBounds() error {
	if len(d.Events) == 0 {
		return malformed("no events")
	}
	for _, bound := range []struct {
		what      string
		got, most int
	}{
		{"events", len(d.Events), MaxEvents},
		{"attestations", len(d.Attestations), MaxAttestations},
		{"certificates", len(d.Certificates), maxCertificates},
		{"revocations", len(d.Revocations), MaxRevocations},
	} {
		if bound.got > bound.most {
			return tooLarge(bound.what, bound.got, bound.most)
		}
	}
	for _, chain := range d.Certificates {
		if err := checkCertificate(chain); err != nil {
			return err
		}
	}
	return nil
}

// checkCertificate bounds a PEM chain. Package trust/pki judges what it holds.
func checkCertificate(chain string) error {
	if len(chain) > maxCertificate {
		return tooLarge("certificate chain", len(chain), maxCertificate)
	}
	if !strings.HasPrefix(chain, "-----BEGIN CERTIFICATE-----\n") || strings.ContainsFunc(chain, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }) {
		return malformed("certificate chain is not PEM with line feeds")
	}
	return nil
}

// ID is what the document says its identity is. It is true by itself: an id is
// the digest of the first event.
func (u *Unverified) ID() ID { return idOf(u.events[0].envelope) }

// Verify checks every signature and every rule of the chain, and the
// revocations. The attestations are only known to be about this identity: they
// are their issuers' (VerifyAttestation); the certificates are text.
//
// The errors are ErrSignature, ErrForeignKey, ErrChain, ErrThreshold,
// ErrCommitment, ErrReused, ErrFixed, ErrRevoked and, for revocations and
// attestations, ErrOtherIdentity.
func (u *Unverified) Verify() (*Identity, error) {
	id := u.ID()
	s := &state{}
	for _, e := range u.events {
		if err := s.apply(e); err != nil {
			return nil, fmt.Errorf("%s: %w", id, atEvent(e.Seq, err))
		}
	}
	verified := &Identity{doc: u, id: id, state: s}
	for i, a := range u.attestations {
		if a.body.Subject != id {
			return nil, fmt.Errorf("%s: attestation %d: %w", id, i, ErrOtherIdentity)
		}
	}
	for i, r := range u.revocations {
		if err := verified.takeRevocation(r); err != nil {
			return nil, fmt.Errorf("%s: revocation %d: %w", id, i, err)
		}
	}
	return verified, nil
}

// parts are the members of a document, each element as it is written.
type parts struct {
	events, attestations, certificates, revocations [][]byte
}

func (u *Unverified) parts() parts {
	var p parts
	for _, e := range u.events {
		p.events = append(p.events, e.envelope.Bytes())
	}
	for _, a := range u.attestations {
		p.attestations = append(p.attestations, a.envelope.Bytes())
	}
	for _, c := range u.certificates {
		// Printable ASCII and line feeds: nothing that writers of JSON differ in,
		// but for < > & which PEM does not have.
		quoted, _ := json.Marshal(c)
		p.certificates = append(p.certificates, quoted)
	}
	for _, r := range u.revocations {
		p.revocations = append(p.revocations, r.envelope.Bytes())
	}
	return p
}

// write makes a document of its parts, each on a line of its own: differences
// between two versions are whole lines.
func write(p parts) []byte {
	var b bytes.Buffer
	b.WriteString(`{"kai":"` + version + `","events":[`)
	for _, list := range []struct {
		name     string
		elements [][]byte
	}{
		{"", p.events}, {"attestations", p.attestations}, {"certificates", p.certificates}, {"revocations", p.revocations},
	} {
		if len(list.elements) == 0 {
			continue
		}
		if list.name != "" {
			b.WriteString(`,"` + list.name + `":[`)
		}
		for i, element := range list.elements {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('\n')
			b.Write(element)
		}
		b.WriteString("\n]")
	}
	b.WriteString("}\n")
	return b.Bytes()
}
