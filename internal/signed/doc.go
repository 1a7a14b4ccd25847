// Package signed has the one envelope of everything that identities sign: events
// of identities, attestations, trust statements, revocations, policies.
//
// # Format
//
//	{"signed":OBJECT,"sigs":[{"key":FINGERPRINT,"sig":BASE64URL}, …]}
//
// OBJECT is an object of package canon: the bytes must be the canonical ones, no
// white space inside. It has the members "type", one of the words of Type, and
// "v", the number 1. Everything else in it depends on the type.
//
// sigs are 1 to 8, sorted by key, each key once. FINGERPRINT is "SHA256:" and
// unpadded standard base64, as of package key; BASE64URL is unpadded, and its
// unused bits are zero. White space may stand between the tokens outside OBJECT;
// nothing else there has a second spelling: no other member, no other order, no
// escapes.
//
// # Signatures
//
// Signed is the pre-authentication encoding of DSSE, version 1,
//
//	"DSSEv1" SP LEN(T) SP T SP LEN(OBJECT) SP OBJECT
//	T = "application/vnd.kai." TYPE ".v1+json"
//
// over the bytes as they stand in the envelope, never over a copy that was written
// again. So an object of one type is no object of another, and each envelope can
// be turned into one of DSSE with the same signatures. The algorithm follows from
// the type of the key:
//
//	ed25519          pure Ed25519
//	ecdsa-p256       ECDSA with SHA-256, DER
//	rsa              PSS, SHA-256, salt of 32 bytes
//	ml-dsa-65        FIPS 204, empty context
//	mldsa44-ed25519  both, as OpenSSH composes them
//	slh-dsa-128s     FIPS 205, empty context
//
// An envelope with a signature that fails, or by a key that has no business
// there, is refused whole, even if enough others are good: nothing in it may be
// junk that a stranger has added.
//
// The digest of an object is the SHA-256 of its bytes, without the signatures:
// "sha256:" and unpadded base64url.
//
// # Values
//
// The types Time, Digest, Bytes and PublicKey are the spellings of those values
// in all objects:
//
//	time    2026-01-02T03:04:05Z      UTC, seconds, years 0001 to 9999
//	digest  sha256:iKO5ZN9hvw9qZIXKIrUNrx9RMI-aHPFA4gA7QOIjWHg
//	bytes   AAAAAAAAAAAAAAAAAAAAAA
//	key     ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w
//
// # A package of its own
//
// The envelope is below package identity, whose events are the first objects, and
// not in it: packages that know no identity documents (seal, proof) sign objects
// too. It is no format of package sig, since it says nothing about files.
package signed
