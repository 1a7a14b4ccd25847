// Package proof shows to a stranger that a log holds a record.
//
// # The file
//
// A proof is a text file, by convention named .tlog-proof:
//
//	c2sp.org/tlog-proof@v1
//	extra BASE64(EXTRA)
//	index INDEX
//	BASE64(hash 32)
//	…
//
//	NOTE
//
// LF ends every line. The extra line may be missing, and holds 1 to 65,535 bytes:
// here, the record. INDEX is the record's number in the log, from 0, in decimal
// without leading zeros. The hashes, at most 64, are the siblings on the way from
// the record's leaf up to the root, the leaf's own sibling first. NOTE is the
// signed checkpoint, byte for byte, as in package checkpoint, with its
// cosignatures; INDEX is less than its size. A file has at most 160 KiB and one
// spelling: other base64, other decimals, CR and trailing bytes are malformed.
//
// # Checking
//
// A leaf is SHA-256(0x00 ‖ record) and an inner node SHA-256(0x01 ‖ left ‖ right)
// (RFC 6962 §2.1). Check
//
//   - takes the record from the caller, or else from extra, and computes its leaf;
//     extra itself is trusted for nothing, and is not looked at when the caller has
//     the record;
//   - walks from the leaf by the hashes, all of which must be used up, to the
//     note's root;
//   - verifies every line of the trusted keys: of these, none may be bad;
//   - wants a line by each of the log's keys, whose name is the origin;
//   - wants cosignatures of as many witnesses as the quorum says. Witnesses count
//     by name, so that one with a key of each algorithm counts once, and the same
//     key under two names is an error in the policy.
//
// A good proof says that the log of that name has committed itself to the record
// at that index. That nobody is shown another log under the name is what the
// witnesses are for.
//
// # Example
//
// The second of three records, the JSON text "two" (five bytes):
//
//	c2sp.org/tlog-proof@v1
//	extra InR3byI=
//	index 1
//	xbCFw2AmkDhXGH2rZVB1TOLMF/6QMw0SqofgyNsq6IU=
//	ToO0BEGUcfLK1MABsOGWMpK34VXiIYxTEzVy4r7wWC0=
//
//	kind.local/audit/01JGK3F0Q0000000000000000A
//	3
//	Le7BgnuY9GQ/w2jay/Bu3n6+NPrnkVK5PavPSMVhk+A=
//
//	— kind.local/audit/01JGK3F0Q0000000000000000A EefoW2uvoaYKbBqlLg0f9a/GOkMfssrosFTK3+QcsmINEbNKWva5pbhqEJotkX3S8IAV1pIryMNpAsIdJ02eRQCywgg=
//
// Source: https://c2sp.org/tlog-proof
package proof
