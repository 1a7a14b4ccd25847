package minisign

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"kai/internal/sig"
)

// lines takes a file apart. Every error names the place.
type lines struct {
	format string
	data   []byte
	offset int  // of the next line
	crlf   bool // a line ended in CR LF
	open   bool // the last line had no LF
}

func (l *lines) fault(offset int, reason string) error {
	return &sig.SyntaxError{Format: l.format, Offset: int64(offset), Reason: reason}
}

// next returns a line of at most limit bytes, without its end, and where it
// begins. what names the line in errors.
func (l *lines) next(what string, limit int) (line []byte, offset int, err error) {
	offset = l.offset
	rest := l.data[offset:]
	if len(rest) == 0 {
		return nil, offset, l.fault(offset, "no "+what)
	}
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		l.open, end = true, len(rest)
		l.offset = len(l.data)
	} else {
		l.offset = offset + end + 1
	}
	line = rest[:end]
	if !l.open && bytes.HasSuffix(line, []byte("\r")) {
		l.crlf, line = true, line[:end-1]
	}
	if len(line) > limit {
		return nil, offset, fmt.Errorf("%s: %s: %w: more than %d bytes", l.format, what, sig.ErrTooLarge, limit)
	}
	if i := bytes.IndexAny(line, "\r\x00"); i >= 0 {
		return nil, offset, l.fault(offset+i, what+" with a CR or NUL")
	}
	return line, offset, nil
}

// comment reads a line that begins with prefix and returns what follows it.
func (l *lines) comment(what, prefix string, limit int) (string, error) {
	line, offset, err := l.next(what, limit)
	if err != nil {
		return "", err
	}
	text, ok := bytes.CutPrefix(line, []byte(prefix))
	if !ok {
		return "", l.fault(offset, what+" does not begin with \""+prefix+"\"")
	}
	return string(text), nil
}

// base64 reads a line that is the base64 of size bytes, as it would be written.
func (l *lines) base64(what string, size int) ([]byte, error) {
	encoding := base64.StdEncoding.Strict()
	line, offset, err := l.next(what, maxUntrustedLine)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, encoding.DecodedLen(len(line)))
	n, err := encoding.Decode(raw, line)
	if err != nil {
		return nil, l.fault(offset, what+" is not base64")
	}
	if n != size {
		return nil, l.fault(offset, fmt.Sprintf("%s of %d bytes, want %d", what, n, size))
	}
	return raw[:n], nil
}

// notes are remarks on what was accepted although it is never written.
func (l *lines) notes() []string {
	var notes []string
	if l.crlf {
		notes = append(notes, "line ends are CR LF")
	}
	if l.open {
		notes = append(notes, "the last line is not ended")
	}
	if n := len(l.data) - l.offset; n > 0 {
		notes = append(notes, fmt.Sprintf("%d bytes after the fourth line are ignored", n))
	}
	return notes
}
