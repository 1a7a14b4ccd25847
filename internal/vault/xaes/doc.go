// Package xaes is XAES-256-GCM: AES-256-GCM with nonces of 192 bits, which may be drawn at
// random without counting how many there were.
//
// For a key K of 32 bytes and a nonce N of 24 bytes
//
//	L  = AES_K(16 zero bytes)
//	K1 = L << 1 as a big-endian number, its last byte ⊕ 0x87 if L's top bit was 1
//	Kx = AES_K((00 01 58 00 ‖ N[:12]) ⊕ K1) ‖ AES_K((00 02 58 00 ‖ N[:12]) ⊕ K1)
//	Nx = N[12:]
//
// and the result is AES-256-GCM under Kx and Nx: the ciphertext, of the plaintext's length,
// and a tag of 16 bytes. Kx is what the counter mode of NIST SP 800-108r1 derives with CMAC,
// the label "X" and N[:12] as its context.
//
// A sealed record is N ‖ ciphertext ‖ tag, 40 bytes longer than its plaintext.
//
// # Bounds
//
// 2⁸⁰ records under one key collide in a nonce with a probability of 2⁻³²; GCM holds at most
// 2³⁶ − 32 bytes a record. The key is not committed to: a record can be made that opens under
// two keys. Who has several keys to try compares a commitment of the key first.
//
// # Example
//
// K of 32 bytes 0x01, N "ABCDEFGHIJKLMNOPQRSTUVWX", the plaintext "XAES-256-GCM", no
// associated data:
//
//	ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271
//
// Source: https://c2sp.org/XAES-256-GCM
package xaes
