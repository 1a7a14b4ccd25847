//go:build unix

package secondtest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxLine is the length of the longest line, with its line feed.
const maxLine = 65000

// event is what a line says, as far as a verifier needs it.
type event struct {
	n    uint64
	time string
	act  string
	d    map[string]any // string, int64, bool, []any
	p, m string
}

// parseLine parses a line without its line feed, and refuses each spelling but
// the one.
func parseLine(line []byte) (e event, err error) {
	if len(line)+1 > maxLine {
		return e, errors.New("longer than a line may be")
	}
	s := &scanner{rest: string(line)}
	s.literal(`{"n":`)
	e.n = uint64(s.integer(0, maxInt))
	s.literal(`,"t":`)
	e.time = s.text()
	s.check(isTime(e.time), "t is no time")
	s.literal(`,"sev":`)
	s.oneOf("info", "low", "medium", "high", "critical")
	s.literal(`,"type":`)
	s.oneOf("authentication", "authorization", "encryption", "trust_change",
		"security_violation", "system_access", "data_access", "configuration_change")
	s.literal(`,"act":`)
	e.act = s.text()
	s.check(isAct(e.act), "act is none")
	s.literal(`,"out":`)
	s.oneOf("begin", "ok", "fail", "deny")
	s.literal(`,"src":`)
	s.members(src)
	s.literal(`,"ctx":`)
	s.members(ctx)
	s.literal(`,"d":`)
	e.d = s.data()
	s.literal(`,"p":`)
	e.p = s.hash()
	s.literal(`,"m":`)
	e.m = s.hash()
	s.literal(`}`)
	s.check(s.rest == "", "something follows")
	return e, s.err
}

// member is an optional one of src and ctx.
type member struct {
	name  string // as it is written, with its colon
	value func(*scanner)
}

var src = []member{
	{`"agent":`, some},
	{`"uid":`, from(0, 1<<32-1)},
	{`"pid":`, from(1, maxInt)},
	{`"ppexe":`, digits(16)},
	{`"tty":`, some},
	{`"host":`, some},
	{`"ver":`, some},
}

var ctx = []member{
	{`"cmd":`, some},
	{`"ref":`, from(0, maxInt)},
	{`"sid":`, some},
	{`"role":`, some},
	{`"ci":`, func(s *scanner) { s.literal("true") }},
	{`"sandbox":`, some},
	{`"cfg":`, digits(8)},
	{`"skew_ms":`, from(1, maxInt)},
}

func some(s *scanner) { s.check(s.text() != "", "an empty string") }

func from(least, most int64) func(*scanner) {
	return func(s *scanner) { s.integer(least, most) }
}

func digits(n int) func(*scanner) {
	return func(s *scanner) {
		t := s.text()
		s.check(len(t) == n && strings.Trim(t, "0123456789abcdef") == "", "not the digits")
	}
}

// isTime tells whether t is UTC with six decimals.
func isTime(t string) bool {
	const layout = "2006-01-02T15:04:05.000000Z"
	p, err := time.Parse(layout, t)
	return err == nil && len(t) == 27 && p.Format(layout) == t
}

func isAct(s string) bool {
	return len(s) >= 1 && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_.") == ""
}

func isName(s string) bool {
	return len(s) >= 1 && len(s) <= 32 && s[0] >= 'a' && s[0] <= 'z' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// scanner reads a line from its beginning. After the first error it reads no
// further.
type scanner struct {
	rest string
	err  error
}

func (s *scanner) check(good bool, what string) {
	if !good && s.err == nil {
		s.err = errors.New(what)
	}
}

// accept reads text if it comes next.
func (s *scanner) accept(text string) bool {
	if s.err != nil || !strings.HasPrefix(s.rest, text) {
		return false
	}
	s.rest = s.rest[len(text):]
	return true
}

func (s *scanner) literal(text string) {
	if !s.accept(text) {
		s.check(false, text+" is missing")
	}
}

// integer reads a number: a minus sign or not, and 0 or digits that do not begin
// with 0.
func (s *scanner) integer(least, most int64) int64 {
	end := 0
	for end < len(s.rest) && (s.rest[end] == '-' || s.rest[end] >= '0' && s.rest[end] <= '9') {
		end++
	}
	text := s.rest[:end]
	i, err := strconv.ParseInt(text, 10, 64)
	s.check(err == nil && strconv.FormatInt(i, 10) == text, "not a number as it is written")
	s.check(i >= least && i <= most, "a number out of range")
	if s.err != nil {
		return 0
	}
	s.rest = s.rest[end:]
	return i
}

// text reads a string.
func (s *scanner) text() string {
	s.literal(`"`)
	special := strings.IndexFunc(s.rest, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
	if s.err == nil && special >= 0 && s.rest[special] == '"' {
		t := s.rest[:special]
		s.rest = s.rest[special+1:]
		return t // as almost always
	}
	var b strings.Builder
	for s.err == nil {
		if s.accept(`"`) {
			return b.String()
		}
		b.WriteRune(s.character())
	}
	return ""
}

// character reads one character of a string.
func (s *scanner) character() rune {
	switch {
	case s.accept(`\"`):
		return '"'
	case s.accept(`\\`):
		return '\\'
	case s.accept(`\u`):
		var r rune
		if len(s.rest) >= 4 {
			u, err := strconv.ParseUint(s.rest[:4], 16, 16)
			if r = rune(u); err == nil && escaped(r) && fmt.Sprintf("%04x", r) == s.rest[:4] {
				s.rest = s.rest[4:]
				return r
			}
		}
		s.check(false, `not a \u as it is written`)
		return 0
	}
	r, size := utf8.DecodeRuneInString(s.rest)
	s.check(size > 0, "a string has no end")
	s.check(r != utf8.RuneError || size != 1, "not UTF-8")
	s.check(r != '\\', "another escape")
	s.check(!escaped(r), "a character that is to be escaped")
	if s.err == nil {
		s.rest = s.rest[size:]
	}
	return r
}

// escaped tells whether r is written with \u.
func escaped(r rune) bool {
	return r <= 0x1f || r >= 0x7f && r <= 0x9f || r == 0x61c || r == 0x200e || r == 0x200f ||
		r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func (s *scanner) oneOf(words ...string) {
	t := s.text()
	s.check(slices.Contains(words, t), "none of the words")
}

// hash reads b64url of 16 bytes.
func (s *scanner) hash() string {
	t := s.text()
	b, err := base64.RawURLEncoding.Strict().DecodeString(t)
	s.check(err == nil && len(b) == 16 && len(t) == 22, "not the base64 of 16 bytes")
	return t
}

// members reads an object with some of the members, in their order.
func (s *scanner) members(all []member) {
	s.literal(`{`)
	comma := ""
	for _, m := range all {
		if rest, found := strings.CutPrefix(s.rest, comma); found && strings.HasPrefix(rest, m.name) {
			s.rest = rest[len(m.name):]
			m.value(s)
			comma = ","
		}
	}
	s.literal(`}`)
}

// data reads the object d.
func (s *scanner) data() map[string]any {
	d := map[string]any{}
	last := ""
	s.literal(`{`)
	for s.err == nil && !s.accept(`}`) {
		if len(d) > 0 {
			s.literal(`,`)
		}
		name := s.text()
		s.check(isName(name) && name > last, "a name that is none or not in order")
		s.literal(`:`)
		d[name] = s.value(true)
		last = name
	}
	return d
}

// value reads one in d.
func (s *scanner) value(arrays bool) any {
	switch {
	case s.accept(`true`):
		return true
	case s.accept(`false`):
		return false
	case strings.HasPrefix(s.rest, `"`):
		return s.text()
	case arrays && s.accept(`[`):
		a := []any{}
		for s.err == nil && !s.accept(`]`) {
			if len(a) > 0 {
				s.literal(`,`)
			}
			a = append(a, s.value(false))
		}
		return a
	}
	return s.integer(-maxInt, maxInt)
}
