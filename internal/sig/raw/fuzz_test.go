package raw_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"kai/internal/sig"
	"kai/internal/sig/raw"
	"kai/internal/sig/sigtest"
)

// What is accepted is the value itself or one of its two texts, and what
// verifies is the one value there is.
func FuzzParse(f *testing.F) {
	pub, value := rfc(f)
	text := base64.StdEncoding.EncodeToString(value)
	seeds := [][]byte{
		value, []byte(rfcValue), []byte(text), []byte(text[:64] + "\n" + text[64:] + "\n"),
		append([]byte{0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01}, 0x01), bytes.Repeat([]byte{0xff}, 512),
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := raw.Format{}.Parse(bytes.NewReader(data), sig.DetachedLimits)
		if (raw.Format{}).Detect(data[:min(len(data), 4096)], "") != (err == nil) {
			t.Error("detected and parsed differ")
		}
		if err != nil {
			return
		}
		if r := sigtest.Check(t, u, rfcMessage, sigtest.Key{Public: pub})[0]; r.Good() && !bytes.Equal(r.Claim.Signature, value) {
			t.Errorf("a second value: %x", r.Claim.Signature)
		}
		value := u.Claims[0].Signature
		switch plain := strings.NewReplacer("\n", "", "\r", "").Replace(string(data)); {
		case bytes.Equal(value, data):
		case base64.StdEncoding.EncodeToString(value) == plain:
		case strings.EqualFold(hexOf(value), plain):
		default:
			t.Errorf("value %x of a file %q", value, data)
		}
	})
}
