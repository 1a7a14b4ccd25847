package allowedsigners

import (
	"fmt"
	"iter"
	"strings"
	"time"
)

// List is a parsed file.
type List struct {
	lines []line
	loc   *time.Location
}

// Parse reads a file. loc is where times without Z are, and where remarks show
// times. Malformed lines are no error: queries remark them, as ssh-keygen does.
//
// The error is ErrTooLarge.
func Parse(data []byte, loc *time.Location) (*List, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxFile)
	}
	list := &List{loc: loc}
	number := 0
	for text := range strings.Lines(string(data)) {
		number++
		if l, ok := parseLine(number, text, loc); ok {
			list.lines = append(list.lines, l)
		}
	}
	return list, nil
}

// Entries yields the well-formed lines.
func (list *List) Entries() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for _, l := range list.lines {
			if l.entry != nil && !yield(l.entry) {
				return
			}
		}
	}
}

// Faults returns a remark for each malformed line.
func (list *List) Faults() []Remark {
	var faults []Remark
	for _, l := range list.lines {
		if l.fault != "" {
			faults = append(faults, Remark{l.number, l.fault})
		}
	}
	return faults
}
