package tiles

import "fmt"

// HashPath is the name of a hash tile: level 0–63, number n of it, w hashes. w is
// 1–256, and 256 is a full tile.
//
// Format: https://c2sp.org/tlog-tiles, "Merkle Tree"
func HashPath(level int, n uint64, w int) string {
	return fmt.Sprintf("tile/%d/%s", level, number(n, w))
}

// EntriesPath is the name of a bundle: number n, w records, as in HashPath.
//
// Format: https://c2sp.org/tlog-tiles, "Log entries"
func EntriesPath(n uint64, w int) string { return "tile/entries/" + number(n, w) }

// number is N, and the width behind it unless it is full.
func number(n uint64, w int) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	if w < width {
		text += fmt.Sprintf(".p/%d", w)
	}
	return text
}
