package jws_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/jws"
	"kai/internal/vectortest"
)

type wycheproof struct {
	NumberOfTests int
	TestGroups    []struct {
		Comment         string
		Public, Private json.RawMessage
		Tests           []struct {
			TcID            int
			Comment, Result string
			JWS             json.RawMessage
		}
	}
}

// unwrap turns JSON inside a JSON string into JSON.
func unwrap(data json.RawMessage) []byte {
	var text string
	if json.Unmarshal(data, &text) == nil {
		return []byte(text)
	}
	return data
}

// boundKeys is a KeySource of keys that are bound to an algorithm.
type boundKeys []boundKey

type boundKey struct {
	public    key.Public
	algorithm sig.Scheme
}

func (list boundKeys) Candidates(c *sig.Claim) ([]key.Public, error) {
	var fit []key.Public
	for _, k := range list {
		if k.algorithm == c.Scheme {
			fit = append(fit, k.public)
		}
	}
	if len(fit) == 0 {
		return nil, sig.ErrNoKey
	}
	return fit, nil
}

// keyOf reads a group's key; there is none if kai has no such keys, or its use
// or algorithm is not signing with a known scheme.
func keyOf(data json.RawMessage) boundKeys {
	var k jose.JSONWebKey
	var about struct{ Use, Alg string }
	if k.UnmarshalJSON(unwrap(data)) != nil || json.Unmarshal(unwrap(data), &about) != nil || about.Use == "enc" {
		return nil
	}
	pub, err := key.PublicOf(k.Public().Key)
	scheme, ok := map[string]sig.Scheme{"RS256": sig.RSASHA256, "PS256": sig.RSAPSSSHA256, "ES256": sig.ES256}[about.Alg]
	if err != nil || !ok {
		return nil
	}
	return boundKeys{{pub, scheme}}
}

// accepted reports whether every signature of a file is good.
func accepted(t *testing.T, file []byte, keys boundKeys) bool {
	t.Helper()
	f, err := jws.Format{}.Parse(bytes.NewReader(file), sig.EnvelopeLimits)
	if err != nil {
		if !errors.Is(err, sig.ErrMalformed) && !errors.Is(err, sig.ErrTooLarge) {
			t.Errorf("%s: %v", file, err)
		}
		return false
	}
	for _, r := range checkDetached(t, f, message(""), keys) {
		if !r.Good() {
			return false
		}
	}
	return true
}

// Valid signatures that kai does not accept, by tcId.
var notAccepted = map[int]string{
	1: "HS256", 348: "HS256", 352: "HS256", 357: "HS256", 358: "HS256", 359: "HS256", 372: "HS256", 373: "HS256", 376: "HS256", 377: "HS256",
	264: "RS384", 265: "RS384", 266: "RS384", 267: "RS384",
	268: "RS512", 269: "RS512", 270: "RS512", 271: "RS512",
	320: "PS384", 321: "PS384", 322: "PS384", 323: "PS384",
	325: "PS512", 326: "PS512", 327: "PS512", 328: "PS512",
	346: "PS384, by a key that is bound to PS256", 350: "PS384, by a key that is bound to PS256",
	347: "ES512 over P-521", 351: "ES512 over P-521",
}

func TestWycheproof(t *testing.T) {
	suite := vectortest.JSON[wycheproof](t, "wycheproof/json_web_signature_test.json")
	counts := map[string]int{}
	for _, g := range suite.TestGroups {
		data := g.Public
		if data == nil {
			data = g.Private
		}
		keys := keyOf(data)
		for _, c := range g.Tests {
			got := accepted(t, unwrap(c.JWS), keys)
			reason, listed := notAccepted[c.TcID]
			switch {
			case c.Result == "invalid" && got:
				t.Errorf("%d (%s, %s): accepted", c.TcID, g.Comment, c.Comment)
			case c.Result == "valid" && got == listed:
				t.Errorf("%d (%s, %s): accepted %v, listed as %q", c.TcID, g.Comment, c.Comment, got, reason)
			}
			counts[c.Result]++
			if got {
				counts["accepted"]++
			}
		}
	}
	if counts["valid"]+counts["invalid"] != suite.NumberOfTests || suite.NumberOfTests != 401 {
		t.Errorf("%v of %d", counts, suite.NumberOfTests)
	}
	if counts["accepted"] != counts["valid"]-len(notAccepted) {
		t.Errorf("%v, %d listed", counts, len(notAccepted))
	}
	t.Log(counts)
}
