package sshsig

import (
	"bytes"
	"encoding/base64"
	"errors"

	"kai/internal/sig"
)

// label is the kind of a block, as its BEGIN and END lines name it.
type label string

const (
	sshLabel label = "SSH SIGNATURE"
	kaiLabel label = "KAI SIGNATURE"
)

func (l label) begin() string { return "-----BEGIN " + string(l) + "-----" }
func (l label) end() string   { return "-----END " + string(l) + "-----" }

// armor writes a block as ssh-keygen does.
func armor(l label, raw []byte) []byte {
	text := base64.StdEncoding.EncodeToString(raw)
	var b bytes.Buffer
	b.Grow(len(text) + len(text)/lineWidth + 80)
	b.WriteString(l.begin() + "\n")
	for len(text) > 0 {
		n := min(lineWidth, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	b.WriteString(l.end() + "\n")
	return b.Bytes()
}

// section is one armored block of a file.
type section struct {
	label label
	// file is the whole file, body and next the places of the base64 text and
	// of what follows the END line.
	file []byte
	body int
	next int
	raw  []byte
}

// dearmor reads the block that begins at pos.
func dearmor(file []byte, pos int) (*section, error) {
	line, next, err := cutLine(file, pos)
	if err != nil {
		return nil, err
	}
	s := &section{file: file, body: next}
	switch string(line) {
	case sshLabel.begin():
		s.label = sshLabel
	case kaiLabel.begin():
		s.label = kaiLabel
	default:
		return nil, syntaxError(pos, "not the first line of a signature block")
	}
	var text []byte
	for {
		if next == len(file) {
			return nil, syntaxError(next, "no END line")
		}
		if line, next, err = cutLine(file, next); err != nil {
			return nil, err
		}
		if string(line) == s.label.end() {
			s.next = next
			break
		}
		for _, c := range line {
			if !isBlank(c) {
				text = append(text, c)
			}
		}
	}
	if s.raw, err = base64.StdEncoding.Strict().DecodeString(string(text)); err != nil {
		var corrupt base64.CorruptInputError
		errors.As(err, &corrupt)
		return nil, syntaxError(s.place(int(corrupt)), "not canonical base64")
	}
	return s, nil
}

// place is where in the file the n-th base64 digit of the block stands.
func (s *section) place(n int) int {
	for i := s.body; i < len(s.file); i++ {
		if isBlank(s.file[i]) || s.file[i] == '\n' || s.file[i] == '\r' {
			continue
		}
		if n == 0 {
			return i
		}
		n--
	}
	return len(s.file)
}

// locate turns a flaw of the decoded block into an error of the file; other
// errors pass.
func (s *section) locate(err error) error {
	var f *flaw
	if !errors.As(err, &f) {
		return err
	}
	return syntaxError(s.place(f.at*4/3), f.reason)
}

// cutLine returns the line at pos without its end.
func cutLine(file []byte, pos int) (line []byte, next int, err error) {
	line, next = file[pos:], len(file)
	if n := bytes.IndexByte(line, '\n'); n >= 0 {
		line, next = line[:n], pos+n+1
		line = bytes.TrimSuffix(line, []byte("\r"))
	}
	if n := bytes.IndexByte(line, '\r'); n >= 0 {
		return nil, 0, syntaxError(pos+n, "lone carriage return")
	}
	return line, next, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func syntaxError(at int, reason string) error {
	return &sig.SyntaxError{Format: formatName, Offset: int64(at), Reason: reason}
}
