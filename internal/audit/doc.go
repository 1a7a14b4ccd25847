// Package audit is the tamper-evident log of what kai did and refused: one file of lines that any
// number of processes append to, also while everything is locked, and in which editing, deleting,
// reordering, cutting the end and putting back an old copy are noticed.
//
// kai-audit(5) is the specification of every file. This is how the parts work together.
//
// # Three chains
//
// Each line carries p, half of the SHA-256 of the line before, which shows the order to everybody.
// It carries m, a MAC under a key that is used once and then replaced by a hash of itself, so that
// whoever breaks in today cannot have made, or remade, what was written yesterday:
//
//	leaf_n  = SHA-256(0x00 ‖ record_n)             the record is the line without its m
//	m_n     = SHA-256('M' ‖ K_n ‖ leaf_n)[:16]
//	K_{n+1} = SHA-256('E' ‖ K_n ‖ leaf_n)
//
// And each leaf is one of a Merkle tree (RFC 6962), whose root can be signed, witnessed, and used
// to prove one event to a stranger.
//
// # Appending
//
// [Log.Append] takes the lock, reads the state, adopts what a killed process has left whole, asks
// the memories, and writes its lines with one write and one fdatasync; then the tree, the state and
// the memories. When it returns the events are durable, and only then may what they record be done
// or shown. The state is synced as well unless all events only begin: a state that is too old is
// healed by the lines, but it holds a key that should be gone.
//
//	log, err := audit.Open(options)
//	if err != nil {
//		return err
//	}
//	receipt, err := log.Append(ctx, audit.Draft{Act: "secret_retrieved", Outcome: event.Begin})
//	if err != nil {
//		return err // and nothing is done
//	}
//
// # Epochs
//
// K comes from a random first key that is sealed, with age, to people who are not here: the owner
// and the auditors. So appending needs no secret, and checking the MACs does. A new first key is
// taken now and then; the event that says so has its MAC from the old one. When the state is lost
// the old key is gone, and the event that begins anew cannot prove what it follows: [Log.Verify]
// reports a possible cut there until the owner has signed that they know.
//
// # Memories
//
// Everything in one directory can be put back as it was last week. A [Memory] outside of it knows
// the newest size and root; so does every checkpoint that somebody else has seen, and every
// [Anchor]. One of them is enough.
//
// # What is not defended
//
// A program of the same user can append events that are false, or keep kai from being run. After a
// power cut it can cut the events since the state was last synced. What was overwritten may still
// be found on flash and in snapshots. Only what has left the machine bounds these.
//
// BUG(audit): on systems without flock(2)-like locks on network file systems two machines can write
// at once; callers keep the log off such file systems, see durable.Network.
package audit
