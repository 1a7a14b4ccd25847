package minisign

// ClaimedTime is what a trusted comment's timestamp says.
var ClaimedTime = claimedTime

// Rewrite parses a file of four or two lines and writes it again.
func Rewrite(data []byte, four bool) (out []byte, notes []string, err error) {
	l := lines{data: data}
	if !four {
		b, err := l.block()
		return b.append(nil), l.notes(), err
	}
	f, err := l.file()
	return f.append(nil), l.notes(), err
}
