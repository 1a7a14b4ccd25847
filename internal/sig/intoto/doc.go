// Package intoto reads and writes in-toto statements (in-toto/attestation,
// spec v1): what is claimed about a list of files, to be signed in an envelope
// of package dsse with the payload type PayloadType.
//
// # Format
//
// A statement is a JSON object, written in the canonical form of RFC 8785:
//
//	{"_type":"https://in-toto.io/Statement/v1",
//	 "predicate":{…},
//	 "predicateType":URI,
//	 "subject":[{"digest":{"sha256":HEX},"name":NAME}, …]}
//
// (without the line breaks). A subject is a file: digests of its content, by
// algorithm and in lower case hex, and a name, which means nothing to a
// verifier: a file is a subject if its SHA-256 is among the digests.
//
// The predicate is any JSON object that package canon accepts. It is passed
// through; what it means is a matter of predicateType. Statements of the older
// type https://in-toto.io/Statement/v0.1, which have the same members, are read
// too. Unknown members of a statement are ignored, as the specification says.
//
// # Predicates
//
// Three types have short names, and what is written under them must have the
// members that their specifications require:
//
//	slsa-provenance  https://slsa.dev/provenance/v1
//	vsa              https://slsa.dev/verification_summary/v1
//	test-result      https://in-toto.io/attestation/test-result/v0.1
//
// Provenance builds the first from its parts. With builder id
// "https://ci.example/1", build type "https://ci.example/make", parameter
// target=all and nothing else it is
//
//	{"buildDefinition":{"buildType":"https://ci.example/make","externalParameters":{"target":"all"}},
//	 "runDetails":{"builder":{"id":"https://ci.example/1"}}}
package intoto
