package slot_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	_ "unsafe" // for go:linkname

	_ "golang.org/x/crypto/argon2"

	"kai/internal/secret"
	"kai/internal/vault/slot"
	"kai/internal/vectortest"
)

// The vectors of RFC 9106 have a secret and associated data, which only this function of the
// library takes.
//
//go:linkname argon2Key golang.org/x/crypto/argon2.deriveKey
func argon2Key(mode int, password, salt, secret, data []byte, time, memory uint32, threads uint8, keyLen uint32) []byte

// RFC 9106 §5.3.
func TestRFC9106(t *testing.T) {
	repeat := func(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
	got := argon2Key(2, repeat(1, 32), repeat(2, 16), repeat(3, 8), repeat(4, 12), 3, 32, 4, 32)
	if hex.EncodeToString(got) != "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659" {
		t.Errorf("%x", got)
	}
}

// Values of the argon2 program of its authors, and of Python's hashlib.
func TestDerive(t *testing.T) {
	must := func(k slot.KDF, err error) slot.KDF {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for _, v := range []struct {
		name       string
		kdf        slot.KDF
		salt, want string
	}{
		{"the default", slot.DefaultKDF(), "kai test salt 16", "38b3c27095954643e62390ba0598c4ce3aa1833cf4e5c556f6a586b6e49413ca"},
		{"one thread", must(slot.Argon2id(3, 64<<10, 1)), "kai test salt 16", "fb026887f3f908529bc9d6abf5d7650064451f22daf7dffcb61c1dfef60c5bcc"},
		{"pbkdf2", must(slot.PBKDF2(200_000)), "kai test salt of 32 bytes length", "52c52ce04de4006cda462ccb84add4bd9204ce3b87780dd807db61010ce2949f"},
	} {
		password := secret.Take([]byte("correct horse battery staple"))
		got, err := v.kdf.Derive(password, []byte(v.salt))
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		if hex.EncodeToString(got.Expose()) != v.want {
			t.Errorf("%s: %x", v.name, got.Expose())
		}
		got.Wipe()
		password.Wipe()
	}
}

func TestWycheproofPBKDF2(t *testing.T) {
	type octets = string
	file := vectortest.JSON[struct {
		TestGroups []struct {
			Tests []struct {
				TcID                  int
				Password, Salt, Dk    octets
				IterationCount, DkLen int
				Result                string
			}
		}
	}](t, "wycheproof/pbkdf2_hmacsha512_test.json")
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ran := 0
	for _, g := range file.TestGroups {
		for _, c := range g.Tests {
			password := secret.Take(unhex(c.Password))
			dk, err := slot.PBKDF2Key(password, unhex(c.Salt), c.IterationCount, c.DkLen)
			if c.Result != "valid" || err != nil || hex.EncodeToString(dk.Expose()) != c.Dk {
				t.Errorf("%d (%s): %v", c.TcID, c.Result, err)
			}
			password.Wipe()
			ran++
		}
	}
	if ran != 58 {
		t.Errorf("%d cases", ran)
	}
}

func TestCosts(t *testing.T) {
	for _, c := range []struct {
		t, m, p uint32
		ok      bool
	}{
		{3, 64 << 10, 4, true},
		{3, 64 << 10, 1, true},
		{3, 32 << 10, 1, true},
		{1, 96 << 10, 1, true},
		{2, 48 << 10, 16, true},
		{16, 256 << 10, 16, true},
		{4, 1 << 20, 16, true},

		{3, 32<<10 - 1, 4, false},
		{2, 32 << 10, 4, false},
		{1, 96<<10 - 1, 4, false},
		{1, 1<<20 + 1, 4, false},
		{1, 1<<32 - 1, 4, false},
		{5, 1 << 20, 4, false},
		{17, 32 << 10, 4, false},
		{1<<32 - 1, 1<<32 - 1, 4, false},
		{0, 64 << 10, 4, false},
		{3, 64 << 10, 0, false},
		{3, 64 << 10, 17, false},
		{3, 64 << 10, 257, false},
		{0, 0, 0, false},
	} {
		if _, err := slot.Argon2id(c.t, c.m, c.p); (err == nil) != c.ok || err != nil && !errors.Is(err, slot.ErrLimits) {
			t.Errorf("t=%d m=%d p=%d: %v", c.t, c.m, c.p, err)
		}
	}
	for n, ok := range map[uint32]bool{200_000: true, 10_000_000: true, 199_999: false, 10_000_001: false, 0: false, 1<<32 - 1: false} {
		if _, err := slot.PBKDF2(n); (err == nil) != ok || err != nil && !errors.Is(err, slot.ErrLimits) {
			t.Errorf("%d iterations: %v", n, err)
		}
	}
}

// A slot that asks for memory, time or threads without measure is refused before anybody is
// asked for a password and before anything is allocated; so is one that is cheap to guess.
func TestHostileCosts(t *testing.T) {
	salt := strings.Repeat("A", 43)
	for _, c := range []struct {
		object string
		want   error
	}{
		{`{"kdf":"argon2id","m":4294967295,"p":4,"salt":"` + salt + `","t":3,"type":"password"}`, slot.ErrLimits},
		{`{"kdf":"argon2id","m":1048577,"p":4,"salt":"` + salt + `","t":3,"type":"password"}`, slot.ErrLimits},
		{`{"kdf":"argon2id","m":1048576,"p":4,"salt":"` + salt + `","t":5,"type":"password"}`, slot.ErrLimits},
		{`{"kdf":"argon2id","m":65536,"p":4,"salt":"` + salt + `","t":1000000000,"type":"password"}`, slot.ErrLimits},
		{`{"kdf":"argon2id","m":65536,"p":4,"salt":"` + salt + `","t":4294967299,"type":"password"}`, slot.ErrMalformed},
		{`{"kdf":"argon2id","m":65536,"p":260,"salt":"` + salt + `","t":3,"type":"password"}`, slot.ErrLimits},
		{`{"kdf":"argon2id","m":8,"p":1,"salt":"` + salt + `","t":1,"type":"password"}`, slot.ErrLimits},
		{`{"kdf":"argon2id","m":65536,"p":4,"salt":"` + salt + `","type":"password"}`, slot.ErrLimits},
		{`{"kdf":"argon2id","salt":"` + salt + `","type":"password"}`, slot.ErrLimits},
		{`{"iterations":200000,"kdf":"argon2id","m":65536,"p":4,"salt":"` + salt + `","t":3,"type":"password"}`, slot.ErrMalformed},
		{`{"iterations":4294967295,"kdf":"pbkdf2-hmac-sha512","salt":"` + salt + `","type":"password"}`, slot.ErrLimits},
		{`{"iterations":1,"kdf":"pbkdf2-hmac-sha512","salt":"` + salt + `","type":"password"}`, slot.ErrLimits},
		{`{"kdf":"pbkdf2-hmac-sha512","salt":"` + salt + `","type":"password"}`, slot.ErrLimits},
		{`{"iterations":200000,"kdf":"pbkdf2-hmac-sha512","p":1,"salt":"` + salt + `","type":"password"}`, slot.ErrMalformed},
		{`{"iterations":100000,"kdf":"pbkdf2-hmac-sha256","salt":"` + salt + `","type":"password"}`, slot.ErrNewer},
		{`{"kdf":"scrypt","salt":"` + salt + `","type":"password"}`, slot.ErrNewer},
		{`{"iterations":200000,"kdf":"pbkdf2-hmac-sha512","salt":"AAAA","type":"password"}`, slot.ErrMalformed},
		{`{"iterations":200000,"kdf":"pbkdf2-hmac-sha512","salt":"` + salt + `","totp":true,"type":"password"}`, slot.ErrNewer},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := slot.Parse([]byte(withFactors(t, c.object)))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.object, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: %d bytes were allocated", c.object, used)
		}
		// The same for who calls the opener itself.
		o := slot.PasswordOpener(nil)
		if _, err := o.Open(t.Context(), slot.Request{}, []byte(c.object)); !errors.Is(err, c.want) {
			t.Errorf("%s, opened: %v", c.object, err)
		}
	}
	good := `{"iterations":200000,"kdf":"pbkdf2-hmac-sha512","salt":"` + salt + `","type":"password"}`
	if _, err := slot.Parse([]byte(withFactors(t, good))); err != nil {
		t.Errorf("a good one is refused, this test is blind: %v", err)
	}
}

// withFactors is a slot's file with these objects as its factors, which parses and does not
// open.
func withFactors(t testing.TB, objects ...string) string {
	t.Helper()
	s, err := slot.Parse(example(t))
	if err != nil {
		t.Fatal(err)
	}
	old := string(s.Factors()[0])
	return strings.Replace(string(example(t)), "["+old+"]", fmt.Sprintf("[%s]", strings.Join(objects, ",")), 1)
}
