package vault

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"kai/internal/vault/objectid"
)

// Meta is what a record says about its secret. It is encrypted: names, tags and scopes show nowhere.
// Times are seconds since 1970, durations seconds.
type Meta struct {
	CompromisedSince int64             `json:"compromised_since,omitempty"`
	Created          int64             `json:"created"`
	Fields           []string          `json:"fields,omitempty"`
	From             string            `json:"from,omitempty"` // path it was moved or copied from
	HLC              string            `json:"hlc"`
	Kind             string            `json:"kind"`
	LastRotated      int64             `json:"last_rotated,omitempty"`
	NotAfter         int64             `json:"not_after,omitempty"`
	Of               string            `json:"of,omitempty"` // META: the record it is about
	OverlapUntil     int64             `json:"overlap_until,omitempty"`
	Parents          []string          `json:"parents,omitempty"` // records this one replaces
	Path             string            `json:"path"`
	Public           map[string]string `json:"public,omitempty"`
	Retain           string            `json:"retain,omitempty"` // "N" versions or "Nd" days
	RotateEvery      int64             `json:"rotate_every,omitempty"`
	RotateWith       string            `json:"rotate_with,omitempty"`
	Scope            Scope             `json:"scope"`
	Tags             []string          `json:"tags,omitempty"`
	Updated          int64             `json:"updated"`
	Version          uint64            `json:"version"`
	// Was is what the record was called before compaction gave it another place.
	Was string `json:"was,omitempty"`
}

// parse reads meta data, into one that is empty. The errors are ErrNewer and ErrTampered.
func (m *Meta) parse(d *metaDecoder, b []byte) error {
	if err := d.decode(b, m); err != nil {
		return err
	}
	if _, ok := parseClock(m.HLC); !ok || m.Path == "" || m.Kind == "" {
		return fmt.Errorf("%w: meta data", ErrTampered)
	}
	return nil
}

// check holds what a caller says against what keys can be derived from.
func (m *Meta) check() error {
	if m.Path == "" || m.Kind == "" || strings.IndexByte(m.Kind, 0) >= 0 || len(m.Kind) > maxScopePart {
		return fmt.Errorf("%w: path or kind", ErrMalformed)
	}
	return m.Scope.check()
}

// maxScopePart bounds kinds and the parts of scopes, in bytes: sessions name keys by them.
const maxScopePart = 255

func (s Scope) check() error {
	for _, part := range []string{s.Agent, s.Module, s.Service} {
		if len(part) > maxScopePart {
			return fmt.Errorf("scope of more than %d bytes: %w", maxScopePart, ErrTooLarge)
		}
		if strings.IndexByte(part, 0) >= 0 {
			return fmt.Errorf("%w: a zero byte in a scope", ErrMalformed)
		}
	}
	return nil
}

// readable reports whether meta data that were encoded can be read again: canon writes strings that it
// does not read, and one such record would make a namespace unreadable.
func readable(b []byte) error {
	for _, c := range b {
		if c == '\\' || c < 0x20 || c >= 0x7f {
			if err := new(Meta).parse(new(metaDecoder), b); err != nil {
				return fmt.Errorf("%w: control or other characters that no name has", ErrMalformed)
			}
			return nil
		}
	}
	return nil
}

// clock is a hybrid logical clock: 48 bits of milliseconds, 16 bits that count.
type clock uint64

// parseClock reads what String writes.
func parseClock(text string) (c clock, ok bool) {
	if len(text) != 16 {
		return 0, false
	}
	for i := range len(text) {
		digit := clock(text[i] - '0')
		if digit > 9 {
			if digit = clock(text[i] - 'a'); digit > 5 {
				return 0, false
			}
			digit += 10
		}
		c = c<<4 | digit
	}
	return c, true
}

func (c clock) String() string { return fmt.Sprintf("%016x", uint64(c)) }

// next is a later reading, and now's when that is later. There is none after the last: who writes that
// one has nothing of it, since parents decide first.
func (c clock) next(now time.Time) clock {
	return max(min(c, math.MaxUint64-1)+1, clock(now.UnixMilli())<<16)
}

// RecordID names a record among all of a namespace: "DEVICE:SEQUENCE".
type RecordID struct {
	Device   objectid.ID
	Sequence uint64
}

func (r RecordID) String() string {
	return r.Device.String() + ":" + strconv.FormatUint(r.Sequence, 10)
}

func parseRecordID(text string) (r RecordID, ok bool) {
	dev, seq, ok := strings.Cut(text, ":")
	if !ok {
		return r, false
	}
	var err error
	if r.Device, err = objectid.Parse(dev); err != nil {
		return r, false
	}
	r.Sequence, err = strconv.ParseUint(seq, 10, 64)
	return r, err == nil
}
