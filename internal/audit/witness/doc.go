// Package witness has a stranger confirm that a log only grows.
//
// A log can show one history to one reader and another to the next. A witness
// remembers the largest head of each log that it has signed, and signs another one
// only with the proof that it continues it. Who believes in a few witnesses needs
// no longer believe the log.
//
// # The request
//
//	old OLD
//	BASE64(hash 32)
//	…
//
//	NOTE
//
// LF ends every line. OLD is the size that the witness has signed last, in decimal
// without leading zeros, 0 if there was none. The hashes, at most 63, are the
// consistency proof of RFC 6962 §2.1.2 from OLD to the size of NOTE; there are none
// when OLD is 0 or that size. NOTE is the signed checkpoint of package checkpoint,
// byte for byte, with the log's own lines. A request has at most 68 KiB and one
// spelling: other base64, other decimals, CR and trailing bytes are malformed.
//
// It may travel as a file, or by
//
//	POST PREFIX/add-checkpoint
//
// to an https address; http is for loopback. The answer to either is signature
// lines of types 0x04 and 0x06 for the checkpoint, which checkpoint.Merge verifies
// and adds to the note.
//
// # The witness
//
// Cosign checks in this order, and nothing else changes its memory:
//
//	the request is one                                      else 400  ErrMalformed
//	the origin is of a log whose keys it has                else 404  ErrUnknownLog
//	a line of these keys is there, and none of them is bad  else 403  ErrSignature
//	OLD is at most the checkpoint's size                    else 400  ErrOldSize
//	the root is the remembered one if the size is           else 409  ErrFork
//	OLD is the remembered size                              else 409  ErrConflict
//	the proof leads from the remembered root to the new     else 422  ErrInconsistent
//
// A *ConflictError carries the remembered size, by which the log makes its request
// anew; one for a checkpoint that is smaller than that is ErrRollback too. Then the
// new state is stored, and made durable, and only then the lines are signed: a
// witness that forgets what it has signed is worth nothing. Load, checks and Store
// happen under one lock.
//
// # The memory
//
// Files keeps a file a log, named by the SHA-256 of the origin in hexadecimal
// digits and ".json", beside the file "lock". It is canonical JSON (package canon)
// of at most 4 KiB:
//
//	{"origin":"example.com/log","root":"<base64 of 32 bytes>","size":20852163,"v":1}
//
// A file that is anything else is an error and not a log that is new to the
// witness. The owner of the files can put an older one back; that is found by
// nobody here, so they belong where no backup restores them.
//
// # Example
//
// A request, from the second to the third of the records "one", "two" and "three"
// (the JSON texts, with their quotes):
//
//	old 2
//	ToO0BEGUcfLK1MABsOGWMpK34VXiIYxTEzVy4r7wWC0=
//
//	kind.local/audit/01JGK3F0Q0000000000000000A
//	3
//	Le7BgnuY9GQ/w2jay/Bu3n6+NPrnkVK5PavPSMVhk+A=
//
//	— kind.local/audit/01JGK3F0Q0000000000000000A EefoW2uvoaYKbBqlLg0f9a/GOkMfssrosFTK3+QcsmINEbNKWva5pbhqEJotkX3S8IAV1pIryMNpAsIdJ02eRQCywgg=
//
// Source: https://c2sp.org/tlog-witness
package witness
