package sigstore

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/dsse"
)

// Name of the format.
const Name = "sigstore"

// namespace of message signatures.
const namespace = "file"

const mediaTypes = "application/vnd.dev.sigstore.bundle"

// Format reads bundles.
type Format struct{}

// Name implements sig.Format.
func (Format) Name() string { return Name }

// Detect implements sig.Format. Of a head that is cut before the media type,
// the other members decide.
func (Format) Detect(head []byte, _ string) bool {
	names, whole := sig.MemberNames(head)
	if !names["mediaType"] {
		return !whole && names["verificationMaterial"]
	}
	if !whole {
		return names["verificationMaterial"] || names["messageSignature"] || names["dsseEnvelope"] || strings.Contains(string(head), mediaTypes)
	}
	o, err := canon.ParseObject(head)
	if err != nil {
		return false
	}
	mediaType, _ := o.String("mediaType")
	return strings.HasPrefix(mediaType, mediaTypes)
}

// Parse implements sig.Format. The claim of a message signature is over the
// caller's message, that of an envelope over the payload.
func (Format) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	data, err := limits.ReadAll(r)
	if err != nil {
		return nil, err
	}
	o, err := canon.ParseObject(data)
	if err != nil {
		return nil, syntaxError(err)
	}
	if err := checkMediaType(o); err != nil {
		return nil, err
	}
	u, err := parseContent(o)
	if err != nil {
		return nil, err
	}
	if err := parseMaterial(&u.Claims[0], o); err != nil {
		return nil, err
	}
	return u, nil
}

func checkMediaType(o canon.Object) error {
	mediaType, err := o.String("mediaType")
	if err != nil {
		return syntaxError(err)
	}
	switch mediaType {
	case mediaTypes + ".v0.3+json", mediaTypes + "+json;version=0.3", mediaTypes + "+json;version=0.2", mediaTypes + "+json;version=0.1":
		return nil
	}
	if strings.HasPrefix(mediaType, mediaTypes) {
		return fmt.Errorf("%w: sigstore bundle of another version than 0.1 to 0.3", sig.ErrUnsupported)
	}
	return malformed("no bundle's mediaType")
}

// parseContent reads the one signature.
func parseContent(o canon.Object) (*sig.Unverified, error) {
	if o.Has("messageSignature") == o.Has("dsseEnvelope") {
		return nil, malformed("not one of messageSignature and dsseEnvelope")
	}
	if o.Has("messageSignature") {
		c, err := parseMessageSignature(o)
		if err != nil {
			return nil, err
		}
		return &sig.Unverified{Claims: []sig.Claim{c}}, nil
	}
	envelope, err := o.Object("dsseEnvelope")
	if err != nil {
		return nil, syntaxError(err)
	}
	u, err := dsse.ParseEnvelope(envelope)
	if err != nil {
		return nil, err
	}
	if len(u.Claims) != 1 {
		return nil, malformed("envelope with more than one signature")
	}
	u.Claims[0].Format = Name
	return u, nil
}

func parseMessageSignature(o canon.Object) (c sig.Claim, err error) {
	m, err := o.Object("messageSignature")
	if err != nil {
		return c, syntaxError(err)
	}
	encoded, err := m.String("signature")
	if err != nil {
		return c, syntaxError(err)
	}
	if len(encoded) > maxSignature*4/3+4 {
		return c, fmt.Errorf("%w: signature value", sig.ErrTooLarge)
	}
	value, ok := dsse.DecodeBase64(encoded)
	if !ok || len(value) == 0 {
		return c, malformed("signature is not base64 in its one padded form")
	}
	c = sig.Claim{
		Format: Name, Namespace: namespace, Signature: value, Content: sig.Content{Whole: true},
		Or: []sig.Scheme{sig.ECDSASHA256, sig.P384SHA256, sig.Ed25519, sig.Ed25519ph, sig.RSASHA256, sig.RSAPSSSHA256},
	}
	if m.Has("messageDigest") {
		c.Notes = append(c.Notes, "the bundle's message digest is not evaluated")
	}
	return c, nil
}

// parseMaterial reads what comes to verify with: a hint of a key, or things that
// are not judged here.
func parseMaterial(c *sig.Claim, o canon.Object) error {
	m, err := o.Object("verificationMaterial")
	if err != nil {
		return syntaxError(err)
	}
	kinds := 0
	for _, name := range []string{"publicKey", "certificate", "x509CertificateChain"} {
		if m.Has(name) {
			kinds++
		}
	}
	if kinds != 1 {
		return malformed("not one of publicKey, certificate and x509CertificateChain")
	}
	if m.Has("publicKey") {
		if err := parseHint(c, m); err != nil {
			return err
		}
	} else if err := parseCertificate(c, m); err != nil {
		return err
	}
	entries, err := m.Objects("tlogEntries")
	if err != nil {
		return syntaxError(err)
	}
	if len(entries) > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("transparency log entries, %d: not evaluated", len(entries)))
	}
	timestamps, err := m.Object("timestampVerificationData")
	if err != nil {
		return syntaxError(err)
	}
	list, err := timestamps.Objects("rfc3161Timestamps")
	if err != nil {
		return syntaxError(err)
	}
	if len(list) > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("timestamps, %d: not evaluated", len(list)))
	}
	return nil
}

// parseHint reads a hint whose meaning signer and verifier have to agree on: it
// rules no key out.
func parseHint(c *sig.Claim, m canon.Object) error {
	k, err := m.Object("publicKey")
	if err != nil {
		return syntaxError(err)
	}
	hint, err := k.String("hint")
	if err != nil {
		return syntaxError(err)
	}
	if len(hint) > maxHint {
		return fmt.Errorf("%w: hint of %d bytes", sig.ErrTooLarge, len(hint))
	}
	if hint != "" {
		c.KeyHint = hint
	}
	return nil
}

// parseCertificate reads the leaf certificate for the name of its key. The
// certificate itself proves nothing here.
func parseCertificate(c *sig.Claim, m canon.Object) error {
	name, leaf := "certificate", m
	if m.Has("x509CertificateChain") {
		chain, err := m.Object("x509CertificateChain")
		if err != nil {
			return syntaxError(err)
		}
		list, err := chain.Objects("certificates")
		if err != nil {
			return syntaxError(err)
		}
		if len(list) == 0 {
			return malformed("certificate chain without a certificate")
		}
		leaf = list[0]
	} else {
		var err error
		if leaf, err = m.Object(name); err != nil {
			return syntaxError(err)
		}
	}
	encoded, err := leaf.String("rawBytes")
	if err != nil {
		return syntaxError(err)
	}
	if len(encoded) > maxCertificate*4/3+4 {
		return fmt.Errorf("%w: certificate", sig.ErrTooLarge)
	}
	der, ok := dsse.DecodeBase64(encoded)
	if !ok {
		return malformed("certificate is not base64 in its one padded form")
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return malformed("certificate is not X.509")
	}
	pub, err := key.PublicOf(certificate.PublicKey)
	if err != nil {
		c.Fault = fmt.Errorf("%w: certificate of a key that is not accepted: %w", sig.ErrUnsupported, err)
	} else {
		c.KeyHint = pub.Fingerprint()
	}
	c.NamesKey = func(k key.Public, _ *[8]byte) bool { return k == pub }
	c.Notes = append(c.Notes, "certificate: not evaluated")
	return nil
}

func malformed(reason string) error { return &sig.SyntaxError{Format: Name, Reason: reason} }

func syntaxError(err error) error {
	e := &sig.SyntaxError{Format: Name, Reason: err.Error()}
	var at *canon.Error
	if errors.As(err, &at) && at.Offset >= 0 {
		e.Offset, e.Reason = int64(at.Offset), "JSON: "+at.Reason()
	}
	return e
}
