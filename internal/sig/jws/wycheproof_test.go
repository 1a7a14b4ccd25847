package jws_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"kai/internal/key"
	"kai/internal/key/jwk"
	"kai/internal/sig"
	"kai/internal/sig/jws"
	"kai/internal/sig/sigtest"
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

// entries is a KeySource of keys as they stand in a JWK.
type entries []key.Entry

func (list entries) Candidates(c *sig.Claim) ([]key.Public, error) {
	var fit []key.Public
	for _, e := range list {
		if c.Accepts(e.Public.Type()) && jws.Allows(e.Algorithm, c) {
			fit = append(fit, e.Public)
		}
	}
	if len(fit) == 0 {
		return nil, sig.ErrNoKey
	}
	return fit, nil
}

// keysOf reads a group's key or set of keys; there is none if package jwk
// refuses it.
func keysOf(public, private json.RawMessage) entries {
	data := public
	if data == nil {
		data = private
	}
	set, err := jwk.Parse(unwrap(data))
	if err != nil {
		return nil
	}
	return set.Entries
}

// accepted reports whether every signature of a file is good.
func accepted(t *testing.T, file []byte, keys entries) bool {
	t.Helper()
	f, err := jws.Format{}.Parse(bytes.NewReader(file), sig.EnvelopeLimits)
	if err != nil {
		if !errors.Is(err, sig.ErrMalformed) && !errors.Is(err, sig.ErrTooLarge) {
			t.Errorf("%s: %v", file, err)
		}
		return false
	}
	for _, r := range sigtest.Check(t, f, nil, keys) { // an empty payload looks detached
		if !r.Good() {
			return false
		}
	}
	return true
}

// Valid signatures that are not accepted, by tcId, because of their algorithm.
var (
	notAccepted = map[int]string{
		1: "HS256", 348: "HS256", 352: "HS256", 357: "HS256", 358: "HS256", 359: "HS256", 372: "HS256", 373: "HS256", 376: "HS256", 377: "HS256",
		264: "RS384", 265: "RS384", 266: "RS384", 267: "RS384",
		268: "RS512", 269: "RS512", 270: "RS512", 271: "RS512",
		320: "PS384", 321: "PS384", 322: "PS384", 323: "PS384",
		325: "PS512", 326: "PS512", 327: "PS512", 328: "PS512",
		346: "PS384", 350: "PS384",
		347: "ES512", 351: "ES512",
	}
	notAcceptedWithSets = map[int]string{2: "HS256", 13: "HS256", 14: "HS384", 15: "HS512"}
)

func TestWycheproof(t *testing.T) {
	for name, c := range map[string]struct {
		tests int
		not   map[int]string
	}{
		"wycheproof/json_web_signature_test.json": {401, notAccepted},
		"wycheproof/json_web_key_test.json":       {26, notAcceptedWithSets},
	} {
		suite := vectortest.JSON[wycheproof](t, name)
		seen, valid, good := 0, 0, 0
		for _, g := range suite.TestGroups {
			keys := keysOf(g.Public, g.Private)
			for _, v := range g.Tests {
				got := accepted(t, unwrap(v.JWS), keys)
				reason, listed := c.not[v.TcID]
				switch {
				case v.Result == "invalid" && got:
					t.Errorf("%s %d (%s, %s): accepted", name, v.TcID, g.Comment, v.Comment)
				case v.Result == "valid" && got == listed:
					t.Errorf("%s %d (%s, %s): accepted %v, listed as %q", name, v.TcID, g.Comment, v.Comment, got, reason)
				}
				seen++
				if v.Result == "valid" {
					valid++
				}
				if got {
					good++
				}
			}
		}
		if seen != c.tests || good != valid-len(c.not) {
			t.Errorf("%s: %d cases, %d valid, %d accepted, %d listed", name, seen, valid, good, len(c.not))
		}
		t.Logf("%s: %d of %d valid accepted", name, good, valid)
	}
}
