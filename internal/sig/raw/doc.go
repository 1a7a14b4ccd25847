// Package raw reads and writes bare signature values: what openssl writes.
//
// # The file
//
// The file is the value and nothing else. It names no key, no algorithm and no
// purpose, so the algorithm follows from the length and the first bytes, and
// the caller must say which key to check it with:
//
//	64 bytes                              Ed25519 of the message itself
//	128 hexadecimal digits                the same; LF may follow
//	88 characters of base64               the same; LF may follow, or break the
//	                                      line after 64 or 76 characters
//	30 LEN 02 …, DER, at most 72 bytes    ECDSA P-256 over SHA-256
//	30 LEN 02 …, DER, 73 to 104 bytes     ECDSA P-384 over SHA-256, verified only
//	256 to 1024 bytes, a multiple of 64   RSA over SHA-256
//
// The two kinds of ECDSA values cannot be confused: for a value of P-384 to fit
// 72 bytes, 200 bits of it or so would have to be zero. Binary values that
// consist of printable characters only are refused: they are some other file,
// such as a SHA-256 sum of 64 digits.
//
// An RSA value is tried as PSS with a salt of 32 bytes, then as PKCS#1 v1.5.
// kai makes PSS; openssl dgst -sign makes PKCS#1 v1.5 unless told otherwise,
// and its files are too common to be turned away. That is not ambiguous: a value
// has one encoded message, the padding of which is one of the two or neither.
//
// # No domain
//
// A bare signature is good wherever its bytes are. Signing therefore refuses
// messages that begin like the signed part of another format: "SSHSIG",
// "KAISIG", "DSSEv1 ", "kai-sig". It is meant for keys that sign nothing else;
// the caller refuses it for the keys of identities.
//
// # Example
//
// RFC 8032 §7.1, test 2: the message is the one byte 72 (hexadecimal), the key
// is
//
//	ed25519:PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw
//
// and the file may be this line:
//
//	92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
package raw
