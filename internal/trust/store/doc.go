// Package store reads and writes truststore.json: whom this home knows, and as
// what.
//
// # Format
//
//	{"kai":"truststore/1",
//	"head":{"signed":{…},"sigs":[…]},
//	"identities":[
//	{"doc":{…},"local":{"class":"system","name":"ada","own":"vault:identity/ada"}},
//	…
//	]}
//
// The members stand in this order; head and empty sections are left out. White
// space between tokens outside of signed objects is free; nothing else has a
// second spelling. Between "head" and the end there may be the sections
// rootCertificates, identities, statements, revocations, policies and pins, in
// this order. This package knows identities; a store that has another section is
// refused (ErrNewer), since what it would say, a revocation above all, must not be
// passed over. A store has at most 512 MiB and 1,000,000 entries.
//
// doc is an identity document (package identity) without white space between its
// tokens. local is what this home says about it, an object of package canon:
//
//	class   system, trusted, partner, external or revoked
//	name    [a-z0-9][a-z0-9._-]{0,63}, what it is called here; unique
//	own     the key reference of the secret whose fields are its private keys,
//	        for own identities only; their class is system
//	roles   sorted: certifier, revoker; left out when empty
//
// # Head
//
// head is an envelope (package signed) of type store-head:
//
//	{"covers":{"identities":[2,"sha256:…"]},"created":"2026-01-02T03:04:05Z",
//	"number":7,"owner":"kai1…","prev":"sha256:…","type":"store-head","v":1}
//
// covers says for each section how many of its first entries are sealed, and the
// SHA-256 over them, each as its length in four bytes, big-endian, and its bytes
// without white space between tokens. number counts from 1; prev is the digest of
// the head before and is left out in the first. The owner is the home's default
// identity: an own identity among the sealed ones, whose keys in force at created
// have signed the head.
//
// # Sealed and unsealed
//
// An entry is sealed by the first head that covers it, and its document was
// verified before that. Behind the sealed ones others may stand that somebody has
// added while the vault was locked: such a document counts, since it proves itself,
// but what local says of it does not: its class is external. An unsealed document
// of a sealed identity is joined to it. The next head seals both as they are
// understood.
//
// # Going back
//
// Whoever can write the file can put back an old one, with its good head. Memory
// keeps the number and digest of the newest head beside it, in a place that is not
// copied along: a canonical object {"head":"sha256:…","number":7,"v":1}.
//
// BUG(store): an intruder who replaces file and memory together is found only in
// the audit log, where each number and digest stands in the event
// truststore_updated.
package store
