package allowedsigners_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/allowedsigners"
	"kai/internal/sig/sshsig"
)

func newSigner(t testing.TB, kind key.Type) sig.Signer {
	t.Helper()
	private, err := key.Generate(kind, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := private.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return sig.Signer{Public: private.Public(), Signer: signer}
}

// line writes a key as a line of the file.
func line(principals, options string, pub key.Public) string {
	text := principals + " "
	if options != "" {
		text += options + " "
	}
	return text + pub.Type().SSHName() + " " + base64.StdEncoding.EncodeToString(pub.Wire()) + "\n"
}

func parse(t testing.TB, text string) *allowedsigners.List {
	t.Helper()
	list, err := allowedsigners.Parse([]byte(text), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func signerOf(t testing.TB, c sig.Claim) allowedsigners.Signer {
	t.Helper()
	s, err := allowedsigners.SignerOf(&c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	v, err := allowedsigners.ParseTime(text, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPrincipals(t *testing.T) {
	k := newSigner(t, key.Ed25519).Public
	s := signerOf(t, sig.Claim{Key: k})
	now := at(t, "20260101Z")
	for patterns, cases := range map[string]map[string]bool{
		"alice":                              {"alice": true, "Alice": false, "alic": false, "alice2": false, "": false},
		"*@example.org":                      {"bob@example.org": true, "@example.org": true, "bob@example.com": false},
		"b?b":                                {"bob": true, "bb": false, "boob": false},
		"*,!mallory":                         {"alice": true, "mallory": false, "": true},
		"!mallory,*":                         {"alice": true, "mallory": false},
		"!mallory":                           {"alice": false, "mallory": false},
		`"alice b,carol"`:                    {"alice b": true, "carol": true, "alice": false},
		"a,,b":                               {"a": true, "b": true, "": true},
		"[ab]*":                              {"alice": false, "[ab]x": true},
		"*a*a*a*a*a*a*a*a*a*":                {strings.Repeat("a", 9): true, strings.Repeat("a", 8): false},
		strings.Repeat("x", 1023) + ",alice": {"alice": false, strings.Repeat("x", 1023): false},
		strings.Repeat("x", 1022) + ",alice": {"alice": true, strings.Repeat("x", 1022): true},
	} {
		list := parse(t, line(patterns, "", k))
		for principal, want := range cases {
			a := list.Allow(s, principal, "file", now)
			if (a.Entry != nil) != want {
				t.Errorf("%.50s for %.50q: %v %v", patterns, principal, a.Entry != nil, a.Remarks)
			}
			if want && !reflect.DeepEqual(a.Principals, []string{principal}) {
				t.Errorf("%s: principals %q", patterns, a.Principals)
			}
		}
	}
}

// Matching must not take exponential time: lines come from strangers too.
func TestPatternTime(t *testing.T) {
	k := newSigner(t, key.Ed25519).Public
	list := parse(t, line(strings.Repeat("*a", 400)+"*b", "", k))
	if a := list.Allow(signerOf(t, sig.Claim{Key: k}), strings.Repeat("a", 4000), "file", at(t, "20260101Z")); a.Entry != nil {
		t.Error("matched")
	}
}

func TestOptions(t *testing.T) {
	k := newSigner(t, key.ECDSAP256).Public
	s := signerOf(t, sig.Claim{Key: k})
	for _, c := range []struct {
		options, namespace, at string
		allowed                bool
		remark                 string
	}{
		{"", "file", "20260101Z", true, ""},
		{`namespaces="git,file"`, "file", "20260101Z", true, ""},
		{`namespaces="git"`, "file", "20260101Z", false, `key is not permitted for use in signature namespace "file"`},
		{`namespaces="f*,!file"`, "file", "20260101Z", false, `key is not permitted for use in signature namespace "file"`},
		{`Namespaces="a\"b"`, `a"b`, "20260101Z", true, ""},
		{`namespaces=""`, "file", "20260101Z", false, `key is not permitted for use in signature namespace "file"`},
		{`valid-after="20260101Z"`, "file", "20260101Z", true, ""},
		{`valid-after="20260101Z"`, "file", "20251231235959Z", false, "key is not yet valid: verify time 2025-12-31T23:59:59 < valid-after 2026-01-01T00:00:00"},
		{`valid-before="202601011200Z"`, "file", "202601011200Z", true, ""},
		{`valid-before="202601011200Z"`, "file", "20260101120001Z", false, "key has expired: verify time 2026-01-01T12:00:01 > valid-before 2026-01-01T12:00:00"},
		{`valid-before="20260102Z",valid-after="20260101Z",namespaces="file"`, "file", "20260101120000Z", true, ""},
		{`valid-before="20260101Z",valid-after="20260101Z"`, "file", "20260101Z", false, `bad options: "valid-before" time is before "valid-after"`},
		{`cert-authority`, "file", "20260101Z", false, ""},
		{`cert-authorities`, "file", "20260101Z", false, "bad options: unknown key option"},
		{`unknown`, "file", "20260101Z", false, "bad options: unknown key option"},
		{`namespaces="file",`, "file", "20260101Z", false, "bad options: unexpected end-of-options"},
		{`namespaces=file`, "file", "20260101Z", false, "bad options: missing start quote"},
		{`namespaces="file"x`, "file", "20260101Z", false, "bad options: unknown key option"},
		{`namespaces="a",namespaces="b"`, "file", "20260101Z", false, `bad options: multiple "namespaces" clauses`},
		{`valid-after="20260101Z",valid-after="20260101Z"`, "file", "20260101Z", false, `bad options: multiple "valid-after" clauses`},
		{`valid-after="tomorrow"`, "file", "20260101Z", false, `bad options: invalid "valid-after" time`},
		{`valid-before="19700101Z"`, "file", "20260101Z", false, `bad options: invalid "valid-before" time`},
		{`namespaces="file`, "file", "20260101Z", false, "invalid options"},
		{`,cert-authority`, "file", "20260101Z", false, ""},
		{`no-touch-required`, "file", "20260101Z", true, ""},
		{`verify-required`, "file", "20260101Z", false, "security key did not verify the user"},
	} {
		a := parse(t, "# comment\n\n"+line("alice", c.options, k)).Allow(s, "alice", c.namespace, at(t, c.at))
		var want []allowedsigners.Remark
		if c.remark != "" {
			want = []allowedsigners.Remark{{Line: 3, Text: c.remark}}
		}
		if (a.Entry != nil) != c.allowed || !reflect.DeepEqual(a.Remarks, want) {
			t.Errorf("%s at %s: %v, %v", c.options, c.at, a.Entry != nil, a.Remarks)
		}
	}
}

func TestMalformedLines(t *testing.T) {
	k := newSigner(t, key.Ed25519).Public
	encoded := base64.StdEncoding.EncodeToString(k.Wire())
	good := line("alice", "", k)
	for text, want := range map[string]string{
		"alice":                              "invalid line",
		"alice\n":                            "missing key",
		"alice ssh-ed25519\n":                "missing key",
		"alice ssh-ed25519 AAAA\n":           "invalid key",
		"alice ssh-ed25519 " + encoded + "=": "invalid key",
		"alice ssh-ed25519 " + encoded[:60]:  "invalid key",
		"alice ssh-rsa " + encoded:           "invalid key",
		"alice ED25519 " + encoded:           "invalid key",
		`alice "` + good[6:]:                 "invalid options",
		`"alice ` + good[6:]:                 "invalid line",
		`"alice"x ` + good[6:]:               "bad options: unknown key option",
		"alice x\x00 " + good[6:]:            "missing key",
		"alice ml-dsa-65 " + base64.StdEncoding.EncodeToString(newSigner(t, key.MLDSA65).Public.Wire()): "invalid key",
	} {
		list := parse(t, text)
		if faults := list.Faults(); len(faults) != 1 || faults[0].Text != want {
			t.Errorf("%.60q: %v, want %s", text, faults, want)
		}
		// The next line is read all the same, except by MatchPrincipals.
		list = parse(t, strings.TrimSuffix(text, "\n")+"\n"+good)
		a := list.FindPrincipals(signerOf(t, sig.Claim{Key: k}), at(t, "20260101Z"))
		if a.Entry == nil || a.Entry.Line != 2 {
			t.Errorf("%.60q: line 2 is not found", text)
		}
		if names, remarks, ok := list.MatchPrincipals("alice"); ok || names != nil || len(remarks) != 1 {
			t.Errorf("%.60q: MatchPrincipals: %q %v", text, names, remarks)
		}
	}
}

func TestMatchPrincipals(t *testing.T) {
	k := newSigner(t, key.Ed25519).Public
	list := parse(t, line("alice,bob", "", k)+"carol nonsense\n"+line("*", `valid-before="20000101Z"`, k)+"\n"+line("!bob,*", "", k))
	for principal, want := range map[string][]string{
		"bob":   {"alice,bob", "*"},
		"alice": {"alice,bob", "*", "!bob,*"},
		"dave":  {"*", "!bob,*"},
	} {
		if got, remarks, ok := list.MatchPrincipals(principal); !ok || remarks != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q %v", principal, got, remarks)
		}
	}
	if got, remarks, ok := list.MatchPrincipals("carol"); ok || got != nil || len(remarks) != 1 || remarks[0].String() != "line 2: missing key" {
		t.Errorf("carol: %q %v", got, remarks)
	}
	if _, remarks, ok := parse(t, line("alice", "", k)).MatchPrincipals("bob"); ok || remarks != nil {
		t.Errorf("nobody: %v %v", ok, remarks)
	}
}

func TestParseTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	for text, want := range map[string]string{
		"20230101":          "2022-12-31T23:00:00Z",
		"202307011200":      "2023-07-01T11:00:00Z", // standard time, also in summer
		"20230701120000":    "2023-07-01T11:00:00Z",
		"20230701120000Z":   "2023-07-01T12:00:00Z",
		"20230701120000z":   "2023-07-01T12:00:00Z",
		"20230701120000UTC": "2023-07-01T12:00:00Z",
		"20230701120000utc": "2023-07-01T12:00:00Z",
		"20230231Z":         "2023-03-03T00:00:00Z",
		"20230101235961Z":   "2023-01-02T00:00:01Z",
		"19700101000001Z":   "1970-01-01T00:00:01Z",
		"99991231Z":         "9999-12-31T00:00:00Z",
		"20230326023000":    "2023-03-26T01:30:00Z", // the hour that summer time leaves out
		"20231029023000":    "2023-10-29T01:30:00Z", // the hour that it repeats
	} {
		got, err := allowedsigners.ParseTime(text, berlin)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v; want %s", text, got.UTC(), err, want)
		}
	}
	for _, text := range []string{
		"", "Z", "2023", "2023010", "202301011", "20231301Z", "20230132Z", "20230001Z", "20230100Z", "202301012400Z",
		"202301010060Z", "20230101000062Z", "19700101Z", "19691231Z", "00000101Z", "2023-1-1Z", "2023 1 1", "+2230101", "20230101T", "20230101ZZ", "２０23Z",
	} {
		if got, err := allowedsigners.ParseTime(text, berlin); !errors.Is(err, allowedsigners.ErrTime) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// security is a claim by a security key with these flags.
func security(t *testing.T, flags byte) sig.Claim {
	inner := newSigner(t, key.Ed25519).Public
	blob := ssh.Marshal(struct{ Type, Key, Application string }{"sk-ssh-ed25519@openssh.com", string(inner.Raw()), "ssh:"})
	pub, err := key.ParseWire(blob)
	if err != nil {
		t.Fatal(err)
	}
	return sig.Claim{Key: pub, Scheme: sig.SKEd25519, Signature: append(make([]byte, 64), flags, 0, 0, 0, 1)}
}

func TestSecurityKeys(t *testing.T) {
	for _, c := range []struct {
		options string
		flags   byte
		allowed bool
	}{
		{"", 0, false},
		{"", 1, true},
		{"", 4, false},
		{"no-touch-required", 0, true},
		{"verify-required", 1, false},
		{"verify-required", 5, true},
		{"verify-required,no-touch-required", 4, true},
	} {
		claim := security(t, c.flags)
		a := parse(t, line("alice", c.options, claim.Key)).Allow(signerOf(t, claim), "alice", "file", at(t, "20260101Z"))
		if (a.Entry != nil) != c.allowed || (len(a.Remarks) == 0) != c.allowed {
			t.Errorf("%q, flags %d: %v %v", c.options, c.flags, a.Entry != nil, a.Remarks)
		}
	}
}

// certificate makes a claim that carries a certificate.
func certificate(t testing.TB, s, ca sig.Signer, change func(*ssh.Certificate)) sig.Claim {
	t.Helper()
	pub, err := ssh.ParsePublicKey(s.Public.Wire())
	if err != nil {
		t.Fatal(err)
	}
	authority, err := ssh.NewSignerFromSigner(ca.Signer)
	if err != nil {
		t.Fatal(err)
	}
	cert := &ssh.Certificate{
		Key: pub, CertType: ssh.UserCert, ValidPrincipals: []string{"alice", "bob@example.org"},
		ValidAfter: uint64(at(t, "20260101Z").Unix()), ValidBefore: uint64(at(t, "20270101Z").Unix()),
	}
	if change != nil {
		change(cert)
	}
	if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	return sig.Claim{Key: s.Public, Certificate: cert.Marshal()}
}

func TestCertificates(t *testing.T) {
	user, ca, other := newSigner(t, key.Ed25519), newSigner(t, key.ECDSAP256), newSigner(t, key.Ed25519)
	list := parse(t, line("alice,*@example.org,!x", "cert-authority", ca.Public))
	for name, c := range map[string]struct {
		ca        sig.Signer
		change    func(*ssh.Certificate)
		principal string
		at        string
		remark    string // "": allowed
	}{
		"good":              {ca, nil, "alice", "20260601Z", ""},
		"by pattern":        {ca, nil, "bob@example.org", "20260601Z", ""},
		"first second":      {ca, nil, "alice", "20260101Z", ""},
		"too early":         {ca, nil, "alice", "20251231235959Z", "certificate not authorized: Certificate invalid: not yet valid"},
		"last second":       {ca, nil, "alice", "20261231235959Z", ""},
		"too late":          {ca, nil, "alice", "20270101Z", "certificate not authorized: Certificate invalid: expired"},
		"for ever":          {ca, func(c *ssh.Certificate) { c.ValidBefore = ssh.CertTimeInfinity }, "alice", "20990101Z", ""},
		"not its principal": {ca, nil, "carol@example.org", "20260601Z", "certificate not authorized: Certificate invalid: name is not a listed principal"},
		"no principals":     {ca, func(c *ssh.Certificate) { c.ValidPrincipals = nil }, "alice", "20260601Z", "certificate not authorized: Certificate lacks principal list"},
		"host":              {ca, func(c *ssh.Certificate) { c.CertType = ssh.HostCert }, "alice", "20260601Z", "certificate not authorized: Certificate invalid: not a user certificate"},
		"login options":     {ca, option("force-command", "ls"), "alice", "20260601Z", ""},
		"unknown option":    {ca, option("speak-friend", ""), "alice", "20260601Z", `certificate not authorized: Certificate invalid: critical option "speak-friend"`},
		"verify-required":   {ca, option("verify-required", ""), "alice", "20260601Z", "certificate not authorized: Certificate invalid: security key did not verify the user"},
		"another authority": {other, nil, "alice", "20260601Z", "-"},
	} {
		s := signerOf(t, certificate(t, user, c.ca, c.change))
		a := list.Allow(s, c.principal, "file", at(t, c.at))
		var want []allowedsigners.Remark
		if c.remark != "" && c.remark != "-" {
			want = []allowedsigners.Remark{{Line: 1, Text: c.remark}}
		}
		if (a.Entry != nil) != (c.remark == "") || !reflect.DeepEqual(a.Remarks, want) {
			t.Errorf("%s: %v %v", name, a.Entry != nil, a.Remarks)
		}
	}
	now := at(t, "20260601Z")
	s := signerOf(t, certificate(t, user, ca, nil))
	if a := list.FindPrincipals(s, now); !reflect.DeepEqual(a.Principals, []string{"alice", "bob@example.org"}) {
		t.Errorf("principals %q", a.Principals)
	}
	if a := list.FindPrincipals(s, at(t, "20280101Z")); a.Entry != nil || len(a.Remarks) != 1 || a.Remarks[0].Text != "no valid principals found" {
		t.Errorf("expired: %+v", a)
	}
	// The bare key of a certificate, and the authority itself, are not the certificate.
	if a := parse(t, line("alice", "", user.Public)).Allow(s, "alice", "file", now); a.Entry != nil {
		t.Error("certificate passes as its bare key")
	}
	if a := parse(t, line("alice", "", ca.Public)).Allow(s, "alice", "file", now); a.Entry != nil {
		t.Error("authority is trusted without cert-authority")
	}
}

func option(name, value string) func(*ssh.Certificate) {
	return func(c *ssh.Certificate) { c.CriticalOptions = map[string]string{name: value} }
}

func TestRefusedCertificates(t *testing.T) {
	user, ca := newSigner(t, key.Ed25519), newSigner(t, key.ECDSAP256)
	good := certificate(t, user, ca, nil)
	changed := good
	changed.Certificate = []byte(strings.Replace(string(good.Certificate), "alice", "carol", 1))
	cut := good
	cut.Certificate = good.Certificate[:len(good.Certificate)-1]
	bare := good
	bare.Certificate = user.Public.Wire()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]sig.Claim{
		"changed": changed, "cut": cut, "no certificate": bare,
		"weak authority": certificate(t, user, sig.Signer{Signer: weak}, nil),
		"SHA-1":          sha1Certificate(t, user),
	} {
		if _, err := allowedsigners.SignerOf(&c); !errors.Is(err, allowedsigners.ErrCertificate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := allowedsigners.SignerOf(&sig.Claim{}); !errors.Is(err, sig.ErrNoKey) {
		t.Errorf("no key: %v", err)
	}
	if _, err := allowedsigners.SignerOf(&sig.Claim{Fault: sig.ErrUnsupported}); !errors.Is(err, sig.ErrUnsupported) {
		t.Errorf("unsupported key: %v", err)
	}
}

func sha1Certificate(t *testing.T, s sig.Signer) sig.Claim {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := ssh.ParsePublicKey(s.Public.Wire())
	if err != nil {
		t.Fatal(err)
	}
	authority, err := ssh.NewSignerFromSigner(k)
	if err != nil {
		t.Fatal(err)
	}
	old, err := ssh.NewSignerWithAlgorithms(authority.(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	if err != nil {
		t.Fatal(err)
	}
	cert := &ssh.Certificate{Key: pub, CertType: ssh.UserCert, ValidPrincipals: []string{"alice"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, old); err != nil {
		t.Fatal(err)
	}
	return sig.Claim{Key: s.Public, Certificate: cert.Marshal()}
}

// From a signature file to an answer, as a caller goes.
func ExampleList_Allow() {
	private, _ := key.Generate(key.Ed25519, rand.Reader)
	signer, _ := private.Signer()
	alice := sig.Signer{Public: private.Public(), Signer: signer}
	message := sum("hello")
	file, _ := sshsig.Sign(rand.Reader, alice, "file", "sha256", message)

	u, _ := sshsig.Parse(file, sig.DetachedLimits)
	results, _ := sig.Check(context.Background(), []*sig.Claim{&u.Claims[0]}, sums{message}, nil)

	list, _ := allowedsigners.Parse([]byte(line("alice@example.org", `namespaces="file"`, alice.Public)), time.UTC)
	s, _ := allowedsigners.SignerOf(results[0].Claim)
	answer := list.Allow(s, "alice@example.org", "file", time.Unix(1767225600, 0))
	fmt.Println(results[0].Good(), answer.Entry != nil)
	// Output: true true
}
