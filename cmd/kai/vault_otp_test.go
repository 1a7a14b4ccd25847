package main

import (
	"encoding/base32"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B: seeds of 20, 32 and 64 bytes, eight digits, 30 seconds.
func TestTimeCodes(t *testing.T) {
	const digits = "12345678901234567890123456789012345678901234567890123456789012345678901234567890"
	seeds := map[string]string{"SHA1": digits[:20], "SHA256": digits[:32], "SHA512": digits[:64]}
	for _, v := range []struct {
		seconds              int64
		sha1, sha256, sha512 string
	}{
		{59, "94287082", "46119246", "90693936"},
		{1111111109, "07081804", "68084774", "25091201"},
		{1111111111, "14050471", "67062674", "99943326"},
		{1234567890, "89005924", "91819424", "93441116"},
		{2000000000, "69279037", "90698825", "38618901"},
		{20000000000, "65353130", "77737706", "47863826"},
	} {
		for algorithm, want := range map[string]string{"SHA1": v.sha1, "SHA256": v.sha256, "SHA512": v.sha512} {
			seed := base32.StdEncoding.EncodeToString([]byte(seeds[algorithm]))
			uri := fmt.Sprintf("otpauth://totp/Example:ann?secret=%s&algorithm=%s&digits=8&issuer=Example", strings.TrimRight(seed, "="), algorithm)
			got, err := timeCode([]byte(uri), time.Unix(v.seconds, 0))
			if err != nil || string(got) != want {
				t.Errorf("%s at %d: %q, %v; want %s", algorithm, v.seconds, got, err, want)
			}
		}
		// The bare seed is SHA-1 with six digits: the last of the eight.
		seed := strings.ToLower(base32.StdEncoding.EncodeToString([]byte(seeds["SHA1"])))
		got, err := timeCode([]byte(" "+seed[:4]+" "+seed[4:]+"\n"), time.Unix(v.seconds, 0))
		if err != nil || string(got) != v.sha1[2:] {
			t.Errorf("bare seed at %d: %q, %v; want %s", v.seconds, got, err, v.sha1[2:])
		}
	}
	// A period of its own counts: 60 s at 118 s is the counter 1 of 59 s.
	seed := base32.StdEncoding.EncodeToString([]byte(seeds["SHA1"]))
	got, err := timeCode([]byte("otpauth://totp/x?period=60&digits=8&secret="+seed), time.Unix(118, 0))
	if err != nil || string(got) != "94287082" {
		t.Errorf("period 60: %q, %v", got, err)
	}
}

func TestTimeCodesRefused(t *testing.T) {
	const canary = "c4n4ry"
	for _, text := range []string{
		"", " ", canary, "JBSWY3DPEHPK3PX1", "otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/x?secret=",
		"otpauth://totp/x?secret=" + canary, "otpauth://totp/x?digits=5&secret=JBSWY3DPEHPK3PXP", "otpauth://totp/x?digits=11&secret=JBSWY3DPEHPK3PXP",
		"otpauth://totp/x?period=0&secret=JBSWY3DPEHPK3PXP", "otpauth://totp/x?algorithm=MD5&secret=JBSWY3DPEHPK3PXP", "otpauth://totp/%zz?secret=" + canary,
	} {
		code, err := timeCode([]byte(text), time.Unix(59, 0))
		if err == nil || code != nil {
			t.Errorf("%q gives %q", text, code)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%q: the secret is in the error: %v", text, err)
		}
	}
}
