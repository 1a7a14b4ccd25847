package raw_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/raw"
	"kai/internal/sig/sigtest"
	"kai/internal/vectortest"
)

// openssl runs the program in a directory.
type openssl struct{ program, dir string }

func newOpenSSL(t *testing.T) openssl {
	t.Helper()
	return openssl{vectortest.Peer(t, "openssl"), t.TempDir()}
}

func (o openssl) run(args string) (string, error) {
	cmd := exec.Command(o.program, strings.Fields(args)...)
	cmd.Dir = o.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (o openssl) must(t *testing.T, args string) {
	t.Helper()
	if out, err := o.run(args); err != nil {
		t.Fatalf("openssl %s: %v\n%s", args, err, out)
	}
}

func (o openssl) put(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (o openssl) get(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(o.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// public reads k.pub.
func (o openssl) public(t *testing.T) key.Public {
	t.Helper()
	block, _ := pem.Decode(o.get(t, "k.pub"))
	if block == nil {
		t.Fatal("k.pub is not PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := key.PublicOf(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

func TestOpenSSLsAreAccepted(t *testing.T) {
	o := newOpenSSL(t)
	message := bytes.Repeat([]byte("payload\n"), 100_000)
	o.put(t, "m", message)
	const pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:"
	for _, k := range []struct {
		make  string
		signs []string
		want  []sig.Scheme // "" for what must not be accepted
	}{
		{"genpkey -algorithm ed25519", []string{
			"pkeyutl -sign -rawin -inkey k.sec -in m -out m.rawsig",
		}, []sig.Scheme{sig.Ed25519}},
		{"genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256", []string{
			"dgst -sha256 -sign k.sec -out m.rawsig m",
			"pkeyutl -sign -rawin -digest sha256 -inkey k.sec -in m -out m.rawsig",
			"dgst -sha512 -sign k.sec -out m.rawsig m",
		}, []sig.Scheme{sig.ECDSASHA256, sig.ECDSASHA256, ""}},
		{"genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-384", []string{
			"dgst -sha256 -sign k.sec -out m.rawsig m",
			"dgst -sha384 -sign k.sec -out m.rawsig m",
		}, []sig.Scheme{sig.P384SHA256, ""}},
		{"genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048", []string{
			"dgst -sha256 -sign k.sec -out m.rawsig m",
			"dgst -sha256 " + pss + "32 -sign k.sec -out m.rawsig m",
			"dgst -sha256 " + pss + "20 -sign k.sec -out m.rawsig m",
			"dgst -sha1 -sign k.sec -out m.rawsig m",
			"dgst -sha512 -sign k.sec -out m.rawsig m",
		}, []sig.Scheme{sig.RSASHA256, sig.RSAPSSSHA256, "", "", ""}},
		{"genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:3072", []string{
			"dgst -sha256 " + pss + "digest -sign k.sec -out m.rawsig m",
		}, []sig.Scheme{sig.RSAPSSSHA256}},
	} {
		o.must(t, k.make+" -out k.sec")
		o.must(t, "pkey -in k.sec -pubout -out k.pub")
		pub := o.public(t)
		for i, command := range k.signs {
			o.must(t, command)
			r := sigtest.Check(t, sigtest.Parse(t, raw.Format{}, o.get(t, "m.rawsig")), message, sig.Keys{pub})[0]
			if r.Verified.Scheme() != k.want[i] || r.Good() != (k.want[i] != "") || r.Bad() != (k.want[i] == "") {
				t.Errorf("%s, %s: %v, scheme %q, want %q", k.make, command, r.Err, r.Verified.Scheme(), k.want[i])
			}
		}
	}
}

func TestOpenSSLAcceptsOurs(t *testing.T) {
	o := newOpenSSL(t)
	message := bytes.Repeat([]byte("payload\n"), 100_000)
	o.put(t, "m", message)
	for typ, command := range map[key.Type]string{
		key.Ed25519:   "pkeyutl -verify -rawin -pubin -inkey k.pub -in m -sigfile m.rawsig",
		key.ECDSAP256: "pkeyutl -verify -rawin -digest sha256 -pubin -inkey k.pub -in m -sigfile m.rawsig",
		key.RSA:       "pkeyutl -verify -rawin -digest sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32 -pubin -inkey k.pub -in m -sigfile m.rawsig",
	} {
		signer := sigtest.Signer(t, typ)
		o.put(t, "k.pub", pkix(t, signer.Public))
		value, err := raw.Sign(t.Context(), rand.Reader, signer, bytes.NewReader(message))
		if err != nil {
			t.Fatal(err)
		}
		o.put(t, "m.rawsig", value)
		if out, err := o.run(command); err != nil {
			t.Errorf("openssl %s: %v\n%s", command, err, out)
		}
		value[len(value)-1] ^= 1
		o.put(t, "m.rawsig", value)
		if out, err := o.run(command); err == nil {
			t.Errorf("openssl %s accepts a changed value: %s", command, out)
		}
	}
}

func pkix(t *testing.T, pub key.Public) []byte {
	t.Helper()
	var k crypto.PublicKey
	k, err := pub.Crypto()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
