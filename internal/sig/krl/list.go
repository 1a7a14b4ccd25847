package krl

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // lists name keys by it; nothing is signed
	"crypto/sha256"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"

	"kai/internal/key"
)

const magic = "SSHKRL\n\x00"

// formatVersion is the only one there is.
const formatVersion = 1

// Header is what a list says of itself.
type Header struct {
	Version   uint64 // a number that the maker counts up
	Generated time.Time
	Comment   string
}

// List is a parsed list.
type List struct {
	Header
	keys   map[string]bool   // blobs
	sha1   map[[20]byte]bool // of blobs
	sha256 map[[32]byte]bool
	certs  []*certificates
}

// Cause is what in a list revokes a key or certificate.
type Cause string

// The causes.
const (
	ByKey       Cause = "key"
	BySHA1      Cause = "SHA-1 of the key"
	BySHA256    Cause = "SHA-256 of the key"
	BySerial    Cause = "serial number of the certificate"
	ByKeyID     Cause = "key id of the certificate"
	ByAuthority Cause = "authority of the certificate"
)

// Detect reports whether a file that begins with head is a revocation list.
func Detect(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }

func newList() *List {
	return &List{keys: map[string]bool{}, sha1: map[[20]byte]bool{}, sha256: map[[32]byte]bool{}}
}

// Parse reads a list.
//
// The errors are ErrMalformed, ErrUnsupported and ErrTooLarge; with each,
// nothing of the list can be relied on.
func Parse(data []byte) (*List, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxFile)
	}
	if !Detect(data) {
		return nil, fmt.Errorf("%w: byte 0: does not begin with SSHKRL", ErrMalformed)
	}
	list := newList()
	r := &reader{data: data, pos: len(magic)}
	if v := r.uint32(); r.err == nil && v != formatVersion {
		r.fail(ErrUnsupported, fmt.Sprintf("format version %d", v))
	}
	list.Version = r.uint64()
	list.Generated = time.Unix(int64(r.uint64()), 0).UTC()
	r.uint64() // flags
	r.string() // reserved
	list.Comment = string(r.string())
	for r.more() {
		list.readSection(r)
	}
	if r.err != nil {
		return nil, r.err
	}
	return list, nil
}

// The types of sections.
const (
	sectionCertificates = 1
	sectionKeys         = 2
	sectionSHA1         = 3
	sectionSignature    = 4
	sectionSHA256       = 5
	sectionExtension    = 255
)

func (list *List) readSection(r *reader) {
	kind := r.byte()
	body := r.nested()
	switch kind {
	case sectionCertificates:
		list.certs = append(list.certs, readCertificates(body))
	case sectionKeys:
		for body.more() {
			list.keys[string(body.string())] = true
		}
	case sectionSHA1:
		for body.more() {
			list.sha1[[20]byte(body.sized(20))] = true
		}
	case sectionSHA256:
		for body.more() {
			list.sha256[[32]byte(body.sized(32))] = true
		}
	case sectionSignature:
		body.fail(ErrUnsupported, "signature")
	case sectionExtension:
		readExtension(body)
	default:
		body.fail(ErrUnsupported, fmt.Sprintf("section of type %d", kind))
	}
	r.adopt(body)
}

// readExtension passes over an extension that is not critical.
func readExtension(r *reader) {
	name, critical := r.string(), r.byte()
	r.string()
	switch {
	case r.err != nil:
	case critical != 0:
		r.fail(ErrUnsupported, fmt.Sprintf("critical extension %q", shorten(name)))
	case r.more():
		r.fail(ErrMalformed, "bytes after an extension")
	}
}

// shorten keeps foreign words in error texts short; %q escapes them.
func shorten(b []byte) []byte {
	if len(b) > 40 {
		return append(append([]byte{}, b[:40]...), "..."...)
	}
	return b
}

// Revokes reports whether the list revokes a key. certificate is the blob of
// the OpenSSH certificate that came with it, nil without one; one that cannot
// be parsed counts as revoked, by its authority.
func (list *List) Revokes(pub key.Public, certificate []byte) (Cause, bool) {
	if cause, ok := list.revokesBlob(pub.Wire()); ok || certificate == nil {
		return cause, ok
	}
	parsed, err := ssh.ParsePublicKey(certificate)
	cert, ok := parsed.(*ssh.Certificate)
	if err != nil || !ok {
		return ByAuthority, true
	}
	authority := cert.SignatureKey.Marshal()
	for _, c := range list.certs {
		if cause, ok := c.revoke(cert, authority); ok {
			return cause, true
		}
	}
	if _, ok := list.revokesBlob(authority); ok {
		return ByAuthority, true
	}
	return "", false
}

func (list *List) revokesBlob(blob []byte) (Cause, bool) {
	switch {
	case list.keys[string(blob)]:
		return ByKey, true
	case len(list.sha1) > 0 && list.sha1[sha1.Sum(blob)]: //nolint:gosec // as above
		return BySHA1, true
	case len(list.sha256) > 0 && list.sha256[sha256.Sum256(blob)]:
		return BySHA256, true
	}
	return "", false
}
