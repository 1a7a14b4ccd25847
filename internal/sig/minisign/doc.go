// Package minisign reads and writes the signature files of minisign, and reads
// those of signify, which are the first half of them.
//
// # The file
//
// Four lines, each ended by LF:
//
//	untrusted comment: UNTRUSTED
//	BASE64(algorithm 2 ‖ key id 8 ‖ signature 64)
//	trusted comment: TRUSTED
//	BASE64(global signature 64)
//
// Base64 is the standard alphabet with padding. Both signatures are Ed25519, by
// the same key. The algorithm says what the first one is over:
//
//	"ED"  BLAKE2b-512(message), 64 bytes: what minisign and kai write
//	"Ed"  the message itself: minisign -l, and signify
//
// The global signature is over signature ‖ TRUSTED, without the line's LF, and
// is checked always: a file whose global signature fails is bad even if the
// first signature is good. UNTRUSTED is covered by nothing, and therefore not
// reported.
//
// The key id is eight arbitrary bytes that a key carries beside it. minisign
// prints them as one little-endian number in hexadecimal digits, without leading
// zeros; that is the text form in a claim's KeyHint. Ids are compared as bytes. A key that came
// without an id is taken to have the one of key.Public.KeyID.
//
// TRUSTED is free text. The convention, which kai follows, is fields separated
// by tabs, of which "timestamp:SECONDS" becomes the claimed time:
//
//	timestamp:UNIX⇥file:BASENAME⇥hashed
//
// A signify file is the first two lines, with algorithm "Ed" and nothing after
// them. A four-line "Ed" file that loses its last lines becomes one: the same
// signature by the same key, without the comment. That the two are so near is
// why one package has both.
//
// # Strictness
//
// Accepted although never written: CR LF line ends, in minisign files a missing
// last LF, and text after line 4. minisign ignores that text, and so must
// whoever wants to accept the same files; each of these leaves a note in the
// claim. Refused: a CR elsewhere, NUL (C programs stop reading there), base64
// that would be written otherwise, other lengths, lines longer than minisign's
// buffers, and anything after the second line of a signify file: messages
// embedded in it (signify -e) are not read.
//
// # Example
//
// The message "hello\n", signed by the key whose file is
//
//	untrusted comment: minisign public key 4F852940B67DC530
//	RWQwxX22QCmFT3pS2LV0+HL3ilOk7IRLrpaK92s/R7BiZB4HhFWsYUec
//
// with ⇥ standing for a tab:
//
//	untrusted comment: signature from minisign secret key
//	RUQwxX22QCmFT36bQ24pMV1GCTdyuiAzHTssBsHi45iCN3EYh3RJhBeAI+rzcVeRwZa/yviFfz+R4JWcCZ5xVthYj/hQVKq2GAU=
//	trusted comment: timestamp:1795462772⇥file:m⇥hashed
//	j5kLxHj7FIVL5Qjk9V8aHZ27ETxIEr+nmhbHtZHOXHQwhyBO+3dGTGkS9EIf9PUPLeRX1aZbBSX8WoLIytcvDQ==
//
// Sources: https://jedisct1.github.io/minisign/ and the manual page signify(1)
// of OpenBSD.
package minisign
