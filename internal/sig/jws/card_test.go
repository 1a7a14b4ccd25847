package jws_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/jws"
	"kai/internal/sig/sigtest"
)

const card = `{
  "name": "echo",
  "version": "1.0",
  "protocolVersion": "1.0",
  "description": "caf\u00e9 < 5 & \"quoted\"",
  "skills": [ { "id": "say", "tags": ["a", "b"] } ],
  "capabilities": { "streaming": false, "limit": 1e2 }
}
`

// The form of RFC 8785 of the card, written by hand.
const cardCanonical = `{"capabilities":{"limit":100,"streaming":false},"description":"café < 5 & \"quoted\"","name":"echo","protocolVersion":"1.0","skills":[{"id":"say","tags":["a","b"]}],"version":"1.0"}`

func signCard(t testing.TB, data []byte, signers ...sig.Signer) []byte {
	t.Helper()
	signed, err := jws.SignCard(rand.Reader, data, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestCard(t *testing.T) {
	ada, bob, pq := sigtest.Signer(t, key.Ed25519), sigtest.Signer(t, key.ECDSAP256), sigtest.Signer(t, key.MLDSA65)
	ada.PQ = &pq
	signed := signCard(t, []byte(card), ada)
	if !bytes.HasPrefix(signed, []byte(strings.TrimSuffix(card, "\n}\n"))) {
		t.Errorf("the card itself changed: %s", signed)
	}
	u := parseAs(t, jws.Card{}, signed)
	if string(u.Payload) != cardCanonical || u.Claims[0].Namespace != "a2a" || u.Claims[0].Format != "a2a" {
		t.Errorf("payload %s in namespace %q", u.Payload, u.Claims[0].Namespace)
	}
	both := signCard(t, signed, bob)
	results := check(t, parseAs(t, jws.Card{}, both), ada.Public, bob.Public)
	if len(results) != 2 || !results[0].Good() || !results[1].Good() {
		t.Errorf("%v", results)
	}
}

// The second signature by hand: what another implementation computes.
func TestCardEntry(t *testing.T) {
	s := sigtest.Signer(t, key.Ed25519)
	var o struct {
		Signatures []struct{ Protected, Signature string }
	}
	if err := json.Unmarshal(signCard(t, []byte(card), s), &o); err != nil || len(o.Signatures) != 1 {
		t.Fatal(err)
	}
	header, err := base64.RawURLEncoding.DecodeString(o.Signatures[0].Protected)
	if err != nil {
		t.Fatal(err)
	}
	var h map[string]string
	if err := json.Unmarshal(header, &h); err != nil || h["alg"] != "EdDSA" || h["typ"] != "JOSE" || h["kid"] == "" || len(h) != 3 {
		t.Errorf("header %s", header)
	}
	value, err := base64.RawURLEncoding.DecodeString(o.Signatures[0].Signature)
	if err != nil {
		t.Fatal(err)
	}
	if !sig.Ed25519.Verify(s.Public, []byte(o.Signatures[0].Protected+"."+b64(cardCanonical)), value) {
		t.Error("signature is over other bytes")
	}
}

func TestCardSurvivesReordering(t *testing.T) {
	s := sigtest.Signer(t, key.Ed25519)
	signed := signCard(t, []byte(card), s)
	var any map[string]any
	if err := json.Unmarshal(signed, &any); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.MarshalIndent(any, "\t", "      ") // sorts members, escapes <, writes 100
	if err != nil {
		t.Fatal(err)
	}
	reversed := []byte(`{"signatures":` + string(mustMarshal(t, any["signatures"])) + `,"version":"1.0","skills":[{"tags":["a","b"],"id":"say"}],` +
		`"protocolVersion":"1.0","name":"echo","description":"café < 5 & \"quoted\"","capabilities":{"streaming":false,"limit":100.0}}`)
	for name, file := range map[string][]byte{"as written": signed, "sorted": sorted, "reversed": reversed} {
		if r := check(t, parseAs(t, jws.Card{}, file), s.Public)[0]; !r.Good() {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
	for _, c := range [][2]string{{`"echo"`, `"Echo"`}, {`1e2`, `101`}, {`"b"]`, `"b", "c"]`}, {`"a", "b"`, `"b", "a"`}, {"\n  \"version\": \"1.0\",", ""}, {"{\n", "{\"x\":null,"}} {
		changed := bytes.Replace(signed, []byte(c[0]), []byte(c[1]), 1)
		if r := check(t, parseAs(t, jws.Card{}, changed), s.Public)[0]; !r.Bad() {
			t.Errorf("%s became %s: %v", c[0], c[1], r.Err)
		}
	}
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCardRefusals(t *testing.T) {
	s := sigtest.Signer(t, key.Ed25519)
	signed := string(signCard(t, []byte(card), s))
	for name, file := range map[string]string{
		"no signatures":       card,
		"empty signatures":    `{"name":"a","signatures":[]}`,
		"name twice":          strings.Replace(signed, `{`, `{"name":"x",`, 1),
		"name twice, escaped": strings.Replace(signed, `{`, `{"\u006eame":"x",`, 1),
		"invalid UTF-8":       strings.Replace(signed, `echo`, "ech\xff", 1),
		"rounded integer":     strings.Replace(signed, `1e2`, "9007199254740993", 1),
		"lone surrogate":      strings.Replace(signed, `echo`, `\ud800`, 1),
		"trailing text":       signed + "x",
		"an array":            "[" + signed + "]",
	} {
		if _, err := (jws.Card{}).Parse(strings.NewReader(file), sig.EnvelopeLimits); !errors.Is(err, sig.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, file := range map[string]string{
		"rounded integer": `{"n":9007199254740993}`, "name twice": `{"a":1,"a":1}`, "invalid UTF-8": "{\"a\":\"\xff\"}",
		"signatures is text": `{"signatures":"x"}`, "not an object": `[]`, "empty": ``,
	} {
		if _, err := jws.SignCard(rand.Reader, []byte(file), s); !errors.Is(err, sig.ErrMalformed) {
			t.Errorf("signing, %s: %v", name, err)
		}
	}
	full := []byte(`{"signatures":[` + strings.Repeat(`{"protected":"e30","signature":"eA"},`, 63) + `{"protected":"e30","signature":"eA"}]}`)
	if _, err := jws.SignCard(rand.Reader, full, s); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("the 65th signature: %v", err)
	}
}

func TestDetectCard(t *testing.T) {
	signed := string(signCard(t, []byte(card), sigtest.Signer(t, key.Ed25519)))
	for head, want := range map[string]bool{
		signed: true, card: false, signed[:len(signed)-5]: false,
		`{"payload":"","signatures":[{"protected":"a"}]}`: false,
		`{"signatures":[{"sig":"a"}]}`:                    false,
		`{"signatures":[]}`:                               false,
		`{"signatures":"x"}`:                              false,
	} {
		if got := (jws.Card{}).Detect([]byte(head), "card.json"); got != want {
			t.Errorf("%.60s: %v", head, got)
		}
	}
}

func FuzzParseCard(f *testing.F) {
	s := sigtest.Signer(f, key.Ed25519)
	for _, seed := range []string{string(signCard(f, []byte(card), s)), string(signCard(f, []byte(`{}`), s, s))} {
		if _, err := (jws.Card{}).Parse(strings.NewReader(seed), sig.EnvelopeLimits); err != nil {
			f.Fatalf("seed %s: %v", seed, err)
		}
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := jws.Card{}.Parse(bytes.NewReader(data), sig.Limits{FileSize: 1 << 16, Signatures: 64})
		if err != nil {
			return
		}
		// A further signature leaves the payload and the claims as they are.
		signed, err := jws.SignCard(rand.Reader, data, s)
		if err != nil {
			if len(u.Claims) == 64 {
				return
			}
			t.Fatal(err)
		}
		v := parseAs(t, jws.Card{}, signed)
		if !bytes.Equal(u.Payload, v.Payload) || len(v.Claims) != len(u.Claims)+1 {
			t.Fatalf("%q became %q", data, signed)
		}
		if last := v.Claims[len(u.Claims):]; !check(t, &sig.Unverified{Claims: last}, s.Public)[0].Good() {
			t.Fatalf("the signature of %q is not good", data)
		}
	})
}
