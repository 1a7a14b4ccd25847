// Package sig is the engine under every signature format.
//
// A format's parser turns a file into claims: a Claim says which scheme, over
// which bytes, for which namespace, by which key or hint of a key. Parsing
// believes nothing. Check computes all claims about one message, reading the
// message once, and only Check makes values of type Verified: code that needs a
// checked signature takes that type and cannot be handed anything less.
//
// One rule for Ed25519 holds in every format: the key is canonical and not of
// small order (package key sees to it), and the equation is the cofactorless
// one of crypto/ed25519, with S < L and R compared as bytes. Pure Ed25519 over
// a long message is streamed with the same answers. Signatures are checked one
// by one, on all processors, never by a batch equation.
//
// ECDSA values are accepted in strict DER only. RSA keys are those that package
// key accepts. SHA-1 is not known here.
//
// A new format is a sub-package with three things: Format (Detect and Parse
// into claims), a Sign function that returns the file's bytes, and limits. It
// adds one line to the list in package sig/formats, and one to the table of
// `kai sign` if it can be written.
package sig
