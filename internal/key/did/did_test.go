package did_test

import (
	"crypto/rand"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"kai/internal/key"
	"kai/internal/key/did"
	"kai/internal/key/jwk"
	"kai/internal/secret"
	"kai/internal/vectortest"
)

// vector is a case of the method's test suite; members differ by file.
type vector struct {
	Seed                string
	VerificationKeyPair struct{ PublicKeyBase58 string }
	KeyAgreementKeyPair struct{ PublicKeyBase58, PrivateKeyBase58 string }
	VerificationMethod  struct {
		PublicKeyJwk json.RawMessage
	}
	DIDDocument json.RawMessage
}

func document(t *testing.T, p key.Public) any {
	t.Helper()
	text, err := did.Document(p)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, text)
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Most vectors describe keys of one type in one suite, the one that is written
// here; the documents of the others are not compared.
func compareDocuments(t *testing.T, p key.Public, want json.RawMessage) (compared bool) {
	t.Helper()
	suite := map[key.Type]string{
		key.Ed25519: "Ed25519VerificationKey2018", key.X25519: "X25519KeyAgreementKey2019",
		key.ECDSAP256: "JsonWebKey2020", key.ECDSAP384: "JsonWebKey2020",
	}
	if !strings.Contains(string(want), suite[p.Type()]) {
		return false
	}
	if got := document(t, p); !reflect.DeepEqual(got, decode(t, want)) {
		t.Errorf("%s: document %v, want %s", p, got, want)
	}
	return true
}

func TestVectorsOfEd25519(t *testing.T) {
	seen, documents := 0, 0
	for id, v := range vectortest.JSON[map[string]vector](t, "did-key/ed25519-x25519.json") {
		seen++
		seed, err := hex.DecodeString(v.Seed)
		if err != nil {
			t.Fatal(err)
		}
		p, err := did.Parse(id)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if again, err := did.Of(p); err != nil || again != id {
			t.Errorf("%s: written as %s, %v", id, again, err)
		}
		if compareDocuments(t, p, v.DIDDocument) {
			documents++
		}
		agreement, err := did.Agreement(p)
		if err != nil {
			t.Fatal(err)
		}
		scalar := sha512.Sum512(seed)
		x, err := key.NewPrivate(key.X25519, secret.Take(scalar[:32]))
		if err != nil || x.Public() != agreement {
			t.Errorf("%s: secret of the X25519 form: %v", id, err)
		}
		if want := v.KeyAgreementKeyPair.PublicKeyBase58; want != "" && base58.Encode(agreement.Raw()) != want {
			t.Errorf("%s: X25519 form %s, want %s", id, base58.Encode(agreement.Raw()), want)
		}
		if v.Seed == strings.Repeat("0", 64) {
			continue // a valid vector, but an all-zero secret is refused here
		}
		private, err := key.NewPrivate(key.Ed25519, secret.Take(seed))
		if err != nil || private.Public() != p {
			t.Errorf("%s: key of the seed: %v", id, err)
		}
	}
	if seen != 5 || documents != 4 {
		t.Errorf("%d vectors, %d documents, want 5 and 4", seen, documents)
	}
}

func TestVectorsOfX25519(t *testing.T) {
	file := vectortest.JSON[struct {
		DIDDocument map[string]json.RawMessage
	}](t, "did-key/x25519.json")
	documents := 0
	for id, want := range file.DIDDocument {
		p, err := did.Parse(id)
		if err != nil || p.Type() != key.X25519 {
			t.Errorf("%s: %v, %v", id, p, err)
			continue
		}
		if again, err := did.Of(p); err != nil || again != id {
			t.Errorf("%s: written as %s, %v", id, again, err)
		}
		if compareDocuments(t, p, want) {
			documents++
		}
	}
	if documents != 3 {
		t.Errorf("%d documents, want 3", documents)
	}
}

func TestVectorsOfNISTCurves(t *testing.T) {
	seen := make(map[key.Type]int)
	documents := 0
	for id, v := range vectortest.JSON[map[string]vector](t, "did-key/nist-curves.json") {
		p, err := did.Parse(id)
		if errors.Is(err, key.ErrType) {
			seen[""]++ // P-521
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		seen[p.Type()]++
		if again, err := did.Of(p); err != nil || again != id {
			t.Errorf("%s: written as %s, %v", id, again, err)
		}
		if !compareDocuments(t, p, v.DIDDocument) {
			continue
		}
		documents++
		s, err := jwk.Parse(v.VerificationMethod.PublicKeyJwk)
		if err != nil || s.Entries[0].Public != p {
			t.Errorf("%s: its JWK: %+v, %v", id, s, err)
		}
	}
	if seen[key.ECDSAP256] != 3 || seen[key.ECDSAP384] != 2 || seen[""] != 2 || documents != 4 {
		t.Errorf("vectors by type: %v; %d documents, want 4", seen, documents)
	}
}

func TestOtherTypesRoundTrip(t *testing.T) {
	for _, typ := range []key.Type{key.RSA, key.MLDSA65} {
		p, err := key.Generate(typ, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		id, err := did.Of(p.Public())
		if err != nil {
			t.Fatal(err)
		}
		if again, err := did.Parse(id); err != nil || again != p.Public() {
			t.Errorf("%s: %v", id, err)
		}
		document(t, p.Public())
	}
	p, err := key.Generate(key.MLKEM768X25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := did.Of(p.Public()); !errors.Is(err, key.ErrType) {
		t.Errorf("%s, %v", id, err)
	}
}

func ExampleOf() {
	p, err := key.ParseText("ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		panic(err)
	}
	fmt.Println(did.Of(p))
	// Output: did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw <nil>
}

func TestOtherTextsAreRefused(t *testing.T) {
	const id = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
	for _, text := range []string{
		"", "did:key:", "did:key:z", "did:web:example.com", id[:40], id + "p", id + "#" + id[8:], " " + id, strings.ToUpper(id),
		"did:key:m" + id[9:], strings.Replace(id, "i", "0", 1), "did:key:z1" + id[9:], "did:key:z" + strings.Repeat("z", 5000),
		"did:key:z" + base58.Encode(append([]byte{0xed, 0x81, 0x00}, make([]byte, 32)...)), // longer form of the codec
	} {
		if p, err := did.Parse(text); err == nil {
			t.Errorf("%q: accepted as %v", text, p)
		}
	}
}

func FuzzParse(f *testing.F) {
	seeds := []string{
		"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
		"did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F",
		"did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv",
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := did.Parse(text)
		if err != nil {
			return
		}
		if again, err := did.Of(p); err != nil || again != text {
			t.Errorf("%s is written as %s, %v", text, again, err)
		}
	})
}
