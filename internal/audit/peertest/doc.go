// Package peertest tests the formats of audit against the tools of other people:
//
//   - github.com/transparency-dev/formats, which reads and writes signed notes,
//     cosignatures and proofs;
//   - github.com/transparency-dev/tessera, whose fsck checks directories of tiles;
//   - github.com/transparency-dev/witness, which is run on loopback.
//
// It is a module of its own, so that what these need stays out of kai's:
//
//	cd internal/audit/peertest && go test ./...
//
// Nothing but loopback is used once the modules are there. With -short the largest
// log and the fsck program are left out.
package peertest
