// Package jws reads and writes JSON Web Signatures (RFC 7515) and the signed
// agent cards of the A2A protocol, which are made of them.
//
// # Forms
//
//	compact    PROTECTED.PAYLOAD.SIGNATURE
//	detached   PROTECTED..SIGNATURE               payload elsewhere, RFC 7515 appendix F
//	general    {"payload":P,"signatures":[{"protected":H,"header":{…},"signature":S}, …]}
//	flattened  {"payload":P,"protected":H,"header":{…},"signature":S}
//
// Every part is base64url without padding, in its one spelling: a decoder that
// ignores stray bits or line breaks would let one signature have many files. In
// each form the signed bytes are
//
//	ASCII(PROTECTED) "." ASCII(PAYLOAD)
//
// A compact or detached file may end in one line feed. Written are compact (one
// signature), detached, and general (several). Flattened is read only.
//
// # Header
//
// PROTECTED is a JSON object that package canon accepts. alg must be in it, and
// is one of
//
//	EdDSA, Ed25519  pure Ed25519 (RFC 8037, RFC 9864); written is EdDSA
//	ES256           ECDSA over P-256 with SHA-256, r‖s (RFC 7518)
//	PS256           RSA-PSS with SHA-256, salt 32
//	ML-DSA-65       FIPS 204, empty context (RFC 9964)
//	RS256           RSA PKCS #1 v1.5 with SHA-256; verified, never written
//
// The key decides what is computed; the header can only agree. A claim is tried
// with keys of its algorithm's type and no other, so a public key never becomes
// the secret of an HMAC. Other algorithms, "none" and the HMACs among them, are
// not supported, nor are unencoded payloads ("b64":false, RFC 7797) and any
// critical extension. A member that nothing here knows is ignored unless crit
// lists it.
//
// jwk, jku, x5c and x5u, through which a signature would bring its own key, are
// ignored: they are neither used nor fetched, and a note says so. kid is a hint;
// written is the did:key of the signer.
//
// # Agent cards
//
// A card is a JSON object with a member "signatures": an array of objects
// {"protected":H,"header":{…},"signature":S}. The payload is the card without
// that member in the canonical form of RFC 8785, so a card may be reordered and
// reformatted, and signed by one party after the other. For the card
//
//	{"name":"echo", "version":"1.0"}
//
// the payload is {"name":"echo","version":"1.0"}.
//
// # Tokens
//
// A payload that is a JSON object with exp or nbf is a JSON Web Token (RFC
// 7519): see ParseToken. Whether a token is in date is a matter of trust, not of
// the signature, and is judged by the caller.
package jws
