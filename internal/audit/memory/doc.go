// Package memory remembers the head of the audit log outside of it, so that a log that was put
// back to an older copy, or cut, is noticed.
//
// # Local
//
// [Local] is the file audit-head.json: 256 bytes, one line of JSON, filled up with spaces before
// its line feed.
//
//	{"log_id":"01JGK3F0Q0000000000000000A","n":3,"root":"jZENs/Wir77dFpoSGyvXAeH1ELT9nvwlJI+gwD3xmXU=","sum":"…","v":1}
//
// sum is the first 16 hexadecimal digits of the SHA-256 of "LOGID N ROOT" with one space between;
// it finds torn writes, not attacks. The file is written over in place by one write and not
// synced: that costs a hundredth of a rename, and both survive the death of the process. After a
// power cut it may be older than the log, which is no contradiction. Empty, torn and missing are
// the same: nothing is remembered.
//
// # Keyring
//
// [Keyring] is a key of type "user" below the user keyring @u of the Linux kernel (package keyctl),
// with the description kai:audit:LOGID and the 40 bytes u64 n, big-endian ‖ root. It has no timeout and
// lasts until the machine stops, or the user's last process ends. Whoever restores files does not
// restore it.
//
// # Gap
//
// [Gap] is the file audit-gap.json: canonical JSON {"count":…,"from":…,"to":…,"v":1} of what ran
// while the log could not be written, with times as in events, filled up with spaces to 255 bytes and
// a line feed. Without the JSON nothing was missed. It is made before it is needed and written over in
// place, since a full disk is why the log cannot be written.
package memory
