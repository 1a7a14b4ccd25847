package pkix_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	stdx509 "crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/mldsa"
	"filippo.io/mldsa/x509"

	"kai/internal/key"
	"kai/internal/key/pkix"
	"kai/internal/secret"
	"kai/internal/vectortest"
)

// held are the types with a PKCS#8 form.
var held = []key.Type{key.Ed25519, key.X25519, key.ECDSAP256, key.RSA, key.MLDSA65, key.SLHDSA128s}

// small is an RSA key for tests that need many: generating 4096 bits is slow.
func small(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func generate(t testing.TB, typ key.Type) *key.Private {
	t.Helper()
	var p *key.Private
	var err error
	if typ == key.RSA {
		p, err = key.PrivateOf(small(t))
	} else {
		p, err = key.Generate(typ, rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func passphrase(s string) *secret.Bytes { return secret.Take([]byte(s)) }

func marshal(t testing.TB, p *key.Private) []byte {
	t.Helper()
	der, err := pkix.MarshalPrivate(p)
	if err != nil {
		t.Fatal(err)
	}
	return der.Expose()
}

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The examples of RFC 8410 §10, RFC 9881 appendix C.1 and RFC 9909 appendix C.
func TestExamplesOfTheStandards(t *testing.T) {
	const (
		ed25519  = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC"
		ed25519v = "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCoB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUg" +
			"Q2hhaXJzgSEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
		ed25519p = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
		mldsa    = "MDQCAQAwCwYJYIZIAWUDBAMSBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
		slhdsa   = "MFICAQAwCwYJYIZIAWUDBAMUBECiJjvKRYYINlIxYASVI9YhZ3+tkNUetgZ6Mn4NHmSlASuBCex3fKpOHwJMz8+Ul9mRgFCSgPQlavKwevgCibSU"
		slhdsap  = "MDAwCwYJYIZIAWUDBAMUAyEAK4EJ7Hd8qk4fAkzPz5SX2ZGAUJKA9CVq8rB6+AKJtJQ="
	)
	for _, c := range []struct{ typ, private, public string }{
		{"ed25519", ed25519, ed25519p}, {"ed25519", ed25519v, ed25519p}, {"ml-dsa-65", mldsa, ""}, {"slh-dsa-128s", slhdsa, slhdsap},
	} {
		p, err := pkix.ParsePrivate(unbase64(t, c.private))
		if err != nil {
			t.Errorf("%s: %v", c.typ, err)
			continue
		}
		if string(p.Public().Type()) != c.typ {
			t.Errorf("%s read as %s", c.typ, p.Public().Type())
		}
		if c.private != ed25519v && !bytes.Equal(marshal(t, p), unbase64(t, c.private)) {
			t.Errorf("%s: written as %x", c.typ, marshal(t, p))
		}
		if c.public == "" {
			continue
		}
		der, err := pkix.MarshalPublic(p.Public())
		if err != nil || !bytes.Equal(der, unbase64(t, c.public)) {
			t.Errorf("%s: public key written as %x, %v", c.typ, der, err)
		}
	}
}

// crypto/x509, and filippo.io/mldsa/x509 around it, are other implementations.
func TestTheStandardLibraryAgrees(t *testing.T) {
	for _, typ := range held[:5] {
		p := generate(t, typ)
		k, err := p.Crypto()
		if err != nil {
			t.Fatal(err)
		}
		want, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil || !bytes.Equal(marshal(t, p), want) {
			t.Errorf("%s: PKCS#8 %x, %v, want %x", typ, marshal(t, p), err, want)
		}
		public, err := p.Public().Crypto()
		if err != nil {
			t.Fatal(err)
		}
		want, err = x509.MarshalPKIXPublicKey(public)
		got, err2 := pkix.MarshalPublic(p.Public())
		if err != nil || err2 != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: SPKI %x, %v, %v, want %x", typ, got, err, err2, want)
		}
	}
	k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pkix.ParsePublic(der)
	if err != nil || p.Type() != key.ECDSAP384 {
		t.Errorf("P-384: %v, %v", p, err)
	}
	if again, err := pkix.MarshalPublic(p); err != nil || !bytes.Equal(again, der) {
		t.Errorf("P-384: written as %x, %v, want %x", again, err, der)
	}
}

func TestKeysRoundTrip(t *testing.T) {
	for _, typ := range held {
		p := generate(t, typ)
		again, err := pkix.ParsePrivate(marshal(t, p))
		if err != nil || !again.Stored().Equal(p.Stored()) {
			t.Errorf("%s: %v", typ, err)
		}
		der, err := pkix.MarshalPublic(p.Public())
		if err != nil {
			t.Fatal(err)
		}
		if public, err := pkix.ParsePublic(der); err != nil || public != p.Public() {
			t.Errorf("%s: %v", typ, err)
		}
		der, err = pkix.MarshalEncrypted(p, passphrase("correct horse"), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		e, err := pkix.ParseEncrypted(der)
		if err != nil || !e.Public.IsZero() || e.Private != nil {
			t.Fatalf("%s: %+v, %v", typ, e, err)
		}
		opened, err := e.Locked.Unlock(passphrase("correct horse"))
		if err != nil || len(opened) != 1 || !opened[0].Private.Stored().Equal(p.Stored()) {
			t.Errorf("%s: %+v, %v", typ, opened, err)
		}
		for _, wrong := range []string{"", "correct horsf"} {
			if _, err := e.Locked.Unlock(passphrase(wrong)); !errors.Is(err, key.ErrPassphrase) {
				t.Errorf("%s: passphrase %q: %v", typ, wrong, err)
			}
		}
	}
	if _, err := pkix.MarshalEncrypted(generate(t, key.Ed25519), passphrase(""), rand.Reader); !errors.Is(err, key.ErrPassphrase) {
		t.Errorf("empty passphrase: %v", err)
	}
	for _, typ := range []key.Type{key.MLDSA44Ed25519, key.MLKEM768X25519} {
		if _, err := pkix.MarshalPrivate(generate(t, typ)); !errors.Is(err, key.ErrType) {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestDamagedKeysAreRefused(t *testing.T) {
	for _, typ := range held {
		p := generate(t, typ)
		private := marshal(t, p)
		public, err := pkix.MarshalPublic(p.Public())
		if err != nil {
			t.Fatal(err)
		}
		step := max(1, len(public)/67)
		for i := 0; i < len(public); i += step {
			if _, err := pkix.ParsePublic(public[:i]); err == nil {
				t.Errorf("%s: public key cut at %d accepted", typ, i)
			}
			if _, err := pkix.ParsePrivate(private[:i%len(private)]); err == nil {
				t.Errorf("%s: private key cut at %d accepted", typ, i)
			}
		}
		if _, err := pkix.ParsePublic(append(public, 0)); !errors.Is(err, key.ErrMalformed) {
			t.Errorf("%s: byte after the public key: %v", typ, err)
		}
		if _, err := pkix.ParsePrivate(append(bytes.Clone(private), 0)); !errors.Is(err, key.ErrMalformed) {
			t.Errorf("%s: byte after the private key: %v", typ, err)
		}
	}
}

// Each number of an RSA key and each public half is compared, not believed.
func TestNumbersThatDoNotFitAreRefused(t *testing.T) {
	k := small(t)
	other := small(t)
	for name, change := range map[string]func(*pkcs1){
		"modulus":  func(p *pkcs1) { p.N = other.N },
		"exponent": func(p *pkcs1) { p.E = 3 },
		"d":        func(p *pkcs1) { p.D = new(big.Int).Add(p.D, big.NewInt(2)) },
		"prime":    func(p *pkcs1) { p.P = other.Primes[0] },
		"swapped":  func(p *pkcs1) { p.P, p.Q = p.Q, p.P },
		"dp":       func(p *pkcs1) { p.DP = new(big.Int).Add(p.DP, big.NewInt(2)) },
		"dq":       func(p *pkcs1) { p.DQ = new(big.Int).Add(p.DQ, big.NewInt(2)) },
		"qinv":     func(p *pkcs1) { p.QInv = new(big.Int).Add(p.QInv, big.NewInt(1)) },
	} {
		numbers := pkcs1Of(k)
		change(&numbers)
		if _, err := pkix.ParsePKCS1(numbers.marshal(t)); !errors.Is(err, key.ErrWeak) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := pkix.ParsePKCS1(pkcs1Of(k).marshal(t)); err != nil {
		t.Errorf("unchanged: %v", err)
	}

	ec := generate(t, key.ECDSAP256)
	der := marshal(t, ec)
	der[len(der)-1] ^= 1 // the last byte of the point
	if _, err := pkix.ParsePrivate(der); !errors.Is(err, key.ErrWeak) {
		t.Errorf("point: %v", err)
	}
	ed := unbase64(t, "MFECAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCgSEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")
	if _, err := pkix.ParsePrivate(ed); err != nil {
		t.Errorf("version 2: %v", err)
	}
	ed[len(ed)-1] ^= 1
	if _, err := pkix.ParsePrivate(ed); !errors.Is(err, key.ErrWeak) {
		t.Errorf("version 2, public half: %v", err)
	}
	ed[len(ed)-1] ^= 1
	ed[4] = 0 // version 1 has no public half
	if _, err := pkix.ParsePrivate(ed); !errors.Is(err, key.ErrMalformed) {
		t.Errorf("version 1 with public half: %v", err)
	}
}

// Trailing bytes in the inner structure are what crypto/x509 lets pass.
func TestInnerStructuresAreStrict(t *testing.T) {
	for name, text := range map[string]string{
		"ed25519, byte after the seed":     "302f020100300506032b6570042304" + "20d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f4475584200",
		"ed25519, parameters":              "3030020100300706032b65700500042204" + "20d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842",
		"ed25519, 31 bytes":                "302d020100300506032b6570042104" + "1fd4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f447558",
		"ed25519, long form of the length": "30812e020100300506032b6570042204" + "20d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842",
	} {
		der, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pkix.ParsePrivate(der); !errors.Is(err, key.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// RFC 9881 §6 has three forms; only the seed can be checked and kept small.
	k, err := mldsa.GenerateKey(mldsa.MLDSA65())
	if err != nil {
		t.Fatal(err)
	}
	seed, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	both := bytes.Replace(seed, []byte{0x80, 32}, []byte{0x30, 32}, 1)
	if _, err := pkix.ParsePrivate(both); !errors.Is(err, key.ErrType) {
		t.Errorf("ML-DSA with expanded key: %v", err)
	}
}

func TestOtherAlgorithmsAreNamed(t *testing.T) {
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]any{"P-521": p521, "P-384": p384, "ECDH over P-521": toECDH(t, p521)} {
		der, err := stdx509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pkix.ParsePrivate(der); !errors.Is(err, key.ErrType) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func toECDH(t *testing.T, k *ecdsa.PrivateKey) *ecdh.PrivateKey {
	t.Helper()
	p, err := k.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFilesOfOpenSSLAreRead(t *testing.T) {
	tool := vectortest.Peer(t, "openssl")
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, args := range map[string][]string{
		"ed25519": {"-algorithm", "ed25519"},
		"x25519":  {"-algorithm", "x25519"},
		"p256":    {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
		"rsa":     {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"},
	} {
		vectortest.Run(t, nil, tool, append([]string{"genpkey", "-out", at(name)}, args...)...)
		p, err := pkix.ParsePrivate(readPEM(t, at(name), "PRIVATE KEY"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		vectortest.Run(t, nil, tool, "pkey", "-in", at(name), "-pubout", "-out", at(name+".pub"))
		public, err := pkix.ParsePublic(readPEM(t, at(name+".pub"), "PUBLIC KEY"))
		if err != nil || public != p.Public() {
			t.Errorf("%s: public key: %v", name, err)
		}
		for variant, args := range map[string][]string{
			"default":    {},
			"sha1":       {"-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"},
			"sha256":     {"-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA256", "-iter", "1000"},
			"sha384":     {"-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA384"},
			"sha512":     {"-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512", "-iter", "200000"},
			"sha224":     {"-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA224"},
			"iterations": {"-v2", "aes-128-cbc", "-iter", "1"},
		} {
			vectortest.Run(t, nil, tool, append([]string{"pkcs8", "-topk8", "-in", at(name), "-out", at("enc"), "-passout", "pass:correct horse"}, args...)...)
			e, err := pkix.ParseEncrypted(readPEM(t, at("enc"), "ENCRYPTED PRIVATE KEY"))
			if err != nil {
				t.Errorf("%s, %s: %v", name, variant, err)
				continue
			}
			opened, err := e.Locked.Unlock(passphrase("correct horse"))
			if err != nil || opened[0].Public != public {
				t.Errorf("%s, %s: %v", name, variant, err)
			}
		}
		for variant, args := range map[string][]string{"scrypt": {"-scrypt"}, "3des": {"-v2", "des3"}, "pkcs12": {"-v1", "PBE-SHA1-3DES"}} {
			vectortest.Run(t, nil, tool, append([]string{"pkcs8", "-topk8", "-in", at(name), "-out", at("enc"), "-passout", "pass:x"}, args...)...)
			if _, err := pkix.ParseEncrypted(readPEM(t, at("enc"), "ENCRYPTED PRIVATE KEY")); !errors.Is(err, key.ErrType) {
				t.Errorf("%s, %s: %v", name, variant, err)
			}
		}
	}
	for name, form := range map[string]struct {
		label string
		parse func([]byte) (*key.Private, error)
	}{"p256": {"EC PRIVATE KEY", pkix.ParseEC}, "rsa": {"RSA PRIVATE KEY", pkix.ParsePKCS1}} {
		vectortest.Run(t, nil, tool, "pkey", "-traditional", "-in", at(name), "-out", at("old"))
		p, err := form.parse(readPEM(t, at("old"), form.label))
		public, err2 := pkix.ParsePublic(readPEM(t, at(name+".pub"), "PUBLIC KEY"))
		if err != nil || err2 != nil || p.Public() != public {
			t.Errorf("%s: %v, %v", form.label, err, err2)
		}
	}
	vectortest.Run(t, nil, tool, "rsa", "-in", at("rsa"), "-RSAPublicKey_out", "-out", at("old"))
	if _, err := pkix.ParsePKCS1Public(readPEM(t, at("old"), "RSA PUBLIC KEY")); err != nil {
		t.Errorf("RSA PUBLIC KEY: %v", err)
	}
}

func TestFilesAreReadByOpenSSL(t *testing.T) {
	tool := vectortest.Peer(t, "openssl")
	for _, typ := range held[:4] { // OpenSSL has ML-DSA and SLH-DSA from 3.5
		p := generate(t, typ)
		encrypted, err := pkix.MarshalEncrypted(p, passphrase("correct horse"), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		want, err := pkix.MarshalPublic(p.Public())
		if err != nil {
			t.Fatal(err)
		}
		for label, der := range map[string][]byte{"PRIVATE KEY": marshal(t, p), "ENCRYPTED PRIVATE KEY": encrypted} {
			text := pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
			got := vectortest.Run(t, text, tool, "pkey", "-passin", "pass:correct horse", "-pubout", "-outform", "DER")
			if !bytes.Equal(got, want) {
				t.Errorf("%s, %s: openssl reads %x, want %x", typ, label, got, want)
			}
		}
	}
}

func readPEM(t *testing.T, file, label string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			t.Fatalf("%s: no %s in %s", file, label, text)
		}
		if block.Type == label {
			return block.Bytes
		}
		text = rest
	}
}

func TestBoundsOfPBKDF2(t *testing.T) {
	der, err := pkix.MarshalEncrypted(generate(t, key.Ed25519), passphrase("x"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	count := bytes.Index(der, []byte{2, 3, 3, 0x0d, 0x40}) // INTEGER 200000
	if count < 0 {
		t.Fatal("no iteration count")
	}
	for _, rounds := range [][]byte{{0x7f, 0xff, 0xff}, {0x80, 0, 0}, {0x98, 0x96, 0x81}} {
		changed := bytes.Clone(der)
		copy(changed[count+2:], rounds)
		_, err := pkix.ParseEncrypted(changed)
		if rounds[0] == 0x7f && err != nil || rounds[0] != 0x7f && err == nil {
			t.Errorf("iterations %x: %v", rounds, err)
		}
	}
}

func FuzzParsePrivate(f *testing.F) {
	for _, typ := range []key.Type{key.Ed25519, key.ECDSAP256, key.MLDSA65} {
		f.Add(marshal(f, generate(f, typ)))
	}
	f.Add(unbase64(f, "MFECAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCgSEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="))
	f.Fuzz(func(t *testing.T, der []byte) {
		for _, parse := range []func([]byte) (*key.Private, error){pkix.ParsePrivate, pkix.ParseEC, pkix.ParsePKCS1} {
			p, err := parse(der)
			if err != nil {
				continue
			}
			again, err := pkix.ParsePrivate(marshal(t, p))
			if err != nil || again.Public() != p.Public() {
				t.Errorf("%x: written differently: %v", der, err)
			}
		}
	})
}

func FuzzParsePublic(f *testing.F) {
	for _, typ := range []key.Type{key.Ed25519, key.ECDSAP256, key.RSA} {
		der, err := pkix.MarshalPublic(generate(f, typ).Public())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		p, err := pkix.ParsePublic(der)
		if err != nil {
			return
		}
		if again, err := pkix.MarshalPublic(p); err != nil || !bytes.Equal(again, der) {
			t.Errorf("%x is written as %x, %v", der, again, err)
		}
	})
}

func FuzzParseEncrypted(f *testing.F) {
	der, err := pkix.MarshalEncrypted(generate(f, key.Ed25519), passphrase("x"), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Fuzz(func(t *testing.T, der []byte) {
		if e, err := pkix.ParseEncrypted(der); err == nil && e.Locked == nil {
			t.Errorf("%x: not locked", der)
		}
	})
}
