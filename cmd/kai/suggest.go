package main

// nearest returns the word most like text, or "" when none is near enough to be what was
// meant: at most one edit in three letters, and never the whole word.
func nearest(text string, words []string) string {
	const longest = 64 // longer words are not typing errors; keeps the table small
	if len(text) > longest {
		return ""
	}
	best, bestDistance := "", max(1, (len(text)+2)/3)+1
	for _, w := range words {
		if d := editDistance(text, w); d < bestDistance && d < len(w) && d < len(text) {
			best, bestDistance = w, d
		}
	}
	return best
}

// editDistance is the number of inserted, deleted, replaced and swapped neighbouring bytes
// that lead from a to b (optimal string alignment).
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
