// Package vault keeps secrets and private keys at rest, readable by whom they were granted and by
// nobody else.
//
// # Files
//
// Below the directory of the vault:
//
//	vault.json                         {"root","suite","v","vault"}: id, suite and first owner; never changes
//	admin/REV-H16.json                 manifests
//	slots/ID-H16.json                  one way to open the vault each (package slot)
//	slots/ID.E.vrk, slots/ID.E.usr     root key and user key of an epoch, for a slot
//	devices/ID-H16.json                who writes records
//	roles/ID-H16.json, roles/ID/E/RCPT.age
//	ns/NSID/policy-H16.json            who may open a namespace
//	ns/NSID/E/RCPT.nsk, RCPT.csk       its keys, one file a reader; vrk.nsk for owners
//	ns/NSID/DEV.GEN.FIRST.vlog         records (package vlog)
//	local/                             what stays on this machine: device.key, seen.log, index/
//
// Only a .vlog ever changes, by growing, and has one writing device: whatever copies files, in any
// order, makes no conflicts. Documents are those of package authority. RCPT is the base32 of the
// first 16 bytes of SHA-256(recipient).
//
// # Keys
//
// HK is that of package derive; sealed means nonce ‖ ciphertext of package xaes.
//
//	root key VRK      32 random bytes an epoch. HK uses: "owner" (seed of the owner's Ed25519 key),
//	                  "mac", "prev" (seals the root key before), "nsk", "local", "label"
//	user key U        an age identity (ML-KEM-768 and X25519) an epoch
//	namespace key NSK 32 random bytes an epoch. HK uses: "meta", "index", "name", and "value"
//	                  with kind, module, service, agent
//	credentials CSK   32 random bytes an epoch. HK use: "cred"
//
// .vrk, .usr, .nsk, .csk and .age are age files of one recipient. Each holds fields (package fields):
//
//	.vrk  epoch slot vault vrk        .usr  epoch slot user vault
//	.nsk  epoch ns nsk vault          .csk  csk epoch ns vault        .age  epoch role seed vault
//
// where epoch is u32 little-endian, slot, ns, role and vault 16 bytes each, user and seed the text of
// an age identity. vrk.nsk is u32 epoch of the root key ‖ the namespace key, sealed under
// HK(VRK, "nsk", NSID) with vault ‖ ns ‖ u32 epoch as additional data. A key that was unwrapped is
// compared with the commitment that the manifest or policy lists before it is used.
//
// # Records
//
// The meta data of a record are canonical JSON, see [Meta]. Its value are fields. The value of
// credentials is sealed once more, under HK(CSK, "cred") with nsid ‖ SHA-256(path) ‖ hlc as
// additional data.
//
// # Time
//
// hlc is a hybrid logical clock (Kulkarni et al., 2014): 48 bits of milliseconds since 1970 and 16
// bits that count, as 16 hexadecimal digits. It orders versions that two devices wrote without
// knowing of each other.
package vault
