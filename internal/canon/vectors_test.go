package canon_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"kai/internal/canon"
	"kai/internal/vectortest"
)

// The six files that accompany RFC 8785.
func TestJCSVectors(t *testing.T) {
	dir := filepath.Join(vectortest.Dir(t), "jcs")
	inputs, err := filepath.Glob(filepath.Join(dir, "input", "*.json"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs in %s: %v", dir, err)
	}
	for _, path := range inputs {
		name := filepath.Base(path)
		in := vectortest.Read(t, "jcs/input/"+name)
		want := vectortest.Read(t, "jcs/output/"+name)
		wantHex := vectortest.Read(t, "jcs/outhex/"+strings.TrimSuffix(name, ".json")+".txt")
		fromHex, err := hex.DecodeString(strings.Join(strings.Fields(string(wantHex)), ""))
		if err != nil || !bytes.Equal(fromHex, want) {
			t.Fatalf("%s: the two forms of the expected output differ: %v", name, err)
		}
		got, err := canon.Transform(in)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got %s, %v\nwant %s", name, got, err, want)
		}
		again, err := canon.Transform(want)
		if err != nil || !bytes.Equal(again, want) {
			t.Errorf("%s: transforming the output gives %s, %v", name, again, err)
		}
	}
}

// RFC 8785 appendix B: IEEE 754 bits and what ECMAScript prints.
func TestNumberTable(t *testing.T) {
	for _, tt := range []struct {
		bits uint64
		want string
	}{
		{0x0000000000000000, "0"},
		{0x8000000000000000, "0"},
		{0x0000000000000001, "5e-324"},
		{0x8000000000000001, "-5e-324"},
		{0x7fefffffffffffff, "1.7976931348623157e+308"},
		{0xffefffffffffffff, "-1.7976931348623157e+308"},
		{0x4340000000000000, "9007199254740992"},
		{0xc340000000000000, "-9007199254740992"},
		{0x4430000000000000, "295147905179352830000"},
		{0x44b52d02c7e14af5, "9.999999999999997e+22"},
		{0x44b52d02c7e14af6, "1e+23"},
		{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
		{0x444b1ae4d6e2ef4e, "999999999999999700000"},
		{0x444b1ae4d6e2ef4f, "999999999999999900000"},
		{0x444b1ae4d6e2ef50, "1e+21"},
		{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
		{0x3eb0c6f7a0b5ed8d, "0.000001"},
		{0x41b3de4355555553, "333333333.3333332"},
		{0x41b3de4355555554, "333333333.33333325"},
		{0x41b3de4355555555, "333333333.3333333"},
		{0x41b3de4355555556, "333333333.3333334"},
		{0x41b3de4355555557, "333333333.33333343"},
		{0xbecbf647612f3696, "-0.0000033333333333333333"},
		{0x43143ff3c1cb0959, "1424953923781206.2"},
	} {
		f := math.Float64frombits(tt.bits)
		if got := string(canon.AppendNumber(nil, f)); got != tt.want {
			t.Errorf("%016x is written %s, want %s", tt.bits, got, tt.want)
		}
		// Seventeen digits in Go's spelling lead to the same text, where the
		// integer part survives them.
		long := strconv.FormatFloat(f, 'e', 16, 64)
		if math.Abs(f) > canon.MaxInteger {
			long = strconv.FormatFloat(f, 'e', -1, 64)
		}
		if got, err := canon.Transform([]byte(long)); err != nil || string(got) != tt.want {
			t.Errorf("%s is transformed to %s, %v, want %s", long, got, err, tt.want)
		}
	}
}
