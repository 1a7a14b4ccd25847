package canon

import (
	"bytes"
	"math"
	"strconv"
)

// exactDigits is how many decimal digits an integer may have and be below
// MaxInteger without a look at them.
const exactDigits = 15

// number reads a number and writes it as ECMAScript would.
func (s *scanner) number() error {
	start := s.pos
	integer, err := s.numberToken()
	if err != nil {
		return err
	}
	text := s.data[start:s.pos]
	if s.document && !integer {
		return s.failAt(start, ErrInteger)
	}
	if len(text) > maxNumber {
		return s.failAt(start, ErrNumber)
	}
	if integer && len(text) <= exactDigits && text[0] != '-' {
		s.out = append(s.out, text...)
		return nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return s.failAt(start, ErrNumber) // the grammar was checked: out of range
	}
	from := len(s.out)
	s.out = appendNumber(s.out, f)
	if math.Abs(f) > MaxInteger {
		if s.document {
			return s.failAt(start, ErrInteger)
		}
		if !sameDecimal(text, s.out[from:]) {
			return s.failAt(start, ErrNumber)
		}
	}
	return nil
}

// numberToken passes over a number of RFC 8259 §6 and reports whether it has
// neither fraction nor exponent.
func (s *scanner) numberToken() (integer bool, err error) {
	integer = true
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if err := s.digits(); err != nil {
		return false, err
	}
	if s.peek() == '.' {
		integer = false
		s.pos++
		if err := s.digits(); err != nil {
			return false, err
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		integer = false
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if err := s.digits(); err != nil {
			return false, err
		}
	}
	return integer, nil
}

// digits passes over one or more decimal digits.
func (s *scanner) digits() error {
	start := s.pos
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.pos++
	}
	if s.pos == start {
		return s.fail(ErrSyntax)
	}
	return nil
}

// appendNumber appends f, which is finite, in the form of ECMA-262
// Number::toString with radix 10 (RFC 8785 §3.2.2.3). Go chooses the same
// digits: the fewest that read back as f, and of those the nearest.
func appendNumber(out []byte, f float64) []byte {
	if f == 0 {
		return append(out, '0') // also for -0
	}
	if abs := math.Abs(f); 1e-6 <= abs && abs < 1e21 {
		return strconv.AppendFloat(out, f, 'f', -1, 64)
	}
	out = strconv.AppendFloat(out, f, 'e', -1, 64)
	// Go writes at least two digits of exponent, ECMAScript at least one.
	if n := len(out); out[n-2] == '0' && (out[n-3] == '-' || out[n-3] == '+') {
		out = append(out[:n-2], out[n-1])
	}
	return out
}

// sameDecimal reports whether two numbers other than zero have the same decimal
// value, however they are written.
func sameDecimal(a, b []byte) bool {
	da, ea := decimal(a)
	db, eb := decimal(b)
	return ea == eb && bytes.Equal(da, db)
}

// decimal splits a number's magnitude into digits without zeros at either end
// and an exponent: 0.digits × 10^exponent.
func decimal(text []byte) (digits []byte, exponent int) {
	text = bytes.TrimPrefix(text, []byte{'-'})
	if i := bytes.IndexAny(text, "eE"); i >= 0 {
		// In range: the number is finite and maxNumber bytes at most.
		exponent, _ = strconv.Atoi(string(text[i+1:]))
		text = text[:i]
	}
	whole, fraction, _ := bytes.Cut(text, []byte{'.'})
	digits = append(append(digits, whole...), fraction...)
	exponent += len(whole)
	trimmed := bytes.TrimLeft(digits, "0")
	exponent -= len(digits) - len(trimmed)
	return bytes.TrimRight(trimmed, "0"), exponent
}
