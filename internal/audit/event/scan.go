package event

import (
	"bytes"
	"time"
	"unicode/utf8"
)

// View is a scanned line, without copies: the slices are parts of it.
type View struct {
	Line     []byte // without its line feed
	N        uint64
	Micros   int64 // t in microseconds since 1970
	Severity Severity
	Type     Type
	Act      []byte
	Outcome  Outcome
	Source   []byte // src, ctx and d with their braces; RawMember looks into them
	Context  []byte
	Details  []byte
	Prev     [16]byte
	MAC      [16]byte
}

// Time is t.
func (v *View) Time() time.Time { return time.UnixMicro(v.Micros).UTC() }

// Timestamp is t as it is written.
func (v *View) Timestamp() []byte {
	start := bytes.IndexByte(v.Line, ',') + len(`,"t":"`)
	return v.Line[start : start+len(TimeLayout)]
}

// Record appends the record of the line to b.
func (v *View) Record(b []byte) []byte { return AppendRecord(b, v.Line) }

// AppendRecord appends to b the record of a line that Scan accepts, which has no line feed.
func AppendRecord(b, line []byte) []byte {
	return append(append(b, line[:len(line)-tailSize]...), '}')
}

// Scan reads a line without its line feed. On error, a *SyntaxError, v is not to be used.
func Scan(line []byte, v *View) error {
	if len(line)+1 > MaxLine {
		return &SyntaxError{MaxLine, "longer than a line may be"}
	}
	s := scanner{b: line}
	s.head(v)
	s.expect(`","src":`)
	v.Source = s.fixed(sourceMembers[:])
	s.expect(`,"ctx":`)
	v.Context = s.fixed(contextMembers[:])
	s.expect(`,"d":`)
	v.Details = s.details()
	s.expect(`,"p":"`)
	s.hash(&v.Prev)
	s.expect(`","m":"`)
	s.hash(&v.MAC)
	s.expect(`"}`)
	if s.err == nil && s.i != len(line) {
		s.fail("something behind the event")
	}
	if s.err != nil {
		return s.err
	}
	return nil
}

// ScanHead reads a line as Scan does, up to and with its outcome, and does not look at the rest:
// only N, Micros, Severity, Type, Act and Outcome of v are set. It is for counting lines by these.
func ScanHead(line []byte, v *View) error {
	s := scanner{b: line}
	s.head(v)
	if s.err != nil {
		return s.err
	}
	return nil
}

// head reads everything before src.
func (s *scanner) head(v *View) {
	v.Line = s.b
	s.expect(`{"n":`)
	v.N = s.count()
	s.expect(`,"t":"`)
	v.Micros = s.time()
	s.expect(`","sev":"`)
	v.Severity = Severity(s.word(severities[:]))
	s.expect(`","type":"`)
	v.Type = Type(s.word(types[:]))
	s.expect(`","act":"`)
	v.Act = s.act()
	s.expect(`","out":"`)
	v.Outcome = Outcome(s.word(outcomes[:]))
}

// kind is what a member of src or ctx holds.
type kind uint8

const (
	textKind  kind = iota // not empty
	countKind             // from 1 to maxInteger
	indexKind             // from 0 to maxInteger
	uidKind               // 32 bits
	trueKind              // true only
	hex8Kind              // 8 lower-case hexadecimal digits
	hex16Kind             // 16 of them
)

type fixedMember struct {
	key  string // the name as it is written, with its colon
	kind kind
}

var sourceMembers = [...]fixedMember{
	{`"agent":`, textKind}, {`"uid":`, uidKind}, {`"pid":`, countKind}, {`"ppexe":`, hex16Kind},
	{`"tty":`, textKind}, {`"host":`, textKind}, {`"ver":`, textKind},
}

var contextMembers = [...]fixedMember{
	{`"cmd":`, textKind}, {`"ref":`, indexKind}, {`"sid":`, textKind}, {`"role":`, textKind},
	{`"ci":`, trueKind}, {`"sandbox":`, textKind}, {`"cfg":`, hex8Kind}, {`"skew_ms":`, countKind},
}

// scanner reads one line. After the first error every method does nothing.
type scanner struct {
	b   []byte
	i   int
	err *SyntaxError
}

func (s *scanner) fail(reason string) {
	if s.err == nil {
		s.err = &SyntaxError{s.i, reason}
	}
}

// expect reads exactly text.
func (s *scanner) expect(text string) {
	if s.err != nil {
		return
	}
	if len(s.b)-s.i < len(text) || string(s.b[s.i:s.i+len(text)]) != text {
		s.fail("not " + text)
		return
	}
	s.i += len(text)
}

// peek returns the next byte, 0 at the end or after an error.
func (s *scanner) peek() byte {
	if s.err != nil || s.i >= len(s.b) {
		return 0
	}
	return s.b[s.i]
}

// count reads a whole number from 0 to maxInteger.
func (s *scanner) count() uint64 {
	if s.err != nil {
		return 0
	}
	start, n := s.i, uint64(0)
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' && s.i-start < 17 {
		n = 10*n + uint64(s.b[s.i]-'0')
		s.i++
	}
	digits := s.i - start
	if digits == 0 || digits > 1 && s.b[start] == '0' || n > maxInteger {
		s.i = start
		s.fail("not a whole number")
		return 0
	}
	return n
}

// integer reads a whole number of either sign.
func (s *scanner) integer() int64 {
	negative := s.peek() == '-'
	if negative {
		s.i++
	}
	n := int64(s.count())
	if negative {
		if n == 0 {
			s.fail("minus zero")
		}
		return -n
	}
	return n
}

// time reads 2006-01-02T15:04:05.000000Z.
func (s *scanner) time() int64 {
	if s.err != nil {
		return 0
	}
	if len(s.b)-s.i < len(TimeLayout) {
		s.fail("not a time")
		return 0
	}
	t := (*[len(TimeLayout)]byte)(s.b[s.i:])
	var wrong byte // its highest bit: some digit was none
	two := func(i int) int {
		a, b := t[i]-'0', t[i+1]-'0'
		wrong |= a | (9 - a) | b | (9 - b)
		return 10*int(a) + int(b)
	}
	year, month, day := 100*two(0)+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	micro := 10_000*two(20) + 100*two(22) + two(24)
	if wrong >= 128 || t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' || t[16] != ':' || t[19] != '.' || t[26] != 'Z' ||
		month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		s.fail("not a time")
		return 0
	}
	s.i += len(TimeLayout)
	seconds := int64(daysSince1970(year, month, day))*86_400 + int64(hour*3600+minute*60+second)
	return seconds*1_000_000 + int64(micro)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts days of the proleptic Gregorian calendar, in which a year that starts in
// March ends with its leap day.
func daysSince1970(year, month, day int) int {
	if month <= 2 {
		year--
		month += 12
	}
	const cycle = 146_097 // days in 400 years
	era := year / 400
	if year < 0 {
		era = -1
	}
	yearOfEra := year - era*400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*cycle + dayOfEra - 719_468
}

// word reads one of the words, whose closing quotation mark follows, and returns its index.
func (s *scanner) word(words []string) int {
	if s.err != nil {
		return 0
	}
	rest := s.b[s.i:]
	for i := 1; i < len(words); i++ {
		w := words[i]
		if len(rest) > len(w) && rest[0] == w[0] && rest[len(w)] == '"' && string(rest[:len(w)]) == w {
			s.i += len(w)
			return i
		}
	}
	s.fail("unknown word")
	return 0
}

// act reads the name of an act: a word of lower-case letters, digits and _, which begins with a
// letter, or two of them with a dot between, at most MaxAct bytes.
func (s *scanner) act() []byte {
	if s.err != nil {
		return nil
	}
	start, first, dotted := s.i, true, false // first: a letter must follow
	for ; s.i < len(s.b); s.i++ {
		c := s.b[s.i]
		if c >= 'a' && c <= 'z' {
			first = false
		} else if first || c == '.' && dotted {
			break
		} else if c == '.' {
			first, dotted = true, true
		} else if (c < '0' || c > '9') && c != '_' {
			break
		}
	}
	if first || s.i-start > MaxAct {
		s.i = start
		s.fail("not the name of an act")
		return nil
	}
	return s.b[start:s.i]
}

// hash reads 22 characters of base64url that stand for 16 bytes in the only way. Two of them are in
// every line, and encoding/base64 would take a quarter of the time of Scan.
func (s *scanner) hash(out *[16]byte) {
	if s.err != nil {
		return
	}
	if len(s.b)-s.i < hashText {
		s.fail("not a hash")
		return
	}
	text := s.b[s.i : s.i+hashText]
	var all byte
	for i, j := 0, 0; i < 20; i, j = i+4, j+3 {
		a, b, c, d := sextets[text[i]], sextets[text[i+1]], sextets[text[i+2]], sextets[text[i+3]]
		all |= a | b | c | d
		out[j], out[j+1], out[j+2] = a<<2|b>>4, b<<4|c>>2, c<<6|d
	}
	a, b := sextets[text[20]], sextets[text[21]]
	out[15] = a<<2 | b>>4
	if all|a|b > 63 || b&15 != 0 {
		s.fail("not a hash")
		return
	}
	s.i += hashText
}

// sextets are the values of the characters of base64url, 255 for all other bytes.
var sextets = func() (table [256]byte) {
	for i := range table {
		table[i] = 255
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(alphabet) {
		table[alphabet[i]] = byte(i)
	}
	return table
}()

// fixed reads an object whose members come from a list, in its order.
func (s *scanner) fixed(members []fixedMember) []byte {
	start := s.i
	s.expect("{")
	next := 0
	for s.peek() != '}' && s.err == nil {
		if next > 0 {
			s.expect(",")
		}
		rest := s.b[s.i:]
		for next < len(members) && !members[next].begins(rest) {
			next++
		}
		if next == len(members) {
			s.name()
			s.fail("unknown member, or one out of order")
			break
		}
		s.i += len(members[next].key)
		s.value(members[next].kind)
		next++
	}
	s.expect("}")
	if s.err != nil {
		return nil
	}
	return s.b[start:s.i]
}

// begins reports whether b begins with the member. Its third byte tells most of them apart.
func (m *fixedMember) begins(b []byte) bool {
	return len(b) >= len(m.key) && b[2] == m.key[2] && string(b[:len(m.key)]) == m.key
}

// name reads the name of a member with its quotation marks.
func (s *scanner) name() []byte {
	s.expect(`"`)
	if s.err != nil {
		return nil
	}
	start := s.i
	for s.i < len(s.b) && s.b[s.i] != '"' {
		if c := s.b[s.i]; (c < 'a' || c > 'z') && c != '_' && (s.i == start || c < '0' || c > '9') {
			s.fail("not the name of a member")
			return nil
		}
		s.i++
	}
	name := s.b[start:s.i]
	if len(name) == 0 || len(name) > 32 || name[0] == '_' {
		s.fail("not the name of a member")
		return nil
	}
	s.expect(`"`)
	return name
}

// value reads what a fixed member may hold.
func (s *scanner) value(k kind) {
	start := s.i
	switch k {
	case textKind:
		if s.text(); s.err == nil && s.i == start+2 {
			s.fail("empty string")
		}
	case countKind:
		if s.count() == 0 {
			s.fail("zero")
		}
	case indexKind:
		s.count()
	case uidKind:
		if s.count() > 1<<32-1 {
			s.fail("not a user id")
		}
	case trueKind:
		s.expect("true")
	case hex8Kind:
		s.hex(8)
	case hex16Kind:
		s.hex(16)
	}
}

// hex reads a string of n lower-case hexadecimal digits.
func (s *scanner) hex(n int) {
	s.expect(`"`)
	start := s.i
	for c := s.peek(); c >= '0' && c <= '9' || c >= 'a' && c <= 'f'; c = s.peek() {
		s.i++
	}
	if s.i-start != n {
		s.fail("not hexadecimal digits")
	}
	s.expect(`"`)
}

// details reads d.
func (s *scanner) details() []byte {
	start := s.i
	s.expect("{")
	var last []byte
	for s.peek() != '}' && s.err == nil {
		if last != nil {
			s.expect(",")
		}
		at := s.i
		name := s.name()
		if s.err == nil && last != nil && string(name) <= string(last) {
			s.i = at
			s.fail("members out of order")
		}
		last = name
		s.expect(":")
		if s.peek() == '[' {
			s.array()
		} else {
			s.scalar()
		}
	}
	s.expect("}")
	if s.err != nil {
		return nil
	}
	return s.b[start:s.i]
}

func (s *scanner) array() {
	s.expect("[")
	for first := true; s.peek() != ']' && s.err == nil; first = false {
		if !first {
			s.expect(",")
		}
		s.scalar()
	}
	s.expect("]")
}

func (s *scanner) scalar() {
	switch s.peek() {
	case '"':
		s.text()
	case 't':
		s.expect("true")
	case 'f':
		s.expect("false")
	default:
		s.integer()
	}
}

// text reads a string with its quotation marks and returns what is between them.
func (s *scanner) text() []byte {
	s.expect(`"`)
	if s.err != nil {
		return nil
	}
	start := s.i
	for s.i < len(s.b) {
		i := s.i
		for i < len(s.b) && plain[s.b[i]] {
			i++
		}
		if s.i = i; i == len(s.b) {
			break
		}
		switch c := s.b[i]; {
		case c == '"':
			s.i++
			return s.b[start : s.i-1]
		case c == '\\':
			s.escape()
		case c < utf8.RuneSelf:
			s.fail("control character")
		default:
			r, size := utf8.DecodeRune(s.b[s.i:])
			if r == utf8.RuneError && size == 1 {
				s.fail("not UTF-8")
			} else if escaped(r) {
				s.fail("character that must be escaped")
			}
			s.i += size
		}
		if s.err != nil {
			return nil
		}
	}
	s.fail("string without its end")
	return nil
}

// plain are the bytes that a string holds as they are, one at a time.
var plain = func() (table [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// escape reads \" \\ or \uXXXX.
func (s *scanner) escape() {
	rest := s.b[s.i:]
	if len(rest) >= 2 && (rest[1] == '"' || rest[1] == '\\') {
		s.i += 2
		return
	}
	r, ok := unescape(rest)
	if !ok || !escaped(r) {
		s.fail("escape that is not written so")
		return
	}
	s.i += 6
}

// unescape reads \uXXXX in lower case.
func unescape(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
