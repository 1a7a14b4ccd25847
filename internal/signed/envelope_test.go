package signed_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/secret"
	"kai/internal/sig"
	"kai/internal/sig/dsse"
	"kai/internal/sig/sigtest"
	"kai/internal/signed"
)

// The inception of the design's vector: Ed25519 seeds of 32×01, and 32×02 next.
const (
	vectorObject = `{"capabilities":["sign:file/**"],"created":"2026-01-02T03:04:05Z","event":"inception","keys":{"seal":[],` +
		`"sign":["ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"]},"kind":"agent","name":"build-bot",` +
		`"next":["SHA256:4A9jyZBOhnKZvcGQ6TRFbf5Gymb41AfYvYaVmWHD+G4"],"next_threshold":1,"nonce":"AAAAAAAAAAAAAAAAAAAAAA",` +
		`"seq":0,"threshold":1,"type":"identity-event","v":1}`
	vectorSHA256 = "88a3b964df61bf0f6a6485ca22b50daf1f51308f9a1cf140e2003b40e2235878"
	vectorKey    = "SHA256:fe85JkIjo8VPe+XqXJGH5Mau1EMFdK1OdKvJUFicyA8"
	vectorSig    = "6j4zsQMjpwo5imHPr2vxEuzUg5nyiYRjchk8h55WxfVAw32b1oTvAMKDSOIn1pqPvhLISJQD3pX1__yEni1FCw"
	vector       = `{"signed":` + vectorObject + `,"sigs":[{"key":"` + vectorKey + `","sig":"` + vectorSig + `"}]}`
)

// object is an arbitrary one.
type object struct {
	Name string      `json:"name"`
	Type signed.Type `json:"type"`
	V    int         `json:"v"`
}

func seedSigner(t testing.TB, b byte) sig.Signer {
	t.Helper()
	private, err := key.NewPrivate(key.Ed25519, secret.Take(bytes.Repeat([]byte{b}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := private.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return sig.Signer{Public: private.Public(), Signer: s}
}

func TestVector(t *testing.T) {
	if len(vectorObject) != 368 {
		t.Fatalf("object of %d bytes", len(vectorObject))
	}
	e, err := signed.Parse([]byte(vector))
	if err != nil {
		t.Fatal(err)
	}
	if d := e.Digest(); hex.EncodeToString(d[:]) != vectorSHA256 {
		t.Errorf("digest %x", d[:])
	}
	s := seedSigner(t, 1)
	v, err := e.Verify(s.Public)
	if err != nil {
		t.Fatal(err)
	}
	if string(v.Object()) != vectorObject || len(v.Signers()) != 1 || v.Signers()[0] != s.Public {
		t.Errorf("verified %s by %v", v.Object(), v.Signers())
	}
	pae := "DSSEv1 42 application/vnd.kai.identity-event.v1+json 368 " + vectorObject
	if got := dsse.PAE(e.Type().MediaType(), e.Unverified()); string(got) != pae {
		t.Errorf("PAE %s", got)
	}
	again, err := e.Add(rand.Reader, s) // Ed25519 makes the same signature again
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Bytes()) != vector {
		t.Errorf("signed anew: %s", again.Bytes())
	}
}

func TestEveryKeyType(t *testing.T) {
	for _, typ := range key.Types() {
		_, err := sig.SchemeOf(typ)
		made := err == nil
		if wants := typ.Signs() && typ != key.ECDSAP384 && typ != key.SKEd25519 && typ != key.SKECDSA; made != wants {
			t.Errorf("%s: %v", typ, err)
		}
		if !made || typ == key.RSA && testing.Short() {
			continue
		}
		s := sigtest.Signer(t, typ)
		e, err := signed.Sign(rand.Reader, object{"x", signed.Attestation, 1}, s)
		if err != nil {
			t.Fatal(err)
		}
		e, err = signed.Parse(e.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Verify(sigtest.Signer(t, key.Ed25519).Public, s.Public); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
		if _, err := e.Verify(sigtest.Signer(t, key.Ed25519).Public); !errors.Is(err, signed.ErrForeignKey) {
			t.Errorf("%s, another key: %v", typ, err)
		}
	}
}

// TestOneTypeIsNoOther moves a good signature to an object that differs in its
// type only.
func TestOneTypeIsNoOther(t *testing.T) {
	s := seedSigner(t, 1)
	e, err := signed.Sign(rand.Reader, object{"x", signed.Attestation, 1}, s)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := signed.Parse(bytes.Replace(e.Bytes(), []byte(`"attestation"`), []byte(`"delegation"`), 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := moved.Verify(s.Public); !errors.Is(err, signed.ErrSignature) {
		t.Error(err)
	}
}

func TestHybridNeedsBoth(t *testing.T) {
	s, pq := seedSigner(t, 1), sigtest.Signer(t, key.MLDSA65)
	s.PQ = &pq
	e, err := signed.Sign(rand.Reader, object{"x", signed.Attestation, 1}, s)
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Verify(s.Public, pq.Public)
	if err != nil || v.Count([]key.Public{s.Public, pq.Public, s.Public}) != 2 {
		t.Fatal(v, err)
	}
	for _, k := range []key.Public{s.Public, pq.Public} {
		if _, err := e.Verify(k); !errors.Is(err, signed.ErrForeignKey) {
			t.Errorf("%s alone: %v", k.Type(), err)
		}
		i := bytes.Index(e.Bytes(), []byte(k.Fingerprint())) + len(k.Fingerprint()) + len(`","sig":"`)
		changed := bytes.Clone(e.Bytes())
		changed[i+10] ^= 1
		if c, err := signed.Parse(changed); err == nil {
			if _, err := c.Verify(s.Public, pq.Public); !errors.Is(err, signed.ErrSignature) {
				t.Errorf("%s flipped: %v", k.Type(), err)
			}
		}
	}
}

// TestNoBitIsFree flips each bit, and cuts at each byte.
func TestNoBitIsFree(t *testing.T) {
	s := seedSigner(t, 1)
	accepts := func(data []byte) bool {
		e, err := signed.Parse(data)
		if err != nil {
			if !errors.Is(err, signed.ErrMalformed) && !errors.Is(err, signed.ErrNewer) {
				t.Errorf("%q: %v", data, err)
			}
			return false
		}
		_, err = e.Verify(s.Public)
		return err == nil
	}
	if !accepts([]byte(vector)) {
		t.Fatal("the vector is refused")
	}
	for i := range vector {
		if accepts([]byte(vector[:i])) {
			t.Errorf("accepted when cut at byte %d", i)
		}
		for bit := range 8 {
			changed := []byte(vector)
			changed[i] ^= 1 << bit
			if accepts(changed) {
				t.Errorf("accepted with bit %d of byte %d changed", bit, i)
			}
		}
	}
}

func TestWhiteSpaceIsFreeOutside(t *testing.T) {
	spaced := "\n { \"signed\" : " + vectorObject + " ,\t\"sigs\": [ {\r\n\"key\": \"" + vectorKey + `", "sig" :"` + vectorSig + "\"} ] }\n"
	e, err := signed.Parse([]byte(spaced))
	if err != nil {
		t.Fatal(err)
	}
	if string(e.Bytes()) != vector {
		t.Errorf("became %s", e.Bytes())
	}
}

func TestRefusals(t *testing.T) {
	const one = `{"key":"` + vectorKey + `","sig":"` + vectorSig + `"}`
	const other = `{"key":"SHA256:4A9jyZBOhnKZvcGQ6TRFbf5Gymb41AfYvYaVmWHD+G4","sig":"AA"}`
	with := func(object, sigs string) string { return `{"signed":` + object + `,"sigs":` + sigs + `}` }
	small := func(members string) string { return with(`{`+members+`"type":"pins","v":1}`, `[`+one+`]`) }
	if _, err := signed.Parse([]byte(small(`"a":1,`))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data string
		want error
	}{
		"empty":                   {``, signed.ErrMalformed},
		"null":                    {`null`, signed.ErrMalformed},
		"array":                   {`[]`, signed.ErrMalformed},
		"no members":              {`{}`, signed.ErrMalformed},
		"null object":             {with(`null`, `[`+one+`]`), signed.ErrMalformed},
		"no type":                 {with(`{"v":1}`, `[`+one+`]`), signed.ErrMalformed},
		"type is a number":        {with(`{"type":1,"v":1}`, `[`+one+`]`), signed.ErrMalformed},
		"no version":              {with(`{"type":"pins"}`, `[`+one+`]`), signed.ErrMalformed},
		"new type":                {with(`{"type":"pinz","v":1}`, `[`+one+`]`), signed.ErrNewer},
		"type in capitals":        {with(`{"type":"PINS","v":1}`, `[`+one+`]`), signed.ErrNewer},
		"new version":             {with(`{"type":"pins","v":2}`, `[`+one+`]`), signed.ErrNewer},
		"version is text":         {with(`{"type":"pins","v":"1"}`, `[`+one+`]`), signed.ErrNewer},
		"space in the object":     {small(`"a": 1,`), signed.ErrMalformed},
		"line in the object":      {small("\n" + `"a":1,`), signed.ErrMalformed},
		"order in the object":     {small(`"z":1,`), signed.ErrMalformed},
		"duplicate in the object": {small(`"a":1,"a":1,`), signed.ErrMalformed},
		"float":                   {small(`"a":1.5,`), signed.ErrMalformed},
		"exponent":                {small(`"a":1e2,`), signed.ErrMalformed},
		"large integer":           {small(`"a":9007199254740992,`), signed.ErrMalformed},
		"null in the object":      {small(`"a":null,`), signed.ErrMalformed},
		"control character":       {small(`"a":"\u0001",`), signed.ErrMalformed},
		"delete character":        {small("\"a\":\"\x7f\","), signed.ErrMalformed},
		"escape in the object":    {small(`"\u0061":1,`), signed.ErrMalformed},
		"not UTF-8":               {small("\"a\":\"\xff\","), signed.ErrMalformed},
		"deep":                    {small(`"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `,`), signed.ErrMalformed},
		"no signatures":           {with(vectorObject, `[]`), signed.ErrMalformed},
		"null signatures":         {with(vectorObject, `null`), signed.ErrMalformed},
		"null signature":          {with(vectorObject, `[null]`), signed.ErrMalformed},
		"twice":                   {with(vectorObject, `[`+one+`,`+one+`]`), signed.ErrMalformed},
		"not sorted":              {with(vectorObject, `[`+one+`,`+other+`]`), signed.ErrMalformed},
		"nine":                    {with(vectorObject, `[`+strings.Repeat(other+`,`, 8)+one+`]`), signed.ErrTooLarge},
		"long signature":          {with(vectorObject, `[{"key":"`+vectorKey+`","sig":"`+strings.Repeat("AAAA", 3000)+`"}]`), signed.ErrTooLarge},
		"empty signature":         {strings.Replace(vector, vectorSig, "", 1), signed.ErrMalformed},
		"padded signature":        {strings.Replace(vector, vectorSig, vectorSig+"==", 1), signed.ErrMalformed},
		"bits after the last":     {strings.Replace(vector, vectorSig, "AB", 1), signed.ErrMalformed},
		"standard alphabet":       {strings.Replace(vector, vectorSig, strings.ReplaceAll(vectorSig, "_", "/"), 1), signed.ErrMalformed},
		"line break in signature": {strings.Replace(vector, vectorSig, `AA\nAA`, 1), signed.ErrMalformed},
		"short fingerprint":       {strings.Replace(vector, vectorKey, "SHA256:AAAA", 1), signed.ErrMalformed},
		"key in full":             {strings.Replace(vector, vectorKey, "ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w", 1), signed.ErrMalformed},
		"member of the envelope":  {strings.Replace(vector, `,"sigs"`, `,"more":1,"sigs"`, 1), signed.ErrNewer},
		"member of a signature":   {strings.Replace(vector, `{"key"`, `{"alg":"none","key"`, 1), signed.ErrNewer},
		"signed twice":            {strings.Replace(vector, `,"sigs"`, `,"signed":{},"sigs"`, 1), signed.ErrMalformed},
		"other case":              {strings.Replace(vector, `"sigs"`, `"Sigs"`, 1), signed.ErrMalformed},
		"escaped name":            {strings.Replace(vector, `"sigs"`, `"\u0073igs"`, 1), signed.ErrMalformed},
		"escaped fingerprint":     {strings.Replace(vector, `SHA256:`, `SHA\u003256:`, 1), signed.ErrMalformed},
		"other order":             {`{"sigs":[` + one + `],"signed":` + vectorObject + `}`, signed.ErrMalformed},
		"other order inside":      {with(vectorObject, `[{"sig":"`+vectorSig+`","key":"`+vectorKey+`"}]`), signed.ErrMalformed},
		"two envelopes":           {vector + vector, signed.ErrMalformed},
		"text behind":             {vector + "x", signed.ErrMalformed},
	} {
		if _, err := signed.Parse([]byte(c.data)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestSignRefusals(t *testing.T) {
	s, other := seedSigner(t, 1), seedSigner(t, 2)
	good := object{"x", signed.Pins, 1}
	var many []sig.Signer
	for i := range 9 {
		many = append(many, seedSigner(t, byte(i+1)))
	}
	for name, c := range map[string]struct {
		v       any
		signers []sig.Signer
		want    error
	}{
		"no signer":         {good, nil, sig.ErrNoKey},
		"nine signers":      {good, many, signed.ErrTooLarge},
		"swapped keys":      {good, []sig.Signer{{Public: other.Public, Signer: s.Signer}}, sig.ErrSelfCheck},
		"sealing key":       {good, []sig.Signer{{Public: sealing(t)}}, sig.ErrScheme},
		"unknown type":      {object{"x", "pinz", 1}, []sig.Signer{s}, signed.ErrNewer},
		"no object":         {"text", []sig.Signer{s}, signed.ErrMalformed},
		"control character": {object{"\x01", signed.Pins, 1}, []sig.Signer{s}, signed.ErrMalformed},
	} {
		if _, err := signed.Sign(rand.Reader, c.v, c.signers...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func sealing(t *testing.T) key.Public {
	t.Helper()
	k, err := key.Generate(key.X25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

func TestAddKeepsOrderAndOthers(t *testing.T) {
	var all []sig.Signer
	var keys []key.Public
	for i := range 8 {
		all = append(all, seedSigner(t, byte(i+1)))
		keys = append(keys, all[i].Public)
	}
	e, err := signed.Sign(rand.Reader, object{"x", signed.Pins, 1}, all[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all { // the first one again, too
		more, err := e.Add(rand.Reader, s)
		if err != nil {
			t.Fatal(err)
		}
		if d := len(more.Fingerprints()) - len(e.Fingerprints()); d != 1 && s.Public != all[0].Public {
			t.Errorf("%d signatures more", d)
		}
		e = more
	}
	e, err = signed.Parse(e.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Verify(keys...)
	if err != nil || v.Count(keys) != 8 || v.Count(keys[:3]) != 3 || v.Count(nil) != 0 {
		t.Error(v, err)
	}
}

// TestDSSE hands the converted envelope to the reader of that format.
func TestDSSE(t *testing.T) {
	s, pq := seedSigner(t, 1), sigtest.Signer(t, key.MLDSA65)
	s.PQ = &pq
	e, err := signed.Sign(rand.Reader, object{"x", signed.Pins, 1}, s)
	if err != nil {
		t.Fatal(err)
	}
	file, err := e.DSSE()
	if err != nil {
		t.Fatal(err)
	}
	u := sigtest.Parse(t, dsse.Format{}, file)
	if !bytes.Equal(u.Payload, e.Unverified()) || u.PayloadType != "application/vnd.kai.pins.v1+json" {
		t.Errorf("payload %s of %s", u.Payload, u.PayloadType)
	}
	for i, r := range sigtest.Check(t, u, nil, sig.Keys{s.Public, pq.Public}) {
		if !r.Good() {
			t.Errorf("signature %d: %v", i, r.Err)
		}
	}
}

func TestErrorsHideTheInput(t *testing.T) {
	_, err := signed.Parse([]byte(`{"signed":{"type":"pins","v":1},"sigs":[],"\u001b[31mred":1}`))
	if err == nil || strings.Contains(fmt.Sprint(err), "\x1b") {
		t.Error(err)
	}
}

// What encoding/json compacts to the same is the same, and nothing else is.
func TestSameTokens(t *testing.T) {
	for _, pair := range [][2]string{
		{`{"a":[1,"b c"]}`, "{\t\"a\" :\r\n[ 1, \"b c\" ] }\n"},
		{`{"a":"b c"}`, `{"a":"bc"}`},
		{`{"a":"b \" c"}`, `{"a":"b \" c" }`},
		{`{"a":"b \" c"}`, `{"a":"b \"c"}`},
		{`["\\" ,"a b"]`, `["\\","a b"]`},
		{`["\\" ,"a b"]`, `["\\","ab"]`},
		{`[1,2]`, `[1,2,3]`},
		{`[1,2]`, `[1]`},
		{` 1 `, `1`},
		{`12`, `1`},
		{`{"é":"\u00e9"}`, `{"é":"é"}`},
	} {
		a, b := []byte(pair[0]), []byte(pair[1])
		var x, y bytes.Buffer
		if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
			t.Fatalf("%q is not JSON", pair)
		}
		want := x.String() == y.String()
		if signed.SameTokens(a, b) != want || signed.SameTokens(b, a) != want {
			t.Errorf("%q: not %v", pair, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	s, pq := seedSigner(f, 1), sigtest.Signer(f, key.MLDSA65)
	s.PQ = &pq
	hybrid, err := signed.Sign(rand.Reader, object{"x", signed.Trust, 1}, s)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{vector, " " + vector + "\n", string(hybrid.Bytes())} {
		if _, err := signed.Parse([]byte(seed)); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := signed.Parse(data)
		if err != nil {
			return
		}
		if !signed.SameTokens(data, e.Bytes()) || !bytes.Contains(data, e.Unverified()) {
			t.Fatalf("%q was read as %q", data, e.Bytes())
		}
		again, err := signed.Parse(e.Bytes())
		if err != nil || again.Digest() != e.Digest() || !bytes.Equal(again.Bytes(), e.Bytes()) {
			t.Fatalf("%q: %v", e.Bytes(), err)
		}
	})
}
