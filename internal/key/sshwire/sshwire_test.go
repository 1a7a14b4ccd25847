package sshwire_test

import (
	"bytes"
	"math/big"
	"testing"

	"golang.org/x/crypto/ssh"

	"kai/internal/key/sshwire"
)

// The examples of RFC 4251 §5.
func TestExamplesOfTheStandard(t *testing.T) {
	if got, want := sshwire.AppendString(nil, "testing"), []byte("\x00\x00\x00\x07testing"); !bytes.Equal(got, want) {
		t.Errorf("string %x, want %x", got, want)
	}
	if got, want := sshwire.AppendUint32(nil, 699921578), []byte{0x29, 0xb7, 0xf4, 0xaa}; !bytes.Equal(got, want) {
		t.Errorf("uint32 %x, want %x", got, want)
	}
	for _, c := range []struct{ number, want string }{
		{"0", "\x00\x00\x00\x00"},
		{"9a378f9b2e332a7", "\x00\x00\x00\x08\x09\xa3\x78\xf9\xb2\xe3\x32\xa7"},
		{"80", "\x00\x00\x00\x02\x00\x80"},
	} {
		n, _ := new(big.Int).SetString(c.number, 16)
		if got := sshwire.AppendMPInt(nil, n); string(got) != c.want {
			t.Errorf("mpint %s: %x, want %x", c.number, got, c.want)
		}
	}
}

func TestOnlyTheShortestFormIsRead(t *testing.T) {
	for _, in := range []string{
		"", "\x00\x00\x00", "\x00\x00\x00\x00", "\x00\x00\x00\x01\x00", "\x00\x00\x00\x02\x00\x7f",
		"\x00\x00\x00\x01\x80", "\x00\x00\x00\x02\x01", "\xff\xff\xff\xff\x01",
	} {
		if n, _, ok := sshwire.CutMPInt([]byte(in)); ok {
			t.Errorf("%x read as %v", in, n)
		}
	}
	if _, _, ok := sshwire.CutUint32([]byte{1, 2, 3}); ok {
		t.Error("three bytes read as a number of four")
	}
}

func FuzzCut(f *testing.F) {
	seeds := []string{"\x00\x00\x00\x02\x00\x80rest", "\x00\x00\x00\x00", "\xff\xff\xff\xff"}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, rest, ok := sshwire.CutString(data); ok && !bytes.Equal(append(sshwire.AppendString(nil, s), rest...), data) {
			t.Errorf("%x: string is written differently", data)
		}
		if n, rest, ok := sshwire.CutMPInt(data); ok {
			if !bytes.Equal(append(sshwire.AppendMPInt(nil, n), rest...), data) {
				t.Errorf("%x: number is written differently", data)
			}
			if got := ssh.Marshal(struct{ N *big.Int }{n}); !bytes.Equal(got, sshwire.AppendMPInt(nil, n)) {
				t.Errorf("%x: x/crypto writes %x", data, got)
			}
		}
	})
}
