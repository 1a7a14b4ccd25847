// Package event is one record of the audit log: its members, its line, and the catalogue of what
// may be recorded.
//
// # Line
//
// An event is one line of JSON with a fixed order of members and no white space, at most
// [MaxLine] bytes with its line feed:
//
//	{"n":17,"t":"2026-11-22T04:36:27.169927Z","sev":"medium","type":"authentication",
//	 "act":"vault_unlock_failed","out":"fail","src":{…},"ctx":{…},"d":{…},"p":"…","m":"…"}
//
// (here broken in two). Each event has exactly one spelling, and [Scan] accepts no other:
//
//   - n and all other numbers are decimal integers without sign +, leading zeros, fraction or
//     exponent, of a magnitude of at most 2^53−1;
//   - t is UTC with six decimals, 27 characters, a date of the years 0000 to 9999;
//   - act is [a-z][a-z0-9_]*, or two such words with a dot between, at most [MaxAct] bytes;
//   - src has the members agent uid pid ppexe tty host ver, ctx the members cmd ref sid role ci
//     sandbox cfg skew_ms, each optional, in these orders; empty strings, false, and zeros other
//     than uid 0 and ref 0 are left out; ppexe has 16 and cfg 8 hexadecimal digits in lower case;
//   - d has members of names [a-z][a-z0-9_]{0,31} in ascending order of bytes, with strings,
//     integers, true, false, or arrays of those (not of arrays);
//   - strings are UTF-8; the quotation mark and the backslash are written \" and \\, and the
//     characters in [escaped] as \uXXXX in lower case; every other character stands for itself.
//
// p and m are 16 bytes in base64url without padding: 22 characters whose last four bits are zero.
// Package audit says what they are.
//
// # Record
//
// The record of an event is its line without the last 30 bytes before the line feed
// (,"m":"…"}) and with } put back: still JSON. It is what trees and proofs carry.
//
// # Catalogue
//
// [Lookup] finds each act with its type and its severity by outcome; [Members] has each member of d
// with its class. What is not there cannot be recorded.
package event
