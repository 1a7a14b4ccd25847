// Package checkpoint signs and verifies the heads of transparency logs.
//
// # The file
//
// A checkpoint is a signed note whose text has three lines:
//
//	ORIGIN
//	SIZE
//	BASE64(ROOT)
//
//	— NAME BASE64(key hash 4 ‖ signature)
//
// ORIGIN is the log's identity, 1 to 255 bytes of UTF-8 without control
// characters. SIZE is the number of records, in decimal without leading zeros, at
// most 2^53 − 1. ROOT is the RFC 6962 tree hash of that many records, that of an
// empty tree being SHA-256 of nothing. LF ends every line, U+2014 and a space
// begin a signature line, and there are 1 to 32 of these; the whole has at most 64
// KiB. NAME has 1 to 255 bytes of UTF-8 without spaces, control characters and
// plus signs. Base64 is the standard alphabet, padded.
//
// A note has one spelling. Refused as malformed: other base64 for the same bytes,
// other decimals for the same number, CR, anything after the last line feed, and
// extension lines, which tlog-checkpoint allows and does not recommend: type 0x06
// would not cover them.
//
// # Signatures
//
// The key hash, big-endian, is
//
//	SHA-256(NAME ‖ LF ‖ type ‖ public key)[:4]
//
// and finds the key; the line does not say the type. Body is the three lines with
// their line feeds, time is in seconds since 1970, and integers are big-endian:
//
//	type  key          signature             signed message
//	0x01  Ed25519      64                    body
//	0x04  Ed25519      u64 time ‖ 64         "cosignature/v1\ntime " ‖ decimal time ‖ LF ‖ body
//	0x06  ML-DSA-44    u64 time ‖ 2420       "subtree/v1\n\0" ‖ u8 length ‖ NAME ‖ u64 time ‖
//	                                         u8 length ‖ ORIGIN ‖ u64 0 ‖ u64 SIZE ‖ ROOT
//
// ML-DSA has an empty context. A time is at most 2^63 − 1. Time 0 verifies, and
// means that the cosigner says nothing about the time; it is not written here.
//
// A log signs with 0x01 under its origin, and may add 0x06, which is safe against
// quantum computers. A witness signs with 0x04, 0x06 or both: it has seen the log
// grow from every head that it signed before to this one, and none larger.
// Signers sign checkpoints and nothing else, and 0x01 only under the signer's own
// name, since it covers the bare text.
//
// A verifier key (vkey) is how a public key is handed over:
//
//	NAME+HASH+BASE64(type ‖ public key)
//
// with the key hash in eight lower-case hexadecimal digits.
//
// # Verifying
//
// Open wants the keys that the caller trusts and tells three failures apart.
// ErrMalformed: it is no note, nothing was checked. ErrSignature: a line by a
// trusted key does not verify, and the whole note is refused, whatever the other
// lines say. ErrUntrusted: it is a note, and none of its lines is of a trusted
// key. Lines of unknown keys are otherwise ignored, as the specification demands.
//
// A line of type 0x04 does not cover the key's name, so that whoever counts
// witnesses must compare public keys too; package proof does.
//
// # Example
//
// The Ed25519 key of the seed of 32 zero bytes is, for a log,
//
//	kind.local/audit/01JGK3F0Q0000000000000000A+11e7e85b+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop
//
// and verifies
//
//	kind.local/audit/01JGK3F0Q0000000000000000A
//	3
//	jZENs/Wir77dFpoSGyvXAeH1ELT9nvwlJI+gwD3xmXU=
//
//	— kind.local/audit/01JGK3F0Q0000000000000000A EefoW6VC6fgUlHWGKKrzMRt578Sr9dsPZQ9PXl/qmrozoH6JidwL13Me0exQzGqeaLATCl1QoFHw0wtY6fT7dB4NIA8=
//
// Sources: https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint and
// https://c2sp.org/tlog-cosignature.
package checkpoint
