package primitivetest

import (
	"encoding/hex"
	"testing"

	"kai/internal/vectortest"
)

// octets are bytes that JSON writes in hexadecimal.
type octets []byte

func (o *octets) UnmarshalText(text []byte) error {
	*o = make([]byte, hex.DecodedLen(len(text)))
	_, err := hex.Decode(*o, text)
	return err
}

// common is what all cases have.
type common struct {
	TcID    int
	Comment string
	Flags   []string
	Result  string // valid, invalid, acceptable
}

func (c common) is(flag string) bool {
	for _, f := range c.Flags {
		if f == flag {
			return true
		}
	}
	return false
}

// wycheproof runs all cases of a file, of which there must be want. accept
// answers one case; commonOf finds what the runner needs in it. Every valid case
// must be accepted and every invalid one refused: there are no exceptions. Cases
// that are merely acceptable may go either way, unless accept knows better.
func wycheproof[G, C any](t *testing.T, file string, want int, commonOf func(*C) common, accept func(*testing.T, *G, *C) bool) {
	t.Helper()
	shared := vectortest.JSON[struct{ TestGroups []G }](t, "wycheproof/"+file)
	cases := vectortest.JSON[struct{ TestGroups []struct{ Tests []C } }](t, "wycheproof/"+file)
	ran := 0
	for i := range cases.TestGroups {
		for j := range cases.TestGroups[i].Tests {
			c := &cases.TestGroups[i].Tests[j]
			about := commonOf(c)
			ran++
			accepted, agrees := accept(t, &shared.TestGroups[i], c), false
			switch about.Result {
			case "valid":
				agrees = accepted
			case "invalid":
				agrees = !accepted
			case "acceptable":
				agrees = true
			}
			if !agrees {
				t.Errorf("%s %d (%s, %q): %q, accepted %v", file, about.TcID, about.Comment, about.Flags, about.Result, accepted)
			}
		}
	}
	if ran != want {
		t.Errorf("%s: %d cases ran, want %d", file, ran, want)
	}
}
