package dotenv

import (
	"bytes"
	"context"
	"unicode/utf8"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

// Read reads a .env file.
//
// The errors are those of package transfer: ErrMalformed, as *SyntaxError, ErrPath for
// a variable that is set twice, and ErrLimit.
func Read(ctx context.Context, source transfer.Source, _ transfer.Options) (*transfer.Store, error) {
	b := transfer.NewBuilder(source.Name, false)
	defer b.Abort()
	data, part, err := b.ReadAll(source.Reader, source.Size)
	if err != nil {
		return nil, err
	}
	p := parser{data: data, line: 1}
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		p.pos = len("\ufeff")
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v, err := p.next()
		switch {
		case err != nil:
			return nil, b.Fail(p.line, err)
		case v == nil:
			return b.Done(), nil
		}
		field := transfer.Field{Name: "value", Value: b.Arena().At(part, v.value)}
		if err := b.Add(transfer.Item{Line: v.line, Fields: []transfer.Field{field}}, nil, v.name); err != nil {
			return nil, err
		}
		if v.expands {
			b.Note(v.line, v.name, `"$" is kept as it stands; a shell would expand it`)
		}
	}
}

// variable is one assignment.
type variable struct {
	name    string
	value   scan.Span
	line    int
	expands bool // a shell would see an expansion
}

// parser reads a file line by line and decodes values in place.
type parser struct {
	data []byte
	pos  int
	line int
}

func (p *parser) fail(reason string) error { return &scan.Error{Line: p.line, Reason: reason} }

// peek returns the next byte, or LF at the end.
func (p *parser) peek() byte {
	switch {
	case p.pos >= len(p.data), p.data[p.pos] == '\r' && bytes.HasPrefix(p.data[p.pos:], []byte("\r\n")):
		return '\n'
	}
	return p.data[p.pos]
}

func (p *parser) blanks() {
	for p.pos < len(p.data) && (p.data[p.pos] == ' ' || p.data[p.pos] == '\t') {
		p.pos++
	}
}

// endLine reads blanks, a comment, and the end of the line.
func (p *parser) endLine() error {
	start := p.pos
	p.blanks()
	if p.peek() == '#' && (p.pos > start || p.pos == 0 || p.data[p.pos-1] == '\n') {
		for p.peek() != '\n' {
			p.pos++
		}
	}
	if p.peek() != '\n' {
		return p.fail("text after the value")
	}
	if p.pos < len(p.data) {
		p.pos += bytes.IndexByte(p.data[p.pos:], '\n') + 1
		p.line++
	}
	return nil
}

// next returns the next variable, nil at the end.
func (p *parser) next() (*variable, error) {
	for {
		p.blanks()
		if p.pos == len(p.data) {
			return nil, nil
		}
		if c := p.peek(); c != '\n' && c != '#' {
			return p.assignment()
		}
		if p.peek() == '#' {
			for p.peek() != '\n' {
				p.pos++
			}
		}
		if err := p.endLine(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) assignment() (*variable, error) {
	name := p.name()
	if string(name) == "export" && (p.peek() == ' ' || p.peek() == '\t') {
		p.blanks()
		name = p.name()
	}
	if len(name) == 0 {
		return nil, p.fail("no name of a variable")
	}
	if p.peek() != '=' {
		return nil, p.fail(`no "=" after the name`)
	}
	p.pos++
	v := &variable{name: string(name), line: p.line}
	var err error
	switch p.peek() {
	case '\'':
		v.value, err = p.single()
	case '"':
		v.value, v.expands, err = p.double()
	default:
		v.value, v.expands, err = p.bare()
	}
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(v.value.Of(p.data)) {
		return nil, &scan.Error{Line: v.line, Reason: "invalid UTF-8"}
	}
	if bytes.IndexByte(v.value.Of(p.data), 0) >= 0 {
		return nil, &scan.Error{Line: v.line, Reason: "zero byte"}
	}
	return v, p.endLine()
}

func (p *parser) name() []byte {
	start := p.pos
	for ; p.pos < len(p.data); p.pos++ {
		c := p.data[p.pos]
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', c == '_':
		case p.pos > start && ('0' <= c && c <= '9' || c == '.' || c == '-'):
		default:
			return p.data[start:p.pos]
		}
	}
	return p.data[start:p.pos]
}

// bare reads a value without quotes. It leaves the blanks after it to endLine.
func (p *parser) bare() (value scan.Span, expands bool, err error) {
	begin := p.pos
	p.blanks()
	start, end := p.pos, p.pos
	for ; p.peek() != '\n'; p.pos++ {
		switch c := p.data[p.pos]; c {
		case ' ', '\t':
			continue
		case '\'', '"', '`', '\\':
			return value, false, p.fail("quote or backslash in a value that is not quoted")
		case '#':
			if p.pos > begin && (p.data[p.pos-1] == ' ' || p.data[p.pos-1] == '\t') {
				p.pos = end
				return scan.Span{Start: start, End: end}, expands, nil
			}
		case '$':
			expands = true
		}
		if c := p.data[p.pos]; c < ' ' {
			return value, false, p.fail("control character in a value that is not quoted")
		}
		end = p.pos + 1
	}
	p.pos = end
	return scan.Span{Start: start, End: end}, expands, nil
}

func (p *parser) single() (scan.Span, error) {
	p.pos++
	n := bytes.IndexByte(p.data[p.pos:], '\'')
	if n < 0 {
		return scan.Span{}, p.fail("quote without an end")
	}
	value := scan.Span{Start: p.pos, End: p.pos + n}
	p.line += bytes.Count(value.Of(p.data), []byte("\n"))
	p.pos += n + 1
	return value, nil
}

func (p *parser) double() (value scan.Span, expands bool, err error) {
	begin := p.line
	p.pos++
	start, to := p.pos, p.pos
	for p.pos < len(p.data) {
		c := p.data[p.pos]
		p.pos++
		switch c {
		case '"':
			return scan.Span{Start: start, End: to}, expands, nil
		case '$', '`':
			expands = true
		case '\n':
			p.line++
		case '\\':
			if c = unescape(p.peek()); c == 0 || p.pos == len(p.data) {
				return value, false, p.fail("unknown escape")
			}
			p.pos++
		}
		p.data[to] = c
		to++
	}
	p.line = begin
	return value, false, p.fail("quote without an end")
}

// unescape returns what \c stands for, 0 if nothing.
func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case '\\', '"', '$', '`':
		return c
	}
	return 0
}
