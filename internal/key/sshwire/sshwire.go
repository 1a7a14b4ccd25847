// Package sshwire reads and writes the data types of RFC 4251 §5 that OpenSSH
// keys and signatures are made of.
//
// Readers take the value off the front and return the rest. They accept only
// what the writers produce; ok is false otherwise, and nothing is allocated
// for a length that the input does not have.
package sshwire

import (
	"encoding/binary"
	"math/big"
)

// AppendUint32 appends four bytes, big-endian.
func AppendUint32(b []byte, n uint32) []byte { return binary.BigEndian.AppendUint32(b, n) }

// AppendString appends a length of four bytes and s.
func AppendString[T string | []byte](b []byte, s T) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

// AppendMPInt appends a number that is not negative, in the shortest form.
func AppendMPInt(b []byte, n *big.Int) []byte {
	raw := n.Bytes()
	if len(raw) > 0 && raw[0]&0x80 != 0 {
		raw = append([]byte{0}, raw...)
	}
	return AppendString(b, raw)
}

// CutUint32 reads what AppendUint32 writes.
func CutUint32(b []byte) (n uint32, rest []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(b), b[4:], true
}

// CutString reads what AppendString writes. s is part of b, not a copy.
func CutString(b []byte) (s, rest []byte, ok bool) {
	n, b, ok := CutUint32(b)
	if !ok || uint64(n) > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

// CutMPInt reads a positive number in its one shortest form.
func CutMPInt(b []byte) (n *big.Int, rest []byte, ok bool) {
	raw, rest, ok := CutString(b)
	if !ok || len(raw) == 0 || raw[0]&0x80 != 0 {
		return nil, nil, false
	}
	if raw[0] == 0 && (len(raw) == 1 || raw[1]&0x80 == 0) {
		return nil, nil, false
	}
	return new(big.Int).SetBytes(raw), rest, true
}
