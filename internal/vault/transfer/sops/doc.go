// Package sops reads files that sops has encrypted for age recipients: YAML, JSON
// (binary files of sops are JSON too) and dotenv, told apart by content.
//
// # Format
//
// A file keeps its shape; only the scalars are encrypted. Its member "sops" (in dotenv,
// the variables that begin with "sops_") says how:
//
//	sops:
//	    age:
//	        - recipient: age1…
//	          enc: |
//	            -----BEGIN AGE ENCRYPTED FILE-----
//	            …
//	    lastmodified: "2026-11-22T02:00:00Z"
//	    mac: ENC[AES256_GCM,data:…,iv:…,tag:…,type:str]
//	    unencrypted_suffix: _unencrypted
//	    version: 3.13.3
//
// enc holds the data key, 32 bytes. A scalar is
//
//	ENC[AES256_GCM,data:BASE64,iv:BASE64,tag:BASE64,type:TYPE]
//
// AES-256-GCM with a nonce of 32 bytes; the additional data are the names of the members
// above it, without indices of lists, each followed by ":". An empty text is left as it
// is. TYPE is str, bytes, int, float, bool, time or comment.
//
// At most one of unencrypted_suffix (by default "_unencrypted"), encrypted_suffix,
// unencrypted_regex and encrypted_regex tells, by the names above, which scalars are not
// encrypted. mac is encrypted too, with lastmodified as additional data. It is the
// SHA-512, in upper-case hexadecimal digits, of all scalars in order, as text: numbers
// in decimal, booleans as True and False, no null, no comments; with mac_only_encrypted
// true, of 32 fixed bytes and the encrypted ones only. Not a value is given out before
// that was compared.
//
// # Items
//
// The scalars of a mapping are the fields of one item, whose path are the names down to
// the mapping. Those at the top are items of their own with the field "value", and so
// are those of a mapping with more than 64. A list is like a mapping with the names 0,
// 1, 2 and so on. Null makes nothing, and booleans become "true" and "false".
//
//	db:                      db      password, user
//	    user: app
//	    password: …
//	token: …                 token   value
//
// # What sops does not protect
//
// The names of scalars that are not encrypted are in no MAC, nor is it told where one
// text ends and the next begins: who can write the file can rename those, or move bytes
// between two that follow each other. Encrypted values are bound to the names above them.
//
// # What is refused
//
// Files without an age recipient, with several key groups, with rules about comments,
// with YAML aliases or keys that are no text; INI.
//
// Source: github.com/getsops/sops/v3 v3.13.3.
package sops
