package key_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"kai/internal/key"
	"kai/internal/secret"
	"kai/internal/vectortest"
)

// The valid and invalid texts of BIP 173; age allows more than 90 characters.
func TestBech32(t *testing.T) {
	for _, text := range []string{
		"A12UEL5L", "a12uel5l",
		"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
		"11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
	} {
		if _, err := key.Bech32Words(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		"\x201nwldj5", "\x7f1axkwrx", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8",
		"10a06t8", "1qzzfhee", "a12UEL5L", "a12uel5m", "",
	} {
		if _, err := key.Bech32Words(text); !errors.Is(err, key.ErrMalformed) {
			t.Errorf("%q: %v", text, err)
		}
	}
	// Letters outside of ASCII whose small form is in it are none of the alphabet.
	capitals := strings.ToUpper(key.Bech32("a", []byte{0xb0}))
	kelvin := strings.Replace(capitals, "K", "\u212a", 1)
	if _, err := key.Bech32Words(capitals); err != nil || kelvin == capitals {
		t.Errorf("%s: %v", capitals, err)
	}
	if _, err := key.Bech32Words(kelvin); !errors.Is(err, key.ErrMalformed) {
		t.Errorf("%q: %v", kelvin, err)
	}
}

func TestAgeTextsRoundTrip(t *testing.T) {
	for _, typ := range []key.Type{key.X25519, key.MLKEM768X25519} {
		p := generate(t, typ)
		public, err := p.Public().AgeText()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := key.ParseAge(public); err != nil || again != p.Public() {
			t.Errorf("%s: %v", public, err)
		}
		text, err := p.AgeText()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := key.ParseAgeSecret(text.Expose()); err != nil || !again.Stored().Equal(p.Stored()) {
			t.Errorf("%s: identity: %v", typ, err)
		}
		if !key.IsAge(public) || !key.IsAge(string(text.Expose())) {
			t.Errorf("%s: not detected", typ)
		}
		identity, err := p.Identity()
		if err != nil {
			t.Fatal(err)
		}
		// age computes the recipient from its own reading of the identity.
		if got := recipientText(identity); got != public {
			t.Errorf("age writes %s, want %s", got, public)
		}
		for i := range 60 {
			damaged := []byte(public)
			damaged[i%len(damaged)] ^= 1
			if _, err := key.ParseAge(string(damaged)); err == nil {
				t.Errorf("flipped bit in character %d accepted", i)
			}
		}
		if _, err := key.ParseAge(strings.ToUpper(public)); !errors.Is(err, key.ErrMalformed) {
			t.Errorf("upper case: %v", err)
		}
		if _, err := key.ParseAgeSecret(bytes.ToLower(text.Expose())); !errors.Is(err, key.ErrMalformed) {
			t.Errorf("lower case: %v", err)
		}
	}
	if _, err := generate(t, key.Ed25519).Public().AgeText(); !errors.Is(err, key.ErrType) {
		t.Errorf("ed25519: %v", err)
	}
}

func recipientText(identity age.Identity) string {
	switch i := identity.(type) {
	case *age.X25519Identity:
		return i.Recipient().String()
	case *age.HybridIdentity:
		return i.Recipient().String()
	}
	return ""
}

// Tag recipients of age-plugin-tpm's documentation have this prefix.
func TestHardwareRecipientsAreRecognised(t *testing.T) {
	for _, prefix := range []string{"age1tag", "age1tagpq", "age1yubikey"} {
		text := key.Bech32(prefix, bytes.Repeat([]byte{2}, 33))
		if _, err := key.ParseAge(text); !key.IsAge(text) || !errors.Is(err, key.ErrType) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSealedToEachRecipient(t *testing.T) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	small, err := key.PrivateOf(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*key.Private{generate(t, key.X25519), generate(t, key.MLKEM768X25519), generate(t, key.Ed25519), small} {
		typ := p.Public().Type()
		recipient, err := p.Public().Recipient()
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		identity, err := p.Identity()
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		var sealed bytes.Buffer
		w, err := age.Encrypt(&sealed, recipient)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, "hello"); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := age.Decrypt(&sealed, identity)
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != "hello" {
			t.Errorf("%s: opened %q, %v", typ, got, err)
		}
	}
	for _, typ := range []key.Type{key.ECDSAP256, key.MLDSA65, key.MLDSA44Ed25519} {
		p := generate(t, typ)
		if _, err := p.Public().Recipient(); !errors.Is(err, key.ErrType) {
			t.Errorf("%s: recipient: %v", typ, err)
		}
		if _, err := p.Identity(); !errors.Is(err, key.ErrType) {
			t.Errorf("%s: identity: %v", typ, err)
		}
	}
}

func TestTextsOfAgeKeygenAreRead(t *testing.T) {
	tool := vectortest.Peer(t, "age-keygen")
	p := generate(t, key.X25519)
	text, err := p.AgeText()
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Public().AgeText()
	if err != nil {
		t.Fatal(err)
	}
	if got := vectortest.Run(t, append(text.Expose(), '\n'), tool, "-y"); strings.TrimSpace(string(got)) != want {
		t.Errorf("age-keygen -y prints %s, want %s", got, want)
	}
	for line := range strings.Lines(string(vectortest.Run(t, nil, tool))) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if _, err := key.ParseAgeSecret([]byte(line)); err != nil {
			t.Errorf("age-keygen: %v", err)
		}
	}
}

func FuzzParseAge(f *testing.F) {
	for _, typ := range []key.Type{key.X25519, key.MLKEM768X25519} {
		text, err := generate(f, typ).Public().AgeText()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := key.ParseAge(text)
		if err != nil {
			return
		}
		if again, err := p.AgeText(); err != nil || again != text {
			t.Errorf("%s is written again as %s, %v", text, again, err)
		}
	})
}

func FuzzParseAgeSecret(f *testing.F) {
	seeds := []string{"AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"}
	for _, s := range seeds {
		p, err := key.ParseAgeSecret([]byte(s))
		if err != nil || !p.Stored().Equal(secret.Take(bytes.Repeat([]byte{0x42}, 32))) {
			f.Fatal(err) // the test identity of age's own documentation
		}
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := key.ParseAgeSecret(text)
		if err != nil {
			return
		}
		if again, err := p.AgeText(); err != nil || !bytes.Equal(again.Expose(), text) {
			t.Errorf("%s: written differently: %v", text, err)
		}
	})
}
