// Package gitobj reads the signed objects of git, commits and tags, and takes
// the signature out of them.
//
// # Objects
//
// A commit or tag is lines of a header, an empty line and a message:
//
//	commit                       tag
//	tree ID                      object ID
//	parent ID       any number   type commit|tree|blob|tag
//	author PERSON                tag NAME
//	committer PERSON             tagger PERSON        not in tags of old
//	…                            …
//
// and after these any other lines NAME SP VALUE. A value of several lines has
// one space before each but the first; exactly one is taken off. The empty line
// and the message may be missing, the line feed that ends the header may not.
// ID is lower-case hexadecimal, 40 digits in repositories of SHA-1 and 64 in
// those of SHA-256. The object's own id is
//
//	H(TYPE SP SIZE NUL CONTENT)
//
// with the size in decimal. PERSON is
//
//	NAME <EMAIL> SECONDS ±HHMM
//
// # Signatures
//
// In a commit the signature is the value of a header line, gpgsig where ids are
// SHA-1 and gpgsig-sha256 where they are SHA-256. What is signed is the commit
// without both of these lines. In a tag the signature is the end of the message,
// from the last line that begins a signature; what is signed is the tag up to
// there, again without both header lines, which in a tag belong to its other
// form. So a commit
//
//	tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
//	author Ada <ada@example.org> 1795464304 +0000
//	committer Ada <ada@example.org> 1795464304 +0000
//	gpgsig -----BEGIN SSH SIGNATURE-----
//	 U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg8+gE1UKvX/noGtDmMAh5oBiYEb
//	 …
//	 -----END SSH SIGNATURE-----
//
//	one
//
// has the signature
//
//	-----BEGIN SSH SIGNATURE-----
//	U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg8+gE1UKvX/noGtDmMAh5oBiYEb
//	…
//	-----END SSH SIGNATURE-----
//
// over the 146 bytes of the first three lines, the empty line and the message.
// It is an sshsig (see package sshsig) for the namespace "git". Signatures of
// OpenPGP and X.509 are told apart and not judged.
//
// # What is refused
//
// Readers of git objects take the first of two lines of one name, or the last, or
// both together. Here an object is malformed if tree, author, committer, object,
// type, tag or tagger stands twice or out of order, if there are two gpgsig or
// two gpgsig-sha256 lines, or another line whose name begins with gpgsig, which
// git leaves out of what is signed. So is one with a NUL in its header, a header
// that is cut off, or a signature that is not exactly one: git hands everything
// behind the first END line to a program that ignores it. An accepted object is
// written again as it was, byte for byte.
//
// # What a signature does not say
//
// The name of a branch or tag under which an object was found is not signed,
// only a tag's own name is. Persons and times are claims of whoever made the
// object. Trees and parents are signed through their ids: in a repository of
// SHA-1 they are as strong as SHA-1. An id is recomputed here with plain SHA-1,
// without git's detection of collisions.
//
// Sources: gitformat-signature(5), git-fsck(1), git's hash-function-transition.
package gitobj
