// Package dotenv reads and writes .env files.
//
// There is no standard, and tools disagree where it matters. What is read here means
// the same to a POSIX shell and to the usual libraries; whatever does not is refused
// with its line. Lines end with LF or CRLF. A line is empty, a comment from "#" on, or
//
//	[export ]NAME=VALUE [#comment]
//
// NAME is [A-Za-z_][A-Za-z0-9_.-]*, once in a file, with no blank before "=". VALUE is
// one of:
//
//	bare      up to the end of the line or to a "#" after a blank, without the blanks
//	          around it; no quotes, backslash, or backquote in it
//	'single'  any bytes but "'", over several lines if need be; nothing is an escape
//	"double"  the same with the escapes \n \r \t \\ \" \$ \`; no other "\"
//
// Behind a quote there may be blanks and a comment, and nothing else. "$" is not
// expanded; where a shell would expand it, there is a note.
//
// Each variable becomes an item of its name with the field "value".
//
// # Writing
//
// The name of a variable is the item's path, with its namespace if it has one, and the
// name of the field unless that is the only one or "value", joined by "_"; what is not
// of [A-Za-z0-9_] becomes "_", and "_" goes before a digit at the beginning. Two
// variables of one name are an error. A value without "'" is written in single quotes,
// one with it in double quotes, and one with a zero byte or bytes that are not UTF-8 is
// an error. A shell that reads the file, "set -a; . ./file", gets the same values.
//
// History, tags, dates and public values are not written.
package dotenv
