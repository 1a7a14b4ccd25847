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
//
// # Example
//
// A file of vault 01…, namespace 02… and device 03…, sixteen bytes each, generation 1, whose first
// commit is one PUT of epoch 1 with the data "meta" and "value", sealed under 32 bytes 04 and 05 with
// the nonce 00 01 … 17, and a CHECKPOINT at 1800000000000 by the Ed25519 key of the seed 06…:
//
//	4b4149564c4f4731010101010101010101010101010101010202020202020202020202020202020203030303
//	0303030303030303030303030100000000000000010000000000000074010000010000000100000001000000
//	00000000000102030405060708090a0b0c0d0e0f1011121314151617d00000009660c8609aa5211493c78b13
//	d33b409b91188f019bbb452c3aabd561543bc16ffe7a9a5940f07f730a2c3ac87529b18440796e0767893c88
//	adec524991d255922a3736ad3a966fdf16c024484683f145f70800247766b53206e22189aa329fb27a54a5ac
//	db903edb7e26693739570549ba6e62e8947727e110eba0ed50e1526b43b867c25fd38ef131aac1edd7b88aa4
//	b50f19563d6503670553d56a775f38372ac15b99847382ce4d99520a039371bd26cc5feef07a1ebef66f163b
//	7bb110dfe50ccf850ced00fdfa0ecbb6c6db94525000000059e10f713936e9b7c740589a888a82a58ab9d12a
//	92df6ac5e7dd0be08f76e5c12d1ed0b3064e7f59f08d2bf5754d6f6e9039c63922060666b1ffffcef0bddf1e
//	559dfefc77e5b7f44e72e12897b89c5a22cfda7567cc4fd471721d9c94fa91613a2db74b598e0c3a48a55fc5
//	5bf312f29c000000040000000000000002000000000000000000000000000000000000000000000000000000
//	000000004800000000505c18a3010000ada27e44b79c0edf8c10ad143a7a5cbfc0a4f2f35760e14a130a3949
//	273bd8911bed7af9f3a2c4cdeead94a37b766bf799c3460cfe44ce62c877b229d3d5100a000000008cda457f
//	eea7bbe799e930692a2615a1477117a61fd50d9615ea338b93622753
package vlog
