// Package template fills files with secrets.
//
// A template is any text. Only this has a meaning in it:
//
//	"{{" SP REFERENCE SP [ "|" SP FILTER SP ] "}}"
//
// SP is any number of spaces and tabs; REFERENCE begins with kai:// and is as package reference
// reads it, so that it holds no space and none of { | }. Everything else stays as it is, other
// systems' {{ … }} included. But what begins like ours, "{{" SP "kai://", and is not, is an error:
// a typing error must not end up in a configuration file.
//
//	password = {{ kai://ci/db#password | json }}
//	export TOKEN={{ kai://ci/github#token |shell}}
//
// # Filters
//
//	(none)  the bytes of the value
//	json    a string of RFC 8259, in quotes; the value must be UTF-8
//	shell   one word of a POSIX shell, in single quotes; no zero bytes
//	yaml    a double-quoted scalar of YAML 1.2 in ASCII, in quotes; the value must be UTF-8
//	base64  RFC 4648 §4, padded
//
// # Use
//
// [Parse] reads the template and [Template.References] says which secrets it needs. Only when all
// of them are there is it rendered. Values are never looked at for references, so a secret cannot
// ask for another one.
package template
