package slot_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"kai/internal/key/bech32"
	"kai/internal/threshold"
	"kai/internal/vault/slot"
)

func TestRecovery(t *testing.T) {
	factor := &slot.Recovery{K: 3, N: 5}
	made := makeSlot(t, factor)
	shares := factor.Shares()
	if len(shares) != 5 || factor.Shares() != nil {
		t.Fatalf("%d shares", len(shares))
	}
	with := func(some ...*threshold.Share) slot.Opener {
		return slot.RecoveryOpener(func(_ context.Context, _ slot.Request, set threshold.Set) ([]*threshold.Share, error) {
			if set != shares[0].Set() {
				t.Errorf("asked for shares of %v", set)
			}
			return clone(t, some), nil
		})
	}
	for mask := range 1 << 5 {
		var some []*threshold.Share
		for i, s := range shares {
			if mask>>i&1 == 1 {
				some = append(some, s)
			}
		}
		err := opens(t, made, with(some...))
		if len(some) >= 3 {
			if err != nil {
				t.Errorf("%d shares: %v", len(some), err)
			}
			continue
		}
		var missing *threshold.MissingError
		if !errors.As(err, &missing) || missing.Have != len(some) || missing.Need != 3 {
			t.Errorf("%d shares: %v", len(some), err)
		}
	}

	// Who holds a share can make another one of it, with a right tag.
	text := shares[1].Text()
	_, raw, err := bech32.Parse(bech32.Bech32, text.Expose())
	if err != nil {
		t.Fatal(err)
	}
	altered := resealed(t, raw, 17)
	other := &slot.Recovery{K: 3, N: 5}
	makeSlot(t, other)
	foreign := other.Shares()
	for _, c := range []struct {
		name string
		with slot.Opener
		want error
		text string
	}{
		{"altered", with(shares[0], altered, shares[4]), threshold.ErrAltered, "share 2: altered"},
		{"altered, and more than needed", with(shares[0], shares[2], altered, shares[4]), threshold.ErrAltered, "share 2: altered"},
		{"of another slot", with(shares[0], shares[1], foreign[3]), threshold.ErrMixed, "share 4: belongs to another set"},
		{"twice", with(shares[0], shares[1], shares[1]), threshold.ErrDuplicate, "share 2: given twice"},
	} {
		if err := opens(t, made, c.with); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// resealed is a share with one byte changed and a tag that fits.
func resealed(t testing.TB, raw []byte, at int) *threshold.Share {
	t.Helper()
	raw[at] ^= 1
	tag := sha256.Sum256(append([]byte("kai-share/1\x00"), raw[:40]...))
	copy(raw[40:], tag[:4])
	text, err := bech32.Encode("kaishare", raw)
	if err != nil {
		t.Fatal(err)
	}
	s, err := threshold.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRecoveryObjects(t *testing.T) {
	factor := &slot.Recovery{K: 2, N: 2}
	made := makeSlot(t, factor)
	object := string(parse(t, made.File).Factors()[0])
	if _, err := slot.Parse([]byte(withFactors(t, object))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, old, new string
		want           error
	}{
		{"k = 1", `"k":2`, `"k":1`, slot.ErrLimits},
		{"n = 65", `"n":2`, `"n":65`, slot.ErrLimits},
		{"a digest too few", `"n":2`, `"n":3`, slot.ErrMalformed},
		{"a long set", `"set":"`, `"set":"AAAA`, slot.ErrMalformed},
		{"a long digest", `"digests":["`, `"digests":["AAAA`, slot.ErrMalformed},
	} {
		changed := strings.Replace(object, c.old, c.new, 1)
		if changed == object {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		if _, err := slot.Parse([]byte(withFactors(t, changed))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
