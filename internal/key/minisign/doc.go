// Package minisign reads and writes the keys of minisign, and reads the public
// keys of signify, whose form is the same.
//
// A public key is two lines,
//
//	untrusted comment: minisign public key 18FA8C13B0DB12EA
//	RWTqEtuwE4z6GEO8nnop9D1+x/r5H5T0yjXB5cfYCn5RWSrS0W981smh
//
// the second in base64 of
//
//	"Ed" ‖ key id (8) ‖ Ed25519 public key (32)
//
// or that second line alone. The key id is eight arbitrary bytes, which the
// comment shows as a little-endian number in hex. A key that was made elsewhere
// keeps its id; for others it is computed, see key.Public.KeyID.
//
// A secret key has the same two lines with 158 bytes:
//
//	"Ed" ‖ kdf (2) ‖ "B2" ‖ salt (32) ‖ ops (8) ‖ mem (8) ‖ sealed (104)
//
// kdf is "Sc" for scrypt, or two zero bytes for a key that is not encrypted.
// sealed is key id ‖ seed ‖ public key ‖ checksum, xored with the stream that
// scrypt derives; the checksum is BLAKE2b-256 over "Ed" and what stands before
// it, and zero in a key that is not encrypted. ops and mem are libsodium's cost
// limits, 2²⁵ and 2³⁰ in all known files: opening one takes 1 GiB of memory and
// some seconds. aead.dev/minisign does the cryptography; the framing is checked
// here, strictly.
package minisign
