// Package flatjson reads and writes secrets as plain JSON:
//
//	{
//	"ci/github": "ghp_…",
//	"db/main": {"password": "…", "user": "app"},
//	"tls/key": {"value": {"base64": "MIIE…"}}
//	}
//
// One object holds all. Its members are paths; folders are separated by slashes. A
// member is the value itself, which becomes the field "value", or an object of fields.
// A value is a string. A number, true or false is taken as it is spelt. Bytes that are
// no text stand in a field as {"base64": "…"} (RFC 4648 §4, padded). Null, arrays and
// deeper objects are refused.
//
// Package scan has the rules for the JSON itself.
//
// # Writing
//
// The paths have their namespaces before them. An item whose only field is "value" is
// written as a string if it is text. There is one item a line; history, tags, dates and
// public values are not written.
package flatjson
