// Package threshold shares a secret among n so that any k of them together hold it, and any
// k−1 together know nothing of it (Shamir 1979).
//
// # Sharing
//
// Each of the 32 bytes is shared by a polynomial of degree k−1 over GF(2⁸) (package gf256). Its
// value at 0 is the byte of the secret; the other k−1 coefficients are random, and may be zero,
// since a highest coefficient known not to be zero would tell something. Share i, from 1 to n,
// holds the values at i. 2 ≤ k ≤ n ≤ 64.
//
// # A share
//
// is 44 bytes,
//
//	offset  length
//	     0       1  version, 1
//	     1       1  k
//	     2       1  n
//	     3       1  i
//	     4       4  set, random and the same for the shares of one Split
//	     8      32  the values at i
//	    40       4  tag = SHA-256("kai-share/1" ‖ 0x00 ‖ bytes 0 to 39)[:4]
//
// and is written in Bech32 (BIP 173, lower case) with the prefix "kaishare": 86 characters. Tag
// and checksum find accidents. Nothing in a share keeps its holder from making another one that
// looks as good; who gives out shares keeps their digests, the SHA-256 of the 44 bytes, and
// Check compares them. A share is as long as the secret and looks random: a digest tells
// nothing of it.
//
// # Example
//
// The secret 00 01 … 1f, k = 3, n = 5, set 5e70c0de, the coefficients of x 20 21 … 3f and of x²
// 40 41 … 5f. Shares 1 to 3:
//
//	kaishare1qyps2q27wrqducrpvf3kgetxva5xj6ntd3kkummsw9e8xar4wemhs7t60d786lnl9efafyc03u0lp
//	kaishare1qyps2qj7wrqduk6u24fywszffe3kgmt20au8za3t9sjjydes8ylpx9qarg8ssqgx52n95jcjpwjl7
//	kaishare1qyps2q67wrqduweux5ezwgpf9cpsgrg2ruvpz9jtf3z5y46st908xara0fhksctx424jxjql6u5v5
//
// The first is 01 03 05 01 5e70c0de 6061…7f 2e53d493, and its digest
//
//	df3494b971014fe9f61c6c03d948ca5f1d33478645838cca67b6646654521066
//
// # What is not protected
//
// The custodian who combines sees the secret. Shares do not expire: who revokes one makes a
// new secret.
package threshold
