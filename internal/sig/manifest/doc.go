// Package manifest signs a whole directory tree with one signature, and single
// files out of it.
//
// # File
//
// A manifest is UTF-8 text with line feeds, in three parts with an empty line
// between them: head, entries, signature blocks.
//
//	kai-manifest/1
//	alg blake3
//	tree sha256 5 +d9H0O6myOyTzbZRK0Zw+nwRx2jGNapTBBzWm03HGfI=
//	size 31
//	exclude *.tmp
//
//	f 6 8e4c7c1b99dbfd50e7a95185fead5ee1448fa904a2fdd778eaf5f2dbfd629a99 README.md
//	x 17 e87b065684e1003950e1996781ed3cf0a6c88751726df8b9963694f204905b3d bin/tool
//	f 8 ccfe13924f5f65acb6b067082e02f9f259d0a754531f54e040f159b2c431f48e caf\xe9
//	l 8 2905362b44be96d35e15168b36e1f425f191bd4d9977795ea8a78c12947b88f1 latest
//	d 0 - var
//
//	-----BEGIN SSH SIGNATURE-----
//	…
//
// The head has these lines, in this order, and no others:
//
//   - "kai-manifest/1"
//   - "alg NAME": the hash of the entries, one of the names of package digest
//   - "tree sha256 ENTRIES ROOT": how many entries there are, and the root over
//     them in standard base64 with padding
//   - "size BYTES": the sum of the sizes of regular files
//   - "exclude PATTERN", once for each pattern, sorted bytewise, none twice
//
// An entry is the line "TYPE SIZE HASH PATH". Numbers are decimal without
// leading zeros, at most 2^63-1.
//
//	f  regular file          SIZE and HASH are of its content
//	x  regular file with the owner's execute bit
//	l  symbolic link         SIZE and HASH are of the target's text
//	d  empty directory       "d 0 - PATH"; other directories have no line
//
// HASH is in lower-case hex. PATH is relative to the root of the tree, with "/"
// between its parts, at most 4,096 bytes; no part is empty, "." or "..". In it
// bytes below 0x20, the byte 0x7f, the backslash and every byte that is not
// part of valid UTF-8 are written \xHH, in lower case, and no other byte is.
// Entries are sorted bytewise by PATH as it is written, and no PATH is there
// twice. A tree without anything in it has no entries.
//
// Nothing else about a tree is recorded: no times, owners or other modes. The
// manifest of the same tree is the same, byte for byte.
//
// # Exclusion
//
// A pattern is one of path.Match, which says what "*", "?", "[" and the
// backslash mean; "*" does not match "/". It is matched against the whole
// relative path, not escaped, of everything on the way from the root: what is
// in an excluded directory is excluded. A directory with nothing else in it is
// empty. Patterns are UTF-8 without control characters, so that what the tree
// is compared with later is what was signed.
//
// # Root
//
// The root is the Merkle tree hash of RFC 6962 §2.1 with SHA-256. Its leaves are
// the entries' lines without their line feeds:
//
//	leaf = SHA-256(0x00 ‖ line)
//	node = SHA-256(0x01 ‖ left ‖ right)
//
// and the root of no entries is SHA-256 of nothing. It does not depend on "alg".
//
// # Signatures
//
// The blocks are those of package sshsig, namespace "kai-manifest/1". They are
// over the head and the empty line after it, which is all that a signature
// needs: the root covers the entries. Any tool for sshsig can check it:
//
//	sed '/^$/q' M | ssh-keygen -Y verify -f ALLOWED -I WHO -n kai-manifest/1 \
//	    -s <(sed -n '/^-----BEGIN SSH/,$p' M)
//
// A manifest without blocks ends with the empty line after its entries.
//
// # Proof
//
// A proof shows that one entry is in a signed manifest, without the others:
//
//	kai-proof/1
//	kai-manifest/1
//	alg blake3
//	tree sha256 5 +d9H0O6myOyTzbZRK0Zw+nwRx2jGNapTBBzWm03HGfI=
//	size 31
//	exclude *.tmp
//
//	index 1
//	x 17 e87b065684e1003950e1996781ed3cf0a6c88751726df8b9963694f204905b3d bin/tool
//	t7UgqLtlQQB7kEmr8yIwhNpwNiC0MUHZutHbv/T1H3Y=
//	Ko7ZmbbRi/3MA5SZF0IDOB9h4MTI7keHv/0tKIJeclI=
//	lxx6rDeFXCNK17BSOyNDTH9YibQuhZsG6gQj/x7A3QM=
//
//	-----BEGIN SSH SIGNATURE-----
//	…
//
// It has the manifest's head with its empty line, the entry's index from 0, its
// line, the audit path of RFC 6962 §2.1.1 from the leaf upwards, as many hashes
// as index and ENTRIES ask for, an empty line, and the manifest's blocks.
//
// # What is and is not found
//
// [Manifest.Compare] finds every file, link and empty directory that changed,
// is missing or extra, and a change of the owner's execute bit. It reads the
// tree as it is at that time: it does not keep anybody from changing it later.
// A file whose size or time changes while it is read is an error, but one who
// can write to the tree can also set times back.
//
// On systems without execute bits, x and f entries differ in nothing that can
// be seen there: manifests from elsewhere with x entries do not match.
package manifest
