// Package digest hashes streams and files under the five hash names that kai
// uses, and reads and writes lists of checksums.
//
// # Names
//
//	name       bytes  tag in lists  definition
//	sha256     32     SHA256        FIPS 180-4
//	sha512     64     SHA512        FIPS 180-4
//	sha3-256   32     SHA3-256      FIPS 202
//	blake2b    64     BLAKE2b       RFC 7693, unkeyed, 64 bytes
//	blake3     32     BLAKE3        BLAKE3 specification, 32 bytes
//
// There are no other names, no abbreviations, and case matters.
//
// # Streams and files
//
// [Sums] reads a stream once and computes any number of hashes of it. Reading
// and hashing overlap: one goroutine fills a block of 1 MiB while the previous
// one is hashed. Nothing is mapped into memory, since a mapped file that is
// truncated by somebody else kills the process.
//
// [File] does the same for an open file, and fails with [ErrChanged] when the
// file's size or modification time moved meanwhile. [Files] runs over many
// files at once and delivers results in order.
//
// # BLAKE3 in parallel
//
// BLAKE3 is a binary tree over chunks of 1,024 bytes in which every left subtree
// is the largest power of two of chunks that leaves at least one for the right.
// A segment of 1 MiB at a multiple of 1 MiB is therefore always one whole subtree
// of height 10, unless it is the last: its chaining value depends only on its
// bytes and its position. Workers compute those values from independent reads.
// They are joined as a binary counter joins bits, and only then is the last
// segment, of 1 byte to 1 MiB, added and the root made.
//
// # Lists
//
// A list has a line for each file, as the checksum tools of coreutils, BSD and
// BLAKE3 print it. With the SHA-256 of a file of three bytes, "abc":
//
//	ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  path
//	SHA256 (path) = ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
//
// Between digest and path stand two spaces, or a space and an asterisk, which
// means the same. When the path has a backslash, line feed or carriage return,
// these are written \\, \n and \r and the whole line begins with a backslash.
// Paths are bytes: any other byte stands for itself, whether UTF-8 or not. In
// lists that end lines with NUL nothing is escaped.
package digest
