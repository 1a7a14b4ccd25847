package jws

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"kai/internal/canon"
	"kai/internal/sig"
)

// Token is what a JSON Web Token says about its own use (RFC 7519 §4.1).
type Token struct {
	Expires   time.Time // exp, zero if absent
	NotBefore time.Time // nbf, zero if absent
	Audience  []string  // aud, nil if absent
}

// ParseToken reads a payload. A payload that is no token, because it is not a
// JSON object or has neither exp nor nbf, gives nil and no error.
//
// The error is ErrMalformed: a token that two readers may understand in two
// ways (exp twice, exp as a string) must not be judged by one of them.
func ParseToken(payload []byte) (*Token, error) {
	var lax map[string]json.RawMessage
	if json.Unmarshal(payload, &lax) != nil || !isToken(lax) {
		return nil, nil
	}
	o, err := canon.ParseObject(payload)
	if err != nil {
		return nil, malformed("token: " + err.Error())
	}
	t := &Token{}
	if t.Expires, err = numericDate(o, "exp"); err != nil {
		return nil, err
	}
	if t.NotBefore, err = numericDate(o, "nbf"); err != nil {
		return nil, err
	}
	if t.Audience, err = audience(o); err != nil {
		return nil, err
	}
	return t, nil
}

func isToken(o canon.Object) bool { return o.Has("exp") || o.Has("nbf") }

// numericDate reads seconds since 1970, with or without a fraction.
func numericDate(o canon.Object, name string) (time.Time, error) {
	if !o.Has(name) {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseFloat(string(o[name]), 64)
	if err != nil || math.Abs(seconds) > 1<<40 {
		return time.Time{}, &sig.SyntaxError{Format: Name, Reason: "token: " + name + " is not a date in seconds"}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), nil
}

// audience reads one name or a list of names.
func audience(o canon.Object) ([]string, error) {
	if !o.Has("aud") {
		return nil, nil
	}
	if one, err := o.String("aud"); err == nil {
		return []string{one}, nil
	}
	var list []*string
	if json.Unmarshal(o["aud"], &list) != nil || list == nil {
		return nil, malformed("token: aud is neither a name nor a list of names")
	}
	names := make([]string, 0, len(list))
	for _, name := range list {
		if name == nil {
			return nil, malformed("token: aud is neither a name nor a list of names")
		}
		names = append(names, *name)
	}
	return names, nil
}

// Against lists why the token is not for this time and audience: "expired",
// "not_yet_valid" and "audience". A token for somebody is not for a reader who
// names no audience (RFC 7519 §4.1.3), and a reader who names one wants it said.
func (t *Token) Against(at time.Time, audience string) []string {
	var codes []string
	if !t.Expires.IsZero() && !at.Before(t.Expires) {
		codes = append(codes, "expired")
	}
	if !t.NotBefore.IsZero() && at.Before(t.NotBefore) {
		codes = append(codes, "not_yet_valid")
	}
	if !t.isFor(audience) {
		codes = append(codes, "audience")
	}
	return codes
}

func (t *Token) isFor(audience string) bool {
	if t.Audience == nil {
		return audience == ""
	}
	for _, name := range t.Audience {
		if audience != "" && name == audience {
			return true
		}
	}
	return false
}
