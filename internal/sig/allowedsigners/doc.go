// Package allowedsigners reads OpenSSH's allowed_signers files and answers from
// them who may sign what, as ssh-keygen -Y does.
//
// # Format
//
// A line is
//
//	principals [options] keytype base64-key [comment]
//
// Empty lines and lines that begin with # say nothing. principals is a list of
// patterns, joined by commas, where * stands for any text, ? for any character
// and a leading ! forbids what the pattern matches; it may stand in double
// quotes. options are joined by commas; their names are not case-sensitive:
//
//	cert-authority          the key signs certificates; only those of it count
//	namespaces="a,b*"       patterns of the namespaces that are allowed
//	valid-after="TIME"      signatures made before TIME are not allowed
//	valid-before="TIME"     signatures made after TIME are not allowed
//	no-touch-required       a security key need not have been touched
//	verify-required         only security keys that asked for a PIN or finger
//
// The last two are known here and not to ssh-keygen, which skips lines that
// have them. TIME is YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS; with Z or UTC
// behind it is universal time, else local time. Local time is always standard
// time, as in OpenSSH: 20230701120000 in Berlin is 11:00 UTC, an hour later
// than a clock there would have said.
//
//	alice@example.org,alice namespaces="git,file" ssh-ed25519 AAAAC3Nza…
//	*@example.org cert-authority,valid-before="20300101Z" ssh-ed25519 AAAAC3Nza…
//
// # Answers
//
// A query goes through the lines in order; the first line that allows the
// signer decides. Lines that are malformed, or that fit the signer but forbid
// it, do not end the search: they leave a remark. MatchPrincipals alone ends at
// a malformed line whose principals fit.
//
// Of certificates, only those of users count. They must be signed by the line's
// key, be valid at the time, name principals, and have no critical option but
// force-command and source-address, which concern logins, and verify-required.
// ssh-keygen does not look at critical options.
package allowedsigners
