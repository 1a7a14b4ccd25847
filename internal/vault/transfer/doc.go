// Package transfer is what moves between the vault and other people's secret stores:
// items with fields, in a form that belongs to no format.
//
// Each format has a package of its own below this one, and package formats has the
// list. A reader gets a [Source] and returns a [Store]: everything the source holds,
// after all of it was checked. Whatever is wrong anywhere, nothing is returned. A
// writer gets a sequence of items and writes them one by one.
//
// # Values
//
// A hundred thousand secrets cannot have a page of locked memory each. The values of a
// Store lie together in few secret buffers, an [Arena]; a [Value] is a place in one.
// Like a secret.Bytes it cannot be printed or marshalled, and it ends with its Store:
//
//	store, err := formats.Read(ctx, formats.KeePassXML, source, opts)
//	if err != nil {
//		return err
//	}
//	defer store.Wipe()
//	for item := range store.All() {
//		put(item.Path, item.Fields[0].Value.Expose())
//	}
//
// # Paths
//
// Package reference has the rules for a vault path. Other stores allow more. A
// [Builder] makes a path of an item's folders and its name thus:
//
//   - a byte that is not UTF-8, a control character, "#", and, in a name, "/" become
//     "_";
//   - what is left is brought into NFC;
//   - a folder without a name is left out; an item without one is called "unnamed";
//   - a folder or item called "." becomes "_"; one called ".." is refused;
//   - where paths are not unique in the source, the second item of a path gets " (2)"
//     behind its name, the third " (3)", and so on; elsewhere two of a path are an
//     error;
//   - a path that is then too long, or too deep, is refused.
//
// A field's name is of 1 to 64 of the characters A-Z a-z 0-9 _ . -; each other one
// becomes "_", what is too long is cut, and the second field of a name gets "_2".
// Fields stand in the order of their names' bytes. Everything but a left-out empty
// folder is reported as a [Note].
//
// # Field names
//
// Readers call the same things by the same names: "password", "username", "url" (then
// "url_2"…), "notes", "otp" (a base32 seed or an otpauth URL), "value" for the only
// value of an item. What else an item has keeps its name in the source.
package transfer
