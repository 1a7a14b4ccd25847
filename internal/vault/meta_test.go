package vault

import (
	"reflect"
	"testing"

	"kai/internal/canon"
)

func metaSeeds() []Meta {
	return []Meta{
		{Created: 1, HLC: "0123456789abcdef", Kind: KindAPIKeys, Path: "a/b", Updated: 2, Version: 1},
		{
			CompromisedSince: 5, Created: 1, Fields: []string{"token", "user"}, From: "ns/x", HLC: "0123456789abcdef", Kind: KindCredentials,
			LastRotated: 3, NotAfter: 4, Of: "aaaaaaaaaaaaaaaaaaaaaaaaaa:7", OverlapUntil: 9, Parents: []string{"p:1", "p:2"}, Path: "ä/\"quoted\"",
			Public: map[string]string{"url": "https://example.org/?a=b", "b": ""}, Retain: "30d", RotateEvery: 7, RotateWith: `exec:["/bin/x"]`,
			Scope: Scope{Agent: "a", Module: "m", Service: "s"}, Tags: []string{"one", "two"}, Updated: 2, Version: canon.MaxInteger, Was: "p:3",
		},
		{HLC: "0123456789abcdef", Kind: "k", Path: "plain", Scope: Scope{Service: "github"}, Version: 0},
		{HLC: "x", Kind: "", Path: "<>&\u2028", Created: -1},
	}
}

// What is written at once is what canon writes, and what is read at once is what canon reads.
func FuzzMeta(f *testing.F) {
	for _, m := range metaSeeds() {
		b, err := canon.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(append(b, ' '))
		f.Add(b[:len(b)-1])
	}
	f.Add([]byte(`{"created":0,"hlc":"","kind":"","path":"","scope":{},"updated":0,"version":01}`))
	f.Add([]byte(`{"created":0,"fields":[],"hlc":"","kind":"","path":"","scope":{},"updated":0,"version":1}`))
	f.Add([]byte(`{"created":0,"from":"","hlc":"","kind":"","path":"","scope":{},"updated":0,"version":1,"zzz":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var want, got Meta
		wantErr := canon.Unmarshal(b, &want)
		var d metaDecoder
		gotErr := d.decode(b, &got)
		if (wantErr == nil) != (gotErr == nil) {
			t.Fatalf("canon says %v, decode %v", wantErr, gotErr)
		}
		if wantErr != nil {
			return
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("canon read %+v, decode %+v", want, got)
		}
		for _, before := range append(metaSeeds(), got) { // what was read before does not matter
			other, err := canon.Marshal(before)
			if err != nil {
				t.Fatal(err)
			}
			_ = d.decode(other, new(Meta))
			again := Meta{}
			if err := d.decode(b, &again); err != nil || !reflect.DeepEqual(want, again) {
				t.Fatalf("after %s: %+v, %v", other, again, err)
			}
		}
		out, err := appendMeta([]byte("before"), &got)
		if err != nil || string(out) != "before"+string(b) {
			t.Fatalf("written as %s, %v", out, err)
		}
	})
}

func TestMetaIsReadAtOnce(t *testing.T) {
	for i, m := range metaSeeds() {
		b, err := canon.Marshal(m)
		must(t, err)
		var got Meta
		d := metaDecoder{b: b}
		if fast := d.object(&got); fast != (i == 0 || i == 2) {
			t.Errorf("%s: at once: %v", b, fast)
		}
	}
}
