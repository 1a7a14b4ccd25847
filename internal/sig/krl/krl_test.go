package krl_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kai/internal/key"
	"kai/internal/sig/krl"
)

// The format, written a second time: tests must not take it from the code under
// test.
func str(s string) string { return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s }
func u64(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

const headOf = "SSHKRL\n\x00\x00\x00\x00\x01"

func list(sections ...string) string {
	return headOf + u64(7) + u64(1767225600) + u64(0) + str("") + str("comment") + strings.Join(sections, "")
}

func section(kind byte, body string) string { return string([]byte{kind}) + str(body) }

func certs(authority string, sections ...string) string {
	return section(1, str(authority)+str("")+strings.Join(sections, ""))
}

func newKey(t testing.TB) (key.Public, ssh.Signer) {
	t.Helper()
	private, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := private.Signer()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromSigner(signer)
	if err != nil {
		t.Fatal(err)
	}
	return private.Public(), s
}

func certify(t testing.TB, pub key.Public, ca ssh.Signer, serial uint64, id string) []byte {
	t.Helper()
	k, err := ssh.ParsePublicKey(pub.Wire())
	if err != nil {
		t.Fatal(err)
	}
	cert := &ssh.Certificate{Key: k, CertType: ssh.UserCert, Serial: serial, KeyId: id, ValidPrincipals: []string{"alice"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	return cert.Marshal()
}

func parse(t testing.TB, data string) *krl.List {
	t.Helper()
	l, err := krl.Parse([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestHeader(t *testing.T) {
	l := parse(t, list())
	if l.Version != 7 || !l.Generated.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) || l.Comment != "comment" {
		t.Errorf("%+v", l.Header)
	}
	if !krl.Detect([]byte(list())) || krl.Detect([]byte("ssh-ed25519 AAAA")) {
		t.Error("Detect")
	}
}

func TestRevokes(t *testing.T) {
	pub, _ := newKey(t)
	caKey, ca := newKey(t)
	otherKey, _ := newKey(t)
	cert := certify(t, pub, ca, 1000, "laptop")
	none := certify(t, pub, ca, 0, "")
	blob, caBlob := string(pub.Wire()), string(caKey.Wire())
	one, two := sha1.Sum([]byte(blob)), sha256.Sum256([]byte(blob))
	bit := func(offset, n uint64) string {
		b := make([]byte, n/8+1)
		b[0] = 1 << (n % 8)
		if b[0]&0x80 != 0 {
			b = append([]byte{0}, b...)
		}
		return section(0x22, u64(offset)+str(string(b)))
	}
	for name, c := range map[string]struct {
		list       string
		bare, cert krl.Cause
	}{
		"empty":                  {list(), "", ""},
		"key":                    {list(section(2, str("x")+str(blob))), krl.ByKey, krl.ByKey},
		"another key":            {list(section(2, str(string(otherKey.Wire())))), "", ""},
		"sha1":                   {list(section(3, str(string(one[:])))), krl.BySHA1, krl.BySHA1},
		"sha256":                 {list(section(5, str(string(two[:])))), krl.BySHA256, krl.BySHA256},
		"authority's key":        {list(section(2, str(caBlob))), "", krl.ByAuthority},
		"serial":                 {list(certs(caBlob, section(0x20, u64(1)+u64(1000)))), "", krl.BySerial},
		"other serials":          {list(certs(caBlob, section(0x20, u64(999)+u64(1001)))), "", ""},
		"serial, any authority":  {list(certs("", section(0x20, u64(1000)))), "", krl.BySerial},
		"serial, other one":      {list(certs(string(otherKey.Wire()), section(0x20, u64(1000)))), "", ""},
		"range":                  {list(certs(caBlob, section(0x21, u64(1)+u64(1000)))), "", krl.BySerial},
		"range after":            {list(certs(caBlob, section(0x21, u64(1001)+u64(1<<64-1)))), "", ""},
		"bitmap, bit 0":          {list(certs(caBlob, bit(1000, 0))), "", krl.BySerial},
		"bitmap, bit 15":         {list(certs(caBlob, bit(985, 15))), "", krl.BySerial},
		"bitmap, bit 700":        {list(certs(caBlob, bit(300, 700))), "", krl.BySerial},
		"bitmap, next bit":       {list(certs(caBlob, bit(300, 701))), "", ""},
		"bitmap, after":          {list(certs(caBlob, bit(1001, 0))), "", ""},
		"key id":                 {list(certs(caBlob, section(0x23, str("phone")+str("laptop")))), "", krl.ByKeyID},
		"other key id":           {list(certs(caBlob, section(0x23, str("lap")))), "", ""},
		"extensions passed over": {list(section(255, str("x@y")+"\x00"+str("body")), certs(caBlob, section(0x39, str("x@y")+"\x00"+str("")), section(0x20, u64(1000)))), "", krl.BySerial},
	} {
		l := parse(t, c.list)
		if cause, ok := l.Revokes(pub, nil); cause != c.bare || ok != (c.bare != "") {
			t.Errorf("%s: bare key: %q %v", name, cause, ok)
		}
		if cause, ok := l.Revokes(pub, cert); cause != c.cert || ok != (c.cert != "") {
			t.Errorf("%s: certificate: %q %v", name, cause, ok)
		}
	}
	// Serial 0 is none: no range can name it.
	l := parse(t, list(certs(caBlob, section(0x21, u64(1)+u64(1<<64-1)))))
	if cause, ok := l.Revokes(pub, none); ok {
		t.Errorf("certificate without a serial number: %q", cause)
	}
	if _, ok := l.Revokes(pub, []byte("no certificate")); !ok {
		t.Error("unreadable certificate is not revoked")
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want error
	}{
		"empty":                  {"", krl.ErrMalformed},
		"text":                   {"ssh-ed25519 AAAA", krl.ErrMalformed},
		"magic only":             {"SSHKRL\n\x00", krl.ErrMalformed},
		"version 2":              {strings.Replace(list(), "\x00\x00\x00\x01", "\x00\x00\x00\x02", 1), krl.ErrUnsupported},
		"cut in header":          {list()[:30], krl.ErrMalformed},
		"cut in section":         {list(section(2, str("key")))[:len(list())+6], krl.ErrMalformed},
		"section without body":   {list("\x02"), krl.ErrMalformed},
		"key longer than body":   {list(section(2, str("key")[:6])), krl.ErrMalformed},
		"SHA-1 of 19 bytes":      {list(section(3, str(strings.Repeat("x", 19)))), krl.ErrMalformed},
		"SHA-256 of 33 bytes":    {list(section(5, str(strings.Repeat("x", 33)))), krl.ErrMalformed},
		"signature":              {list(section(4, str("key")+str("sig"))), krl.ErrUnsupported},
		"unknown section":        {list(section(6, "")), krl.ErrUnsupported},
		"critical extension":     {list(section(255, str("x@y")+"\x01"+str(""))), krl.ErrUnsupported},
		"bytes after extension":  {list(section(255, str("x@y")+"\x00"+str("")+"x")), krl.ErrMalformed},
		"unknown in certs":       {list(certs("", section(0x24, ""))), krl.ErrUnsupported},
		"critical in certs":      {list(certs("", section(0x39, str("x@y")+"\x01"+str("")))), krl.ErrUnsupported},
		"serial 0":               {list(certs("", section(0x20, u64(0)))), krl.ErrMalformed},
		"half a serial":          {list(certs("", section(0x20, u64(1)+"\x00"))), krl.ErrMalformed},
		"range backwards":        {list(certs("", section(0x21, u64(5)+u64(4)))), krl.ErrMalformed},
		"range from 0":           {list(certs("", section(0x21, u64(0)+u64(4)))), krl.ErrMalformed},
		"range of three":         {list(certs("", section(0x21, u64(1)+u64(2)+u64(3)))), krl.ErrMalformed},
		"bitmap negative":        {list(certs("", section(0x22, u64(1)+str("\x80")))), krl.ErrMalformed},
		"bitmap with serial 0":   {list(certs("", section(0x22, u64(0)+str("\x01")))), krl.ErrMalformed},
		"bitmap over the end":    {list(certs("", section(0x22, u64(1<<64-1)+str("\x02")))), krl.ErrMalformed},
		"bitmap too long":        {list(certs("", section(0x22, u64(1)+str("\x01"+strings.Repeat("x", 2049))))), krl.ErrMalformed},
		"bytes after bitmap":     {list(certs("", section(0x22, u64(1)+str("\x01")+"x"))), krl.ErrMalformed},
		"certs without reserved": {list(section(1, str(""))), krl.ErrMalformed},
		"above the bound":        {list(section(2, strings.Repeat(str(strings.Repeat("x", 1020)), 17<<10))), krl.ErrTooLarge},
	} {
		if l, err := krl.Parse([]byte(c.data)); !errors.Is(err, c.want) || l != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestWrite(t *testing.T) {
	one, _ := newKey(t)
	two, _ := newKey(t)
	h := krl.Header{Version: 7, Generated: time.Unix(1767225600, 0), Comment: "comment"}
	data, err := krl.Write(h, []key.Public{one, two, one})
	if err != nil {
		t.Fatal(err)
	}
	a, b := string(one.Wire()), string(two.Wire())
	if a > b {
		a, b = b, a
	}
	if want := list(section(2, str(a)+str(b))); string(data) != want {
		t.Errorf("%x, want %x", data, want)
	}
	again, err := krl.Write(h, []key.Public{two, one})
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("other order, other bytes: %v", err)
	}
	if empty, err := krl.Write(h, nil); err != nil || string(empty) != list() {
		t.Errorf("no keys: %x %v", empty, err)
	}
	pq, err := key.Generate(key.MLDSA65, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := krl.Write(h, []key.Public{pq.Public()}); !errors.Is(err, key.ErrType) {
		t.Errorf("key unknown to OpenSSH: %v", err)
	}
}

func TestText(t *testing.T) {
	pub, _ := newKey(t)
	other, ca := newKey(t)
	text := "# revoked\n\n  ssh-ed25519 " + base64.StdEncoding.EncodeToString(pub.Wire()) + " comment\n"
	l, err := krl.ParseText([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if cause, ok := l.Revokes(pub, certify(t, pub, ca, 1, "")); cause != krl.ByKey || !ok {
		t.Errorf("%q %v", cause, ok)
	}
	if cause, ok := l.Revokes(other, certify(t, other, ca, 1, "")); ok {
		t.Errorf("other key: %q", cause)
	}
	for _, bad := range []string{"ssh-ed25519 AAAA\n", "nonsense\n", "cert-authority " + text[strings.Index(text, "ssh-"):]} {
		if _, err := krl.ParseText([]byte(text + bad)); !errors.Is(err, krl.ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// FuzzParse: no panic, and the header of an accepted list is written again as it was.
func FuzzParse(f *testing.F) {
	pub, _ := newKey(f)
	blob := string(pub.Wire())
	seeds := []string{
		list(section(2, str(blob)), section(3, str(strings.Repeat("1", 20))), section(5, str(strings.Repeat("2", 32)))),
		list(certs(blob, section(0x20, u64(1)+u64(9)), section(0x21, u64(4)+u64(1<<63)), section(0x22, u64(3)+str("\x55")), section(0x23, str("id")))),
		list(section(255, str("x@y")+"\x00"+str("body"))),
	}
	for _, s := range seeds {
		parse(f, s)
		f.Add([]byte(s))
	}
	_, ca := newKey(f)
	cert := certify(f, pub, ca, 5, "id")
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := krl.Parse(data)
		if err != nil {
			return
		}
		l.Revokes(pub, cert)
		h := l.Header
		again, err := krl.Write(h, []key.Public{pub})
		if err != nil {
			t.Fatal(err)
		}
		twice, err := krl.Parse(again)
		if err != nil || twice.Version != h.Version || twice.Comment != h.Comment || !twice.Generated.Equal(h.Generated) {
			t.Fatalf("header %+v is read again as %+v, %v", h, twice, err)
		}
	})
}
