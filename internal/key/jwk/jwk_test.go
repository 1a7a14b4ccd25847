package jwk_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"kai/internal/key"
	"kai/internal/key/jwk"
	"kai/internal/vectortest"
)

// RFC 8037 appendix A.1 and A.2.
const (
	rfc8037Private = `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	rfc8037Public  = `{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
)

var held = []key.Type{key.Ed25519, key.X25519, key.ECDSAP256, key.RSA, key.MLDSA65}

func generate(t testing.TB, typ key.Type) *key.Private {
	t.Helper()
	var p *key.Private
	var err error
	if typ == key.RSA {
		var k *rsa.PrivateKey
		if k, err = rsa.GenerateKey(rand.Reader, 2048); err == nil {
			p, err = key.PrivateOf(k)
		}
	} else {
		p, err = key.Generate(typ, rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func one(t testing.TB, data []byte) (key.Entry, error) {
	t.Helper()
	s, err := jwk.Parse(data)
	if err != nil {
		return key.Entry{}, err
	}
	if len(s.Entries) != 1 || len(s.Unknown) != 0 {
		t.Fatalf("%s: read %+v", data, s)
	}
	return s.Entries[0], nil
}

func TestExampleOfTheStandard(t *testing.T) {
	e, err := one(t, []byte(rfc8037Private))
	if err != nil || e.Private == nil || e.Form != key.FormJWK {
		t.Fatalf("%+v, %v", e, err)
	}
	if got, err := jwk.MarshalPublic(e.Public, ""); err != nil || string(got) != rfc8037Public {
		t.Errorf("written as %s, %v", got, err)
	}
	// RFC 7517 appendix A.1, the first key.
	const ec = `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"}`
	if _, err := jwk.Parse([]byte(ec)); !errors.Is(err, key.ErrType) {
		t.Errorf("key for encryption: %v", err)
	}
	if e, err := one(t, []byte(strings.Replace(ec, "enc", "sig", 1))); err != nil || e.Comment != "1" || e.Public.Type() != key.ECDSAP256 {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestKeysRoundTrip(t *testing.T) {
	var all []key.Public
	for _, typ := range held {
		p := generate(t, typ)
		all = append(all, p.Public())
		text, err := jwk.MarshalPrivate(p, "a name")
		if err != nil {
			t.Fatal(err)
		}
		e, err := one(t, text.Expose())
		if err != nil || e.Comment != "a name" || !e.Private.Stored().Equal(p.Stored()) {
			t.Errorf("%s: %+v, %v", typ, e, err)
		}
		public, err := jwk.MarshalPublic(p.Public(), "")
		if err != nil {
			t.Fatal(err)
		}
		if e, err := one(t, public); err != nil || e.Public != p.Public() || e.Private != nil {
			t.Errorf("%s: %+v, %v", typ, e, err)
		}
	}
	text, err := jwk.MarshalSet(all)
	if err != nil {
		t.Fatal(err)
	}
	s, err := jwk.Parse(text)
	if err != nil || len(s.Entries) != len(all) {
		t.Fatalf("%+v, %v", s, err)
	}
	for i, e := range s.Entries {
		if e.Public != all[i] || e.Comment != all[i].Fingerprint() || e.Form != key.FormJWKS {
			t.Errorf("key %d: %+v", i, e)
		}
	}
	for _, typ := range []key.Type{key.MLDSA44Ed25519, key.MLKEM768X25519, key.SLHDSA128s} {
		if _, err := jwk.MarshalPublic(generate(t, typ).Public(), ""); !errors.Is(err, key.ErrType) {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

// go-jose is another implementation of the classical types.
func TestGoJoseAgrees(t *testing.T) {
	for _, typ := range []key.Type{key.Ed25519, key.ECDSAP256, key.RSA} {
		p := generate(t, typ)
		text, err := jwk.MarshalPrivate(p, "")
		if err != nil {
			t.Fatal(err)
		}
		var theirs jose.JSONWebKey
		if err := theirs.UnmarshalJSON(text.Expose()); err != nil || !theirs.Valid() {
			t.Errorf("%s: go-jose: %v", typ, err)
			continue
		}
		again, err := key.PrivateOf(theirs.Key)
		if err != nil || again.Public() != p.Public() {
			t.Errorf("%s: go-jose read another key: %v", typ, err)
		}
		written, err := theirs.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if e, err := one(t, written); err != nil || !e.Private.Stored().Equal(p.Stored()) {
			t.Errorf("%s: go-jose's %s: %v", typ, written, err)
		}
	}
}

func TestOtherKeysAreRefused(t *testing.T) {
	swap := func(old, new string) string { return strings.Replace(rfc8037Private, old, new, 1) }
	pq, err := jwk.MarshalPublic(generate(t, key.MLDSA65).Public(), "")
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private384, err := (&jose.JSONWebKey{Key: p384}).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   string
		want error
	}{
		"not JSON":               {"{", key.ErrMalformed},
		"not an object":          {"[]", key.ErrMalformed},
		"text after":             {rfc8037Public + "x", key.ErrMalformed},
		"member twice":           {swap(`"kty"`, `"x":"","kty"`), key.ErrMalformed},
		"upper case name":        {swap(`"x"`, `"X"`), key.ErrMalformed},
		"folding name":           {`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","\u212aid":1,"kid":1}`, key.ErrMalformed},
		"null":                   {swap(`"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"`, "null"), key.ErrMalformed},
		"number for text":        {swap(`"OKP"`, "1"), key.ErrMalformed},
		"no kty":                 {swap(`"kty"`, `"type"`), key.ErrMalformed},
		"no x":                   {swap(`"x"`, `"z"`), key.ErrMalformed},
		"padding":                {swap(`URo"`, `URo="`), key.ErrMalformed},
		"standard base64":        {swap(`S_7`, `S/7`), key.ErrMalformed},
		"trailing bits":          {swap(`URo"`, `URp"`), key.ErrMalformed},
		"line feed in base64":    {swap(`URo"`, `\nURo"`), key.ErrMalformed},
		"31 bytes":               {swap("aaPcHURo", "aaPcHUQ"), key.ErrMalformed},
		"public half differs":    {swap("nWGx", "nWGy"), key.ErrWeak},
		"symmetric":              {`{"kty":"oct","k":"AAAA"}`, key.ErrType},
		"Ed448":                  {swap("Ed25519", "Ed448"), key.ErrType},
		"wrong alg":              {swap(`"kty"`, `"alg":"ES256","kty"`), key.ErrType},
		"alg none":               {swap(`"kty"`, `"alg":"none","kty"`), key.ErrType},
		"wrong use":              {swap(`"kty"`, `"use":"enc","kty"`), key.ErrType},
		"empty use":              {swap(`"kty"`, `"use":"","kty"`), key.ErrType},
		"wrong operation":        {swap(`"kty"`, `"key_ops":["sign","encrypt"],"kty"`), key.ErrType},
		"AKP without alg":        {strings.Replace(string(pq), `"alg":"ML-DSA-65",`, "", 1), key.ErrMalformed},
		"AKP with another alg":   {strings.Replace(string(pq), "ML-DSA-65", "ML-DSA-44", 1), key.ErrType},
		"small order":            {`{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, key.ErrWeak},
		"p without d":            {`{"kty":"OKP","crv":"Ed25519","p":"AQ","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, key.ErrMalformed},
		"private key over P-384": {string(private384), key.ErrType},
	} {
		if s, err := jwk.Parse([]byte(c.in)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %+v, %v, want %v", name, s, err, c.want)
		}
	}
}

func TestNumbersOfRSAThatDoNotFitAreRefused(t *testing.T) {
	text, err := jwk.MarshalPrivate(generate(t, key.RSA), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"n", "e", "d", "p", "q", "dp", "dq", "qi"} {
		var all map[string]string
		if err := json.Unmarshal(text.Expose(), &all); err != nil {
			t.Fatal(err)
		}
		b := []byte(all[member])
		b[len(b)/2]++
		if b[len(b)/2] > 'y' || b[len(b)/2] == '`' || b[len(b)/2] == '.' || b[len(b)/2] == ':' || b[len(b)/2] == '[' {
			b[len(b)/2] = 'A'
		}
		all[member] = string(b)
		changed, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jwk.Parse(changed); !errors.Is(err, key.ErrWeak) {
			t.Errorf("%s: %v", member, err)
		}
		delete(all, member)
		cut, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jwk.Parse(cut); !errors.Is(err, key.ErrMalformed) {
			t.Errorf("without %s: %v", member, err)
		}
	}
}

func TestSetsSkipUnknownKeysOnly(t *testing.T) {
	s, err := jwk.Parse([]byte(`{"keys":[{"kty":"oct","k":"AAAA"},` + rfc8037Public + `]}`))
	if err != nil || len(s.Entries) != 1 || len(s.Unknown) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := jwk.Parse([]byte(`{"keys":[]}`)); err != nil || len(s.Entries) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, text := range []string{
		`{"keys":[` + rfc8037Public + `,{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`,
		`{"keys":[` + rfc8037Public + `,1]}`,
		`{"keys":{}}`, `{"keys":null}`,
		`{"keys":[` + strings.Repeat(strings.Replace(rfc8037Public, "{", `{"kid":"a",`, 1)+",", 2) + rfc8037Public + `]}`,
	} {
		if s, err := jwk.Parse([]byte(text)); !errors.Is(err, key.ErrMalformed) {
			t.Errorf("%s: %+v, %v", text, s, err)
		}
	}
}

// Of Wycheproof's 26 cases those about the key itself are judged here: a case
// marked invalid must leave no usable key. The others are about signatures, or
// about symmetric keys, which are not supported.
func TestWycheproof(t *testing.T) {
	type suite struct {
		TestGroups []struct {
			Public, Private json.RawMessage
			Tests           []struct {
				TCID            int `json:"tcId"`
				Comment, Result string
				Flags           []string
			}
		}
	}
	refused := map[int]bool{6: true, 7: true, 8: true, 9: true, 19: true, 20: true, 21: true, 22: true, 23: true, 24: true}
	seen := 0
	for _, g := range vectortest.JSON[suite](t, "wycheproof/json_web_key_test.json").TestGroups {
		data := g.Public
		if len(data) == 0 || string(data) == "null" {
			data = g.Private
		}
		for _, c := range g.Tests {
			seen++
			s, err := jwk.Parse(data)
			usable := err == nil && len(s.Entries) > 0
			if refused[c.TCID] && usable {
				t.Errorf("case %d, %s: accepted %+v", c.TCID, c.Comment, s.Entries)
			}
			if c.TCID == 5 && !usable {
				t.Errorf("case %d, %s: refused: %+v, %v", c.TCID, c.Comment, s, err)
			}
		}
	}
	if seen != 26 {
		t.Errorf("%d cases, want 26", seen)
	}
}

func FuzzParse(f *testing.F) {
	seeds := []string{rfc8037Private, rfc8037Public, `{"keys":[` + rfc8037Public + `]}`}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := jwk.Parse(data)
		if err != nil {
			return
		}
		for _, e := range s.Entries {
			text, err := jwk.MarshalPublic(e.Public, "")
			if err != nil {
				t.Fatal(err)
			}
			if again, err := one(t, text); err != nil || again.Public != e.Public {
				t.Errorf("%s is written as %s: %v", data, text, err)
			}
		}
	})
}
