package jws_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/sig"
	"kai/internal/sig/jws"
)

func TestToken(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	for _, c := range []struct {
		payload, audience string
		want              string
	}{
		{`{"exp":1000001}`, "", ""},
		{`{"exp":1000000}`, "", "expired"}, // RFC 7519 §4.1.4: on or after
		{`{"exp":1000000.5}`, "", ""},
		{`{"exp":0}`, "", "expired"},
		{`{"exp":-1e3}`, "", "expired"},
		{`{"nbf":1000000}`, "", ""},
		{`{"nbf":1000001}`, "", "not_yet_valid"},
		{`{"nbf":1000001,"exp":999999}`, "", "expired not_yet_valid"},
		{`{"exp":1000001,"aud":"me"}`, "me", ""},
		{`{"exp":1000001,"aud":["you","me"]}`, "me", ""},
		{`{"exp":1000001,"aud":["you"]}`, "me", "audience"},
		{`{"exp":1000001,"aud":"me"}`, "", "audience"},
		{`{"exp":1000001,"aud":[]}`, "me", "audience"},
		{`{"exp":1000001,"aud":[]}`, "", "audience"},
		{`{"exp":1000001,"aud":""}`, "", "audience"},
		{`{"exp":1000001}`, "me", "audience"},
		{`{"exp":1,"aud":"you"}`, "me", "expired audience"},
	} {
		token, err := jws.ParseToken([]byte(c.payload))
		if err != nil || token == nil {
			t.Errorf("%s: %v, %v", c.payload, token, err)
			continue
		}
		if got := strings.Join(token.Against(at, c.audience), " "); got != c.want {
			t.Errorf("%s for %q: %q, want %q", c.payload, c.audience, got, c.want)
		}
	}
}

func TestNoToken(t *testing.T) {
	for _, payload := range []string{``, `text`, `null`, `[]`, `{}`, `{"iss":"joe","aud":"me"}`, `{"Exp":1}`, `{"n":9007199254740993}`, `{"a":1,"a":2}`, `{"exp":1`} {
		if token, err := jws.ParseToken([]byte(payload)); token != nil || err != nil {
			t.Errorf("%s: %v, %v", payload, token, err)
		}
	}
	for _, payload := range []string{
		`{"exp":1,"exp":99999999999}`, `{"exp":1,"\u0065xp":99999999999}`, `{"exp":"1"}`, `{"exp":null}`, `{"exp":true}`,
		`{"exp":{}}`, `{"exp":1e20}`, `{"exp":1e400}`, `{"nbf":"1"}`, `{"exp":1,"aud":1}`, `{"exp":1,"aud":null}`,
		`{"exp":1,"aud":[1]}`, `{"exp":1,"aud":[null]}`, `{"exp":1,"aud":{}}`, "{\"exp\":1,\"a\":\"\xff\"}",
	} {
		if token, err := jws.ParseToken([]byte(payload)); token != nil || !errors.Is(err, sig.ErrMalformed) {
			t.Errorf("%s: %v, %v", payload, token, err)
		}
	}
}

// RFC 7519 §3.1.
func TestTokenExample(t *testing.T) {
	u := parse(t, []byte("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJFUzI1NiJ9."+rfc7515Payload+".eA"))
	token, err := jws.ParseToken(u.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2011, 3, 22, 18, 43, 0, 0, time.UTC); !token.Expires.Equal(want) || !token.NotBefore.IsZero() || token.Audience != nil {
		t.Errorf("%v", token)
	}
	if got := token.Against(token.Expires.Add(-1), ""); !slices.Equal(got, nil) {
		t.Error(got)
	}
}
