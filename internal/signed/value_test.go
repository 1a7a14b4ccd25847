package signed_test

import (
	"errors"
	"testing"
	"time"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/signed"
)

// values has one of each.
type values struct {
	Bytes  signed.Bytes     `json:"b,omitempty"`
	Digest signed.Digest    `json:"d,omitzero"`
	Key    signed.PublicKey `json:"k,omitzero"`
	Time   signed.Time      `json:"t,omitzero"`
}

const (
	valueDigest = "sha256:iKO5ZN9hvw9qZIXKIrUNrx9RMI-aHPFA4gA7QOIjWHg"
	valueKey    = "ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"
)

func TestValues(t *testing.T) {
	const text = `{"b":"AAA","d":"` + valueDigest + `","k":"` + valueKey + `","t":"2026-01-02T03:04:05Z"}`
	var v values
	if err := canon.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	if v.Digest.String() != valueDigest || v.Key.String() != valueKey || len(v.Bytes) != 2 {
		t.Errorf("%+v", v)
	}
	if want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC); !v.Time.Time().Equal(want) || signed.At(want) != v.Time {
		t.Errorf("time %v", v.Time)
	}
	if signed.DigestOf([]byte(vectorObject)) != v.Digest {
		t.Error("digest of the vector")
	}
}

func TestValueRefusals(t *testing.T) {
	for _, text := range []string{
		`{"b":"AB"}`, `{"b":"AAA="}`, `{"b":"+/+/"}`, `{"b":"A"}`, `{"b":""}`, `{"b":1}`,
		`{"d":""}`, `{"d":"iKO5ZN9hvw9qZIXKIrUNrx9RMI-aHPFA4gA7QOIjWHg"}`, `{"d":"sha256:AAAA"}`,
		`{"d":"SHA256:iKO5ZN9hvw9qZIXKIrUNrx9RMI-aHPFA4gA7QOIjWHg"}`, `{"d":"` + valueDigest + `="}`,
		`{"d":"sha256:iKO5ZN9hvw9qZIXKIrUNrx9RMI-aHPFA4gA7QOIjWHh"}`,
		`{"d":"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, // zero is absent
		`{"k":""}`, `{"k":"` + valueKey + `="}`, `{"k":"ed25519:AAAA"}`, `{"k":"ed448:AAAA"}`,
		`{"k":"ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1x"}`,
		`{"t":""}`, `{"t":"2026-01-02T03:04:05"}`, `{"t":"2026-01-02T03:04:05+00:00"}`, `{"t":"2026-01-02T03:04:05.5Z"}`,
		`{"t":"2026-01-02t03:04:05z"}`, `{"t":"2026-1-2T3:4:5Z"}`, `{"t":"2026-02-30T00:00:00Z"}`, `{"t":"2026-01-02T24:00:00Z"}`,
		`{"t":"2026-01-02T23:59:60Z"}`, `{"t":"2026-01-02T03:04:05,5Z"}`, `{"t":"0001-01-01T00:00:00Z"}`, `{"t":"0000-01-01T00:00:00Z"}`,
		`{"t":"12026-01-02T03:04:05Z"}`, `{"t":1767323045}`,
	} {
		var v values
		if err := canon.Unmarshal([]byte(text), &v); err == nil {
			t.Errorf("%s accepted: %+v", text, v)
		}
	}
}

func TestTimes(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	if got := signed.At(time.Date(2026, 1, 2, 4, 4, 5, 999, berlin)).String(); got != "2026-01-02T03:04:05Z" {
		t.Error(got)
	}
	if !signed.At(time.Time{}).IsZero() || !(signed.Time{}).Time().IsZero() {
		t.Error("zero is not absent")
	}
	early, late := signed.At(time.Unix(-1, 0)), signed.At(time.Unix(0, 0))
	if early.IsZero() || late.IsZero() || !early.Before(late) || late.Before(early) {
		t.Errorf("%v, %v", early, late)
	}
	for _, year := range []int{0, 10000} {
		if text, err := signed.At(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)).MarshalText(); err == nil {
			t.Errorf("%s", text)
		}
	}
	if _, err := (signed.PublicKey{}).MarshalText(); err == nil {
		t.Error("no key is written")
	}
	var k signed.PublicKey
	if err := k.UnmarshalText([]byte("ed25519:AAAA")); !errors.Is(err, key.ErrMalformed) {
		t.Error(err)
	}
}
