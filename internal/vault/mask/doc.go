// Package mask takes secret values out of a stream of bytes.
//
//	m := mask.New(values)
//	defer m.Close()
//	out := m.Writer(os.Stdout)
//	io.Copy(out, programOutput)
//	out.Close()
//
// # What is masked
//
// Every value of at least [MinValue] bytes, less its final line feeds, in each of these forms:
//
//	raw      as it is, and with CR LF for each LF, as terminals write it
//	base64   RFC 4648 §4 and §5, at each of the 3 positions that the value can have in a larger
//	         text; the first also in lines of 64 and 76 characters
//	hex      lower case and upper case
//	URL      percent-encoded as RFC 3986 needs it, with "+" for a space, with hexadecimal digits in
//	         lower case, and sparing what encodeURIComponent, path segments and whole paths spare
//	JSON     with the fewest escapes, with those for HTML, in ASCII, and in ASCII with "\/"
//
// Each stretch of the stream that is covered by such forms, overlapping ones together, is replaced
// by [Tag]. In base64 only the characters that depend on nothing but the value are covered, and
// the last one when the encoded text ends with the value: up to 6 bits at each end may remain.
//
// Of forms longer than [MaxHead] bytes the first MaxHead are enough: they are masked, and what
// follows for as long as it agrees with the form. So nothing needs to be kept of what a stream may
// still become, except MaxHead bytes.
//
// This is a net and not a boundary: a program that wants to reveal its secrets can always print
// them in a form that nobody thought of.
//
// # What is held back
//
// A [Writer] passes on at once whatever cannot be part of a form. It holds back at most MaxHead
// bytes that may be the beginning of one, until more is written, Flush or Close. A caller that
// cannot wait, as in front of a person, may flush after a short time, best when [Writer.Held] is
// less than 4: prompts tend to end in a letter or two that some value begins with. The rest of a
// value whose beginning was flushed is still masked.
//
// # Algorithm
//
// Aho and Corasick's automaton ("Efficient string matching", CACM 18, 1975) over the heads of all
// forms, entered only where a table of hashed beginnings of 4 bytes says that a form may begin.
// The time is linear in the stream, whatever it holds. That is why forms longer than MaxHead that
// repeat themselves, in a stream that does so too, are followed only so often: a few bytes behind
// the last head may remain. The automaton and all copies of values lie in
// secret memory and are wiped by [Masker.Close].
package mask
