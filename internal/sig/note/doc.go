// Package note reads and writes signed notes: text with its signatures below.
//
// # The file
//
// A text that ends in LF, an empty line, and one line a signature:
//
//	TEXT
//
//	— NAME BASE64(key hash 4 ‖ signature)
//
// The dash is U+2014, and LF ends every line. The whole is UTF-8 without ASCII
// control characters other than LF, and at most 1 MiB. NAME has no space and no
// plus sign. The last empty line divides text and signatures, so the text may
// have empty lines of its own. Signed is TEXT with its last LF.
//
// A line does not say what kind of key made it. The key hash, big-endian, is
//
//	SHA-256(NAME ‖ LF ‖ kind ‖ public key)[:4]
//
// and kind is one byte. Only Ed25519 is judged here: kind 1, 64 bytes. Lines
// with signatures of another length, such as those of witnesses and of ML-DSA
// keys, are ignored with a note in the first claim, as the specification
// demands; so are lines whose hash fits none of the caller's keys, which become
// claims without a key.
//
// # Whose name
//
// The claim's namespace is "note:NAME" and its hint NAME+HASH, the hash in eight
// hexadecimal digits. The signature covers the text and not the line's name. A
// verifier key (vkey)
//
//	NAME+HASH+BASE64(kind ‖ public key)
//
// ties a name to a key; a bare public key vouches for the text alone, since
// whoever has a signature under one name can compute the hash of another.
// A caller that holds vkeys compares the hint with theirs. Names should be
// different for each purpose of a key.
//
// # No domain
//
// The text is signed as it stands. Texts that begin like the signed part of
// another format ("SSHSIG", "KAISIG", "DSSEv1 ", "kai-sig") are refused, in
// reading as in writing.
//
// # Example
//
//	If you think cryptography is the answer to your problem,
//	then you don't know what your problem is.
//
//	— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
//
// verifies with the vkey
//
//	PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
//
// Sources: https://c2sp.org/signed-note; the framing is golang.org/x/mod/sumdb/note's.
package note
