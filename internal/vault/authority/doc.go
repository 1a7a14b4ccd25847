// Package authority holds the documents that say who may do what in a vault: manifests, and the
// policies, roles and devices they list.
//
// All are canonical JSON (package canon); byte strings are base64url without padding, ids those of
// package objectid, digests SHA-256 of whole files. H16 stands for the first 16 hexadecimal digits
// of such a digest.
//
// # Manifest
//
// The file admin/REV-H16.json, REV in ten digits, is {"body","mac","sig"}:
//
//	body.v        1
//	body.vault    id
//	body.rev      one more than the largest of the parents; the first is 1, the last 9,999,999,999
//	body.parents  digests of the manifests this one follows, ascending; absent in the first
//	body.at       seconds since 1970
//	body.dev      device that wrote it
//	body.epochs   of the root key, from 1 without gaps: {"e","owner","user","commit","prev","link"}
//	body.slots    slot id → digest of its file
//	body.devices  device id → digest
//	body.roles    role id → digest
//	body.ns       namespace id → digest of its policy
//
// owner is the Ed25519 key of the epoch, user the age recipient of its user key, commit the
// commitment to the root key (package derive), prev the root key before it, sealed under this one.
// link is the signature of the owner of the epoch before over
//
//	"kai-vault-epoch/1" 0x00 ‖ vault ‖ u32 e ‖ owner ‖ commit
//
// with little-endian integers; epoch 1 has neither prev nor link, and its owner is the vault's root.
//
//	sig = Ed25519(owner of the last epoch, "kai-vault-manifest/1" 0x00 ‖ body)
//	mac = HMAC-SHA256(HK(root key of the last epoch, "mac"), the same)
//
// A file counts only when the newest manifest lists its digest. Two manifests of which neither
// follows the other are two heads: two devices changed the vault at once. Then only what every head
// allows is allowed, see [Merge]. The newest 64 are kept; a head whose rev is 64 or more below that of
// the newest, among those with the most epochs, came back from where it was removed, and does not
// count.
//
// # Policy
//
// ns/NSID/policy-H16.json says who can open a namespace:
//
//	nsid, v
//	name_ct    name, sealed under HK(namespace key of the last epoch, "name")
//	audit_ct   the key that paths are hashed with for the log, sealed under the same
//	isolated   a grant on the namespace above does not cover this one
//	epochs     of the namespace's key: {"e","commit","ccommit","root","wraps"}; root is the epoch of the
//	           root key that vrk.nsk is sealed under, wraps the name of each file in ns/NSID/E/ → digest.
//	           "of" is the number that an epoch was made with by a head that was given up: that of its
//	           directory and in its wraps, and of records that the epoch of that number does not open
//	readers    {"principal","recipient","user","from"}; from is the first epoch they were given
//	writers    principals
//	cut        device id → last sequence number that counts, of devices that were removed or whose
//	           holder may not write any more
//	start      device id → its last sequence number before the last epoch began, as far as it was known:
//	           what follows is counted, since a key seals 2³² records only
//
// # Role and device
//
// roles/ID-H16.json is {"id","name_ct","members":[{"principal","recipient"}],"epochs":[{"e",
// "recipient","wraps"}],"v"}. devices/ID-H16.json is {"dev","pub","holder","label_ct","v"}; holder is
// a principal.
//
// A principal is "owner", "role:ID", the id of an identity, "kai1…", or the fingerprint of a key that
// has none, "SHA256:…", of at most 128 letters, digits and + / = _ - in all. Devices of a principal
// write where the principal is a writer, or a role that it is a member of.
package authority
