// Package identity has identity documents: who somebody is, by which keys, since
// when, and what followed.
//
// # Document
//
// A file NAME.kai-id.json is public and verifies by itself:
//
//	{"kai":"identity/1","events":[E, …],"attestations":[A, …],"certificates":[PEM, …],"revocations":[R, …]}
//
// The members stand in this order; empty ones are left out, but there is always an
// event. E, A and R are envelopes of package signed, of the types identity-event,
// attestation and revocation. PEM are chains of certificates, as text: package
// trust/pki judges them. White space is free outside of what is signed; nothing
// else has a second spelling. A document has at most 1 MiB, 256 events, 64
// attestations and 64 revocations.
//
// The id of an identity is the digest of its first event, in Bech32m with the
// prefix "kai": 62 characters that never change, whatever the keys do.
//
// # Events
//
// Every event has "type", "v", "event", "seq" and "created", and all but the
// first have "prev", the digest of the event before. seq counts from 0 without a
// gap, created does not go back.
//
//	inception   name, kind, keys{sign[],seal[],channel[]?}, threshold, next[],
//	            next_threshold, nonce; owner?, version?, capabilities[]?,
//	            principals[]?, meta{}?, profile{}?, revokers[]?,
//	            recovery{keys[],threshold}?
//	rotation    reason, keys, threshold, next, next_threshold; overlap_until?,
//	            since?, recovery?, revokers?
//	update      any of name, keys{seal[]?,channel[]?}, capabilities, principals,
//	            version, meta, profile, owner
//	revocation  reason; since?, reveal[]?
//
// Members with a question mark are left out when they are empty, in an inception.
// In a later event what is left out stays as it was, and what is empty is
// removed. A revocation is the last event.
//
// Who must have signed, where "current" are keys.sign with threshold, and "next"
// those keys whose fingerprints next lists, with next_threshold:
//
//	inception                     the keys that it brings
//	rotation                      current, and next
//	rotation, reason recovery     next; or recovery
//	update                        current
//	revocation                    current; or next; or one revoker; or recovery
//
// A signature by any other key, or one that fails, makes the event bad. Keys that
// a rotation brings into keys.sign must be among next, or have been there before,
// except where the recovery keys sign. So a thief of the present keys cannot
// rotate: he has to have keys that have never been used. For the same reason next
// never lists a key that is in use or was; and no key comes back, for any use. An
// identity whose next is empty can never rotate, not even by recovery.
//
// Next keys are known by their fingerprints only. Those that sign a rotation are
// in its keys.sign; those that sign a revocation are in its reveal.
//
// threshold and next_threshold together are at most 8, the signatures that an
// event can have. A hybrid identity has an Ed25519 and an ML-DSA-65 key with
// threshold 2: both must verify.
//
// # Keys at a time
//
// A key has one Tenure, from the event that brings it to the one that drops it.
// Dropped signing keys stay good until overlap_until for files, messages and
// statements, never for events. Keys dropped for the reason compromised are void:
// anybody may date anything with them. So are those of a recovery that says since
// when they were lost, and all keys of an identity that is revoked for the reason
// compromised or unspecified.
//
// # Statements
//
// An attestation is one identity's word about another; the subject keeps it in
// its document:
//
//	issuer, subject, claim, created, nonce; value?, hidden[]?, level?, expires?, report?
//
// A revocation statement takes back anything, for good:
//
//	issuer, target{kind,ref}, reason, created; since?, reveal[]?
//
// Unlike the event it has no place in the chain. It can be signed in advance, and
// is in force without knowledge of the last event. In a document stand those that
// are about the identity itself or a key of it. They are signed as a revocation
// event is: of the identity by whoever could do it now, of a key by whoever could
// do it when the statement says it was made.
//
// # What a document does not show
//
// An old document is a good one: that events are missing at its end is seen only
// by who knows more. Merge finds two histories of one identity, if both come
// together. What an identity says about itself (Facts) is its own claim.
//
// # Example
//
// With the Ed25519 seeds 32×01 now and 32×02 next, and a nonce of zeros, the first
// event of 368 bytes is
//
//	{"capabilities":["sign:file/**"],"created":"2026-01-02T03:04:05Z","event":"inception",
//	"keys":{"seal":[],"sign":["ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"]},
//	"kind":"agent","name":"build-bot","next":["SHA256:4A9jyZBOhnKZvcGQ6TRFbf5Gymb41AfYvYaVmWHD+G4"],
//	"next_threshold":1,"nonce":"AAAAAAAAAAAAAAAAAAAAAA","seq":0,"threshold":1,"type":"identity-event","v":1}
//
// (in one line), and the id
// kai13z3mjexlvxls76nysh9z9dgd4u04zvy0ngw0zs8zqqa5pc3rtpuqfzmmme.
//
// The page kai-identity(5) specifies the format.
package identity
