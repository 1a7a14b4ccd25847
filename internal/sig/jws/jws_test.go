package jws_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"kai/internal/key"
	"kai/internal/key/did"
	"kai/internal/key/jwk"
	"kai/internal/sig"
	"kai/internal/sig/jws"
	"kai/internal/sig/sigtest"
)

func parseAs(t testing.TB, f sig.Format, file []byte) *sig.Unverified {
	t.Helper()
	u, err := f.Parse(bytes.NewReader(file), sig.EnvelopeLimits)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func parse(t testing.TB, file []byte) *sig.Unverified {
	t.Helper()
	return parseAs(t, jws.Format{}, file)
}

func check(t testing.TB, u *sig.Unverified, keys ...key.Public) []sig.Result {
	t.Helper()
	return sigtest.Check(t, u, nil, sig.Keys(keys))
}

// publicKey reads a JWK.
func publicKey(t testing.TB, text string) key.Public {
	t.Helper()
	set, err := jwk.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return set.Entries[0].Public
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// unsigned is a compact file with a header of choice.
func unsigned(header string) string {
	return b64(header) + "." + b64("payload") + "." + b64("signature")
}

func TestEveryKeyType(t *testing.T) {
	for typ, alg := range map[key.Type]string{key.Ed25519: "EdDSA", key.ECDSAP256: "ES256", key.RSA: "PS256", key.MLDSA65: "ML-DSA-65"} {
		s := sigtest.Signer(t, typ)
		file, err := jws.Sign(rand.Reader, []byte("payload"), s)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(string(file), ".")
		header, err := base64.RawURLEncoding.DecodeString(parts[0])
		if err != nil {
			t.Fatal(err)
		}
		var h map[string]string
		if err := json.Unmarshal(header, &h); err != nil || h["alg"] != alg || h["kid"] == "" || len(h) != 2 {
			t.Errorf("%s: header %s", typ, header)
		}
		u := parse(t, file)
		if string(u.Payload) != "payload" {
			t.Errorf("%s: payload %q", typ, u.Payload)
		}
		r := check(t, u, sigtest.Signer(t, key.Ed25519).Public, s.Public)[0]
		if typ != key.Ed25519 && !r.Good() || !check(t, u, s.Public)[0].Good() {
			t.Errorf("%s: %v", typ, r.Err)
		}
		if r.Claim.NamesKey == nil || !r.Claim.NamesKey(s.Public, nil) || r.Claim.NamesKey(sigtest.Signer(t, typ).Public, nil) {
			t.Errorf("%s: kid %q does not tell keys apart", typ, r.Claim.KeyHint)
		}
	}
	for _, typ := range []key.Type{key.SLHDSA128s, key.MLDSA44Ed25519, key.X25519} {
		k, err := key.Generate(typ, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jws.Sign(rand.Reader, []byte("x"), sig.Signer{Public: k.Public()}); !errors.Is(err, sig.ErrScheme) {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestHybridIsTwoEntries(t *testing.T) {
	s, pq := sigtest.Signer(t, key.Ed25519), sigtest.Signer(t, key.MLDSA65)
	s.PQ = &pq
	file, err := jws.Sign(rand.Reader, []byte("payload"), s)
	if err != nil {
		t.Fatal(err)
	}
	if file[0] != '{' || bytes.Count(file, []byte("\n")) != 1 {
		t.Errorf("not one line of JSON: %s", file)
	}
	results := check(t, parse(t, file), pq.Public, s.Public)
	if len(results) != 2 || results[0].Verified.Key() != s.Public || results[1].Verified.Key() != pq.Public {
		t.Errorf("%d signatures: %v", len(results), results)
	}
}

func TestDetached(t *testing.T) {
	s, pq := sigtest.Signer(t, key.ECDSAP256), sigtest.Signer(t, key.MLDSA65)
	s.PQ = &pq
	file, err := jws.SignDetached(rand.Reader, []byte("payload"), s)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file, []byte("..")) {
		t.Errorf("file %s", file)
	}
	u := parse(t, file)
	if u.Payload != nil || len(u.Claims) != 1 {
		t.Errorf("payload %q, %d claims", u.Payload, len(u.Claims))
	}
	keys := sig.Keys{s.Public}
	if r := sigtest.Check(t, u, []byte("payload"), keys)[0]; !r.Good() {
		t.Error(r.Err)
	}
	if r := sigtest.Check(t, u, []byte("Payload"), keys)[0]; !r.Bad() {
		t.Error("another payload:", r.Err)
	}
	if r := sigtest.Check(t, u, []byte(""), keys)[0]; !r.Bad() {
		t.Error("no payload:", r.Err)
	}
	u.Claims[0].Over([]byte("payload"))
	if r := check(t, u, s.Public)[0]; !r.Good() {
		t.Error("payload at hand:", r.Err)
	}
	if _, err := jws.Add(rand.Reader, file, s); !errors.Is(err, sig.ErrUnsupported) {
		t.Error("second detached signature:", err)
	}
	if _, err := jws.SignDetached(rand.Reader, make([]byte, sig.MaxEmbedded+1), s); !errors.Is(err, sig.ErrTooLarge) {
		t.Error("long payload:", err)
	}
}

func TestAdd(t *testing.T) {
	ada, bob := sigtest.Signer(t, key.Ed25519), sigtest.Signer(t, key.ECDSAP256)
	compact, err := jws.Sign(rand.Reader, []byte("payload"), ada)
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(strings.TrimSuffix(string(compact), "\n"), ".")
	flattened := fmt.Sprintf(`{"payload":"%s","protected":"%s","header":{"note":1},"signature":"%s"}`, part[1], part[0], part[2])
	general, err := jws.Sign(rand.Reader, []byte("payload"), ada, ada)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"compact": compact, "flattened": []byte(flattened), "general": general} {
		both, err := jws.Add(rand.Reader, file, bob)
		if err != nil {
			t.Fatal(name, err)
		}
		u := parse(t, both)
		for i, r := range check(t, u, ada.Public, bob.Public) {
			if !r.Good() {
				t.Errorf("%s: signature %d: %v", name, i, r.Err)
			}
		}
		if last := u.Claims[len(u.Claims)-1]; !last.NamesKey(bob.Public, nil) || string(u.Payload) != "payload" {
			t.Errorf("%s: %s", name, both)
		}
		if name == "flattened" && !bytes.Contains(both, []byte(`"header":{"note":1}`)) {
			t.Errorf("header lost: %s", both)
		}
	}
}

// Any byte changed: never good over another payload, and always an answer.
func TestTampering(t *testing.T) {
	ada, bob := sigtest.Signer(t, key.Ed25519), sigtest.Signer(t, key.ECDSAP256)
	compact, err := jws.Sign(rand.Reader, []byte("payload"), ada)
	if err != nil {
		t.Fatal(err)
	}
	general, err := jws.Sign(rand.Reader, []byte("payload"), ada, bob)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range [][]byte{compact, general} {
		for i := range file {
			for _, flip := range []byte{1, 2, 0x20, 0x80} {
				changed := bytes.Clone(file)
				changed[i] ^= flip
				u, err := jws.Format{}.Parse(bytes.NewReader(changed), sig.EnvelopeLimits)
				if err != nil {
					if !errors.Is(err, sig.ErrMalformed) {
						t.Errorf("byte %d ^ %#x: %v", i, flip, err)
					}
					continue
				}
				for _, r := range check(t, u, ada.Public, bob.Public) {
					if r.Good() && string(r.Claim.Payload) != "payload" {
						t.Errorf("byte %d ^ %#x: good over %q", i, flip, r.Claim.Payload)
					}
					if r.Good() && &file[0] == &compact[0] && i < len(compact)-1 {
						t.Errorf("byte %d ^ %#x: a compact file has two spellings", i, flip)
					}
				}
			}
		}
	}
}

// What the header says against the key's algorithm never verifies.
func TestTheKeyDecides(t *testing.T) {
	ed, ec := sigtest.Signer(t, key.Ed25519), sigtest.Signer(t, key.ECDSAP256)
	file, err := jws.Sign(rand.Reader, []byte("payload"), ed)
	if err != nil {
		t.Fatal(err)
	}
	if r := check(t, parse(t, file), ec.Public)[0]; !errors.Is(r.Err, sig.ErrNoKey) {
		t.Error("a key of another type:", r.Err)
	}
	for alg, want := range map[string]error{
		"none": sig.ErrUnsupported, "NONE": sig.ErrUnsupported, "HS256": sig.ErrUnsupported, "HS512": sig.ErrUnsupported,
		"ES384": sig.ErrUnsupported, "ES512": sig.ErrUnsupported, "RS384": sig.ErrUnsupported, "PS512": sig.ErrUnsupported,
		"ES256K": sig.ErrUnsupported, "Ed448": sig.ErrUnsupported, "ML-DSA-44": sig.ErrUnsupported, "eddsa": sig.ErrUnsupported,
		"dir": sig.ErrUnsupported,
	} {
		u := parse(t, []byte(unsigned(fmt.Sprintf(`{"alg":%q}`, alg))))
		if r := check(t, u, ed.Public, ec.Public)[0]; !errors.Is(r.Err, want) {
			t.Errorf("%s: %v", alg, r.Err)
		}
	}
	// "none" comes with an empty signature.
	u := parse(t, []byte(b64(`{"alg":"none"}`)+"."+b64("payload")+"."))
	if r := check(t, u, ed.Public)[0]; !errors.Is(r.Err, sig.ErrUnsupported) {
		t.Error(r.Err)
	}
}

// Ids that are computed from a key rule other keys out, in every spelling that
// tools use; the first did:key is the Ed25519 example of RFC 8037.
func TestKeyIDs(t *testing.T) {
	pub, other := publicKey(t, rfc8037Key), sigtest.Signer(t, key.Ed25519).Public
	id, err := did.Of(pub)
	if err != nil {
		t.Fatal(err)
	}
	for kid, strong := range map[string]bool{
		id: true, id + "#" + strings.TrimPrefix(id, "did:key:"): true, pub.Fingerprint(): true,
		"": false, "key-1": false, "did:web:example.com": false, "did:key:z6Mk": false, "SHA256:short": false, id + "x": false,
	} {
		u := parse(t, []byte(unsigned(fmt.Sprintf(`{"alg":"EdDSA","kid":%q}`, kid))))
		names := u.Claims[0].NamesKey
		if (names != nil) != strong {
			t.Errorf("kid %q: strong %v", kid, names != nil)
		}
		if names != nil && (!names(pub, nil) || names(other, nil)) {
			t.Errorf("kid %q names another key", kid)
		}
	}
	s := sigtest.Signer(t, key.ECDSAP256)
	file, err := jws.Sign(rand.Reader, []byte("x"), s)
	if err != nil {
		t.Fatal(err)
	}
	if kid := parse(t, file).Claims[0].KeyHint; !strings.HasPrefix(kid, "did:key:zDn") {
		t.Errorf("kid written: %s", kid)
	}
}

func TestExtensions(t *testing.T) {
	pub := sigtest.Signer(t, key.Ed25519).Public
	for header, want := range map[string]error{
		`{"alg":"EdDSA","b64":false}`:                               sig.ErrUnsupported,
		`{"alg":"EdDSA","b64":false,"crit":["b64"]}`:                sig.ErrUnsupported,
		`{"alg":"EdDSA","crit":["x"],"x":1}`:                        sig.ErrUnsupported,
		`{"alg":"EdDSA","crit":["b64","x"],"b64":true,"x":1}`:       sig.ErrUnsupported,
		`{"alg":"EdDSA","crit":["exp"],"exp":1}`:                    sig.ErrUnsupported,
		`{"alg":"EdDSA","b64":true,"crit":["b64"]}`:                 nil,
		`{"alg":"EdDSA","x":1}`:                                     nil,
		`{"alg":"EdDSA","jwk":{},"jku":"a","x5c":[],"x5u":"b"}`:     nil,
		`{"alg":"EdDSA","kid":"somebody"}`:                          nil,
		`{"alg":"EdDSA","crit":[]}`:                                 sig.ErrMalformed,
		`{"alg":"EdDSA","crit":null}`:                               sig.ErrMalformed,
		`{"alg":"EdDSA","crit":"b64"}`:                              sig.ErrMalformed,
		`{"alg":"EdDSA","crit":["x"]}`:                              sig.ErrMalformed,
		`{"alg":"EdDSA","crit":["x","x"],"x":1}`:                    sig.ErrMalformed,
		`{"alg":"EdDSA","crit":[null],"x":1}`:                       sig.ErrMalformed,
		`{"alg":"EdDSA","b64":"false"}`:                             sig.ErrMalformed,
		`{"alg":"EdDSA","b64":null}`:                                sig.ErrMalformed,
		`{"alg":"EdDSA","kid":1}`:                                   sig.ErrMalformed,
		`{"alg":"EdDSA","alg":"ES256"}`:                             sig.ErrMalformed,
		`{"alg":"EdDSA","\u0061lg":"ES256"}`:                        sig.ErrMalformed,
		`{"Alg":"EdDSA"}`:                                           sig.ErrMalformed,
		`{"alg":1}`:                                                 sig.ErrMalformed,
		`{"alg":null}`:                                              sig.ErrMalformed,
		`{"alg":""}`:                                                sig.ErrMalformed,
		`{}`:                                                        sig.ErrMalformed,
		`[]`:                                                        sig.ErrMalformed,
		`{"alg":"EdDSA"} x`:                                         sig.ErrMalformed,
		"{\"alg\":\"EdDSA\",\"x\":\"\xff\"}":                        sig.ErrMalformed,
		`{"alg":"EdDSA","n":9007199254740993}`:                      sig.ErrMalformed,
		`{"alg":"EdDSA","kid":"` + strings.Repeat("k", 4097) + `"}`: sig.ErrTooLarge,
		`{"alg":"EdDSA","x":"` + strings.Repeat("k", 64<<10) + `"}`: sig.ErrTooLarge,
	} {
		u, err := jws.Format{}.Parse(strings.NewReader(unsigned(header)), sig.EnvelopeLimits)
		if err == nil {
			err = check(t, u, pub)[0].Err
			var bad *sig.BadSignature
			if want == nil && errors.As(err, &bad) {
				continue // it was judged
			}
		}
		if want == nil || !errors.Is(err, want) {
			t.Errorf("%.80s: %v, want %v", header, err, want)
		}
	}
}

func TestKeysInTheHeaderAreIgnored(t *testing.T) {
	eve := sigtest.Signer(t, key.Ed25519)
	x := base64.RawURLEncoding.EncodeToString(eve.Public.Raw())
	protected := b64(fmt.Sprintf(`{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"%s"},"jku":"https://example.com"}`, x))
	value, err := sig.Ed25519.Sign(rand.Reader, eve.Public, eve.Signer, []byte(protected+"."+b64("payload")))
	if err != nil {
		t.Fatal(err)
	}
	u := parse(t, []byte(protected+"."+b64("payload")+"."+base64.RawURLEncoding.EncodeToString(value)))
	if r := check(t, u)[0]; !errors.Is(r.Err, sig.ErrNoKey) {
		t.Error(r.Err)
	}
	if notes := u.Claims[0].Notes; len(notes) != 1 || !strings.Contains(notes[0], "jku, jwk") {
		t.Errorf("notes %q", notes)
	}
	if !check(t, u, eve.Public)[0].Good() {
		t.Error("not good under the caller's own copy of the key")
	}
}

func TestRefusals(t *testing.T) {
	p, m, s := b64(`{"alg":"EdDSA"}`), b64("payload"), b64("signature")
	for name, c := range map[string]struct {
		file string
		want error
	}{
		"empty":                  {"", sig.ErrMalformed},
		"one part":               {p, sig.ErrMalformed},
		"two parts":              {p + "." + m, sig.ErrMalformed},
		"four parts":             {p + "." + m + "." + s + ".", sig.ErrMalformed},
		"five parts, as in JWE":  {p + ".a.b.c.d", sig.ErrMalformed},
		"no header":              {"." + m + "." + s, sig.ErrMalformed},
		"no signature":           {p + "." + m + ".", sig.ErrMalformed},
		"padded":                 {p + "." + m + "." + s + "=", sig.ErrMalformed},
		"standard alphabet":      {p + "." + m + ".+/+/", sig.ErrMalformed},
		"stray bits":             {p + ".eB." + s, sig.ErrMalformed},
		"stray bits, signature":  {p + "." + m + ".eB", sig.ErrMalformed},
		"leading space":          {" " + p + "." + m + "." + s, sig.ErrMalformed},
		"line break inside":      {p + ".\n" + m + "." + s, sig.ErrMalformed},
		"two line feeds":         {p + "." + m + "." + s + "\n\n", sig.ErrMalformed},
		"two files":              {p + "." + m + "." + s + "\n" + p + "." + m + "." + s, sig.ErrMalformed},
		"long signature":         {p + "." + m + "." + strings.Repeat("AAAA", 6000), sig.ErrTooLarge},
		"no payload":             {`{"signatures":[{"protected":"` + p + `","signature":"` + s + `"}]}`, sig.ErrMalformed},
		"payload is null":        {`{"payload":null,"protected":"` + p + `","signature":"` + s + `"}`, sig.ErrMalformed},
		"no signatures":          {`{"payload":"` + m + `","signatures":[]}`, sig.ErrMalformed},
		"both forms":             {`{"payload":"` + m + `","signature":"` + s + `","signatures":[{"protected":"` + p + `","signature":"` + s + `"}]}`, sig.ErrMalformed},
		"no protected header":    {`{"payload":"` + m + `","header":{"alg":"EdDSA"},"signature":"` + s + `"}`, sig.ErrMalformed},
		"alg not protected":      {`{"payload":"` + m + `","protected":"` + b64("{}") + `","header":{"alg":"EdDSA"},"signature":"` + s + `"}`, sig.ErrMalformed},
		"crit not protected":     {`{"payload":"` + m + `","protected":"` + p + `","header":{"crit":["a"],"a":1},"signature":"` + s + `"}`, sig.ErrMalformed},
		"kid in both headers":    {`{"payload":"` + m + `","protected":"` + b64(`{"alg":"EdDSA","kid":"a"}`) + `","header":{"kid":"b"},"signature":"` + s + `"}`, sig.ErrMalformed},
		"header is text":         {`{"payload":"` + m + `","protected":"` + p + `","header":"x","signature":"` + s + `"}`, sig.ErrMalformed},
		"signature is a number":  {`{"payload":"` + m + `","protected":"` + p + `","signature":1}`, sig.ErrMalformed},
		"payload twice":          {`{"payload":"` + m + `","payload":"eA","protected":"` + p + `","signature":"` + s + `"}`, sig.ErrMalformed},
		"two objects":            {`{"payload":"` + m + `","protected":"` + p + `","signature":"` + s + `"}{}`, sig.ErrMalformed},
		"65 signatures":          {`{"payload":"` + m + `","signatures":[` + strings.Repeat(`{"protected":"`+p+`","signature":"`+s+`"},`, 64) + `{"protected":"` + p + `","signature":"` + s + `"}]}`, sig.ErrTooLarge},
		"signature of one array": {`{"payload":"` + m + `","signatures":[["` + p + `"]]}`, sig.ErrMalformed},
	} {
		if _, err := (jws.Format{}).Parse(strings.NewReader(c.file), sig.EnvelopeLimits); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for _, end := range []string{"", "\n", "\r\n"} {
		if _, err := (jws.Format{}).Parse(strings.NewReader(p+"."+m+"."+s+end), sig.EnvelopeLimits); err != nil {
			t.Errorf("end %q: %v", end, err)
		}
	}
}

func TestSignRefusals(t *testing.T) {
	s, other := sigtest.Signer(t, key.Ed25519), sigtest.Signer(t, key.Ed25519)
	for name, c := range map[string]struct {
		payload []byte
		signers []sig.Signer
		want    error
	}{
		"empty payload": {nil, []sig.Signer{s}, sig.ErrUnsupported},
		"long payload":  {make([]byte, 46<<20+1), []sig.Signer{s}, sig.ErrTooLarge},
		"no signer":     {[]byte("x"), nil, sig.ErrNoKey},
		"swapped keys":  {[]byte("x"), []sig.Signer{{Public: other.Public, Signer: s.Signer}}, sig.ErrSelfCheck},
	} {
		if _, err := jws.Sign(rand.Reader, c.payload, c.signers...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// What go-jose signs verifies here, and the other way round.
func TestAgreesWithAnotherLibrary(t *testing.T) {
	algorithms := []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256, jose.PS256}
	for typ, alg := range map[key.Type]jose.SignatureAlgorithm{key.Ed25519: jose.EdDSA, key.ECDSAP256: jose.ES256, key.RSA: jose.PS256} {
		s := sigtest.Signer(t, typ)
		pub, err := s.Public.Crypto()
		if err != nil {
			t.Fatal(err)
		}
		file, err := jws.Sign(rand.Reader, []byte("payload"), s)
		if err != nil {
			t.Fatal(err)
		}
		//lint:ignore SA1019 both forms come by here
		theirs, err := jose.ParseSigned(strings.TrimSpace(string(file)), algorithms)
		if err != nil {
			t.Fatal(err)
		}
		if payload, err := theirs.Verify(pub); err != nil || string(payload) != "payload" {
			t.Errorf("%s: go-jose: %v", typ, err)
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: s.Signer}, nil)
		if err != nil {
			t.Fatal(err)
		}
		object, err := signer.Sign([]byte("payload"))
		if err != nil {
			t.Fatal(err)
		}
		compact, err := object.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{compact, object.FullSerialize()} {
			if r := check(t, parse(t, []byte(file)), s.Public)[0]; !r.Good() {
				t.Errorf("%s: from go-jose: %v", typ, r.Err)
			}
		}
	}
}

func TestDetect(t *testing.T) {
	compact := unsigned(`{"alg":"EdDSA"}`)
	certificates := unsigned(`{"alg":"RS256","x5c":["` + strings.Repeat("AAAA", 2000) + `"]}`)
	long := `{"payload":"` + strings.Repeat("AAAA", 2000)
	for _, c := range []struct {
		head, name string
		want       bool
	}{
		{compact, "x", true},
		{compact + "\n", "x", true},
		{unsigned(`{"kid":"a"}`), "x", false},
		{certificates[:4096], "x", true},
		{"text. text", "x", false},
		{compact + " and text", "x", false},
		{`{"payload":"","signatures":[{}]}`, "x", true},
		{`{"payload":"","protected":"a","signature":"b"}`, "x", true},
		{`{"payload":"","payloadType":"a","signatures":[{}]}`, "x.jws", false},
		{`{"signatures":[{"protected":"a"}]}`, "x.jws", false},
		{long, "x.jws", true},
		{long, "x.dsse", false},
		{"", "x.jws", false},
	} {
		if got := (jws.Format{}).Detect([]byte(c.head), c.name); got != c.want {
			t.Errorf("%.60s, %s: %v", c.head, c.name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	ada, bob := sigtest.Signer(f, key.Ed25519), sigtest.Signer(f, key.ECDSAP256)
	compact, err := jws.Sign(rand.Reader, []byte("payload"), ada)
	if err != nil {
		f.Fatal(err)
	}
	general, err := jws.Sign(rand.Reader, []byte("payload"), ada, bob)
	if err != nil {
		f.Fatal(err)
	}
	detached, err := jws.SignDetached(rand.Reader, []byte("payload"), bob)
	if err != nil {
		f.Fatal(err)
	}
	flattened := `{"payload":"eA","protected":"` + b64(`{"alg":"EdDSA","kid":"a"}`) + `","header":{"x":[1,{}]},"signature":"eA"}`
	for _, seed := range [][]byte{compact, general, detached, []byte(flattened)} {
		if _, err := (jws.Format{}).Parse(bytes.NewReader(seed), sig.EnvelopeLimits); err != nil {
			f.Fatalf("seed %s: %v", seed, err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := jws.Format{}.Parse(bytes.NewReader(data), sig.Limits{FileSize: 1 << 16, Signatures: 64})
		if err != nil {
			return
		}
		// Written again in the general form, the claims are the same.
		again, err := jws.Add(rand.Reader, data, ada)
		if err != nil {
			if u.Payload == nil || len(u.Claims) == 64 {
				return
			}
			t.Fatal(err)
		}
		v := parse(t, again)
		if len(v.Claims) != len(u.Claims)+1 || !bytes.Equal(v.Payload, u.Payload) {
			t.Fatalf("%q became %q", data, again)
		}
		for i, c := range u.Claims {
			d := v.Claims[i]
			if c.Scheme != d.Scheme || c.KeyHint != d.KeyHint || !bytes.Equal(c.Signature, d.Signature) || !bytes.Equal(c.Content.Fixed, d.Content.Fixed) {
				t.Fatalf("%q became %q", data, again)
			}
		}
	})
}
