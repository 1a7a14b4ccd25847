package threshold

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"kai/internal/key/bech32"
	"kai/internal/secret"
)

const (
	version   = 1
	shareSize = 44
	tagSize   = 4
	prefix    = "kaishare"
	tagDomain = "kai-share/1\x00"
)

// Set is what the shares of one Split have in common: its name, k and n.
type Set struct {
	Name      [4]byte
	Threshold int // k
	Total     int // n
}

// Share is one share. Wipe it after use.
type Share struct {
	set   Set
	index int
	raw   *secret.Bytes // shareSize
}

// newShare computes the tag of raw, whose other bytes are filled in.
func newShare(set Set, index int, raw *secret.Bytes) *Share {
	b := raw.Expose()
	b[0], b[1], b[2], b[3] = version, byte(set.Threshold), byte(set.Total), byte(index)
	copy(b[4:], set.Name[:])
	t := tag(b)
	copy(b[shareSize-tagSize:], t[:])
	return &Share{set: set, index: index, raw: raw}
}

func tag(raw []byte) [tagSize]byte {
	h := sha256.New()
	h.Write([]byte(tagDomain))
	h.Write(raw[:shareSize-tagSize])
	return [tagSize]byte(h.Sum(nil))
}

// Set is the set that the share belongs to.
func (s *Share) Set() Set { return s.set }

// Index is the share's number, from 1 to the set's Total.
func (s *Share) Index() int { return s.index }

// Wipe destroys the share.
func (s *Share) Wipe() { s.raw.Wipe() }

func (s *Share) values() []byte { return s.raw.Expose()[8 : 8+SecretSize] }

// Digest is the SHA-256 of the share's 44 bytes, which may be published.
func (s *Share) Digest() [sha256.Size]byte { return sha256.Sum256(s.raw.Expose()) }

// Text is the share as text, 86 characters without an end of line.
func (s *Share) Text() *secret.Bytes {
	text := secret.New(TextSize)
	out, err := bech32.Append(text.Expose()[:0], bech32.Bech32, prefix, s.raw.Expose())
	if err != nil || len(out) != TextSize {
		panic("threshold: a share has another length than it should")
	}
	return text
}

// Parse reads what Share.Text writes. text is not kept.
//
// The errors are ErrMalformed, ErrNewer, and ErrAltered; the last names the share if its
// number can be read, but that may be what was altered.
func Parse(text []byte) (*Share, error) {
	got, raw, err := bech32.Parse(bech32.Bech32, text)
	defer secret.Zero(raw)
	if errors.Is(err, bech32.ErrChecksum) && len(text) == TextSize {
		return nil, fmt.Errorf("share: %w", ErrAltered)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if got != prefix {
		return nil, fmt.Errorf("%w: not a %s", ErrMalformed, prefix)
	}
	if len(raw) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrMalformed)
	}
	if raw[0] != version {
		return nil, fmt.Errorf("share of version %d: %w", raw[0], ErrNewer)
	}
	if len(raw) != shareSize {
		return nil, fmt.Errorf("%w: %d bytes instead of %d", ErrMalformed, len(raw), shareSize)
	}
	index := int(raw[3])
	if tag(raw) != [tagSize]byte(raw[shareSize-tagSize:]) {
		return nil, &ShareError{Index: index, Err: ErrAltered}
	}
	set := Set{Name: [4]byte(raw[4:8]), Threshold: int(raw[1]), Total: int(raw[2])}
	if err := CheckLimits(set.Threshold, set.Total); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if index < 1 || index > set.Total {
		return nil, fmt.Errorf("%w: number %d of %d", ErrMalformed, index, set.Total)
	}
	return &Share{set: set, index: index, raw: secret.Take(raw)}, nil
}

// CheckLimits refuses a k and n outside 2 ≤ k ≤ n ≤ MaxShares with ErrLimits.
func CheckLimits(k, n int) error {
	if k < MinThreshold || n < k || n > MaxShares {
		return fmt.Errorf("%d of %d: %w (%d ≤ k ≤ n ≤ %d)", k, n, ErrLimits, MinThreshold, MaxShares)
	}
	return nil
}
