// Package home opens the directory in which everything that kai keeps lies, usually ~/.kind.
//
//	~/.kind/
//	  version          the line "kai-home 1": what this directory is, and its layout
//	  lock             taken while something directly in the home changes
//	  config.toml      optional defaults
//	  truststore.json  identities, statements, revocations
//	  vault/           secrets and private keys
//	  audit/           the log
//
// The directory and its areas belong to one user and are closed to everybody else (0700). One
// that is not is refused, by [*PermissionError], and never repaired silently: what it holds may
// have been read or planted. Windows has no such bits; there nothing is checked.
//
// # Version
//
// The file "version" holds the bytes "kai-home 1\n". A directory that holds other things and not
// this file is not a home (ErrNotHome) and is left alone; a higher number is ErrNewer. The number
// changes only when an older kai could do harm by not knowing of the change.
//
// # Configuration
//
// config.toml is a small part of TOML: one "key = value" a line, blank lines, and comments from #
// to the end of the line. Keys are bare and known:
//
//	identity = "release-bot"   # the identity used when none is named
//	color = "auto"             # auto, always or never
//	no-input = true            # never ask, fail instead
//
// A value is true, false, or a basic string in double quotes with the escapes \" \\ \b \f \n \r
// \t \uXXXX \UXXXXXXXX. Everything else of TOML (tables, dotted and quoted keys, arrays, numbers,
// dates, literal and multi-line strings), an unknown key and a key given twice are errors that
// name the line. The file is UTF-8 without BOM and at most 64 KiB. It never holds a secret.
package home
