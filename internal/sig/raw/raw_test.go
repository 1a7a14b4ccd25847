package raw_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/raw"
	"kai/internal/sig/sigtest"
)

// RFC 8032 §7.1, test 2.
const (
	rfcKey   = "ed25519:PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"
	rfcValue = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)

var rfcMessage = []byte{0x72}

func rfc(t testing.TB) (key.Public, []byte) {
	t.Helper()
	pub, err := key.ParseText(rfcKey)
	if err != nil {
		t.Fatal(err)
	}
	value, err := hex.DecodeString(rfcValue)
	if err != nil {
		t.Fatal(err)
	}
	return pub, value
}

func TestEncodings(t *testing.T) {
	pub, value := rfc(t)
	text := base64.StdEncoding.EncodeToString(value)
	for name, file := range map[string]string{
		"binary":                string(value),
		"hex":                   rfcValue,
		"hex, upper case":       strings.ToUpper(rfcValue),
		"hex, LF":               rfcValue + "\n",
		"hex, CR LF":            rfcValue + "\r\n",
		"base64":                text,
		"base64, LF":            text + "\n",
		"base64 of openssl":     text[:64] + "\n" + text[64:] + "\n",
		"base64 of coreutils":   text[:76] + "\n" + text[76:] + "\n",
		"base64, broken, no LF": text[:76] + "\n" + text[76:],
	} {
		u := sigtest.Parse(t, raw.Format{}, []byte(file))
		c := u.Claims[0]
		if len(u.Claims) != 1 || c.Namespace != "file" || c.Hash != "" || c.KeyHint != "" || !bytes.Equal(c.Signature, value) {
			t.Errorf("%s: claims %+v", name, u.Claims)
		}
		if r := sigtest.Check(t, u, rfcMessage, sig.Keys{pub})[0]; !r.Good() || r.Verified.Scheme() != sig.Ed25519 {
			t.Errorf("%s: %v", name, r.Err)
		}
		if r := sigtest.Check(t, u, []byte{0x73}, sig.Keys{pub})[0]; !r.Bad() {
			t.Errorf("%s: another message: %v", name, r.Err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	_, value := rfc(t)
	text := base64.StdEncoding.EncodeToString(value)
	der := append([]byte{0x30, 0x44, 0x02}, make([]byte, 0x43)...)
	for name, file := range map[string]string{
		"nothing":                     "",
		"63 bytes":                    string(value[:63]),
		"65 bytes":                    string(value) + "\n",
		"a SHA-256 sum":               strings.Repeat("0123456789abcdef", 4),
		"hex with a space":            rfcValue[:64] + " " + rfcValue[64:],
		"hex with two line feeds":     rfcValue + "\n\n",
		"hex of 65 bytes":             rfcValue + "00",
		"base64, broken elsewhere":    text[:60] + "\n" + text[60:],
		"base64 of 63 bytes":          base64.StdEncoding.EncodeToString(append([]byte{1}, value[:63]...))[:84],
		"base64 without padding":      strings.TrimRight(text, "="),
		"base64 with padding bits":    strings.Replace(text, "A==", "B==", 1),
		"base64, URL alphabet":        strings.NewReplacer("+", "-", "/", "_").Replace(text),
		"DER, wrong length":           string(der[:len(der)-1]),
		"DER, long form":              "\x30\x81" + string(der[1:]),
		"DER that is a string":        "\x30\x44\x04" + string(der[3:]),
		"DER of 105 bytes":            "\x30\x67\x02" + strings.Repeat("\xff", 0x66),
		"RSA of 255 bytes":            strings.Repeat("\xff", 255),
		"RSA of 192 bytes":            strings.Repeat("\xff", 192),
		"RSA of 260 bytes":            strings.Repeat("\xff", 260),
		"RSA of 1088 bytes":           strings.Repeat("\xff", 1088),
		"text of 256 bytes":           strings.Repeat("some text.\r\nmore\t", 16),
		"a PEM block":                 "-----BEGIN PGP SIGNATURE-----\n",
		"text of 512 bytes and a NUL": strings.Repeat("x", 511) + "\x00y",
	} {
		u, err := raw.Format{}.Parse(strings.NewReader(file), sig.DetachedLimits)
		if u != nil || !errors.Is(err, sig.ErrMalformed) {
			t.Errorf("%s: error %v", name, err)
		}
		if (raw.Format{}).Detect([]byte(file), "x.rawsig") {
			t.Errorf("%s: detected", name)
		}
	}
	_, err := raw.Format{}.Parse(io.LimitReader(neverEnding{}, 2<<20), sig.DetachedLimits)
	if !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("2 MiB: %v", err)
	}
}

// neverEnding is a file of zeros.
type neverEnding struct{}

func (neverEnding) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestSignAndCheck(t *testing.T) {
	message := bytes.Repeat([]byte("0123456789abcdef"), 1000)
	for typ, scheme := range map[key.Type]sig.Scheme{
		key.Ed25519:   sig.Ed25519,
		key.ECDSAP256: sig.ECDSASHA256,
		key.RSA:       sig.RSAPSSSHA256,
	} {
		t.Run(string(typ), func(t *testing.T) {
			t.Parallel()
			signer := sigtest.Signer(t, typ)
			for _, m := range [][]byte{nil, []byte("x"), message} {
				file, err := raw.Sign(t.Context(), rand.Reader, signer, iotest.OneByteReader(bytes.NewReader(m)))
				if err != nil {
					t.Fatal(err)
				}
				u := sigtest.Parse(t, raw.Format{}, file)
				r := sigtest.Check(t, u, m, sig.Keys{signer.Public})[0]
				if !r.Good() || r.Verified.Scheme() != scheme || r.Verified.Key() != signer.Public {
					t.Errorf("%d bytes: %v, scheme %s", len(m), r.Err, r.Verified.Scheme())
				}
				if r := sigtest.Check(t, u, append(bytes.Clone(m), 0), sig.Keys{signer.Public})[0]; !r.Bad() {
					t.Errorf("message one byte longer: %v", r.Err)
				}
				others := sig.Keys{sigtest.Signer(t, key.MLDSA65).Public}
				if r := sigtest.Check(t, u, m, others)[0]; !errors.Is(r.Err, sig.ErrNoKey) {
					t.Errorf("key of another type: %v", r.Err)
				}
			}
			file, err := raw.Sign(t.Context(), rand.Reader, signer, bytes.NewReader(message))
			if err != nil {
				t.Fatal(err)
			}
			accepted := 0
			if typ != key.RSA { // 4,096 bits to flip, each in two paddings
				accepted = sigtest.NeverAccepted(t, raw.Format{}, file, message, sig.Keys{signer.Public}, func(*sig.Unverified) bool { return false })
			} else {
				file[100] ^= 1
				if sigtest.Check(t, sigtest.Parse(t, raw.Format{}, file), message, sig.Keys{signer.Public})[0].Good() {
					accepted++
				}
			}
			if accepted != 0 {
				t.Errorf("%d flipped values accepted", accepted)
			}
		})
	}
}

// openssl makes PKCS#1 v1.5 unless told otherwise.
func TestBothPaddings(t *testing.T) {
	signer := sigtest.Signer(t, key.RSA)
	message := []byte("message")
	sum256, sum512 := sha256.Sum256(message), sha512.Sum512(message)
	for _, c := range []struct {
		name string
		sum  []byte
		opts crypto.SignerOpts
		want sig.Scheme
	}{
		{"v1.5", sum256[:], crypto.SHA256, sig.RSASHA256},
		{"v1.5 over SHA-512", sum512[:], crypto.SHA512, ""},
	} {
		value, err := signer.Signer.Sign(rand.Reader, c.sum, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		r := sigtest.Check(t, sigtest.Parse(t, raw.Format{}, value), message, sig.Keys{signer.Public})[0]
		if r.Good() != (c.want != "") || r.Verified.Scheme() != c.want {
			t.Errorf("%s: %v, scheme %s", c.name, r.Err, r.Verified.Scheme())
		}
	}
}

func TestSignRefuses(t *testing.T) {
	signers := map[key.Type]sig.Signer{}
	for _, typ := range []key.Type{key.Ed25519, key.ECDSAP256, key.MLDSA65, key.MLDSA44Ed25519} {
		signers[typ] = sigtest.Signer(t, typ)
	}
	broken := errors.New("broken disk")
	for _, c := range []struct {
		name    string
		typ     key.Type
		message io.Reader
		want    error
	}{
		{"SSHSIG", key.Ed25519, strings.NewReader("SSHSIG\x00\x00\x00\x04file"), sig.ErrDomain},
		{"SSHSIG, by bytes", key.ECDSAP256, iotest.OneByteReader(strings.NewReader("SSHSIGx")), sig.ErrDomain},
		{"SSHSIG alone", key.Ed25519, strings.NewReader("SSHSIG"), sig.ErrDomain},
		{"KAISIG", key.ECDSAP256, strings.NewReader("KAISIG\x00"), sig.ErrDomain},
		{"DSSE", key.Ed25519, strings.NewReader("DSSEv1 24 application/vnd.in-toto+json"), sig.ErrDomain},
		{"kai-sig", key.ECDSAP256, strings.NewReader("kai-sig/1\n"), sig.ErrDomain},
		{"ML-DSA", key.MLDSA65, strings.NewReader("x"), sig.ErrScheme},
		{"composite", key.MLDSA44Ed25519, strings.NewReader("x"), sig.ErrScheme},
		{"too long", key.Ed25519, io.LimitReader(neverEnding{}, raw.MaxMessage+1), raw.ErrMessageTooLarge},
		{"unreadable", key.Ed25519, iotest.ErrReader(broken), broken},
		{"unreadable later", key.ECDSAP256, io.MultiReader(strings.NewReader("0123456789"), iotest.ErrReader(broken)), broken},
	} {
		value, err := raw.Sign(t.Context(), rand.Reader, signers[c.typ], c.message)
		if value != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
	for _, message := range []string{"SSHSI", "sshsig", "DSSEv1", "kai sig", " SSHSIG", ""} {
		if _, err := raw.Sign(t.Context(), rand.Reader, signers[key.Ed25519], strings.NewReader(message)); err != nil {
			t.Errorf("%q: %v", message, err)
		}
	}
}

// A message of any length costs no memory unless the key is Ed25519.
func TestLongMessageIsStreamed(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes 128 MiB")
	}
	signer := sigtest.Signer(t, key.ECDSAP256)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := raw.Sign(t.Context(), rand.Reader, signer, io.LimitReader(neverEnding{}, 128<<20)); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
		t.Errorf("%d bytes allocated", allocated)
	}
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
