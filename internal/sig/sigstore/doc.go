// Package sigstore reads sigstore bundles (sigstore/protobuf-specs,
// sigstore_bundle.proto, versions 0.1 to 0.3) as far as a key goes.
//
// # Format
//
// A bundle is a JSON object:
//
//	{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",
//	 "verificationMaterial":{…},
//	 "messageSignature":{"messageDigest":{…},"signature":BASE64}}
//
// or, instead of messageSignature, "dsseEnvelope" with an envelope of package
// dsse and one signature in it. Versions 0.1 to 0.3 are also written with the
// media type application/vnd.dev.sigstore.bundle+json;version=0.1 and so on.
//
// A message signature is over the bytes of a file elsewhere, with the key's
// algorithm: ECDSA with SHA-256, RSA (PKCS #1 v1.5 or PSS) with SHA-256, Ed25519
// pure or, as RFC 8032 names it, Ed25519ph. Its namespace is "file". The message
// digest beside it helps to find the file; the signature decides, so the digest
// is not evaluated.
//
// # What is not evaluated
//
// sigstore's own trust, in which a certificate names a person, a log shows that
// the certificate was good at the time, and both are checked against roots that
// change, is not judged here. The signature is checked with a key that the
// caller holds; certificates, log entries and timestamps are listed in the
// claim's notes. A bundle with a certificate is checked only with the key in
// that certificate: its signature says nothing under another one.
//
// Bundles are not written.
package sigstore
