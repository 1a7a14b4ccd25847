// Package bech32 writes bytes as text that finds its own typing errors: Bech32 (BIP 173) and
// Bech32m (BIP 350).
//
//	kai1qqqsyqcyq5rqwzqf…
//	└┬┘│└──────┬───────┘
//	 │ │       words of 5 bits, the last six of them the checksum
//	 │ separator, the last 1 of the text
//	 prefix, says what the bytes are
//
// The bytes are cut into words of 5 bits, highest bit first, filled up with zero bits; word w
// is character w of
//
//	qpzry9x8gf2tvdw0s3jn54khce6mua7l
//
// The checksum finds any four wrong characters. Bech32m differs in one constant, which makes
// inserted and deleted letters q before a final p be found too: it is what new formats use.
//
// # One spelling
//
// Parse accepts what Append writes and nothing else: lower case (the BIPs allow upper case
// too), padding that is zero and shorter than a word, at most MaxLength characters. AppendLong and
// ParseLong, for keys of age, differ in that last point only.
//
// # Example
//
// The prefix "abcdef" and the 20 bytes 00443214c74254b635cf84653a56d7c675be77df are, in
// Bech32,
//
//	abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw
//
// # Secrets
//
// Append and Parse take and give byte slices, so that what is secret need not become a
// string. No memory is addressed by the value of a word; copies that are made on the way are
// wiped.
package bech32
