// Package vlog is the file format of a vault's records: append-only logs with one writing device
// each, which anybody can check and only key holders can read.
//
// # File
//
// Integers are little-endian. A file begins with a header of 72 bytes:
//
//	"KAIVLOG1"  vault 16 B  namespace 16 B  device 16 B  u64 generation  u64 first sequence number
//
// Frames follow without gaps:
//
//	u32 length        of the frame, this field and the chain included
//	u8  type          1 PUT, 2 DEL, 3 META, 4 CHECKPOINT, 5 GEN
//	u8  flags         1: the value has the inner layer of credentials; no other bit may be set
//	u16 0
//	u32 epoch         of the namespace's key; 0 in CHECKPOINT and GEN
//	u64 sequence      one more than that of the frame before, or the header's
//	24 B nonce        zeros in CHECKPOINT and GEN
//	u32 n, meta       ciphertext; plain bytes in CHECKPOINT and GEN
//	u32 n, value      ciphertext; empty in DEL, META, CHECKPOINT and GEN
//	32 B chain        SHA-256("kai/vault/v1/chain" ‖ chain before ‖ all bytes of this frame before this field)
//
// The chain before the first frame is the SHA-256 of the header.
//
// # Checkpoint
//
// A CHECKPOINT ends a commit. Its meta field is
//
//	u64 milliseconds since 1970 ‖ Ed25519 signature by the device over
//	"kai-vault-checkpoint/1" 0x00 ‖ vault ‖ namespace ‖ device ‖ u64 generation ‖ u64 sequence
//	‖ u64 milliseconds ‖ chain before
//
// with the checkpoint's own sequence number. What no checkpoint follows does not count.
//
// # Generation
//
// Compaction writes the records that are still needed into files of the next generation. The first
// frame of such a generation is GEN, whose meta field is u64 old generation ‖ u64 its last sequence
// number ‖ its last chain, 48 bytes; its sequence number is the next one. Sequence numbers never
// begin again.
//
// # Sealing
//
// Meta and value are XAES-256-GCM under two keys and one nonce, with the additional data
//
//	"kai-vault/1" 0x00 ‖ 'm' or 'v' ‖ vault ‖ namespace ‖ device ‖ u64 generation
//	‖ type to sequence, 16 bytes as in the frame ‖ chain before
//
// and for the value ‖ SHA-256(meta ciphertext). So neither can be put into another record, file,
// namespace or vault, nor be combined with another half.
//
// The plaintext of both is u32 length ‖ data ‖ zeros: meta to a multiple of 64 bytes and at least
// 192, values to the length that [Padded] gives.
package vlog
