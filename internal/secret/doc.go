// Package secret keeps bytes that must not be seen: private keys, passphrases, tokens.
//
// A [Bytes] cannot be printed, cannot be marshalled, is kept out of core dumps and, where the
// system allows it, out of swap; it can be wiped. It is always handled by pointer.
//
//	pass, err := secret.ReadTrimmed(file, 1024)
//	if err != nil {
//		return err
//	}
//	defer pass.Wipe()
//	key := secret.New(32)
//	defer key.Wipe()
//	derive(key.Expose(), pass.Expose())
//
// # Memory
//
// On Linux, macOS and the BSDs every Bytes has its own pages outside the Go heap, with an
// inaccessible page before and after them. The garbage collector neither copies nor moves them.
// The pages are locked (mlock) and, on Linux, left out of core dumps (MADV_DONTDUMP). An
// unprivileged process may lock only RLIMIT_MEMLOCK bytes; above that the secret is kept in the
// same kind of pages, unlocked, and [Bytes.Locked] says so. On other systems a Bytes is plain
// memory and never locked. A process may hold some ten thousand secrets at a time, not millions:
// each costs at least one page.
//
// # Life
//
// [Bytes.Wipe] overwrites the bytes and gives the pages back. There is no finalizer: a slice from
// [Bytes.Expose] may outlive the last pointer to its Bytes, and freeing memory under a reader is
// worse than keeping it. A Bytes that is never wiped lives until the process ends.
//
// Use after Wipe is a bug in the caller and panics, because the alternative, going on with an
// empty or zero key, encrypts to everybody. A slice from Expose that is kept beyond Wipe is not
// protected by this: reading it usually faults.
//
// # What is not protected
//
// Copies that other packages make: what crypto packages derive, what is converted to a string,
// what a terminal or pipe still buffers. Registers and stacks. Hibernation images. A debugger
// that runs as the superuser. [Harden] refuses core dumps and debuggers of the same user.
package secret
