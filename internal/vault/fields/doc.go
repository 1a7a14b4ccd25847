// Package fields writes and reads named byte strings, some of them secret: the fields of a vault's
// secret, key payloads, session blobs, and what a rotator exchanges with its program.
//
// # Format
//
// Each field is
//
//	u8 n ‖ n bytes of name ‖ u32 m ‖ m bytes of value
//
// with integers little-endian, and a list is its fields one after another until the end of the
// bytes, so that the empty list is no bytes at all. A name has 1 to 64 of the characters
// A-Z a-z 0-9 _ . - and names ascend strictly, compared as bytes. A list has at most 64 fields and
// its values together at most 16 MiB. Hence a list has one encoding: what [Parse] accepts is what
// [Encode] writes.
//
// It is not JSON, whose readers make Go strings, which cannot be wiped.
//
// # Example
//
// The fields password = "hunter2" and user = "ann" are
//
//	08 70 61 73 73 77 6f 72 64  07 00 00 00  68 75 6e 74 65 72 32
//	04 75 73 65 72  03 00 00 00  61 6e 6e
//
// # Secrets
//
// Values are never copied by [Parse]: they are slices of its input, which the caller keeps in a
// secret.Bytes and wipes. Encode writes into a secret.Bytes of the exact size, and [Append] into
// memory that the caller has made large enough, so that no half-grown copies stay behind. Names
// become Go strings: they are labels and not secrets. A [Field] prints as its name and length.
package fields
