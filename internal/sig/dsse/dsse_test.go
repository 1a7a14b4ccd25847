package dsse_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/dsse"
	"kai/internal/sig/sigtest"
)

func parse(t testing.TB, file []byte) *sig.Unverified {
	t.Helper()
	u, err := dsse.Format{}.Parse(bytes.NewReader(file), sig.EnvelopeLimits)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func check(t testing.TB, u *sig.Unverified, keys ...key.Public) []sig.Result {
	t.Helper()
	return sigtest.Check(t, u, nil, sig.Keys(keys))
}

// The test vector of protocol.md: X, Y and the envelope printed there.
const (
	specX        = "46950820868899156662930047687818585632848591499744589407958293238635476079160"
	specY        = "5640078356564379163099075877009565129882514886557779369047442380624545832820"
	specEnvelope = `{"payload": "aGVsbG8gd29ybGQ=",
 "payloadType": "http://example.com/HelloWorld",
 "signatures": [{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}
`
)

func specKey(t testing.TB) key.Public {
	t.Helper()
	x, _ := new(big.Int).SetString(specX, 10)
	y, _ := new(big.Int).SetString(specY, 10)
	//lint:ignore SA1019 the specification gives coordinates
	pub, err := key.PublicOf(&ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y})
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

func TestProtocolVector(t *testing.T) {
	if got, want := string(dsse.PAE("http://example.com/HelloWorld", []byte("hello world"))), "DSSEv1 29 http://example.com/HelloWorld 11 hello world"; got != want {
		t.Errorf("PAE %q, want %q", got, want)
	}
	u := parse(t, []byte(specEnvelope))
	if string(u.Payload) != "hello world" || u.PayloadType != "http://example.com/HelloWorld" {
		t.Errorf("payload %q of type %q", u.Payload, u.PayloadType)
	}
	r := check(t, u, specKey(t))[0]
	if !r.Good() || r.Verified.Scheme() != sig.ES256 {
		t.Errorf("%v as %s", r.Err, r.Verified.Scheme())
	}
	if got := r.Claim.Namespace; got != "dsse:http://example.com/HelloWorld" {
		t.Errorf("namespace %q", got)
	}
	if r := check(t, u, sigtest.Signer(t, key.ECDSAP256).Public)[0]; !r.Bad() {
		t.Errorf("under another key: %v", r.Err)
	}
}

func TestEveryKeyType(t *testing.T) {
	for _, typ := range []key.Type{key.Ed25519, key.ECDSAP256, key.RSA, key.MLDSA65, key.SLHDSA128s} {
		s := sigtest.Signer(t, typ)
		file, err := dsse.Sign(rand.Reader, "text/plain", []byte("content"), s)
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`{"payloadType":"text/plain","payload":"Y29udGVudA==","signatures":[{"keyid":"%s","sig":"`, s.Public.Fingerprint())
		if !strings.HasPrefix(string(file), want) || !strings.HasSuffix(string(file), "\"}]}\n") {
			t.Errorf("%s: file %s", typ, file)
		}
		r := check(t, parse(t, file), sigtest.Signer(t, key.Ed25519).Public, s.Public)[0]
		if !r.Good() || r.Verified.Key() != s.Public {
			t.Errorf("%s: %v", typ, r.Err)
		}
		if !r.Claim.NamesKey(s.Public, nil) || r.Claim.NamesKey(specKey(t), nil) {
			t.Errorf("%s: the key id does not tell keys apart", typ)
		}
	}
	for _, typ := range []key.Type{key.MLDSA44Ed25519, key.X25519} {
		k, err := key.Generate(typ, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dsse.Sign(rand.Reader, "text/plain", nil, sig.Signer{Public: k.Public()}); !errors.Is(err, sig.ErrScheme) {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestHybridIsTwoEntries(t *testing.T) {
	s, pq := sigtest.Signer(t, key.Ed25519), sigtest.Signer(t, key.MLDSA65)
	s.PQ = &pq
	file, err := dsse.Sign(rand.Reader, "text/plain", nil, s)
	if err != nil {
		t.Fatal(err)
	}
	results := check(t, parse(t, file), s.Public, pq.Public)
	if len(results) != 2 || !results[0].Good() || !results[1].Good() {
		t.Fatalf("%d signatures: %v", len(results), results)
	}
	if results[0].Verified.Key() != s.Public || results[1].Verified.Key() != pq.Public {
		t.Error("entries by other keys, or in another order")
	}
}

func TestAdd(t *testing.T) {
	ada, bob := sigtest.Signer(t, key.Ed25519), sigtest.Signer(t, key.ECDSAP256)
	file, err := dsse.Sign(rand.Reader, "text/plain", []byte("x"), ada)
	if err != nil {
		t.Fatal(err)
	}
	both, err := dsse.Add(rand.Reader, file, bob)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(both, file[:len(file)-len("]}\n")]) {
		t.Error("what was there has changed")
	}
	for i, r := range check(t, parse(t, both), ada.Public, bob.Public) {
		if !r.Good() {
			t.Errorf("signature %d: %v", i, r.Err)
		}
	}
	if _, err := dsse.Add(rand.Reader, append(file, file...), bob); !errors.Is(err, sig.ErrMalformed) {
		t.Errorf("adding to a file of two envelopes: %v", err)
	}
	many := bytes.Clone(file)
	for range 63 {
		if many, err = dsse.Add(rand.Reader, many, ada); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := dsse.Add(rand.Reader, many, ada); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("the 65th signature: %v", err)
	}
}

func TestSeveralEnvelopes(t *testing.T) {
	s := sigtest.Signer(t, key.Ed25519)
	var file []byte
	for _, payload := range []string{"one", "two"} {
		line, err := dsse.Sign(rand.Reader, "text/"+payload, []byte(payload), s)
		if err != nil {
			t.Fatal(err)
		}
		file = append(file, line...)
	}
	u := parse(t, file)
	if len(u.Claims) != 2 || u.Payload != nil || u.PayloadType != "" {
		t.Fatalf("%d claims, payload %q", len(u.Claims), u.Payload)
	}
	for i, r := range check(t, u, s.Public) {
		if want := []string{"one", "two"}[i]; !r.Good() || string(r.Claim.Payload) != want || r.Claim.PayloadType != "text/"+want {
			t.Errorf("envelope %d: %q, %v", i, r.Claim.Payload, r.Err)
		}
	}
}

// A tool that writes no key ids must not make its co-signer look like a forger.
func TestSignaturesWithoutKeyIDs(t *testing.T) {
	ada, bob := sigtest.Signer(t, key.Ed25519), sigtest.Signer(t, key.Ed25519)
	file, err := dsse.Sign(rand.Reader, "text/plain", []byte("x"), ada, bob)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []sig.Signer{ada, bob} {
		file = bytes.Replace(file, []byte(s.Public.Fingerprint()), nil, 1)
	}
	results := check(t, parse(t, file), ada.Public)
	if !results[0].Good() || !errors.Is(results[1].Err, sig.ErrNoKey) {
		t.Errorf("%v, %v", results[0].Err, results[1].Err)
	}
	file = bytes.Replace(file, []byte(`"eA=="`), []byte(`"eQ=="`), 1)
	if results := check(t, parse(t, file), ada.Public); !results[0].Bad() {
		t.Errorf("another payload: %v", results[0].Err)
	}
}

// Any byte of the envelope changed: never the same verdict over another
// payload, and always an answer.
func TestTampering(t *testing.T) {
	s := sigtest.Signer(t, key.Ed25519)
	file, err := dsse.Sign(rand.Reader, "text/plain", []byte("content"), s)
	if err != nil {
		t.Fatal(err)
	}
	for i := range file {
		for _, flip := range []byte{1, 2, 0x20, 0x80} {
			changed := bytes.Clone(file)
			changed[i] ^= flip
			u, err := dsse.Format{}.Parse(bytes.NewReader(changed), sig.EnvelopeLimits)
			if err != nil {
				if !errors.Is(err, sig.ErrMalformed) {
					t.Errorf("byte %d ^ %#x: %v", i, flip, err)
				}
				continue
			}
			r := check(t, u, s.Public)[0]
			if r.Good() && (string(u.Payload) != "content" || u.PayloadType != "text/plain") {
				t.Errorf("byte %d ^ %#x: good over %q of type %q", i, flip, u.Payload, u.PayloadType)
			}
		}
		if u, err := (dsse.Format{}).Parse(bytes.NewReader(file[:i]), sig.EnvelopeLimits); err == nil && i < len(file)-1 {
			t.Errorf("cut at %d: %v", i, u)
		}
	}
}

func TestRefusals(t *testing.T) {
	envelope := func(payloadType, payload, signatures string) string {
		return fmt.Sprintf(`{"payloadType":%s,"payload":%s,"signatures":%s}`, payloadType, payload, signatures)
	}
	const typ, payload, one = `"text/plain"`, `"eA=="`, `[{"sig":"eA=="}]`
	if _, err := (dsse.Format{}).Parse(strings.NewReader(envelope(typ, payload, one)), sig.EnvelopeLimits); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file string
		want error
	}{
		"empty file":               {"", sig.ErrMalformed},
		"not JSON":                 {"text", sig.ErrMalformed},
		"an array":                 {"[]", sig.ErrMalformed},
		"no members":               {"{}", sig.ErrMalformed},
		"no signatures":            {envelope(typ, payload, `[]`), sig.ErrMalformed},
		"null signatures":          {envelope(typ, payload, `null`), sig.ErrMalformed},
		"signature is text":        {envelope(typ, payload, `["eA=="]`), sig.ErrMalformed},
		"signature without sig":    {envelope(typ, payload, `[{"keyid":"a"}]`), sig.ErrMalformed},
		"empty sig":                {envelope(typ, payload, `[{"sig":""}]`), sig.ErrMalformed},
		"sig is a number":          {envelope(typ, payload, `[{"sig":1}]`), sig.ErrMalformed},
		"keyid is a number":        {envelope(typ, payload, `[{"sig":"eA==","keyid":1}]`), sig.ErrMalformed},
		"unpadded":                 {envelope(typ, `"eA"`, one), sig.ErrMalformed},
		"bits after the last byte": {envelope(typ, `"eB=="`, one), sig.ErrMalformed},
		"line break in base64":     {envelope(typ, `"eA\n=="`, one), sig.ErrMalformed},
		"both alphabets":           {envelope(typ, `"+_8="`, one), sig.ErrMalformed},
		"payload is null":          {envelope(typ, `null`, one), sig.ErrMalformed},
		"payload is missing":       {`{"payloadType":"a","signatures":[{"sig":"eA=="}]}`, sig.ErrMalformed},
		"empty type":               {envelope(`""`, payload, one), sig.ErrMalformed},
		"control character":        {envelope(`"a\u0007"`, payload, one), sig.ErrMalformed},
		"duplicate member":         {`{"payload":"eQ==",` + envelope(typ, payload, one)[1:], sig.ErrMalformed},
		"duplicate, escaped":       {`{"\u0070ayload":"eQ==",` + envelope(typ, payload, one)[1:], sig.ErrMalformed},
		"another case":             {strings.Replace(envelope(typ, payload, one), "payload\"", "Payload\"", 1), sig.ErrMalformed},
		"invalid UTF-8":            {envelope("\"a\xff\"", payload, one), sig.ErrMalformed},
		"rounded integer":          {`{"n":9007199254740993,` + envelope(typ, payload, one)[1:], sig.ErrMalformed},
		"two on one line":          {envelope(typ, payload, one) + envelope(typ, payload, one), sig.ErrMalformed},
		"second is cut":            {envelope(typ, payload, one) + "\n{", sig.ErrMalformed},
		"second is text":           {envelope(typ, payload, one) + "\ntext", sig.ErrMalformed},
		"long type":                {envelope(`"`+strings.Repeat("a", 252)+`"`, payload, one), sig.ErrTooLarge},
		"long keyid":               {envelope(typ, payload, `[{"sig":"eA==","keyid":"`+strings.Repeat("a", 1025)+`"}]`), sig.ErrTooLarge},
		"long signature":           {envelope(typ, payload, `[{"sig":"`+strings.Repeat("AAAA", 6000)+`"}]`), sig.ErrTooLarge},
		"65 signatures":            {envelope(typ, payload, `[`+strings.Repeat(`{"sig":"eA=="},`, 64)+`{"sig":"eA=="}]`), sig.ErrTooLarge},
		"65 envelopes":             {strings.Repeat(envelope(typ, payload, one)+"\n", 65), sig.ErrTooLarge},
	} {
		if _, err := (dsse.Format{}).Parse(strings.NewReader(c.file), sig.EnvelopeLimits); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := (dsse.Format{}).Parse(strings.NewReader(specEnvelope), sig.Limits{FileSize: 100, Signatures: 64}); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("long file: %v", err)
	}
}

func TestFaultsHavePlaces(t *testing.T) {
	line := strings.ReplaceAll(specEnvelope, "\n", "") + "\n"
	for file, want := range map[string]int64{
		line + `{"a":01}`:              int64(len(line)) + 6,
		line + `{"payloadType":"a"}`:   int64(len(line)),
		"\n" + `{"payload":"` + "\x01": 13,
	} {
		_, err := dsse.Format{}.Parse(strings.NewReader(file), sig.EnvelopeLimits)
		var e *sig.SyntaxError
		if !errors.As(err, &e) || e.Offset != want {
			t.Errorf("%q: %v, want byte %d", file, err, want)
		}
	}
}

func TestSignRefusals(t *testing.T) {
	s := sigtest.Signer(t, key.Ed25519)
	other := sigtest.Signer(t, key.Ed25519)
	for name, c := range map[string]struct {
		payloadType string
		payload     []byte
		signers     []sig.Signer
		want        error
	}{
		"no type":      {"", nil, []sig.Signer{s}, sig.ErrNamespace},
		"long type":    {strings.Repeat("a", 252), nil, []sig.Signer{s}, sig.ErrNamespace},
		"control":      {"a\nb", nil, []sig.Signer{s}, sig.ErrNamespace},
		"no signer":    {"a", nil, nil, sig.ErrNoKey},
		"large":        {"a", make([]byte, 46<<20+1), []sig.Signer{s}, sig.ErrTooLarge},
		"swapped keys": {"a", nil, []sig.Signer{{Public: other.Public, Signer: s.Signer}}, sig.ErrSelfCheck},
		"65 signers":   {"a", nil, slices(s, 65), sig.ErrTooLarge},
	} {
		if _, err := dsse.Sign(rand.Reader, c.payloadType, c.payload, c.signers...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func slices(s sig.Signer, n int) (list []sig.Signer) {
	for range n {
		list = append(list, s)
	}
	return list
}

func TestUnknownMembersAreReported(t *testing.T) {
	file := strings.Replace(specEnvelope, `{"sig"`, `{"cert":"x","extension":{},"sig"`, 1)
	u := parse(t, []byte(file))
	if !check(t, u, specKey(t))[0].Good() {
		t.Error("not good")
	}
	if len(u.Claims[0].Notes) != 1 || !strings.Contains(u.Claims[0].Notes[0], "2 unknown members") {
		t.Errorf("notes %q", u.Claims[0].Notes)
	}
}

func TestBothAlphabets(t *testing.T) {
	data := []byte{0xfb, 0xff, 0xfe}
	for _, text := range []string{base64.StdEncoding.EncodeToString(data), base64.URLEncoding.EncodeToString(data)} {
		if got, ok := dsse.DecodeBase64(text); !ok || !bytes.Equal(got, data) {
			t.Errorf("%s: %x", text, got)
		}
	}
}

func TestDetect(t *testing.T) {
	long := `{"payload":"` + strings.Repeat("AAAA", 2000)
	for _, c := range []struct {
		head, name string
		want       bool
	}{
		{specEnvelope, "x", true},
		{specEnvelope[:60], "x", true},
		{long, "x.dsse", true},
		{long, "x.intoto.jsonl", true},
		{long, "x.jws", false},
		{`{"payload":"","signatures":[]}`, "x.dsse", false},
		{`{"mediaType":"a","dsseEnvelope":{"payloadType":"a"}}`, "x.dsse", false},
		{`text`, "x.dsse", false},
	} {
		if got := (dsse.Format{}).Detect([]byte(c.head), c.name); got != c.want {
			t.Errorf("%.40s, %s: %v", c.head, c.name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	s := sigtest.Signer(f, key.Ed25519)
	made, err := dsse.Sign(rand.Reader, "text/plain", []byte("content"), s)
	if err != nil {
		f.Fatal(err)
	}
	seeds := [][]byte{made, append(bytes.Clone(made), made...), []byte(specEnvelope), []byte(`{"payloadType":"a","payload":"","signatures":[{"sig":"eA=="}]}`)}
	for _, seed := range seeds {
		if _, err := (dsse.Format{}).Parse(bytes.NewReader(seed), sig.EnvelopeLimits); err != nil {
			f.Fatalf("seed %s: %v", seed, err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := dsse.Format{}.Parse(bytes.NewReader(data), sig.Limits{FileSize: 1 << 16, Signatures: 64})
		if err != nil {
			return
		}
		if len(u.Claims) == 0 || len(u.Claims) > 64 {
			t.Fatalf("%d claims", len(u.Claims))
		}
		for _, c := range u.Claims {
			if !bytes.Equal(c.Content.Fixed, dsse.PAE(c.PayloadType, c.Payload)) || c.Namespace != "dsse:"+c.PayloadType {
				t.Fatalf("claim over %q", c.Content.Fixed)
			}
		}
		// One envelope survives a further signature unchanged.
		if added, err := dsse.Add(rand.Reader, data, s); err == nil {
			again := parse(t, added)
			if len(again.Claims) != len(u.Claims)+1 || !bytes.Equal(again.Payload, u.Payload) || again.PayloadType != u.PayloadType {
				t.Fatalf("%q became %q", data, added)
			}
		}
	})
}
