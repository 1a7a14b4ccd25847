package checkpoint

import "fmt"

// Merge adds signature lines to a note, below those that it has, and returns the
// new note.
//
// lines is what a witness answered with, 1 to MaxSignatures lines. Those of keys
// that are not known are left out. Of two lines of one key the one with the later
// time stays, in the place of the first; so nothing is there twice, and merging
// again changes nothing. The note's lines of unknown keys stay as they are.
//
// The errors are ErrMalformed for either argument, ErrSignature when a line of a
// known key, old or new, does not verify, ErrUntrusted when no new line is of a
// known key, ErrAmbiguous, and ErrFull.
func Merge(signed, lines []byte, known ...*Verifier) ([]byte, error) {
	n, err := ParseNote(signed)
	if err != nil {
		return nil, err
	}
	added, err := ParseLines(lines)
	if err != nil {
		return nil, err
	}
	r, err := newRing(known)
	if err != nil {
		return nil, err
	}
	m := merge{ring: r, body: n.body, place: make(map[keyID]int), seen: make(map[string]bool)}
	for _, s := range n.signatures {
		if _, err := m.add(s, true); err != nil {
			return nil, err
		}
	}
	trusted := 0
	for _, s := range added {
		known, err := m.add(s, false)
		if err != nil {
			return nil, err
		}
		if known {
			trusted++
		}
	}
	if trusted == 0 {
		return nil, fmt.Errorf("added lines: %w", ErrUntrusted)
	}
	return join(m.body, m.lines)
}

// merge is a note in the making.
type merge struct {
	ring  ring
	body  string
	lines []string
	kept  []VerifiedSignature // beside lines; zero for those of unknown keys
	place map[keyID]int       // of known keys, in lines
	seen  map[string]bool     // lines of unknown keys
}

// add takes one line in, or leaves it out, and reports whether its key is known.
func (m *merge) add(s Signature, keepUnknown bool) (known bool, err error) {
	v, known, err := m.ring.verify(m.body, s)
	if err != nil || !known && (!keepUnknown || m.seen[s.line]) {
		return known, err
	}
	at := keyID{s.Name, s.Hash}
	if i, ok := m.place[at]; ok && known {
		if v.Time.After(m.kept[i].Time) {
			m.lines[i], m.kept[i] = s.line, v
		}
		return true, nil
	}
	if known {
		m.place[at] = len(m.lines)
	} else {
		m.seen[s.line] = true
	}
	m.lines = append(m.lines, s.line)
	m.kept = append(m.kept, v)
	return known, nil
}
