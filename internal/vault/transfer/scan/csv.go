package scan

import (
	"bytes"
	"unicode/utf8"
)

// CSV reads records.
type CSV struct {
	data    []byte
	pos     int
	line    int
	columns int // of the first record, 0 before it
}

// NewCSV scans data, which it changes.
func NewCSV(data []byte) *CSV {
	s := &CSV{data: data, line: 1}
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		s.pos = len("\ufeff")
	}
	return s
}

func (s *CSV) fail(reason string) error { return &Error{Line: s.line, Reason: reason} }

// Record reads the next record into fields[:0], and the line it begins in. At the end
// it returns no fields and no error.
func (s *CSV) Record(fields []Span) ([]Span, int, error) {
	fields = fields[:0]
	for s.newline() {
	}
	line := s.line
	if s.pos == len(s.data) {
		return fields, line, nil
	}
	for {
		field, err := s.field()
		if err != nil {
			return nil, line, err
		}
		fields = append(fields, field)
		if s.pos < len(s.data) && s.data[s.pos] == ',' {
			s.pos++
			continue
		}
		if s.pos < len(s.data) && !s.newline() {
			return nil, line, s.fail("text after a quoted field")
		}
		break
	}
	if s.columns == 0 {
		s.columns = len(fields)
	}
	if len(fields) != s.columns {
		return nil, line, &Error{Line: line, Reason: "another number of fields than in the first line"}
	}
	return fields, line, nil
}

// newline consumes LF or CRLF.
func (s *CSV) newline() bool {
	rest := s.data[s.pos:]
	switch {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		s.pos += 2
	case bytes.HasPrefix(rest, []byte("\n")):
		s.pos++
	default:
		return false
	}
	s.line++
	return true
}

// field reads one field, up to what ends it.
func (s *CSV) field() (Span, error) {
	span, err := s.spelling()
	if err == nil && !utf8.Valid(span.Of(s.data)) {
		err = s.fail("invalid UTF-8")
	}
	return span, err
}

func (s *CSV) spelling() (Span, error) {
	start := s.pos
	if s.pos == len(s.data) || s.data[s.pos] != '"' {
		for ; s.pos < len(s.data); s.pos++ {
			switch c := s.data[s.pos]; {
			case c == '"':
				return Span{}, s.fail("quote inside a field that does not begin with one")
			case c == ',', c == '\n', c == '\r' && bytes.HasPrefix(s.data[s.pos:], []byte("\r\n")):
				return Span{start, s.pos}, nil
			}
		}
		return Span{start, s.pos}, nil
	}
	begin := s.line
	s.pos++
	start++
	to := start
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		s.pos++
		switch {
		case c == '\n':
			s.line++
		case c == '"' && s.pos < len(s.data) && s.data[s.pos] == '"':
			s.pos++
		case c == '"':
			return Span{start, to}, nil
		}
		s.data[to] = c
		to++
	}
	return Span{}, &Error{Line: begin, Reason: "quoted field without an end"}
}
