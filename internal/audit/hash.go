package audit

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"kai/internal/audit/event"
)

// LeafHash is the RFC 6962 hash of a record: SHA-256(0x00 ‖ record).
func LeafHash(record []byte) [32]byte {
	var s hasher
	return s.record(record)
}

// LineHash is the leaf hash of a line without its line feed, which Scan accepts.
func LineHash(line []byte) [32]byte {
	var s hasher
	return s.line(line)
}

// hasher hashes records one after the other without allocating for each.
type hasher struct{ buf []byte }

func (h *hasher) line(line []byte) [32]byte {
	h.buf = event.AppendRecord(append(h.buf[:0], 0), line)
	return sha256.Sum256(h.buf)
}

func (h *hasher) record(record []byte) [32]byte {
	h.buf = append(append(h.buf[:0], 0), record...)
	return sha256.Sum256(h.buf)
}

// macOf is m: base64url aside, the first half of SHA-256('M' ‖ key ‖ leaf). Its input has a
// fixed length and its key is used once, so that nothing can be appended to it.
func macOf(key, leaf *[32]byte) (mac [16]byte) {
	sum := keyed('M', key, leaf)
	copy(mac[:], sum[:])
	return mac
}

// evolve returns the key of the next event: SHA-256('E' ‖ key ‖ leaf).
func evolve(key, leaf *[32]byte) [32]byte { return keyed('E', key, leaf) }

func keyed(letter byte, key, leaf *[32]byte) [32]byte {
	var b [65]byte
	b[0] = letter
	copy(b[1:], key[:])
	copy(b[33:], leaf[:])
	return sha256.Sum256(b[:])
}

// nodeHash is that of RFC 6962: SHA-256(0x01 ‖ left ‖ right).
func nodeHash(left, right *[32]byte) [32]byte { return keyed(1, left, right) }

// text32 is 32 bytes that documents hold as 43 characters of base64url.
type text32 [32]byte

// MarshalText implements encoding.TextMarshaler.
func (t text32) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, t[:]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler. The error is ErrMalformed.
func (t *text32) UnmarshalText(text []byte) error {
	var b [33]byte
	if len(text) != base64.RawURLEncoding.EncodedLen(len(t)) {
		return fmt.Errorf("%w: not 43 characters of base64url", ErrMalformed)
	}
	n, err := base64.RawURLEncoding.Strict().Decode(b[:], text)
	if err != nil || n != len(t) {
		return fmt.Errorf("%w: not 43 characters of base64url", ErrMalformed)
	}
	copy(t[:], b[:])
	return nil
}
