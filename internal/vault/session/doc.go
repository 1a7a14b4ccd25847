// Package session keeps a vault unlocked for a time, between processes that each live for a moment
// and with no process that stays.
//
// What an unlocked vault needs, its keys, lies encrypted in a file, the blob. The key of the blob,
// S, lies somewhere else: with a carrier, normally in the kernel. Who has one of them has nothing.
// When S is gone, by a command, by the kernel's clock or with the machine, the vault is locked.
//
// # Keys
//
// S is 32 random bytes, and so is S_u. With HK of package derive, and the vault's id,
//
//	sid        = HK(S, "session", "id")[:16]     names the session
//	key        = HK(S, "session")                of the blob VAULT.SID
//	key        = HK(S_u, "session")              of the blob VAULT.SID.u
//
// where VAULT and SID are written as package objectid does. Since the name follows from S, an S
// never meets a blob that was made for another.
//
// # Blob
//
//	KAISESS1 ‖ nonce 24 B ‖ XAES-256-GCM(key, nonce, fields, aad = "KAISESS1" ‖ file name)
//
// in a file of mode 0600 of the directory that the caller gives. What is not such a blob is
// [ErrTampered]; another version of the format will have other file names. The fields (package
// fields; u64 little-endian, times in milliseconds):
//
//	audit      head of the audit log when the session began, opaque here
//	begun      u64 since 1970
//	boot       u64 since the machine started, at the same moment; 0 not known
//	device     16 B id of the device, zero for none
//	idle       u64 how long it may be unused
//	keys       the keys, opaque here
//	not_after  u64 since 1970
//	scope      what the session is limited to, opaque here
//	slot       16 B id of the slot that opened the vault, zero for none
//	user       u8 1 when there may be a blob .u
//
// The blob .u holds the user key of the vault, opaque here, as keys, beside begun, boot and
// not_after, which is [UserLife] after the last factor was given. It is a key of its own because
// it ends earlier, and because the kernel is to end it.
//
// # Example
//
// S of 32 bytes 0x01 and a vault id of 16 bytes 0x02:
//
//	text   kaisess1AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE
//	key    d2cd799aa4d70d80e7aad76f92ef642bd3d971fcc8b78f4afb697e4e819c500d
//	file   aibaeaqcaibaeaqcaibaeaqcai.v5gstnvh4wsyg3oeofd2jeoo44
//
// # Time
//
// A session ends at not_after, and when it was not used for idle. With the keyring both are the
// kernel's timeout of S, min(idle, rest), renewed by each use. The blob says the same once more,
// for what has no timeouts and for clocks that are set: last use is the time of modification of
// the blob, set by each use. It is not in the blob, which would have to be written anew each time.
//
// A calendar clock that is before the beginning or the last use, by more than [ClockSlack], was set
// back, and nothing opens until it has caught up ([ErrClock]). Where the clock since the machine's
// start is known, it too holds the time from begin to not_after, and a session that began on
// another start of the machine than this one is over.
//
// # Carriers
//
// [Keyring] keeps S and S_u as keys kai:session:VAULT and kai:session:VAULT:user of the user
// keyring (package keyctl), 32 bytes each: one session a vault. [Given] is for S in the environment,
// in a file or descriptor, as the text
//
//	kaisess1 ‖ base64url(S) or base64url(S ‖ S_u)     51 or 94 characters
//
// without padding. Carriers are asked in the order that the caller gives; what was given to a
// process comes before the keyring, and if its session is over the keyring is not asked: that
// session may allow more. When no carrier has anything the error is a [*LockedError] that says so of
// each. S is never written to a file.
//
// # What is not protected
//
// Processes of the same user that may use ptrace or keyctl. Copies of a printed S outlive the time
// limits together with a copy of the blob. Who may write the directory can set the time of last use.
package session
