package threshold_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"testing"

	"kai/internal/key/bech32"
	"kai/internal/secret"
	"kai/internal/threshold"
)

// The shares of the package documentation, computed by a program of 30 lines in another
// language.
var example = []struct{ text, raw, digest string }{
	{"kaishare1qyps2q27wrqducrpvf3kgetxva5xj6ntd3kkummsw9e8xar4wemhs7t60d786lnl9efafyc03u0lp",
		"010305015e70c0de606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f2e53d493",
		"df3494b971014fe9f61c6c03d948ca5f1d33478645838cca67b6646654521066"},
	{"kaishare1qyps2qj7wrqduk6u24fywszffe3kgmt20au8za3t9sjjydes8ylpx9qarg8ssqgx52n95jcjpwjl7",
		"010305025e70c0de5b5c55524740494e63646d6a7f7871762b2c25223730393e13141d1a0f080106a2a65a4b",
		"4870e3e874f97c55484a5e821b4dd806adc352756d0c23ac80bc2dd3cc7a5faf"},
	{"kaishare1qyps2q67wrqduweux5ezwgpf9cpsgrg2ruvpz9jtf3z5y46st908xara0fhksctx424jxjql6u5v5",
		"010305035e70c0de3b3c35322720292e03040d0a1f1811164b4c45425750595e73747d7a6f686166aaab2348",
		"6fca9a623a6606579e5bd8fbc22a95b66ff27a6be81063c9e0a7abd5e81fe84b"},
	{"kaishare1qyps2pz7wrqdam8ecmfm3tvjsaz9zmnmzqzn5ta8k2xe3ulxm8xq7x39xpd5uutynmsppecfvkxeg",
		"010305045e70c0deecf9c6d3b8ad928744516e7b10053a2fa7b28d98f3e6d9cc0f1a25305b4e71649ee010e7",
		"857477d45174b608e656dcc74bb4c3af4347406ebe6eaebf6ab0c3f83b10d991"},
	{"kaishare1qyps2p27wrqdarye56ea3n0juujrzrsmwpj45n786tkl3yuxhxkx77j92qajuygysygakdskf9596",
		"010305055e70c0de8c99a6b3d8cdf2e724310e1b70655a4fc7d2edf89386b9ac6f7a45503b2e11048111db36",
		"03d26961886814bcd22fae28afe6ec3d8d8e73e73412e7686cf7ace99d85eed3"},
}

// counting yields from, from+1, …
func counting(from, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(from + i)
	}
	return b
}

func split(t testing.TB, s []byte, k, n int, random io.Reader) []*threshold.Share {
	t.Helper()
	bytesOf := secret.Take(bytes.Clone(s))
	defer bytesOf.Wipe()
	shares, err := threshold.Split(bytesOf, k, n, random)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, s := range shares {
			s.Wipe()
		}
	})
	return shares
}

// combined is Combine's secret, to be compared.
func combined(shares []*threshold.Share) ([]byte, error) {
	s, err := threshold.Combine(shares)
	if err != nil {
		return nil, err
	}
	defer s.Wipe()
	return bytes.Clone(s.Expose()), nil
}

func TestExample(t *testing.T) {
	random := append([]byte{0x5e, 0x70, 0xc0, 0xde}, counting(0x20, 64)...)
	made := split(t, counting(0, 32), 3, 5, bytes.NewReader(random))
	var parsed []*threshold.Share
	for i, want := range example {
		text := made[i].Text()
		digest := made[i].Digest()
		if string(text.Expose()) != want.text || hex.EncodeToString(digest[:]) != want.digest {
			t.Errorf("share %d: %s %x", i+1, text.Expose(), digest)
		}
		s, err := threshold.Parse([]byte(want.text))
		if err != nil {
			t.Fatal(err)
		}
		if s.Index() != i+1 || s.Set() != (threshold.Set{Name: [4]byte{0x5e, 0x70, 0xc0, 0xde}, Threshold: 3, Total: 5}) || s.Digest() != digest {
			t.Errorf("share %d parsed: %d %v", i+1, s.Index(), s.Set())
		}
		_, raw, err := bech32.Decode(want.text)
		if err != nil || hex.EncodeToString(raw) != want.raw {
			t.Errorf("share %d: %x, %v", i+1, raw, err)
		}
		text.Wipe()
		parsed = append(parsed, s)
	}
	if got, err := combined(parsed[1:4]); err != nil || !bytes.Equal(got, counting(0, 32)) {
		t.Errorf("combined: %x, %v", got, err)
	}
}

// subsets calls f with every subset of shares.
func subsets(shares []*threshold.Share, f func([]*threshold.Share)) {
	for mask := range 1 << len(shares) {
		var subset []*threshold.Share
		for i, s := range shares {
			if mask>>i&1 == 1 {
				subset = append(subset, s)
			}
		}
		f(subset)
	}
}

// Every subset of three or more of five, for many secrets, and no smaller one.
func TestEverySubset(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 50
	}
	for range rounds {
		want := make([]byte, 32)
		_, _ = rand.Read(want)
		shares := split(t, want, 3, 5, rand.Reader)
		subsets(shares, func(some []*threshold.Share) {
			got, err := combined(some)
			if len(some) >= 3 {
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%d shares: %x, %v", len(some), got, err)
				}
				return
			}
			var missing *threshold.MissingError
			if !errors.Is(err, threshold.ErrMissing) || !errors.As(err, &missing) || missing.Have != len(some) || len(some) > 0 && missing.Need != 3 {
				t.Fatalf("%d shares: %v", len(some), err)
			}
		})
		for _, s := range shares {
			s.Wipe()
		}
	}
}

func TestLargeSets(t *testing.T) {
	want := counting(100, 32)
	for _, c := range []struct{ k, n int }{{2, 2}, {2, 64}, {64, 64}, {33, 64}} {
		shares := split(t, want, c.k, c.n, rand.Reader)
		last := shares[c.n-c.k:]
		if got, err := combined(last); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d of %d: %x, %v", c.k, c.n, got, err)
		}
		if _, err := combined(last[1:]); !errors.Is(err, threshold.ErrMissing) {
			t.Errorf("%d of %d with one missing: %v", c.k, c.n, err)
		}
		if got, err := combined(shares); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d of %d, all: %x, %v", c.k, c.n, got, err)
		}
	}
}

// One of two needed shares takes each value once over all coefficients, whatever the secret.
func TestOneOfTwoTellsNothing(t *testing.T) {
	for _, of := range []byte{0, 1, 0xff} {
		var times [256]int
		for block := 0; block < 256; block += 32 {
			random := append(make([]byte, 4), counting(block, 32)...)
			shares := split(t, bytes.Repeat([]byte{of}, 32), 2, 2, bytes.NewReader(random))
			for _, v := range values(t, shares[1]) {
				times[v]++
			}
		}
		for v, n := range times {
			if n != 1 {
				t.Fatalf("secret %#x: the value %#x comes %d times", of, v, n)
			}
		}
	}
}

// Over all coefficients, which are as many as Split can draw, two of three needed shares take
// each pair of values once, whatever the secret: they tell nothing. Exact, not statistical.
func TestTwoOfThreeTellNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("4,096 splits")
	}
	for _, of := range []byte{0, 0xff} {
		var times [256][256]int
		for a := range 256 {
			for block := 0; block < 256; block += 32 {
				random := append(make([]byte, 4), bytes.Repeat([]byte{byte(a)}, 32)...)
				random = append(random, counting(block, 32)...)
				shares := split(t, bytes.Repeat([]byte{of}, 32), 3, 3, bytes.NewReader(random))
				first, third := values(t, shares[0]), values(t, shares[2])
				for i := range first {
					times[first[i]][third[i]]++
				}
				for _, s := range shares {
					s.Wipe()
				}
			}
		}
		for x := range times {
			for y := range times[x] {
				if times[x][y] != 1 {
					t.Fatalf("secret %#x: the values %#x and %#x come %d times", of, x, y, times[x][y])
				}
			}
		}
	}
}

// values reads a share as an attacker would.
func values(t testing.TB, s *threshold.Share) []byte {
	t.Helper()
	text := s.Text()
	defer text.Wipe()
	_, raw, err := bech32.Parse(bech32.Bech32, text.Expose())
	if err != nil {
		t.Fatal(err)
	}
	return raw[8:40]
}

// forge makes a share of the bytes, with a right tag and checksum.
func forge(t testing.TB, raw []byte) *threshold.Share {
	t.Helper()
	s, err := threshold.Parse([]byte(forgeText(t, raw)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func forgeText(t testing.TB, raw []byte) string {
	t.Helper()
	sum := sha256.Sum256(append([]byte("kai-share/1\x00"), raw[:40]...))
	text, err := bech32.Encode("kaishare", append(bytes.Clone(raw[:40]), sum[:4]...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func rawExample(i int) []byte {
	raw, _ := hex.DecodeString(example[i-1].raw)
	return raw
}

func TestEveryBit(t *testing.T) {
	for i := range 44 * 8 {
		raw := rawExample(1)
		raw[i/8] ^= 1 << (i % 8)
		text, err := bech32.Encode("kaishare", raw)
		if err != nil {
			t.Fatal(err)
		}
		_, err = threshold.Parse([]byte(text))
		if i < 8 { // the version
			if !errors.Is(err, threshold.ErrNewer) {
				t.Errorf("bit %d: %v", i, err)
			}
			continue
		}
		if !errors.Is(err, threshold.ErrAltered) {
			t.Errorf("bit %d: %v", i, err)
		}
	}
	for i := range example[0].text {
		for _, c := range []byte("qpzx1A \xff") {
			text := []byte(example[0].text)
			if text[i] == c {
				continue
			}
			text[i] = c
			_, err := threshold.Parse(text)
			if !errors.Is(err, threshold.ErrAltered) && !errors.Is(err, threshold.ErrMalformed) {
				t.Errorf("character %d is %q: %v", i, c, err)
			}
		}
		if _, err := threshold.Parse([]byte(example[0].text[:i])); !errors.Is(err, threshold.ErrMalformed) {
			t.Errorf("cut after %d: %v", i, err)
		}
	}
}

func TestNoShares(t *testing.T) {
	header := func(k, n, i byte) string {
		raw := rawExample(1)
		raw[1], raw[2], raw[3] = k, n, i
		return forgeText(t, raw)
	}
	short, _ := bech32.Encode("kaishare", []byte{1})
	empty, _ := bech32.Encode("kaishare", nil)
	newer, _ := bech32.Encode("kaishare", []byte{2, 1, 1})
	other, _ := bech32.Encode("kai", rawExample(1))
	m, _ := bech32.EncodeM("kaishare", rawExample(1))
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"k = 0", header(0, 5, 1), threshold.ErrMalformed},
		{"k = 1", header(1, 5, 1), threshold.ErrMalformed},
		{"k > n", header(4, 3, 1), threshold.ErrMalformed},
		{"n = 65", header(3, 65, 1), threshold.ErrMalformed},
		{"number 0, the secret itself", header(3, 5, 0), threshold.ErrMalformed},
		{"number above n", header(3, 5, 6), threshold.ErrMalformed},
		{"one byte", short, threshold.ErrMalformed},
		{"no byte", empty, threshold.ErrMalformed},
		{"version 2", newer, threshold.ErrNewer},
		{"another prefix", other, threshold.ErrMalformed},
		{"Bech32m", m, threshold.ErrAltered},
		{"white space", example[0].text + "\n", threshold.ErrMalformed},
		{"nothing", "", threshold.ErrMalformed},
	} {
		if _, err := threshold.Parse([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if s := forge(t, rawExample(2)); s.Index() != 2 {
		t.Error("the forger cannot write shares: this test is blind")
	}
}

func TestWrongCompany(t *testing.T) {
	a := split(t, counting(0, 32), 3, 5, rand.Reader)
	b := split(t, counting(0, 32), 3, 5, rand.Reader)
	var digests [][32]byte
	for _, s := range a {
		digests = append(digests, s.Digest())
	}
	liar := rawOf(t, a[3])
	liar[8] ^= 1
	altered := forge(t, liar)

	for _, c := range []struct {
		name  string
		of    []*threshold.Share
		want  error
		index int
		text  string
	}{
		{"another set", []*threshold.Share{a[0], a[1], b[2]}, threshold.ErrMixed, 3,
			fmt.Sprintf("share 3: belongs to another set (%x) than share 1 (%x)", b[2].Set().Name, a[0].Set().Name)},
		{"twice", []*threshold.Share{a[0], a[4], a[4]}, threshold.ErrDuplicate, 5, "share 5: given twice"},
		{"made up, one more than needed", []*threshold.Share{a[0], a[1], a[2], altered}, threshold.ErrContradiction, 0,
			"shares contradict each other: one of them was altered"},
		{"two", a[:2], threshold.ErrMissing, 0, "too few shares: 2 of 3"},
		{"none", nil, threshold.ErrMissing, 0, "too few shares: 0 of 2"},
	} {
		got, err := threshold.Combine(c.of)
		if got != nil || !errors.Is(err, c.want) || err.Error() != c.text {
			t.Errorf("%s: %v", c.name, err)
		}
		var named *threshold.ShareError
		if errors.As(err, &named) != (c.index > 0) || named != nil && named.Index != c.index {
			t.Errorf("%s: names %v", c.name, named)
		}
	}

	// Exactly as many as needed: only the digests tell.
	if got, err := combined([]*threshold.Share{a[0], a[1], altered}); err != nil || bytes.Equal(got, counting(0, 32)) {
		t.Errorf("made up: %x, %v", got, err)
	}
	set := a[0].Set()
	if err := threshold.Check(a, set, digests); err != nil {
		t.Errorf("all five: %v", err)
	}
	err := threshold.Check([]*threshold.Share{a[0], a[1], altered}, set, digests)
	if !errors.Is(err, threshold.ErrAltered) || err.Error() != "share 4: altered" {
		t.Errorf("made up: %v", err)
	}
	if err := threshold.Check([]*threshold.Share{a[0], b[1]}, set, digests); !errors.Is(err, threshold.ErrMixed) {
		t.Errorf("another set: %v", err)
	}
	if err := threshold.Check(a, set, digests[:4]); !errors.Is(err, threshold.ErrMixed) {
		t.Errorf("a digest too few: %v", err)
	}
}

func rawOf(t testing.TB, s *threshold.Share) []byte {
	t.Helper()
	text := s.Text()
	defer text.Wipe()
	_, raw, err := bech32.Parse(bech32.Bech32, text.Expose())
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestSplitRefuses(t *testing.T) {
	s := secret.New(32)
	defer s.Wipe()
	for _, c := range []struct{ k, n int }{{0, 0}, {1, 1}, {1, 5}, {4, 3}, {3, 65}, {-1, 5}, {300, 300}} {
		if _, err := threshold.Split(s, c.k, c.n, rand.Reader); !errors.Is(err, threshold.ErrLimits) {
			t.Errorf("%d of %d: %v", c.k, c.n, err)
		}
	}
	long := secret.New(33)
	defer long.Wipe()
	if _, err := threshold.Split(long, 2, 3, rand.Reader); !errors.Is(err, threshold.ErrLimits) {
		t.Errorf("33 bytes: %v", err)
	}
	for n := range 4 + 32 {
		if _, err := threshold.Split(s, 2, 3, bytes.NewReader(make([]byte, n))); err == nil {
			t.Errorf("%d bytes of randomness suffice", n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, e := range example {
		f.Add([]byte(e.text))
	}
	f.Add([]byte("kaishare1"))
	shake := sha3.NewSHAKE128()
	for range 3 {
		raw := make([]byte, 44)
		_, _ = shake.Read(raw)
		raw[0], raw[1], raw[2], raw[3] = 1, 2, 3, 3
		f.Add([]byte(forgeText(f, raw)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := threshold.Parse(text)
		if err != nil {
			return
		}
		defer s.Wipe()
		again := s.Text()
		defer again.Wipe()
		if !bytes.Equal(again.Expose(), text) {
			t.Fatalf("%q is written as %q", text, again.Expose())
		}
		if set := s.Set(); threshold.CheckLimits(set.Threshold, set.Total) != nil || s.Index() < 1 || s.Index() > set.Total {
			t.Fatalf("%q: share %d of %v", text, s.Index(), set)
		}
	})
}
