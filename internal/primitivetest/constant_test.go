package primitivetest

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/nacl/secretbox"
	"golang.org/x/crypto/scrypt"
	guts "lukechampine.com/blake3"

	"kai/internal/digest"
	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/secret"
	"kai/internal/sig"
	"kai/internal/vectortest"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 8032 §7.1: secret, message, signature.
func TestEd25519OfTheRFC(t *testing.T) {
	abc := sha512.Sum512([]byte("abc"))
	for _, c := range []struct {
		secret  string
		message []byte
		value   string
	}{
		{
			"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", nil,
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
		}, {
			"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", []byte{0x72},
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
		}, {
			"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", []byte{0xaf, 0x82},
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
		}, {
			"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42", abc[:],
			"dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
		},
	} {
		private, err := key.NewPrivate(key.Ed25519, secret.Take(unhex(t, c.secret)))
		if err != nil {
			t.Fatal(err)
		}
		signer, err := private.Signer()
		if err != nil {
			t.Fatal(err)
		}
		value, err := sig.Ed25519.Sign(rand.Reader, private.Public(), signer, c.message)
		if err != nil || hex.EncodeToString(value) != c.value {
			t.Errorf("message %x: signature %x, %v", c.message, value, err)
		}
	}
}

// "abc" in FIPS 180-4, FIPS 202 and RFC 7693, and the input of the BLAKE3 test
// vectors: bytes that count to 250 and begin again.
func TestHashesOfTheStandards(t *testing.T) {
	counting := make([]byte, 102400)
	for i := range counting {
		counting[i] = byte(i % 251)
	}
	for _, c := range []struct {
		algorithm digest.Algorithm
		message   []byte
		want      string
	}{
		{digest.SHA256, []byte("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{digest.SHA512, []byte("abc"), "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		{digest.SHA3_256, []byte("abc"), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
		{digest.BLAKE2b, []byte("abc"), "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
		{digest.BLAKE3, counting[:0], "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
		{digest.BLAKE3, counting[:1], "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
		{digest.BLAKE3, counting[:1023], "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
		{digest.BLAKE3, counting[:1024], "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
		{digest.BLAKE3, counting[:1025], "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
		{digest.BLAKE3, counting, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
	} {
		sums, err := digest.Sums(t.Context(), bytes.NewReader(c.message), []digest.Spec{{Algorithm: c.algorithm}})
		if err != nil || hex.EncodeToString(sums[0]) != c.want {
			t.Errorf("%s of %d bytes: %x, %v", c.algorithm, len(c.message), sums, err)
		}
		if c.algorithm == digest.BLAKE3 { // the second supplier
			if sum := guts.Sum256(c.message); hex.EncodeToString(sum[:]) != c.want {
				t.Errorf("parallel blake3 of %d bytes: %x", len(c.message), sum)
			}
		}
	}
}

// RFC 8439 §2.8.2.
func TestChaCha20Poly1305OfTheRFC(t *testing.T) {
	a, err := chacha20poly1305.New(unhex(t, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"))
	if err != nil {
		t.Fatal(err)
	}
	text := "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
	sealed := a.Seal(nil, unhex(t, "070000004041424344454647"), []byte(text), unhex(t, "50515253c0c1c2c3c4c5c6c7"))
	if hex.EncodeToString(sealed) != "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"+
		"3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"+
		"92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"+
		"3ff4def08e4b7a9de576d26586cec64b6116"+"1ae10b594f09e26a7e902ecbd0600691" {
		t.Errorf("sealed %x", sealed)
	}
}

// The vector of NaCl's own tests, tests/secretbox.c.
func TestXSalsa20Poly1305OfNaCl(t *testing.T) {
	k := [32]byte(unhex(t, "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389"))
	nonce := [24]byte(unhex(t, "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37"))
	text := unhex(t, "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc"+
		"e5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31"+
		"0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde"+
		"048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864"+
		"5e0705")
	want := "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce" +
		"48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972" +
		"71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae" +
		"90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3" +
		"7973f622a43d14a6599b1f654cb45a74e355a5"
	sealed := secretbox.Seal(nil, text, &nonce, &k)
	if hex.EncodeToString(sealed) != want {
		t.Errorf("sealed %x", sealed)
	}
	sealed[0] ^= 1
	if _, ok := secretbox.Open(nil, sealed, &nonce, &k); ok {
		t.Error("a changed tag is accepted")
	}
}

// RFC 5869 §A.1 and §A.3.
func TestHKDFOfTheRFC(t *testing.T) {
	ikm := bytes.Repeat([]byte{0x0b}, 22)
	for _, c := range []struct{ salt, info, want string }{
		{"000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
		{"", "", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
	} {
		okm, err := hkdf.Key(sha256.New, ikm, unhex(t, c.salt), string(unhex(t, c.info)), 42)
		if err != nil || hex.EncodeToString(okm) != c.want {
			t.Errorf("okm %x, %v", okm, err)
		}
	}
}

// RFC 7914 §12, but for the last, which takes 1 GiB.
func TestScryptOfTheRFC(t *testing.T) {
	for _, c := range []struct {
		passphrase, salt string
		n, r, p          int
		want             string
	}{
		{"", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
		{"password", "NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
		{"pleaseletmein", "SodiumChloride", 16384, 8, 1, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
	} {
		derived, err := scrypt.Key([]byte(c.passphrase), []byte(c.salt), c.n, c.r, c.p, 64)
		if err != nil || hex.EncodeToString(derived) != c.want {
			t.Errorf("N=%d: %x, %v", c.n, derived, err)
		}
	}
}

// The parameter sets of vault passwords. Expected are the values of the argon2
// program of its authors, and of Python's hashlib. The vectors of RFC 9106 have
// a secret and associated data, which golang.org/x/crypto leaves out.
func TestPasswordParameters(t *testing.T) {
	passphrase := []byte("correct horse battery staple")
	for threads, want := range map[uint8]string{
		4: "38b3c27095954643e62390ba0598c4ce3aa1833cf4e5c556f6a586b6e49413ca",
		1: "fb026887f3f908529bc9d6abf5d7650064451f22daf7dffcb61c1dfef60c5bcc",
	} {
		if got := argon2.IDKey(passphrase, []byte("kai test salt 16"), 3, 64<<10, threads, 32); hex.EncodeToString(got) != want {
			t.Errorf("argon2id p=%d: %x", threads, got)
		}
	}
	salt := []byte("kai test salt of 32 bytes length")
	if got, err := pbkdf2.Key(sha512.New, string(passphrase), salt, 200_000, 32); err != nil || hex.EncodeToString(got) != "52c52ce04de4006cda462ccb84add4bd9204ce3b87780dd807db61010ce2949f" {
		t.Errorf("pbkdf2-sha512: %x, %v", got, err)
	}
	if got, err := pbkdf2.Key(sha256.New, string(passphrase), salt, 100_000, 32); err != nil || hex.EncodeToString(got) != "57f565e1dfb80bdb2f523c92261890a5b27c01e3f9121fc6168cab9191dc9349" {
		t.Errorf("pbkdf2-sha256: %x, %v", got, err)
	}
}

// A key file of ssh-keygen 9.2: bcrypt_pbkdf with 24 rounds, aes256-ctr.
const encryptedKey = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDojMQfZO
u3xcbwzXZH8mPTAAAAGAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIKyqERFGLiS0GhxF
TuSf+9epFdaEubxfEspPZX2xE9l7AAAAkLpDh31SFQj25CQnSbB5zcN3/RblcbJCt73bd6
A/A+se3WBV1QnO+qX6dUIJvLUR4RLioMutFqSNFPFxTqQ6kG26ksc4JF9se/mBNBSDoCQg
rpNw77dO/8eHBLE4t1/+i5gww0+wMcwGvDdsaeQiSs1giYiZWrJvKEp5IaLQVG9N6lftYp
nI4btUKoBDJH3aMA==
-----END OPENSSH PRIVATE KEY-----
`

func TestBcryptPBKDFOfOpenSSH(t *testing.T) {
	read := func(passphrase string) ([]key.Entry, error) {
		parsed, err := keyfile.Parse([]byte(encryptedKey))
		if err != nil {
			t.Fatal(err)
		}
		if len(parsed.Entries) != 1 || parsed.Entries[0].Locked == nil {
			t.Fatalf("entries %+v", parsed.Entries)
		}
		return parsed.Entries[0].Locked.Unlock(secret.Take([]byte(passphrase)))
	}
	entries, err := read("correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	const want = "AAAAC3NzaC1lZDI1NTE5AAAAIKyqERFGLiS0GhxFTuSf+9epFdaEubxfEspPZX2xE9l7"
	if got := base64.StdEncoding.EncodeToString(entries[0].Private.Public().Wire()); got != want {
		t.Errorf("public key %s", got)
	}
	if _, err := read("wrong"); !errors.Is(err, key.ErrPassphrase) {
		t.Errorf("a wrong passphrase: %v", err)
	}
}

// The vectors that the standard library tests X-Wing in HPKE with.
func TestXWingInHPKE(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/crypto/hpke/testdata/hpke-pq.json"))
	if err != nil {
		vectortest.Missing(t, "no source of the standard library: "+err.Error())
	}
	var vectors []struct {
		KEM         uint16 `json:"kem_id"`
		KDF         uint16 `json:"kdf_id"`
		AEAD        uint16 `json:"aead_id"`
		Info, Enc   octets
		SkRm, PkRm  octets
		Encryptions []struct{ Aad, Ct, Pt octets }
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	opened := 0
	for _, v := range vectors {
		if v.KEM != hpke.MLKEM768X25519().ID() {
			continue
		}
		private, err := key.NewPrivate(key.MLKEM768X25519, secret.Take(bytes.Clone(v.SkRm)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(private.Public().Raw(), v.PkRm) {
			t.Error("public key differs")
		}
		k, err := hpke.MLKEM768X25519().NewPrivateKey(v.SkRm)
		if err != nil {
			t.Fatal(err)
		}
		kdf, err := hpke.NewKDF(v.KDF)
		if err != nil {
			t.Fatal(err)
		}
		a, err := hpke.NewAEAD(v.AEAD)
		if err != nil {
			t.Fatal(err)
		}
		r, err := hpke.NewRecipient(v.Enc, k, kdf, a, v.Info)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range v.Encryptions {
			text, err := r.Open(e.Aad, e.Ct)
			if err != nil || !bytes.Equal(text, e.Pt) {
				t.Errorf("opens to %x, %v", text, err)
			}
			opened++
		}
	}
	if opened != 20 {
		t.Errorf("%d messages opened, want 20", opened)
	}
}
