package allowedsigners

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z or UTC
// behind it in universal time, else in the standard time of loc. Days that a
// month does not have count into the next one, as in OpenSSH. Times before 1970
// are refused, and so is the first second of 1970.
//
// The error is ErrTime.
func ParseTime(text string, loc *time.Location) (time.Time, error) {
	digits := text
	if d, ok := cutSuffixFold(text, "Z"); ok {
		digits, loc = d, time.UTC
	} else if d, ok := cutSuffixFold(text, "UTC"); ok {
		digits, loc = d, time.UTC
	}
	fields := []int{4, 2, 2, 2, 2, 2}
	switch len(digits) {
	case 8:
		fields = fields[:3]
	case 12:
		fields = fields[:5]
	case 14:
	default:
		return time.Time{}, fmt.Errorf("%w: %q", ErrTime, shorten(text))
	}
	least, most := [6]int{0, 1, 1}, [6]int{9999, 12, 31, 23, 59, 61}
	value := [6]int{}
	for i, size := range fields {
		n, err := strconv.ParseUint(digits[:size], 10, 16)
		if err != nil || int(n) < least[i] || int(n) > most[i] {
			return time.Time{}, fmt.Errorf("%w: %q", ErrTime, shorten(text))
		}
		value[i], digits = int(n), digits[size:]
	}
	t := standardTime(time.Date(value[0], time.Month(value[1]), value[2], value[3], value[4], value[5], 0, time.UTC), loc)
	if t.Unix() <= 0 {
		return time.Time{}, fmt.Errorf("%w: %q", ErrTime, shorten(text))
	}
	return t, nil
}

// standardTime gives the wall clock of t to loc, with summer time off: OpenSSH
// calls mktime with tm_isdst = 0.
func standardTime(t time.Time, loc *time.Location) time.Time {
	local := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc)
	near := local
	for range 4 { // summers follow winters
		if !near.IsDST() {
			break
		}
		start, _ := near.ZoneBounds()
		if start.IsZero() {
			return local
		}
		near = start.Add(-time.Second)
	}
	_, offset := near.Zone()
	return t.Add(-time.Duration(offset) * time.Second).In(loc)
}

// cutSuffixFold removes a suffix in either case, if something is before it.
func cutSuffixFold(text, suffix string) (string, bool) {
	n := len(text) - len(suffix)
	if n < 1 || !strings.EqualFold(text[n:], suffix) {
		return text, false
	}
	return text[:n], true
}

// formatTime is how remarks show a time.
func formatTime(t time.Time, loc *time.Location) string {
	return t.In(loc).Format("2006-01-02T15:04:05")
}

// shorten keeps foreign words in error texts short; %q escapes them.
func shorten(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
