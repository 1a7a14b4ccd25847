// Package keyfile reads files of keys, whatever their form, by content.
//
// # Detection
//
// A file of at most 64 KiB is one of these; the first that fits is meant, and
// nothing else is tried after that:
//
//	begins with                         form
//	age-encryption.org/v1               age file, encrypted with a passphrase
//	-----BEGIN AGE ENCRYPTED FILE-----  the same in armor
//	-----BEGIN                          blocks of PEM and OpenSSH private keys
//	{                                   JWK or JWKS
//	untrusted comment:                  minisign or signify, two lines
//	anything else                       lines
//
// Empty lines are skipped in front of blocks, lines and JSON. A file of lines
// has any number of keys, one a line, and comments that begin with #:
//
//	ssh-ed25519 AAAA… ada@laptop        OpenSSH public key, options in front
//	ml-dsa-65:4x2…                      text form
//	age1…   AGE-SECRET-KEY-1…           age
//	did:key:z6Mk…                       did:key
//	RWQf6LRCGA9i53ml…                   minisign public key without its comment
//	example.com/log+1f2e3d4c+AbCd…      verifier key of signed-note
//
// So the keys of one signer, of several types, go into one file:
//
//	# release key, both halves
//	ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea
//	ml-dsa-65:l9FvOUS_…
//
// # What is skipped
//
// A file may hold keys this program does not know beside those it knows, such
// as a list of a forge with an old DSA key. They are reported, not used, and a
// file of nothing else is refused. Everything else that is wrong, a damaged
// line or a weak key, refuses the whole file: what it said is not known.
package keyfile
