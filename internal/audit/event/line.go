package event

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendHead writes the line of e up to and with its p, without m: with } behind it, it is the
// record, with [AppendMAC] the line. MAC is not looked at.
//
// The errors are ErrMalformed, as a *SyntaxError without an offset, for an event that has no
// line, and ErrTooLarge.
func (e *Event) AppendHead(b []byte) ([]byte, error) {
	start := len(b)
	if err := e.check(); err != nil {
		return b, err
	}
	b = append(b, `{"n":`...)
	b = strconv.AppendUint(b, e.N, 10)
	b = append(b, `,"t":"`...)
	b = e.Time.AppendFormat(b, TimeLayout)
	b = append(append(b, `","sev":"`...), e.Severity.String()...)
	b = append(append(b, `","type":"`...), e.Type.String()...)
	b = append(append(b, `","act":"`...), e.Act...)
	b = append(append(b, `","out":"`...), e.Outcome.String()...)
	b = append(b, `","src":`...)
	b = e.Source.append(b)
	b = append(b, `,"ctx":`...)
	b = e.Context.append(b)
	b = append(b, `,"d":`...)
	b = e.Details.append(b)
	b = append(b, `,"p":"`...)
	b = base64.RawURLEncoding.AppendEncode(b, e.Prev[:])
	b = append(b, '"')
	if size := len(b) - start + tailSize + 1; size > MaxLine {
		return b[:start], fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, MaxLine)
	}
	return b, nil
}

// AppendMAC ends a line that AppendHead has begun, without its line feed.
func AppendMAC(b []byte, mac [16]byte) []byte {
	b = append(b, `,"m":"`...)
	b = base64.RawURLEncoding.AppendEncode(b, mac[:])
	return append(b, `"}`...)
}

// AppendLine writes the line of e without its line feed. The errors are those of AppendHead.
func (e *Event) AppendLine(b []byte) ([]byte, error) {
	b, err := e.AppendHead(b)
	if err != nil {
		return b, err
	}
	return AppendMAC(b, e.MAC), nil
}

// check refuses what would be written in a way that Scan does not accept.
func (e *Event) check() error {
	bad := func(format string, args ...any) error {
		return &SyntaxError{0, fmt.Sprintf(format, args...)}
	}
	act := scanner{b: []byte(e.Act)}
	if act.act(); act.err != nil || act.i != len(e.Act) {
		return bad("act %q", e.Act)
	}
	switch year := e.Time.Year(); {
	case e.N > maxInteger:
		return bad("n %d", e.N)
	case year < 0 || year > 9999 || e.Time.Location() != time.UTC || e.Time.Nanosecond()%1000 != 0:
		return bad("time %v", e.Time)
	case e.Severity < Info || e.Severity > Critical:
		return bad("severity %d", e.Severity)
	case e.Type < Authentication || e.Type > ConfigurationChange:
		return bad("type %d", e.Type)
	case e.Outcome < Begin || e.Outcome > Deny:
		return bad("outcome %d", e.Outcome)
	case e.Source.PID < 0 || e.Source.PID > maxInteger || !isHex(e.Source.Parent, 16) || !isHex(e.Context.Config, 8):
		return bad("source or context")
	case e.Context.Ref > maxInteger || e.Context.SkewMS < 0 || e.Context.SkewMS > maxInteger:
		return bad("context")
	}
	for _, s := range []string{
		e.Source.Agent, e.Source.TTY, e.Source.Host, e.Source.Ver,
		e.Context.Cmd, e.Context.Session, e.Context.Role, e.Context.Sandbox,
	} {
		if !utf8.ValidString(s) {
			return bad("text of source or context that is not UTF-8")
		}
	}
	return e.Details.check()
}

func (d Details) check() error {
	last := ""
	for _, m := range d {
		if !isName(m.Name) || m.Name <= last {
			return &SyntaxError{0, fmt.Sprintf("member %q of d, or its order", m.Name)}
		}
		last = m.Name
		if !isValue(m.Value, true) {
			return &SyntaxError{0, fmt.Sprintf("value of member %s of d", m.Name)}
		}
	}
	return nil
}

// isHex reports whether s is empty or n lower-case hexadecimal digits.
func isHex(s string, n int) bool {
	if len(s) != 0 && len(s) != n {
		return false
	}
	return !slices.ContainsFunc([]byte(s), func(c byte) bool { return (c < '0' || c > '9') && (c < 'a' || c > 'f') })
}

func isValue(value any, list bool) bool {
	switch v := value.(type) {
	case string:
		return utf8.ValidString(v)
	case bool:
		return true
	case int64:
		return v >= -maxInteger && v <= maxInteger
	case []any:
		return list && !slices.ContainsFunc(v, func(element any) bool { return !isValue(element, false) })
	}
	return false
}

// object writes the members of an object that are not left out.
type object struct {
	b     []byte
	start int
}

func newObject(b []byte) *object { return &object{append(b, '{'), len(b) + 1} }

func (o *object) name(name string) {
	if len(o.b) > o.start {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), name...), `":`...)
}

func (o *object) text(name, value string) {
	if value != "" {
		o.name(name)
		o.b = AppendText(o.b, value)
	}
}

func (o *object) integer(name string, value int64, present bool) {
	if present {
		o.name(name)
		o.b = strconv.AppendInt(o.b, value, 10)
	}
}

func (o *object) end() []byte { return append(o.b, '}') }

func (s *Source) append(b []byte) []byte {
	o := newObject(b)
	o.text("agent", s.Agent)
	o.integer("uid", int64(s.UID), s.HasUID)
	o.integer("pid", s.PID, s.PID != 0)
	o.text("ppexe", s.Parent)
	o.text("tty", s.TTY)
	o.text("host", s.Host)
	o.text("ver", s.Ver)
	return o.end()
}

func (c *Context) append(b []byte) []byte {
	o := newObject(b)
	o.text("cmd", c.Cmd)
	o.integer("ref", int64(c.Ref), c.HasRef)
	o.text("sid", c.Session)
	o.text("role", c.Role)
	if c.CI {
		o.name("ci")
		o.b = append(o.b, "true"...)
	}
	o.text("sandbox", c.Sandbox)
	o.text("cfg", c.Config)
	o.integer("skew_ms", c.SkewMS, c.SkewMS != 0)
	return o.end()
}

func (d Details) append(b []byte) []byte {
	o := newObject(b)
	for _, m := range d {
		o.name(m.Name)
		o.b = appendValue(o.b, m.Value)
	}
	return o.end()
}

func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return AppendText(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case []any:
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, element)
		}
		return append(b, ']')
	}
	panic("event: value that check has not seen")
}

// Encode is d as a line has it. The error is ErrMalformed.
func (d Details) Encode() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	return d.append(nil), nil
}
