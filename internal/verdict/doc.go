// Package verdict turns checked signatures into an answer: may I rely on this,
// for this purpose, now?
//
// There are four answers. Bad: a signature in a known format fails, or what it
// covers differs; damage is reported, never outvoted by other signatures.
// Trusted: enough distinct identities signed, and a Rule vouches for each.
// Untrusted: good signatures, but no rule vouches, or too few, or for another
// purpose or time. Undecidable: no signature could be judged.
//
// A Rule answers for one good signature. The rules here are keys named by the
// caller and OpenSSH allowed_signers files.
package verdict
