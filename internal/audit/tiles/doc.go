// Package tiles writes a log as a directory of static files, which any reader of
// tiled transparency logs can check.
//
// # The files
//
//	checkpoint              the signed note of package checkpoint, byte for byte
//	tile/L/N                hashes of level L
//	tile/entries/N          records
//
// A hash tile is up to 256 hashes of 32 bytes, one behind the other. On level 0
// they are the leaves, SHA-256(0x00 ‖ record); on level L + 1 each is the RFC 6962
// tree hash of a full tile of level L. Tile N has the hashes from 256·N on. A bundle
// of records covers the same records as the tile N of level 0, each as
//
//	u16 length, big-endian ‖ record
//
// N is written in groups of three digits, all but the last behind an "x": 5 is
// "005", and 1,234,067 is "x001/x234/067". The last tile of a level, and the last
// bundle, may have fewer than 256; then ".p/W" with the number W follows the name,
// and nothing is computed from it further up. Levels end where no hash is left.
//
// A log of 70,000 records has 273 full tiles and the tile "tile/0/273.p/112" on
// level 0, "tile/1/000" and "tile/1/001.p/17", "tile/2/000.p/1", and 274 bundles.
//
// # The export
//
// Export trusts neither its hashes nor its records: every record must have the leaf
// that the tree has, all higher levels are computed here, and the root at the end
// must be the checkpoint's. The checkpoint comes last, so that a directory with one
// is complete. Memory is one bundle, at most 16 MiB and usually some 100 KiB, and a
// tile a level.
//
// The beginning of a log whose records are gone can be left out of the bundles, by
// whole ones ("Pruning" in tlog-tiles); its hashes stay.
//
// # Example
//
// The log of the records "one", "two" and "three" (the JSON texts, with their
// quotes) has three files: checkpoint, tile/0/000.p/3 with 96 bytes, and
// tile/entries/000.p/3 with
//
//	00 05 22 6f 6e 65 22  00 05 22 74 77 6f 22  00 07 22 74 68 72 65 65 22
//
// Source: https://c2sp.org/tlog-tiles
package tiles
