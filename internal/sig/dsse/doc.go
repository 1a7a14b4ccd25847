// Package dsse reads and writes DSSE, the Dead Simple Signing Envelope
// (secure-systems-lab/dsse, protocol.md and envelope.md, version 1).
//
// # Format
//
// A file is one envelope or several, one a line. An envelope is a JSON object:
//
//	{"payloadType":TYPE,"payload":BASE64,"signatures":[{"keyid":ID,"sig":BASE64}, …]}
//
// TYPE says what the payload is, usually as a media type. What is signed is the
// pre-authentication encoding of both,
//
//	"DSSEv1" SP LEN(TYPE) SP TYPE SP LEN(payload) SP payload
//
// where SP is one space and LEN the number of bytes in decimal ASCII. So the
// payload "hello world" of type "http://example.com/HelloWorld" is signed as
//
//	DSSEv1 29 http://example.com/HelloWorld 11 hello world
//
// BASE64 is padded, in the standard or the URL alphabet; written is the
// standard one. Only the one encoding of the bytes is accepted: no line breaks,
// no bits after the last byte. Members may stand in any order. Unknown ones are
// allowed, as the protocol says; nothing signs them, so they are ignored and
// reported in a note. The file must be JSON that package canon accepts.
//
// # Algorithms
//
// An envelope names no algorithm: the key does.
//
//	key type      made                      verified too
//	ed25519       pure Ed25519
//	ecdsa-p256    ECDSA with SHA-256, DER   r‖s, 64 bytes, as in protocol.md
//	ecdsa-p384                              ECDSA with SHA-384 or SHA-256, DER
//	rsa           PSS, SHA-256, salt 32     PKCS #1 v1.5, SHA-256
//	ml-dsa-65     empty context
//	slh-dsa-128s  empty context
//
// keyid is a hint and no more. Written is the key's fingerprint, "SHA256:…";
// a keyid of that form names its key, any other leaves the choice to the
// verifier's keys. A signer with a post-quantum companion makes two entries,
// the classical key's and the companion's, each a full signature.
//
// The namespace of a signature is "dsse:" and TYPE.
package dsse
