package sigstore_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/dsse"
	"kai/internal/sig/sigstore"
	"kai/internal/sig/sigtest"
)

const mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

func std(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// bundle writes a bundle from its parts, as the JSON form of the protocol
// buffers does.
func bundle(mediaType, material, content string) string {
	return fmt.Sprintf(`{"mediaType":%q, "verificationMaterial":%s, %s}`, mediaType, material, content)
}

const publicKey = `{"publicKey":{"hint":"aGludA=="}}`

// messageContent signs a message with a scheme.
func messageContent(t testing.TB, scheme sig.Scheme, s sig.Signer, message []byte) string {
	t.Helper()
	value, err := scheme.Sign(rand.Reader, s.Public, s.Signer, message)
	if err != nil {
		t.Fatal(err)
	}
	return messageSignature(value, message)
}

func messageSignature(value, message []byte) string {
	sum := sha256.Sum256(message)
	return fmt.Sprintf(`"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"%s"},"signature":"%s"}`, std(sum[:]), std(value))
}

func envelopeContent(t testing.TB, s sig.Signer) string {
	t.Helper()
	file, err := dsse.Sign(rand.Reader, "application/vnd.in-toto+json", []byte(`{"_type":"x"}`), s)
	if err != nil {
		t.Fatal(err)
	}
	return `"dsseEnvelope":` + strings.TrimSpace(string(file))
}

// certificate is a self-signed one for a signer's key.
func certificate(t testing.TB, s sig.Signer) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Unix(2_000_000_000, 0)}
	signer := s.Signer
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return std(der)
}

func parse(t testing.TB, file string) *sig.Unverified {
	t.Helper()
	u, err := sigstore.Format{}.Parse(strings.NewReader(file), sig.EnvelopeLimits)
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	return u
}

func TestMessageSignature(t *testing.T) {
	message := []byte("artifact\n")
	for scheme, typ := range map[sig.Scheme]key.Type{sig.ECDSASHA256: key.ECDSAP256, sig.Ed25519: key.Ed25519, sig.RSASHA256: key.RSA, sig.RSAPSSSHA256: key.RSA} {
		s := sigtest.Signer(t, typ)
		u := parse(t, bundle(mediaType, publicKey, messageContent(t, scheme, s, message)))
		c := u.Claims[0]
		if len(u.Claims) != 1 || c.Namespace != "file" || c.Format != "sigstore" || c.KeyHint != "aGludA==" || u.Payload != nil {
			t.Errorf("%s: %+v", scheme, c)
		}
		keys := sigtest.Key{Public: s.Public}
		if r := sigtest.Check(t, u, message, keys)[0]; !r.Good() || r.Verified.Scheme() != scheme {
			t.Errorf("%s: %v", scheme, r.Err)
		}
		if r := sigtest.Check(t, u, []byte("artifact"), keys)[0]; !r.Bad() {
			t.Errorf("%s, another message: %v", scheme, r.Err)
		}
		if r := sigtest.Check(t, u, message, sig.Keys{})[0]; !errors.Is(r.Err, sig.ErrNoKey) {
			t.Errorf("%s, no key: %v", scheme, r.Err)
		}
	}
}

// cosign signs with Ed25519ph, too: pure Ed25519 needs the message twice.
func TestEd25519ph(t *testing.T) {
	s := sigtest.Signer(t, key.Ed25519)
	value, err := crypto.SignMessage(s.Signer, rand.Reader, []byte("artifact"), crypto.SHA512)
	if err != nil {
		t.Fatal(err)
	}
	u := parse(t, bundle(mediaType, publicKey, messageSignature(value, []byte("artifact"))))
	if r := sigtest.Check(t, u, []byte("artifact"), sigtest.Key{Public: s.Public})[0]; !r.Good() || r.Verified.Scheme() != sig.Ed25519ph {
		t.Error(r.Err)
	}
}

func TestEnvelope(t *testing.T) {
	s := sigtest.Signer(t, key.ECDSAP256)
	u := parse(t, bundle(mediaType, publicKey, envelopeContent(t, s)))
	if string(u.Payload) != `{"_type":"x"}` || u.PayloadType != "application/vnd.in-toto+json" || u.Claims[0].Format != "sigstore" {
		t.Errorf("%+v", u)
	}
	if r := sigtest.Check(t, u, nil, sigtest.Key{Public: s.Public})[0]; !r.Good() || r.Claim.Namespace != "dsse:application/vnd.in-toto+json" {
		t.Error(r.Err)
	}
}

func TestCertificateNamesItsKeyAndProvesNothing(t *testing.T) {
	s, other := sigtest.Signer(t, key.ECDSAP256), sigtest.Signer(t, key.ECDSAP256)
	leaf := fmt.Sprintf(`{"rawBytes":"%s"}`, certificate(t, s))
	extra := `,"tlogEntries":[{"logIndex":"1"},{}],"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"AA=="}]}`
	for name, material := range map[string]string{
		"certificate": `{"certificate":` + leaf + extra + `}`,
		"chain":       `{"x509CertificateChain":{"certificates":[` + leaf + `,{"rawBytes":"AA=="}]}` + extra + `}`,
	} {
		for content, payload := range map[string][]byte{messageContent(t, sig.ECDSASHA256, s, []byte("x")): []byte("x"), envelopeContent(t, s): nil} {
			u := parse(t, bundle(mediaType, material, content))
			notes := strings.Join(u.Claims[0].Notes, "; ")
			for _, want := range []string{"certificate: not evaluated", "transparency log entries, 2: not evaluated", "timestamps, 1: not evaluated"} {
				if !strings.Contains(notes, want) {
					t.Errorf("%s: notes %q", name, notes)
				}
			}
			if r := sigtest.Check(t, u, payload, sig.Keys{})[0]; !errors.Is(r.Err, sig.ErrNoKey) {
				t.Errorf("%s: without a key: %v", name, r.Err)
			}
			if r := sigtest.Check(t, u, payload, sigtest.Key{Public: other.Public})[0]; !errors.Is(r.Err, sig.ErrWrongKeyID) {
				t.Errorf("%s: another key: %v", name, r.Err)
			}
			if r := sigtest.Check(t, u, payload, sigtest.Key{Public: s.Public})[0]; !r.Good() {
				t.Errorf("%s: the certified key, held by the caller: %v", name, r.Err)
			}
		}
	}
}

// A bundle from sigstore's conformance suite: signed with a key that is kept,
// not certified. Its file and key are not at hand.
const managed = `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial":{"publicKey":{"hint":"TLMsSDfG3ajPsWge+z/vX5T/zluXnmvbkTkwLIV68Tk="}}, "messageSignature":{"messageDigest":{"algorithm":"SHA2_256", "digest":"oM/HEnHW4njlfNMy/5V8P3BD/do1TEy7GQow1W76Ab8="}, "signature":"MEYCIQDfuUkSDjCeMaT3ZZzuArpjjIIy5nJ1d+Z4ARzRnKa98wIhANUxyrBjCdoK+DtBt9Q6R3fNhKCJcWQpYRsAYdBwyL3b"}}`

func TestConformanceBundle(t *testing.T) {
	u := parse(t, managed)
	if c := u.Claims[0]; c.KeyHint != "TLMsSDfG3ajPsWge+z/vX5T/zluXnmvbkTkwLIV68Tk=" || len(c.Signature) != 72 || !c.Accepts(key.ECDSAP256) {
		t.Errorf("%+v", c)
	}
	if !(sigstore.Format{}).Detect([]byte(managed), "a.txt") {
		t.Error("not detected")
	}
}

func TestVersions(t *testing.T) {
	content := messageContent(t, sig.Ed25519, sigtest.Signer(t, key.Ed25519), nil)
	for mediaType, want := range map[string]error{
		"application/vnd.dev.sigstore.bundle+json;version=0.1": nil,
		"application/vnd.dev.sigstore.bundle+json;version=0.2": nil,
		"application/vnd.dev.sigstore.bundle+json;version=0.3": nil,
		"application/vnd.dev.sigstore.bundle.v0.3+json":        nil,
		"application/vnd.dev.sigstore.bundle.v0.4+json":        sig.ErrUnsupported,
		"application/vnd.dev.sigstore.bundle.v1+json":          sig.ErrUnsupported,
		"application/json": sig.ErrMalformed,
		"":                 sig.ErrMalformed,
	} {
		if _, err := (sigstore.Format{}).Parse(strings.NewReader(bundle(mediaType, publicKey, content)), sig.EnvelopeLimits); !errors.Is(err, want) {
			t.Errorf("%s: %v", mediaType, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	const message = `"messageSignature":{"signature":"eA=="}`
	const envelope = `"dsseEnvelope":{"payloadType":"a","payload":"","signatures":[{"sig":"eA=="}]}`
	for _, ok := range []string{bundle(mediaType, publicKey, message), bundle(mediaType, publicKey, envelope), bundle(mediaType, `{"publicKey":{}}`, message)} {
		parse(t, ok)
	}
	for name, c := range map[string]struct {
		file string
		want error
	}{
		"empty":                   {"", sig.ErrMalformed},
		"not an object":           {"[]", sig.ErrMalformed},
		"no content":              {bundle(mediaType, publicKey, `"x":1`), sig.ErrMalformed},
		"both contents":           {bundle(mediaType, publicKey, message+","+envelope), sig.ErrMalformed},
		"no material":             {bundle(mediaType, `{}`, message), sig.ErrMalformed},
		"material is a list":      {bundle(mediaType, `[]`, message), sig.ErrMalformed},
		"two materials":           {bundle(mediaType, `{"publicKey":{},"certificate":{"rawBytes":""}}`, message), sig.ErrMalformed},
		"hint is a number":        {bundle(mediaType, `{"publicKey":{"hint":1}}`, message), sig.ErrMalformed},
		"long hint":               {bundle(mediaType, `{"publicKey":{"hint":"`+strings.Repeat("a", 1025)+`"}}`, message), sig.ErrTooLarge},
		"no signature":            {bundle(mediaType, publicKey, `"messageSignature":{}`), sig.ErrMalformed},
		"unpadded signature":      {bundle(mediaType, publicKey, `"messageSignature":{"signature":"eA"}`), sig.ErrMalformed},
		"long signature":          {bundle(mediaType, publicKey, `"messageSignature":{"signature":"`+strings.Repeat("AAAA", 2000)+`"}`), sig.ErrTooLarge},
		"two signatures":          {bundle(mediaType, publicKey, strings.Replace(envelope, `{"sig":"eA=="}`, `{"sig":"eA=="},{"sig":"eA=="}`, 1)), sig.ErrMalformed},
		"empty envelope":          {bundle(mediaType, publicKey, `"dsseEnvelope":{}`), sig.ErrMalformed},
		"certificate is text":     {bundle(mediaType, `{"certificate":{"rawBytes":"eA=="}}`, message), sig.ErrMalformed},
		"certificate not base64":  {bundle(mediaType, `{"certificate":{"rawBytes":"?"}}`, message), sig.ErrMalformed},
		"certificate missing":     {bundle(mediaType, `{"certificate":{}}`, message), sig.ErrMalformed},
		"long certificate":        {bundle(mediaType, `{"certificate":{"rawBytes":"`+strings.Repeat("AAAA", 1<<15)+`"}}`, message), sig.ErrTooLarge},
		"empty chain":             {bundle(mediaType, `{"x509CertificateChain":{"certificates":[]}}`, message), sig.ErrMalformed},
		"log is an object":        {bundle(mediaType, `{"publicKey":{},"tlogEntries":{}}`, message), sig.ErrMalformed},
		"timestamps are a number": {bundle(mediaType, `{"publicKey":{},"timestampVerificationData":{"rfc3161Timestamps":1}}`, message), sig.ErrMalformed},
		"member twice":            {bundle(mediaType, publicKey, message+","+message), sig.ErrMalformed},
		"protobuf's other names":  {strings.Replace(bundle(mediaType, publicKey, message), "messageSignature", "message_signature", 1), sig.ErrMalformed},
		"trailing text":           {bundle(mediaType, publicKey, message) + "x", sig.ErrMalformed},
	} {
		if _, err := (sigstore.Format{}).Parse(strings.NewReader(c.file), sig.EnvelopeLimits); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// A certificate for a key that no signature is accepted from.
func TestCertificateOfAnotherAlgorithm(t *testing.T) {
	k, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	material := fmt.Sprintf(`{"certificate":{"rawBytes":"%s"}}`, certificate(t, sig.Signer{Signer: k}))
	u := parse(t, bundle(mediaType, material, `"messageSignature":{"signature":"eA=="}`))
	if r := sigtest.Check(t, u, nil, sig.Keys{sigtest.Signer(t, key.Ed25519).Public})[0]; !errors.Is(r.Err, sig.ErrUnsupported) {
		t.Error(r.Err)
	}
}

func TestTampering(t *testing.T) {
	s := sigtest.Signer(t, key.Ed25519)
	message := []byte("artifact")
	file := []byte(bundle(mediaType, publicKey, messageContent(t, sig.Ed25519, s, message)))
	n := sigtest.NeverAccepted(t, sigstore.Format{}, file, message, sigtest.Key{Public: s.Public}, func(u *sig.Unverified) bool {
		return u.Claims[0].Namespace == "file"
	})
	if n == 0 {
		t.Error("nothing accepted: the hint and the digest are not evaluated")
	}
	file = []byte(bundle(mediaType, publicKey, envelopeContent(t, s)))
	sigtest.NeverAccepted(t, sigstore.Format{}, file, nil, sigtest.Key{Public: s.Public}, func(u *sig.Unverified) bool {
		return string(u.Payload) == `{"_type":"x"}` && u.PayloadType == "application/vnd.in-toto+json"
	})
}

func TestDetect(t *testing.T) {
	long := `{"verificationMaterial":{"certificate":{"rawBytes":"` + strings.Repeat("AAAA", 2000)
	for head, want := range map[string]bool{
		managed:       true,
		managed[:100]: true,
		`{"mediaType":"application/vnd.dev.sigstore.bundle.v9"}`:   true,
		`{"mediaType":"text/plain"}`:                               false,
		`{"mediaType":"text/plain","x":"` + strings.Repeat("A", 9): false,
		long:                          true,
		`{"verificationMaterial":{}}`: false,
		`text`:                        false,
	} {
		if got := (sigstore.Format{}).Detect([]byte(head), "x"); got != want {
			t.Errorf("%.60s: %v", head, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	s := sigtest.Signer(f, key.ECDSAP256)
	leaf := fmt.Sprintf(`{"certificate":{"rawBytes":"%s"},"tlogEntries":[{}]}`, certificate(f, s))
	for _, seed := range []string{managed, bundle(mediaType, leaf, envelopeContent(f, s)), bundle(mediaType, leaf, messageContent(f, sig.ECDSASHA256, s, nil))} {
		parse(f, seed)
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := sigstore.Format{}.Parse(bytes.NewReader(data), sig.Limits{FileSize: 1 << 16, Signatures: 64})
		if err != nil {
			return
		}
		if len(u.Claims) != 1 || len(u.Claims[0].Signature) == 0 || u.Claims[0].Content.Whole == (u.Payload != nil) {
			t.Fatalf("%q: %+v", data, u)
		}
		var o struct{ MediaType string }
		if json.Unmarshal(data, &o) != nil || !strings.HasPrefix(o.MediaType, "application/vnd.dev.sigstore.bundle") {
			t.Fatalf("%q accepted", data)
		}
		if _, err := sig.Check(context.Background(), []*sig.Claim{&u.Claims[0]}, sigtest.Message(nil), sig.Keys{s.Public}); err != nil {
			t.Fatal(err)
		}
	})
}
