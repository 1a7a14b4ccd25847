// Package bundle reads and writes kai's own export: items of a vault, with all that the
// vault knows of them, in an age file.
//
// # Format
//
// The file is an age v1 file (age-encryption.org/v1), binary or armored, to any
// recipients. What is encrypted is lines of canonical JSON (RFC 8785: no blanks,
// members in the order of their names), each ended by LF: a head, the records, a tail.
//
//	{"at":"2026-11-22T02:00:00Z","schema":"kai.vault-export/1","vault":"ID"}
//	{"fields":[{"name":"value","value":"hunter2"}],"ns":"ci","path":"github/token"}
//	{"count":1,"sha256":"HEX"}
//
// at is the time of the export, vault the id of the vault or "". count is the number of
// records, sha256 the SHA-256, in 64 lower-case hexadecimal digits, of all bytes before
// the tail's line.
//
// A record has these members; those marked * are always there, the others only if they
// are not empty:
//
//	compromised_since  TIME
//	created            TIME of the current version
//	expires            TIME
//	fields*            array of fields
//	history            array of {"created":TIME,"fields":[…]}, oldest first; created may be
//	                   absent
//	kind               credentials, apiKeys, certificates or signingKeys
//	last_rotated       TIME
//	ns*                name of the namespace, "" if there is none
//	path*              path in the namespace, as package transfer defines it
//	public             {NAME:TEXT,…}, values that are no secret
//	retain             how many old versions are kept, or for how long
//	rotate_every       seconds, an integer above 0
//	rotate_with        the rotator
//	scope              {"agent":…,"module":…,"service":…}, those that are not empty
//	tags               array of strings
//	updated            TIME of the last change of any kind
//
// A field is {"name":NAME,"value":TEXT}. The bytes of a value that is not UTF-8 stand
// in "value_b64" instead, in base64url without padding (RFC 4648 §5). Fields ascend by
// the bytes of their names, which are of [A-Za-z0-9_.-]{1,64}; so do public values.
// TIME is RFC 3339 in UTC, with "Z", to the millisecond, without zeros at the end of
// its fraction.
//
// The pair of ns and path appears once. Limits are those of package transfer.
//
// # Compatibility
//
// A reader refuses a head of another schema, unknown members, and any record that is
// not spelt as the writer spells it. A new member makes a new schema.
package bundle
