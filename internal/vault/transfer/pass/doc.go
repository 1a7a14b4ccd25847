// Package pass reads the stores of pass, gopass and passage: a directory with one
// encrypted file for each secret.
//
// Files are named SECRET.gpg (pass) or SECRET.age (passage), in directories that become
// the folders of the path. What begins with "." is passed over: .git, .gpg-id,
// .age-recipients. Other files are noted. A symbolic link, device or socket anywhere is
// refused, since it would lead out of the directory that was meant.
//
// The .gpg files are decrypted by
//
//	gpg --batch --quiet --decrypt
//
// which gets the file on standard input; Options.Run runs it. The .age files are
// decrypted here, with Options.Identities. They may be armored.
//
// # Content
//
// The file is what pass and its extensions expect by convention. Lines end with LF or
// CRLF.
//
//   - If it begins with "-----BEGIN ", all of it is the field "value".
//   - Otherwise the first line is the field "password".
//   - Of the others, a line that begins with "otpauth://" is the field "otp".
//   - A line "KEY: VALUE", where KEY begins with a letter or digit, has at most 64
//     bytes and no further colon, and a blank or tab follows the colon, is the field
//     KEY, without the blanks around VALUE. "username", "user" and "login" are called
//     "username", and all of these names may have capitals.
//   - All other lines together, without empty ones at both ends, are the field "notes".
//
// A file that is not UTF-8 is the field "value".
//
// The files are read in the order of their names. Programs that decrypt run one after
// the other, since one agent asks for one passphrase.
package pass
