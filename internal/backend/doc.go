// Package backend says where private keys are held and how they are reached.
//
// # Key references
//
// A key reference names a key and its holder, in the shape of RFC 7512:
//
//	SCHEME ":" ATTRIBUTES [ "?" QUERY ]
//
// ATTRIBUTES are name=value pairs joined by ";"; a first part without "=" is
// the value of the scheme's main attribute. QUERY is name=value pairs joined by
// "&": it says how to reach the key and is no part of its identity. Values are
// percent-encoded. A reference has at most 1,024 bytes, no control characters,
// and no attribute twice. A key fits a reference that is true of it in every
// attribute.
//
//	file:/home/ada/.ssh/id_ed25519
//	agent:SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8
//	agent:comment=ada@laptop?socket=/run/user/1000/agent
//
// References come from the command line, the configuration or the home, never
// from a file that is being verified or opened.
//
// # Holders
//
// A holder implements Backend. Holders neither prompt nor read the environment
// nor print: what they need comes in Env. No operation falls back from one
// holder to another. Signatures are verified by package sig before they leave.
package backend
