// Package canon reads and writes canonical JSON.
//
// Signatures and digests are over bytes, so two spellings of one document are
// two documents. This package knows one spelling, that of RFC 8785 (JCS):
//
//   - no white space between tokens
//   - members sorted by name, names compared as arrays of UTF-16 code units
//   - strings in UTF-8 with the shortest escapes: \" \\ \b \t \n \f \r, then
//     \u00xx in lower case for what remains below U+0020, and nothing else
//   - numbers as ECMAScript prints an IEEE 754 double: 1e+30, 0.002, 4.5, 0
//
// # Two audiences
//
// Other people's JSON goes through [Transform], which turns any spelling into
// the canonical one, or through [Check], which only says whether Transform
// would succeed. Both hold the input to I-JSON (RFC 7493) where other readers
// are lax: it must be one value, valid UTF-8, without lone surrogates, without
// two members of one name in an object, nested at most [MaxDepth] deep, and no
// number may lose digits of its integer part. A JSON library that runs later on
// checked bytes cannot disagree with us about what they say.
//
// kai's own documents are stricter. [Marshal] writes them and [Unmarshal]
// accepts them only when the bytes already are what Marshal would write, so
// that a document has one spelling and nothing in it is ignored. They hold
// objects, arrays, strings, true, false, and integers of at most [MaxInteger]
// either way. There is no null, since absent members are left out; no fraction
// and no exponent; no control character in a string; at most [MaxDocumentDepth]
// levels; and no member that the Go type does not have.
//
// # Example
//
//	{ "size": 3.0e2, "name": "caf\u00e9", "tags": [ null, "\u0041" ] }
//
// is transformed to these 44 bytes:
//
//	{"name":"café","size":300,"tags":[null,"A"]}
//
// As a document of kai's own neither line is accepted: the first is not
// canonical, the second holds a null.
//
// # Integers
//
// JCS alone would write 9007199254740993 as 9007199254740992, another number,
// and a signature over the second would appear to cover the first. A number
// whose magnitude is above [MaxInteger] is therefore accepted only if its
// decimal value is the one printed: 1E30 and 9007199254740992 pass,
// 9007199254740993 and 9007199254740993.0 do not. Fractions of smaller numbers
// are rounded to the nearest double, as JCS says.
package canon
