// Package durable writes files that survive: whole or not at all, and still there after the power
// fails once the call has returned.
//
// It offers, on a directory that names cannot leave ([os.Root]):
//
//   - [Dir.WriteFile] replaces a file in one step, [Dir.CreateNew] makes one that must not exist;
//   - [Dir.Create] and [CreatePath] give an [Output], a file in the making that appears with
//     Commit, for data that is written while it is read;
//   - [Dir.Lock] and [Dir.RLock], advisory locks between processes;
//   - [Dir.OpenLog], a [Log] of records that many processes append to.
//
// Every file system call goes through [FS]; package durabletest makes them fail one by one.
//
// # What a crash leaves
//
// A process that is killed leaves the old file or the new one. On Linux, with a file system that
// has O_TMPFILE, an unfinished file has no name and vanishes with its process; elsewhere, and in
// the moment between two of the last calls when a file is replaced, a temporary named
// .kai-tmp-RANDOM may stay behind, which [Dir.Sweep] removes.
//
// Durable means: fsync of the file before it gets its name, fsync of the directory after. On
// Windows directories cannot be synced. Disks that lie about their caches are believed.
//
// # Log format
//
// All integers are little-endian. A log is the 8 bytes "KAILOG1\n" followed by frames, one for
// each append:
//
//	u32 length        of the payload, 4 to 16,777,216
//	u32 sum of head   CRC-32C of: u64 offset of this frame in the file, u32 length
//	u32 sum of all    CRC-32C of: the same 12 bytes, payload
//	payload           records, one or more: u32 length, bytes
//
// CRC-32C is that of RFC 3720 §12.1 (polynomial 0x1EDC6F41, reflected). The offset in the sums
// keeps a copy of a frame, inside a record or left over from a longer file, from counting as one.
//
// A log with the single append of the records "hi" and "" is these 30 bytes:
//
//	4b 41 49 4c 4f 47 31 0a                            KAILOG1\n
//	0a 00 00 00  4b 22 21 ec  3f 6c d2 73
//	02 00 00 00 68 69  00 00 00 00
//
// A writer holds the exclusive lock of NAME.lock, appends the frame with one write and syncs the
// file before it lets go. So a crash can damage only one frame, at the very end. The next writer
// cuts off what does not make a whole frame there, if
//
//   - a good head announces more bytes than there are, or exactly as many with a wrong sum; or
//   - the head is bad, at most 12 + 16,777,216 bytes remain, and no whole good frame starts at any
//     later offset among them.
//
// Everything else is an error that names the offset, and nothing is changed.
//
// The sums find accidents, not attacks. Damage to the last frame long after it was written looks
// like a torn append and is cut off; who must notice that, or a log put back to an older state,
// keeps the newest state elsewhere too.
//
// BUG(durable): Windows does not replace a file that somebody has open, so that WriteFile and
// Commit can fail there for as long as a reader is at work; nothing is lost.
//
// BUG(durable): where a file system has neither unnamed files nor hard links, a process killed in
// one certain moment of CreateNew leaves an empty file.
package durable
