package scan

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// XML reads one document. The scanner stands behind a start tag whenever a function of
// the caller runs, and that function must read the element to its end, with Children,
// Text or Skip.
type XML struct {
	data  []byte
	pos   int
	line  int
	depth int

	name       []byte      // of the start tag behind which the scanner stands
	attributes []attribute // of it
	empty      bool        // it was <name/>
}

type attribute struct{ name, value Span }

// NewXML scans data, which it changes.
func NewXML(data []byte) *XML { return &XML{data: data, line: 1} }

// Line is the current line, from 1.
func (s *XML) Line() int { return s.line }

// Fail returns an error about the current line.
func (s *XML) Fail(reason string) error { return s.fail(reason) }

func (s *XML) fail(reason string) error { return &Error{Line: s.line, Reason: reason} }

// has reports whether text follows.
func (s *XML) has(text string) bool { return bytes.HasPrefix(s.data[s.pos:], []byte(text)) }

// move goes n bytes on and counts lines.
func (s *XML) move(n int) {
	s.line += bytes.Count(s.data[s.pos:s.pos+n], []byte("\n"))
	s.pos += n
}

func (s *XML) space() {
	for s.pos < len(s.data) && isSpace(s.data[s.pos]) {
		s.move(1)
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// through goes behind the next end.
func (s *XML) through(end, unfinished string) error {
	i := bytes.Index(s.data[s.pos:], []byte(end))
	if i < 0 {
		return s.fail(unfinished)
	}
	s.move(i + len(end))
	return nil
}

// comment goes behind a comment, whose "<!--" follows.
func (s *XML) comment() error {
	s.move(len("<!--"))
	return s.through("-->", "comment without an end")
}

// misc passes over white space and comments.
func (s *XML) misc() error {
	for s.space(); s.has("<!--"); s.space() {
		if err := s.comment(); err != nil {
			return err
		}
	}
	return nil
}

// Document reads all of the document and calls root behind its first start tag.
func (s *XML) Document(root func(name []byte) error) error {
	if s.has("\ufeff") {
		s.pos += len("\ufeff")
	}
	if s.has("<?xml") {
		declaration := s.pos
		if err := s.through("?>", "declaration without an end"); err != nil {
			return err
		}
		if err := s.declaration(s.data[declaration:s.pos]); err != nil {
			return err
		}
	}
	if err := s.misc(); err != nil {
		return err
	}
	if err := s.start(); err != nil {
		return err
	}
	if err := root(s.name); err != nil {
		return err
	}
	if err := s.misc(); err != nil {
		return err
	}
	if s.pos < len(s.data) {
		return s.fail("data after the document")
	}
	return nil
}

// declaration refuses other encodings than UTF-8.
func (s *XML) declaration(text []byte) error {
	_, encoding, found := bytes.Cut(bytes.ToLower(text), []byte("encoding"))
	encoding = bytes.TrimLeft(encoding, " =\t\r\n")
	if found && !bytes.HasPrefix(encoding, []byte(`"utf-8"`)) && !bytes.HasPrefix(encoding, []byte(`'utf-8'`)) {
		return s.fail("encoding other than UTF-8")
	}
	return nil
}

// start reads a start tag.
func (s *XML) start() error {
	if s.has("<!") || s.has("<?") {
		return s.fail("document type or processing instruction")
	}
	if !s.has("<") {
		return s.fail("no element where one belongs")
	}
	s.pos++
	name := s.word()
	if name.Len() == 0 {
		return s.fail("tag without a name")
	}
	s.name, s.attributes = name.Of(s.data), s.attributes[:0]
	for {
		before := s.pos
		s.space()
		switch {
		case s.has("/>"):
			s.pos += 2
			s.empty = true
			return nil
		case s.has(">"):
			s.pos++
			s.empty = false
			return nil
		case before == s.pos:
			return s.fail("malformed tag")
		}
		if err := s.attribute(); err != nil {
			return err
		}
	}
}

// word reads a name.
func (s *XML) word() Span {
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case isSpace(c), c == '/', c == '>', c == '=', c == '<', c == '"', c == '\'', c == '&', c < ' ':
			return Span{start, s.pos}
		}
		s.pos++
	}
	return Span{start, s.pos}
}

func (s *XML) attribute() error {
	name := s.word()
	s.space()
	if name.Len() == 0 || !s.has("=") {
		return s.fail("malformed attribute")
	}
	s.pos++
	s.space()
	if !s.has(`"`) && !s.has(`'`) {
		return s.fail("attribute without quotes")
	}
	quote := s.data[s.pos]
	s.pos++
	n := bytes.IndexByte(s.data[s.pos:], quote)
	if n < 0 || bytes.IndexByte(s.data[s.pos:s.pos+n], '<') >= 0 {
		return s.fail("malformed attribute")
	}
	if len(s.attributes) == maxAttributes {
		return s.fail("too many attributes")
	}
	for _, a := range s.attributes {
		if bytes.Equal(a.name.Of(s.data), name.Of(s.data)) {
			return s.fail("two attributes of one name")
		}
	}
	start := s.pos
	end, err := s.decode(start, s.pos+n)
	if err != nil {
		return err
	}
	s.attributes = append(s.attributes, attribute{name, Span{start, end}})
	s.pos++
	return nil
}

// Attribute returns an attribute of the element behind whose start tag the scanner
// stands.
func (s *XML) Attribute(name string) (value []byte, present bool) {
	for _, a := range s.attributes {
		if string(a.name.Of(s.data)) == name {
			return a.value.Of(s.data), true
		}
	}
	return nil, false
}

// end reads the end tag of name.
func (s *XML) end(name []byte) error {
	s.pos += len("</")
	if found := s.word(); !bytes.Equal(found.Of(s.data), name) {
		return s.fail("end tag of another element")
	}
	s.space()
	if !s.has(">") {
		return s.fail("malformed end tag")
	}
	s.pos++
	return nil
}

// Children reads the rest of an element that holds elements and calls child behind the
// start tag of each.
func (s *XML) Children(child func(name []byte) error) error {
	if s.empty {
		return nil
	}
	name := s.name
	if s.depth == MaxDepth {
		return s.fail("nesting too deep")
	}
	s.depth++
	for {
		if err := s.misc(); err != nil {
			return err
		}
		switch {
		case s.pos == len(s.data):
			return s.fail("element without an end")
		case s.has("</"):
			s.depth--
			return s.end(name)
		case !s.has("<"):
			return s.fail("text between elements")
		}
		if err := s.start(); err != nil {
			return err
		}
		if err := child(s.name); err != nil {
			return err
		}
	}
}

// Text reads the rest of an element that holds only text and decodes that in place.
func (s *XML) Text() (Span, error) {
	if s.empty {
		return Span{s.pos, s.pos}, nil
	}
	name, start, to := s.name, s.pos, s.pos
	for {
		n := bytes.IndexByte(s.data[s.pos:], '<')
		if n < 0 {
			return Span{}, s.fail("element without an end")
		}
		from := s.pos
		end, err := s.decode(from, from+n)
		if err != nil {
			return Span{}, err
		}
		to += copy(s.data[to:], s.data[from:end])
		switch {
		case s.has("</"):
			return Span{start, to}, s.end(name)
		case s.has("<!--"):
			if err := s.comment(); err != nil {
				return Span{}, err
			}
		case s.has("<![CDATA["):
			s.pos += len("<![CDATA[")
			from := s.pos
			if err := s.through("]]>", "CDATA without an end"); err != nil {
				return Span{}, err
			}
			section := s.data[from : s.pos-len("]]>")]
			if err := s.characters(section); err != nil {
				return Span{}, err
			}
			to += copy(s.data[to:], section)
		default:
			return Span{}, s.fail("element inside text")
		}
	}
}

// characters checks what stands in a document as it is.
func (s *XML) characters(text []byte) error {
	if !utf8.Valid(text) {
		return s.fail("invalid UTF-8")
	}
	for _, c := range text {
		if c < ' ' && !isSpace(c) {
			return s.fail("control character")
		}
	}
	return nil
}

// decode replaces references in data[from:until], and line ends by LF (XML 1.0 §2.11),
// goes to until and returns the end of the result, which begins at from.
func (s *XML) decode(from, until int) (end int, err error) {
	if err := s.characters(s.data[from:until]); err != nil {
		return 0, err
	}
	s.pos = from
	lines := s.line + bytes.Count(s.data[from:until], []byte("\n"))
	for s.pos < until {
		c := s.data[s.pos]
		s.pos++
		switch {
		case c == '&':
			n := bytes.IndexByte(s.data[s.pos:until], ';')
			if n < 0 {
				return 0, s.fail("reference without an end")
			}
			r, known := reference(s.data[s.pos : s.pos+n])
			if !known {
				return 0, s.fail("unknown reference")
			}
			s.pos += n + 1
			from += utf8.EncodeRune(s.data[from:s.pos], r)
			continue
		case c == '\r' && s.pos < until && s.data[s.pos] == '\n':
			continue
		case c == '\r':
			c = '\n'
		}
		s.data[from] = c
		from++
	}
	s.line = lines
	return from, nil
}

// reference returns the character that &name; stands for.
func reference(name []byte) (r rune, known bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	base := 10
	digits, numeric := bytes.CutPrefix(name, []byte("#"))
	if hex, is := bytes.CutPrefix(digits, []byte("x")); is {
		digits, base = hex, 16
	}
	if !numeric || len(digits) == 0 || len(digits) > 8 || digits[0] == '+' || digits[0] == '-' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) || n < ' ' && (n > 0xff || !isSpace(byte(n))) {
		return 0, false
	}
	return rune(n), true
}

// Skip reads the rest of an element, whatever it holds.
func (s *XML) Skip() error {
	if s.empty {
		return nil
	}
	name := s.name
	if s.depth == MaxDepth {
		return s.fail("nesting too deep")
	}
	s.depth++
	for {
		n := bytes.IndexByte(s.data[s.pos:], '<')
		if n < 0 {
			return s.fail("element without an end")
		}
		s.move(n)
		switch {
		case s.has("</"):
			s.depth--
			return s.end(name)
		case s.has("<!--"):
			if err := s.comment(); err != nil {
				return err
			}
		case s.has("<![CDATA["):
			if err := s.through("]]>", "CDATA without an end"); err != nil {
				return err
			}
		default:
			if err := s.start(); err != nil {
				return err
			}
			if err := s.Skip(); err != nil {
				return err
			}
		}
	}
}
