// Package krl reads OpenSSH's key revocation lists and writes their simplest
// kind.
//
// # Format
//
// OpenSSH's PROTOCOL.krl, with the data types of RFC 4251 §5:
//
//	"SSHKRL\n\0" ‖ u32 1 ‖ u64 version ‖ u64 generated ‖ u64 flags ‖
//	string reserved ‖ string comment ‖ sections
//
// generated is in seconds since 1970; flags and reserved are not used. A
// section is byte type ‖ string body:
//
//	1    certificates of one authority, see below
//	2    keys: string(key blob) …
//	3    keys by SHA-1 of their blobs: string(20) …
//	4    a signature over the list
//	5    keys by SHA-256 of their blobs: string(32) …
//	255  an extension: string name ‖ byte critical ‖ string body
//
// The body of type 1 is string(authority's key blob, or empty for any) ‖ string
// reserved ‖ sections of
//
//	0x20  serial numbers: u64 …
//	0x21  a range of them: u64 first ‖ u64 last
//	0x22  a bitmap of them: u64 offset ‖ mpint bits; bit n is offset + n
//	0x23  key ids: string …
//	0x39  an extension: string name ‖ byte critical ‖ string body
//
// Serial number 0 means that a certificate has none, so it cannot be revoked.
//
// A list with a signature, a critical extension or a section of another type is
// refused: it may revoke more than is understood. Extensions that are not
// critical are passed over.
//
// # Meaning
//
// A key is revoked in its own right; a certificate by its key, by its
// authority's key, or by its serial number or key id.
//
// Write makes lists of type 2 only: they revoke under every OpenSSH that knows
// revocation lists.
package krl
