// Package export writes events of the audit log for other programs.
//
// # Formats
//
// Each format has one record a line, whatever names the events hold; no line has a control
// character, a line separator, or a control of writing direction in it. In all of them id is
// LOGID:N and leaf the 64 hexadecimal digits of the event's RFC 6962 leaf hash.
//
// jsonl is the stored lines.
//
// events is [AppendSecurityEvent]: the event under the names id timestamp eventType severity
// source details context, then n action outcome leaf. The three objects are those of the line.
//
// ocsf is the Open Cybersecurity Schema Framework 1.6.0, see [AppendOCSF].
//
// cef is the Common Event Format, version 0, see [AppendCEF].
//
// rfc5424 is syslog, a line feed behind each message, see [AppendRFC5424].
//
// csv is RFC 4180 with a row of headings and CRLF, see csv.go.
//
// # Text
//
// cef and csv have no spelling of their own for most of what a name may hold, so their texts are as
// the line has them between quotation marks, except that the quotation mark stands for itself: \\
// is a backslash, and \uXXXX in lower case a character that would act on a reader. JSON's rules
// for strings read them back; nothing is lost. Where a format also carries whole objects (source,
// context, details), they are JSON, with the format's own escapes around them.
//
// # Message
//
// Where a format has a line for people, it is the act, the outcome, and each member of d, ctx and
// src under the name that rules use, with its value in JSON:
//
//	vault_unlock_failed fail d.error="wrong_passphrase" d.method="passphrase" ctx.cmd="vault unlock" src.uid=1000
package export
