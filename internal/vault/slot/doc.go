// Package slot is one way to unlock a vault: a file that holds an age identity under one to
// four factors, all of which are needed. The keys of the vault are age files to that identity,
// so they change without anybody's password. Slots are alternatives; that several factors are
// needed is arithmetic and not a question somebody asks.
//
// # The file
//
// slots/ID-H16.json, H16 being the first 16 hex digits of its SHA-256, is canonical JSON
// (package canon) of at most 64 KiB, written once:
//
//	{"commit":B64,"head":HEAD,"seed":B64}
//
// B64 is base64url without padding. HEAD is the object
//
//	created    Unix seconds
//	factors    1 to 4 objects, see below; their order counts
//	id         the slot's id, 26 characters (package objectid)
//	label_ct   B64, 1 to 1,024 bytes or absent: a label, encrypted by the vault
//	recipient  age1pq1…, of the identity
//	root       B64 of 32 bytes, the vault's first owner key
//	v          1
//	vault      the vault's id
//
// and below, head stands for its bytes in the file.
//
// # Keys
//
// A factor yields 32 bytes. For those of n factors, f1 to fn, and with SHA-256 in HKDF
//
//	okm    = HKDF(f1 ‖ … ‖ fn, salt = vault ‖ id, info = "kai/vault/v1/slot" ‖ SHA-256(head), 64 bytes)
//	commit = okm[32:]
//	seed   = nonce ‖ XAES-256-GCM(okm[:32], nonce, the identity's seed, associated data = head)
//
// where vault and id are 16 bytes each, the nonce 24, commit 32, and the identity's seed the
// 32 bytes of an age identity AGE-SECRET-KEY-PQ-1… (ML-KEM-768 and X25519). seed is 72 bytes.
//
// Whoever opens a slot compares vault and root with those of the vault in hand first: a slot
// that somebody else made would make everything that is written from then on readable for him.
// Then every parameter is held against its limits, then the factors are asked for. If commit
// does not fit, a factor was wrong, or head is not what it was: nothing is decrypted. If seed
// does not open after that, or opens to another identity than recipient's, the file was made
// up by somebody who has the factors.
//
// No parameter can be lowered, and no factor moved to another slot: both are in head, and head
// is in okm.
//
// # Factors
//
// Each is an object with a member "type". Enc is B64 again.
//
// password: {"kdf":"argon2id","m":65536,"p":4,"salt":Enc,"t":3,"type":"password"} is Argon2id,
// version 0x13, of the password's bytes (RFC 9106), m in KiB; or
// {"iterations":200000,"kdf":"pbkdf2-hmac-sha512","salt":Enc,"type":"password"} is PBKDF2
// (RFC 8018). salt is 32 bytes, the result 32. The limits are m from 32 MiB to 1 GiB, t and p
// from 1 to 16, t·m from 96 MiB to 4 GiB, and 200,000 to 10,000,000 iterations.
//
// device: {"type":"device"} is HMAC-SHA256(secret, "kai/device/v1" ‖ machine id): of a secret
// of 32 bytes that the machine keeps, and of what it is called. It guards a copy of the vault,
// not a stolen machine, and so stands beside another factor or slot.
//
// recovery: {"digests":[Enc…],"k":3,"n":5,"set":Enc,"type":"recovery"} is 32 random bytes,
// shared k-of-n by package threshold. digests are those of the n shares, share 1 first; set is
// the 4 bytes that the shares have in common.
//
// age: {"ct":Enc,"recipient":"age1…","type":"age"} is 32 random bytes in an age file, ct, of
// at most 8 KiB. recipient, at most 4 KiB of printable ASCII, says whom it is for: age1…, an ssh
// key, or a plugin's recipient. Nothing but people reads it.
//
// passkey, piv, tpm, pkcs11, hashivault and awskms are of their own packages, which implement
// Factor and Opener and document their members; here such an object has at most 16 KiB.
//
// Other types, members and versions are ErrNewer, and so is another kdf.
//
// # Example
//
// testdata/example.json, made of the password "correct horse battery staple" with PBKDF2, opens
// to the identity seed 000102…1f.
package slot
