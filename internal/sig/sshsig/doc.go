// Package sshsig reads and writes OpenSSH's signature files, and the
// post-quantum block that kai puts behind them.
//
// # SSH SIGNATURE
//
// The format is OpenSSH's PROTOCOL.sshsig, version 1: between the lines
//
//	-----BEGIN SSH SIGNATURE-----
//	-----END SSH SIGNATURE-----
//
// stands, in base64 of 70 columns,
//
//	"SSHSIG" ‖ u32 1 ‖ string key ‖ string namespace ‖ string "" ‖ string hash ‖ string value
//
// where string is u32 length ‖ bytes, big-endian (RFC 4251 §5), hash is sha256
// or sha512, and value is string(format) followed by the signature as SSH
// carries it. What is signed is
//
//	"SSHSIG" ‖ string namespace ‖ string "" ‖ string hash ‖ string H(message)
//
// An Ed25519 signature for the namespace "file" with sha256 has 294 bytes. The
// formats and the keys they go with:
//
//	ssh-ed25519                         string(64)
//	ecdsa-sha2-nistp256, …-nistp384     string(mpint r ‖ mpint s)
//	rsa-sha2-256, rsa-sha2-512          string(s), PKCS#1 v1.5
//	sk-ssh-ed25519@openssh.com          string(64) ‖ flags ‖ u32 counter
//	sk-ecdsa-sha2-nistp256@openssh.com  string(mpint r ‖ mpint s) ‖ flags ‖ u32 counter
//	ssh-mldsa44-ed25519                 string(2420 ‖ 64), also named …@openssh.com
//
// The key may be an OpenSSH certificate; the claim then carries both.
//
// # KAI SIGNATURE
//
// A signer with a post-quantum key adds at once a block with the label KAI
// SIGNATURE, armored the same way, of
//
//	"KAISIG" ‖ u32 1 ‖ string "ml-dsa-65" ‖ string pk(1952) ‖ string namespace ‖
//	string hash ‖ string bound(32) ‖ string signature(3309)
//
// bound is SHA-256 of the decoded SSH block, namespace and hash repeat it. The
// signature is ML-DSA-65 with the context "kai-sshsig/1" of
//
//	"KAISIG" ‖ string namespace ‖ string hash ‖ string H(message) ‖ string bound
//
// For the namespace "file" and sha256 the block decodes to 5,346 bytes.
// ssh-keygen reads up to the first END line and does not see it. A file that
// has the block is good only if both verify. A block whose namespace, hash or
// bound is not that of the SSH block before it was made for something else: the
// signature is bad.
//
// # What is read
//
// Files of several signers hold one SSH block after another, each followed by
// at most one KAI block. Line feed or CR LF ends a line; lines may be of any
// length and hold blanks, as in OpenSSH. Anything but blocks, a lone carriage
// return, base64 that would be written otherwise, numbers not in their shortest
// form and bytes after a field that should be last are refused with the offset.
// So is a reserved field that is not empty: it is not signed.
//
// The manual page kai-signature(5) says the same for other implementations,
// with a test vector.
package sshsig
