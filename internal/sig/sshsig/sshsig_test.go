package sshsig_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/sshsig"
)

const message = "the message that is signed\n"

// The sizes follow from the format alone: they are what a second
// implementation must arrive at.
func TestSizes(t *testing.T) {
	file := sign(t, newHybrid(t), "file", "sha256", memory(message))
	blocks := sshsig.Blocks(file)
	if len(blocks) != 2 || len(blocks[1]) != 5346 {
		t.Fatalf("KAI block of %d bytes, want 5346", len(blocks[1]))
	}
	first := sshsig.ArmorSSH(blocks[0])
	if len(first) != 294 || !bytes.HasPrefix(file, first) {
		t.Errorf("SSH block of %d bytes, want 294", len(first))
	}
	for line := range strings.Lines(string(file)) {
		if len(line) > 71 {
			t.Errorf("line of %d columns", len(line)-1)
		}
	}
}

func TestSignAndCheck(t *testing.T) {
	for _, kind := range []key.Type{key.Ed25519, key.ECDSAP256, key.RSA, key.MLDSA44Ed25519} {
		for _, hash := range []string{"sha256", "sha512"} {
			for _, hybrid := range []bool{false, true} {
				s := newSigner(t, kind)
				if hybrid {
					pq := newSigner(t, key.MLDSA65)
					s.PQ = &pq
				}
				file := sign(t, s, "release notes", hash, memory(message))
				r := check(t, file, memory(message))[0]
				if !r.Good() {
					t.Errorf("%s %s hybrid=%v: %v", kind, hash, hybrid, r.Err)
					continue
				}
				if v := r.Verified; v.Key() != s.Public || v.Namespace() != "release notes" || v.Format() != "sshsig" {
					t.Errorf("%s: verified as %s for %q in %s", kind, v.Key(), v.Namespace(), v.Format())
				}
				if hybrid && r.Verified.PQKey() != s.PQ.Public {
					t.Errorf("%s: post-quantum key %s", kind, r.Verified.PQKey())
				}
				if r := check(t, file, memory(message+"!"))[0]; !r.Bad() {
					t.Errorf("%s %s: other message: %v", kind, hash, r.Err)
				}
			}
		}
	}
}

// Test data of OpenSSH, regress/unittests/sshsig/testdata.
const opensshMessage = "This is a test, this is only a test"

func TestOpenSSHVectors(t *testing.T) {
	for name, kind := range map[string]key.Type{
		"ed25519":         key.Ed25519,
		"ecdsa":           key.ECDSAP256,
		"ed25519_sk":      key.SKEd25519,
		"ecdsa_sk":        key.SKECDSA,
		"mldsa44-ed25519": key.MLDSA44Ed25519,
	} {
		r := check(t, testdata(t, name), memory(opensshMessage))[0]
		if !r.Good() || r.Verified.Key().Type() != kind || r.Verified.Namespace() != "unittest" {
			t.Errorf("%s: %+v", name, r)
		}
		touched, verified, counter, ok := r.Claim.Presence()
		if fido := kind == key.SKEd25519 || kind == key.SKECDSA; ok != fido || fido && (!touched || verified || counter != 0x12345678) {
			t.Errorf("%s: presence %v %v %#x %v", name, touched, verified, counter, ok)
		}
	}
	r := check(t, testdata(t, "ecdsa_sk_webauthn"), memory(opensshMessage))[0]
	if !errors.Is(r.Err, sig.ErrUnsupported) || r.Bad() {
		t.Errorf("webauthn: %v", r.Err)
	}
}

// Either half of OpenSSH's composite signature may be the one that is wrong.
func TestCompositeHalves(t *testing.T) {
	raw := sshsig.Blocks(testdata(t, "mldsa44-ed25519"))[0]
	for what, fromEnd := range map[string]int{"ed25519": 10, "ml-dsa-44": 64 + 100} {
		changed := bytes.Clone(raw)
		changed[len(changed)-fromEnd] ^= 1
		if r := check(t, sshsig.ArmorSSH(changed), memory(opensshMessage))[0]; !r.Bad() {
			t.Errorf("%s half changed: %v", what, r.Err)
		}
	}
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile("testdata/" + name + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// OpenSSH 10.5 and 10.6 name the composite key differently.
func TestCompositeNames(t *testing.T) {
	raw := sshsig.Blocks(testdata(t, "mldsa44-ed25519"))[0]
	const short, long = "\x00\x00\x00\x13ssh-mldsa44-ed25519", "\x00\x00\x00\x1fssh-mldsa44-ed25519@openssh.com"
	renamed := strings.ReplaceAll(string(raw), short, long)
	renamed = strings.Replace(renamed, "\x00\x00\x05\x5b", "\x00\x00\x05\x67", 1) // the key is 12 bytes longer
	renamed = strings.Replace(renamed, "\x00\x00\x09\xcf", "\x00\x00\x09\xdb", 1) // and so is the signature
	if r := check(t, sshsig.ArmorSSH([]byte(renamed)), memory(opensshMessage))[0]; !r.Good() {
		t.Errorf("name with @openssh.com: %v", r.Err)
	}
}

func TestCertificate(t *testing.T) {
	s, ca := newSigner(t, key.Ed25519), newSigner(t, key.ECDSAP256)
	blob := certify(t, s, ca)
	sum := memory(message).sum("sha256")
	file, err := sshsig.SignCertified(rand.Reader, s, blob, "file", "sha256", sum)
	if err != nil {
		t.Fatal(err)
	}
	r := check(t, file, memory(message))[0]
	if !r.Good() || r.Verified.Key() != s.Public || !bytes.Equal(r.Claim.Certificate, blob) {
		t.Errorf("certified signature: %+v", r)
	}
	if _, err := sshsig.SignCertified(rand.Reader, ca, blob, "file", "sha256", sum); !errors.Is(err, key.ErrWeak) {
		t.Errorf("certificate of another key: %v", err)
	}
	if _, err := sshsig.SignCertified(rand.Reader, s, s.Public.Wire(), "file", "sha256", sum); !errors.Is(err, key.ErrWeak) {
		t.Errorf("bare key as certificate: %v", err)
	}
	if _, err := sshsig.SignCertified(rand.Reader, s, blob[:len(blob)-1], "file", "sha256", sum); !errors.Is(err, key.ErrMalformed) {
		t.Errorf("cut certificate: %v", err)
	}
}

// certify returns the blob of a certificate that ca made for s.
func certify(t testing.TB, s, ca sig.Signer) []byte {
	t.Helper()
	pub, err := ssh.ParsePublicKey(s.Public.Wire())
	if err != nil {
		t.Fatal(err)
	}
	authority, err := ssh.NewSignerFromSigner(ca.Signer)
	if err != nil {
		t.Fatal(err)
	}
	cert := &ssh.Certificate{Key: pub, CertType: ssh.UserCert, ValidPrincipals: []string{"bob"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	return cert.Marshal()
}

func TestSignRefuses(t *testing.T) {
	s := newSigner(t, key.Ed25519)
	sum := memory(message).sum("sha256")
	wrongPQ := s
	wrongPQ.PQ = &sig.Signer{Public: s.Public, Signer: s.Signer}
	for name, c := range map[string]struct {
		signer          sig.Signer
		namespace, hash string
		sum             []byte
		want            error
	}{
		"empty namespace":   {s, "", "sha256", sum, sig.ErrNamespace},
		"long namespace":    {s, strings.Repeat("n", 257), "sha256", sum, sig.ErrNamespace},
		"control character": {s, "a\nb", "sha256", sum, sig.ErrNamespace},
		"unknown hash":      {s, "file", "sha1", sum, sig.ErrUnsupported},
		"sum of other hash": {s, "file", "sha512", sum, sig.ErrUnsupported},
		"ml-dsa key":        {newSigner(t, key.MLDSA65), "file", "sha256", sum, sig.ErrScheme},
		"companion's type":  {wrongPQ, "file", "sha256", sum, sig.ErrScheme},
		"foreign signer":    {sig.Signer{Public: s.Public, Signer: newSigner(t, key.Ed25519).Signer}, "file", "sha256", sum, sig.ErrSelfCheck},
	} {
		file, err := sshsig.Sign(rand.Reader, c.signer, c.namespace, c.hash, c.sum)
		if !errors.Is(err, c.want) || file != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestAppend(t *testing.T) {
	alice, bob := newHybrid(t), newSigner(t, key.ECDSAP256)
	one, two := sign(t, alice, "file", "sha256", message2), sign(t, bob, "file", "sha512", message2)
	both, err := sshsig.Append(bytes.TrimRight(one, "\n"), two, sig.DetachedLimits)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(both, append(bytes.Clone(one), two...)) {
		t.Error("blocks do not follow each other")
	}
	results := check(t, both, message2)
	if len(results) != 2 || !results[0].Good() || !results[1].Good() || results[0].Claim.PQ == nil || results[1].Claim.PQ != nil {
		t.Errorf("%+v", results)
	}
	if !bytes.Equal(sshsig.First(both), one) {
		t.Error("First is not the first signature with its KAI block")
	}
	if _, err := sshsig.Append([]byte("junk"), two, sig.DetachedLimits); !errors.Is(err, sig.ErrMalformed) {
		t.Errorf("appended to junk: %v", err)
	}
	full := bytes.Repeat(two, 64)
	if _, err := sshsig.Append(full[:63*len(two)], two, sig.DetachedLimits); err != nil {
		t.Errorf("64th signature: %v", err)
	}
	if _, err := sshsig.Append(full, two, sig.DetachedLimits); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("65th signature: %v", err)
	}
}

var message2 = memory("another message")
