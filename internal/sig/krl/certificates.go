package krl

import (
	"fmt"
	"math"
	"math/big"

	"golang.org/x/crypto/ssh"
)

// certificates are those that a list revokes of one authority, or of any.
type certificates struct {
	authority []byte // key blob, empty for any
	ranges    []serials
	bitmaps   []bitmap
	keyIDs    map[string]bool
}

type serials struct{ first, last uint64 }

type bitmap struct {
	offset uint64
	bits   *big.Int
}

// The types of sections about certificates.
const (
	certSerials   = 0x20
	certRange     = 0x21
	certBitmap    = 0x22
	certKeyIDs    = 0x23
	certExtension = 0x39
)

func readCertificates(r *reader) *certificates {
	c := &certificates{keyIDs: map[string]bool{}}
	c.authority = r.string()
	r.string() // reserved
	for r.more() {
		kind := r.byte()
		body := r.nested()
		switch kind {
		case certSerials:
			for body.more() {
				n := body.uint64()
				c.addRange(body, n, n)
			}
		case certRange:
			first, last := body.uint64(), body.uint64()
			c.addRange(body, first, last)
			if body.more() {
				body.fail(ErrMalformed, "bytes after a range")
			}
		case certBitmap:
			c.addBitmap(body)
		case certKeyIDs:
			for body.more() {
				c.keyIDs[string(body.string())] = true
			}
		case certExtension:
			readExtension(body)
		default:
			body.fail(ErrUnsupported, fmt.Sprintf("certificate section of type %#x", kind))
		}
		r.adopt(body)
	}
	return c
}

func (c *certificates) addRange(r *reader, first, last uint64) {
	if r.err == nil && (first == 0 || first > last) {
		r.fail(ErrMalformed, "range of serial numbers")
	}
	c.ranges = append(c.ranges, serials{first, last})
}

func (c *certificates) addBitmap(r *reader) {
	offset, raw := r.uint64(), r.string()
	switch {
	case r.err != nil:
		return
	case len(raw) > maxBitmap:
		r.fail(ErrMalformed, "bitmap too long")
	case len(raw) > 0 && raw[0]&0x80 != 0:
		r.fail(ErrMalformed, "negative bitmap")
	case r.more():
		r.fail(ErrMalformed, "bytes after a bitmap")
	}
	bits := new(big.Int).SetBytes(raw)
	if n := bits.BitLen(); n > 0 && uint64(n-1) > math.MaxUint64-offset {
		r.fail(ErrMalformed, "bitmap beyond the last serial number")
	}
	if offset == 0 && bits.Bit(0) == 1 {
		r.fail(ErrMalformed, "bitmap with serial number 0")
	}
	c.bitmaps = append(c.bitmaps, bitmap{offset, bits})
}

// revoke reports whether the section names a certificate of the authority.
func (c *certificates) revoke(cert *ssh.Certificate, authority []byte) (Cause, bool) {
	if len(c.authority) > 0 && string(c.authority) != string(authority) {
		return "", false
	}
	if c.keyIDs[cert.KeyId] {
		return ByKeyID, true
	}
	if cert.Serial == 0 {
		return "", false
	}
	for _, s := range c.ranges {
		if s.first <= cert.Serial && cert.Serial <= s.last {
			return BySerial, true
		}
	}
	for _, b := range c.bitmaps {
		n := cert.Serial - b.offset
		if cert.Serial >= b.offset && n < uint64(b.bits.BitLen()) && b.bits.Bit(int(n)) == 1 {
			return BySerial, true
		}
	}
	return "", false
}
