// Package key holds cryptographic keys: their types, checks, names and text
// encodings. It yields crypto.Signer, age.Identity and age.Recipient and leaves
// it to others what is signed or sealed.
//
// # Types
//
// A public key is a type and a raw encoding, a private key a type and a stored
// secret:
//
//	type             raw public                       stored secret
//	ed25519          32: RFC 8032                     32: seed
//	x25519           32: RFC 7748                     32: scalar
//	ecdsa-p256       33: compressed point, SEC 1      32: scalar, big-endian
//	ecdsa-p384       49: compressed point, SEC 1      never held
//	rsa              PKCS#1 DER                       PKCS#8 DER
//	ml-dsa-65        1952: FIPS 204                   32: seed
//	mldsa44-ed25519  1312 ‖ 32: ML-DSA-44, Ed25519    32 ‖ 32: their seeds
//	mlkem768x25519   1216: X-Wing                     32: seed
//	slh-dsa-128s     32: FIPS 205, SHA2               64: as FIPS 205 §9.1
//	sk-ed25519       OpenSSH blob                     never held
//	sk-ecdsa         OpenSSH blob                     never held
//
// The text form is TYPE:BASE64URL(raw public), unpadded. The wire form is
// OpenSSH's key blob or, where OpenSSH has none, string(TYPE) ‖ string(raw)
// with the strings of RFC 4251 §5. The fingerprint is "SHA256:" and the
// unpadded standard base64 of SHA-256(wire), so that
//
//	ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo
//
// has the fingerprint SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8.
//
// # Forms
//
// An Entry is a key as a file holds it, perhaps locked. Package key has the text
// form itself, the recipients and identities of age and the verifier keys of
// signed-note; the other forms are packages of their own:
//
//	key/openssh    public lines, private key files, the picture
//	key/pkix       SPKI and PKCS#8, SEC 1 and PKCS#1
//	key/jwk        JWK and JWKS
//	key/did        did:key and its documents
//	key/minisign   minisign, and public keys of signify
//	key/agefile    encrypted identity files
//	key/keyfile    any of them, by content; and writes any of them
//	key/armor      the textual encoding of RFC 7468
//	key/sshwire    the data types of RFC 4251
//
// # Checks
//
// A value of type Public has passed these, wherever it came from: exact length;
// Ed25519 and X25519 in the one canonical encoding and not of small order;
// points on their curve; RSA of 2048 to 8192 bits with an odd exponent from 3
// to 2³²−1, and an odd modulus without a factor below 2¹⁶ and not of the flawed
// generator of CVE-2017-15361. A private key is never all zero, and its public
// half is computed, not believed.
package key
