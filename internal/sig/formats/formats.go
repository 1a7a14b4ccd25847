// Package formats is the list of signature formats, and finds the format of a
// file by its first bytes, never by its name alone.
//
// A file either carries its message, as envelopes do, or its signatures are in
// files of their own. Formats are tried in a fixed order; the first that
// recognises the bytes wins. What is recognised and not judged here, such as
// OpenPGP, is named with the program that does.
package formats

import (
	"bytes"
	"fmt"

	"kai/internal/sig"
	"kai/internal/sig/dsse"
	"kai/internal/sig/jws"
	"kai/internal/sig/manifest"
	"kai/internal/sig/minisign"
	"kai/internal/sig/note"
	"kai/internal/sig/raw"
	"kai/internal/sig/sigstore"
	"kai/internal/sig/sshsig"
)

// ManifestSuffix is what the manifest of a directory adds to its name.
const ManifestSuffix = ".kai-manifest"

// row is what there is to know about a format.
type row struct {
	format   sig.Format
	envelope bool // may carry its own message
	detached bool // may be the signature of another file
	limits   sig.Limits
}

// table lists the formats in the order in which they are tried.
func table() []row {
	return []row{
		{manifest.Format{}, true, false, manifest.Limits},
		{manifest.ProofFormat{}, true, true, manifest.ProofLimits},
		{sshsig.Format{}, false, true, sig.DetachedLimits},
		{minisign.Format{}, false, true, sig.DetachedLimits},
		{minisign.Signify{}, false, true, sig.DetachedLimits},
		{sigstore.Format{}, true, true, sig.EnvelopeLimits},
		{dsse.Format{}, true, true, sig.EnvelopeLimits},
		{jws.Format{}, true, true, sig.EnvelopeLimits},
		{jws.Card{}, true, false, sig.EnvelopeLimits},
		{note.Format{}, true, true, sig.DetachedLimits},
		{raw.Format{}, false, true, sig.DetachedLimits},
	}
}

// Names lists the formats' names, for --format.
func Names() []string {
	var names []string
	for _, r := range table() {
		names = append(names, r.format.Name())
	}
	return names
}

// ByName finds a format by its name.
func ByName(name string) (sig.Format, bool) {
	for _, r := range table() {
		if r.format.Name() == name {
			return r.format, true
		}
	}
	return nil, false
}

// IsEnvelope reports whether files of the format may carry their own message.
func IsEnvelope(f sig.Format) bool { return rowOf(f).envelope }

// LimitsOf returns the bounds of a format's files.
func LimitsOf(f sig.Format) sig.Limits { return rowOf(f).limits }

func rowOf(f sig.Format) row {
	for _, r := range table() {
		if r.format.Name() == f.Name() {
			return r
		}
	}
	return row{}
}

// Envelope finds the format of a file that carries message and signatures, by
// head, its first bytes.
func Envelope(head []byte, name string) (sig.Format, bool) {
	for _, r := range table() {
		if r.envelope && r.format.Detect(head, name) {
			return r.format, true
		}
	}
	return nil, false
}

// Detached finds the format of a file that signs another one. The error is
// sig.ErrUnsupported, and names the program for formats that are known, or
// sig.ErrMalformed.
func Detached(head []byte, name string) (sig.Format, error) {
	for _, r := range table() {
		if r.detached && r.format.Detect(head, name) {
			return r.format, nil
		}
	}
	if err := Foreign(head); err != nil {
		return nil, err
	}
	if bytes.Contains(head, []byte("-----BEGIN SSH SIGNATURE-----")) || bytes.HasPrefix(head, []byte("-----BEGIN KAI SIGNATURE-----")) {
		return sshsig.Format{}, nil // its parser says what stands in the way, and where
	}
	return nil, fmt.Errorf("%w: of no known format", sig.ErrMalformed)
}

// IsSignature reports whether a file is the signature of another one. Bare
// values do not count: any short file may be one.
func IsSignature(head []byte, name string) bool {
	f, err := Detached(head, name)
	return err == nil && f.Name() != raw.Format{}.Name()
}

// Suffixes are the names that signature files take behind the name of their
// message.
func Suffixes() []string {
	return []string{
		".sig", ".minisig", ".kai-proof", ".dsse", ".intoto.jsonl", ".jws", ".note",
		".sigstore.json", ".sigstore", ".rawsig", ".asc", ".p7s",
	}
}

// Foreign recognises formats that are not judged here, nil for all others.
func Foreign(head []byte) error {
	for _, f := range []struct{ prefix, what, program string }{
		{"-----BEGIN PGP SIGNATURE-----", "OpenPGP signature", "sq verify"},
		{"-----BEGIN PGP SIGNED MESSAGE-----", "OpenPGP message", "sq verify"},
		{"-----BEGIN PGP MESSAGE-----", "OpenPGP message", "sq decrypt"},
		{"-----BEGIN PKCS7-----", "PKCS #7 signature", "openssl cms -verify"},
		{"-----BEGIN CMS-----", "CMS signature", "openssl cms -verify"},
		{"age-encryption.org/v1", "age file, encrypted and not signed", "age -d"},
		{"-----BEGIN AGE ENCRYPTED FILE-----", "age file, encrypted and not signed", "age -d"},
	} {
		if bytes.HasPrefix(head, []byte(f.prefix)) {
			return unjudged(f.what, f.program)
		}
	}
	switch {
	case isBinaryPGP(head):
		return unjudged("OpenPGP signature", "sq verify")
	case bytes.HasPrefix(head, []byte{0x30}) && bytes.Contains(head[:min(len(head), 40)], signedDataOID):
		return unjudged("CMS signature", "openssl cms -verify")
	}
	return nil
}

func unjudged(what, program string) error {
	return fmt.Errorf("%w: %s: use %s", sig.ErrUnsupported, what, program)
}

// signedDataOID is id-signedData, 1.2.840.113549.1.7.2 (RFC 5652 §5.1).
var signedDataOID = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}

// isBinaryPGP recognises a signature packet (RFC 9580 §4.2): tag 2 in the old or
// the new form, then a length, then version 3, 4 or 6.
func isBinaryPGP(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	body := 0
	switch {
	case head[0] == 0xc2:
		body = 2
		if head[1] >= 192 && head[1] < 224 {
			body = 3
		}
	case head[0] >= 0x88 && head[0] <= 0x8a:
		body = 1 + 1<<(head[0]&3)
	default:
		return false
	}
	return head[body] == 3 || head[body] == 4 || head[body] == 6
}

// Namespace is what a claim is expected to be for when the caller does not
// say: the format's own namespace, or "file".
func Namespace(c *sig.Claim) string {
	switch c.Format {
	case sshsig.Format{}.Name(), minisign.Format{}.Name(), minisign.Signify{}.Name(), raw.Format{}.Name():
		return "file"
	case manifest.Format{}.Name(), manifest.ProofFormat{}.Name():
		return manifest.Namespace
	default:
		return c.Namespace
	}
}
