// Package bitwarden reads the unencrypted exports of Bitwarden and Vaultwarden: JSON, of
// a person's vault or of an organization, and CSV.
//
// Encrypted exports are ErrEncrypted; the hint is to export as ".json".
//
// # JSON
//
//	{"encrypted":false,
//	 "folders":[{"id":ID,"name":"Work/CI"}],
//	 "items":[{"type":1,"name":NAME,"folderId":ID,"login":{…},"fields":[…],…}]}
//
// "collections" takes the place of "folders" in an organization. An item is at its
// folder's name, or its first collection's, where a slash makes folders in folders,
// and then its own name. It gets these fields:
//
//	login.username password totp     username password otp
//	login.uris[].uri                 url, url_2, …
//	notes                            notes
//	fields[]                         by their names; "field" if they have none
//	card, identity, sshKey           their members, by Bitwarden's names
//
// Empty members make no field. passwordHistory becomes the history, a version with the
// field "password" for each, with the time at which it was last used. A favorite gets
// the tag "favorite". Items in the trash, linked fields, passkeys, attachments, the
// wish to be asked again, and members not known here are counted and noted.
//
// # CSV
//
//	folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp
//
// Columns may be missing or in another order; "collections" is taken like "folder", up
// to its first comma. fields has a "NAME: VALUE" on each line; a line without ": "
// continues the value before it. login_uri holds several addresses behind commas; a
// comma separates them if a scheme and "://" follow it. Columns not known here are
// noted.
//
// Items of the same path are renamed, as package transfer says.
package bitwarden
