// Package reference reads and writes the names of secrets.
//
// # Paths
//
// A path is how a person names a secret, or one field of it:
//
//	NAMESPACE "/" PATH [ "#" FIELD ]
//
// It is UTF-8 of at most [MaxPath] bytes in at most [MaxSegments] segments, joined by "/". No
// segment is empty, "." or "..", none holds "#" or a control character. Text in another Unicode
// normal form is brought to form C (UAX #15): what looks the same is the same secret, whichever
// keyboard or file system it came from. FIELD is 1 to [MaxField] of the characters
// A–Z a–z 0–9 _ . and -.
//
//	ci/github
//	ci/github#token
//	teams/web/deploy key#password
//
// A namespace may itself have several segments, so only a vault, which knows its namespaces, can
// tell where the namespace ends: at the longest name that is a prefix in whole segments. See
// [Path.Split].
//
// # References
//
// A reference is a path that programs carry around in configuration and templates:
//
//	"kai://" NAMESPACE "/" PATH [ "#" FIELD ] [ "?version=" N ]
//
// Segments are percent-encoded (RFC 3986): written, all but A–Z a–z 0–9 - . _ ~ @ : + , = are
// encoded; read, letters outside of ASCII may stand for themselves, while a space and the
// characters " < > \ ^ ` { | } must be encoded, so that a reference ends where it seems to. An
// encoded "/" is refused: it would be a segment's end in the path and none in the reference. Unlike
// in a URL the field comes before the query. N is a decimal number from 1, without leading zeros.
//
//	kai://ci/github
//	kai://ci/github#token?version=3
//	kai://teams/web/deploy%20key#password
//
// Nothing here says whether the secret exists. Errors tell the place and never repeat the text:
// names of secrets are confidential too.
package reference
