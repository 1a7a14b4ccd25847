// Package replica brings a vault and a copy of it elsewhere to the same state, so that several devices
// have one vault by way of a place that none of them trusts.
//
// # What is merged
//
// All files of a vault but logs are immutable, and a log only grows and has one writing device. So the
// result is a union, whoever syncs first:
//
//   - Manifests of both sides are taken together. One that follows another replaces it; two of which
//     neither does are two heads, and then only what both allow is allowed until an owner chooses.
//   - Of the other files those are taken that a head lists, by digest.
//   - Of a log the longer copy is taken, when the shorter one is the beginning of it, byte for byte. Of two
//     generations the later one, when the earlier one does not go beyond what the later one says of it.
//
// # What is checked
//
// The place is believed in nothing. What it has is fetched into local/sync, laid over the vault that
// is there (package overlay), and checked as a whole before the first file is adopted: signatures and
// chain of owners of each manifest, digest of each file that a head lists, chains and checkpoints of
// each log, the MACs and the memory of this machine when keys are held. No log becomes shorter. What is
// refused is kept in local/quarantine, and the rest is adopted without it:
//
//   - two different commits of one device under one number: a device was copied, [vault.ErrFork];
//   - a file that is not what it must be: [vault.ErrTampered];
//   - a head with an older root key than ours, which somebody who was removed may have signed;
//   - a head of which files are missing, as in the middle of somebody's copying: [ErrIncomplete].
//
// Two heads that name different owners of one epoch cannot be merged: [vault.ErrConflict], and nothing
// is adopted.
//
// # Order
//
// What others may find half done is in an order in which that does no harm: documents and wraps,
// then logs, then manifests from the newest to the oldest, then what is not needed any more. A process
// that dies is finished by the next run.
//
// # Memory
//
// local/sync.json holds the last target and, for each target, of each object tag, size and digest:
// what has the same tag is not fetched again, and a place that has less than was there is told, as
// it was rolled back. It is a cache, and not authenticated: it lies where device keys lie.
package replica
