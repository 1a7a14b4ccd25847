// Package keepass reads what KeePass and KeePassXC export in the clear: XML and CSV. A
// database itself is encrypted and not read; "keepassxc-cli export -f xml FILE" makes
// the XML of one.
//
// # XML
//
// The document of KeePass 2.x. An entry is at the names of its groups and then its
// title. The outermost group, which is the database, is not part of the path. An entry
// has these fields:
//
//	UserName Password URL Notes     username password url notes
//	otp, or TimeOtp-Secret-Base32   otp
//	any other string                by its key
//	Binary                          by the name of the file, if the document has its bytes
//
// Empty strings make no field. Entries in <History> become earlier versions, in their
// order, with the times at which they were last changed. <Tags>, separated by commas or
// semicolons, become tags. An entry that expires has that time. A time is RFC 3339, or
// base64 of 8 bytes, little-endian: the seconds since the year 1.
//
// Entries in the recycle bin, notes of groups, files whose bytes are missing (KeePassXC
// leaves them out of an export) and elements not known here are counted and noted.
// Settings of programs, as icons and typing sequences, are not.
//
// A value with Protected="True" is encrypted with a key that the document does not
// have: ErrEncrypted.
//
// # CSV
//
//	"Group","Title","Username","Password","URL","Notes","TOTP","Icon","Last Modified","Created"
//
// as KeePassXC writes it; TOTP to Created may be missing. Group is a path whose first
// segment is the database. It does not say which group is the recycle bin.
//
// Items of the same path are renamed, as package transfer says.
package keepass
