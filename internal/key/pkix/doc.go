// Package pkix reads and writes keys in the ASN.1 structures that travel as
// PEM:
//
//	label                   structure                 read  written
//	PUBLIC KEY              SubjectPublicKeyInfo      yes   yes
//	PRIVATE KEY             PKCS#8, RFC 5958          yes   yes
//	ENCRYPTED PRIVATE KEY   PKCS#8 with PBES2         yes   yes
//	EC PRIVATE KEY          SEC 1, RFC 5915           yes   –
//	RSA PRIVATE KEY         PKCS#1                    yes   –
//	RSA PUBLIC KEY          PKCS#1                    yes   –
//
// with these algorithms and no others:
//
//	type          identifier                parameters  public, secret
//	ed25519       1.3.101.112               –           RFC 8410
//	x25519        1.3.101.110               –           RFC 8410
//	ecdsa-p256    1.2.840.10045.2.1         prime256v1  uncompressed point, RFC 5915
//	ecdsa-p384    1.2.840.10045.2.1         secp384r1   uncompressed point, –
//	rsa           1.2.840.113549.1.1.1      NULL        PKCS#1
//	ml-dsa-65     2.16.840.1.101.3.4.3.18   –           RFC 9881, the seed alone
//	slh-dsa-128s  2.16.840.1.101.3.4.3.20   –           RFC 9909, both raw
//
// # Strictness
//
// Only DER is read, to its last byte. A public key inside a private one must be
// that of the secret; so must the numbers of RSA. Attributes of PKCS#8 are
// skipped. crypto/x509 is more lenient in each of these.
//
// # Encryption
//
// Encrypted keys are PBES2 (RFC 8018 §6.2): PBKDF2 with HMAC-SHA-512, 200,000
// iterations, 32 bytes of salt, and AES-256-CBC. PBKDF2 with any SHA-2 or SHA-1
// and AES-CBC of 128, 192 or 256 bits is read. There is no authentication: a
// key that a wrong passphrase gives is told by its padding and structure.
package pkix
