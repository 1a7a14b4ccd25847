// Package primitivetest shows that the primitives are what their names say: it
// runs public test vectors against the very implementations that kai links, and
// constants of RFCs against the parameter sets that kai uses.
//
// None of this tests kai's own code; that is done beside it. It tests the
// choice of suppliers, and notices when one of them changes. The table in
// suppliers_test.go names each primitive, where it comes from and who calls it.
//
// Three kinds of vectors:
//
//   - Wycheproof: every valid case is accepted and every invalid one refused,
//     without exceptions. The number of cases is asserted, so that a file that
//     shrinks or a loop that ends early is noticed.
//   - NIST's ACVP files for ML-KEM, ML-DSA and SLH-DSA, which the module
//     github.com/cloudflare/circl carries. Some functions of filippo.io/mldsa and circl
//     are called by their linker names for them: the public interfaces take no
//     expanded keys and no internal messages.
//   - Constants written out here, each with its document.
package primitivetest
