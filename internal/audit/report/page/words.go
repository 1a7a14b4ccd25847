package page

import (
	"fmt"
	"strconv"
	"time"
)

// group writes a number with commas between thousands.
func group[N ~int | ~int64 | ~uint64 | ~uint32](n N) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// short writes a number of few digits in little room, for axes: 9,500, 12.5k, 2M.
func short(n uint64) string {
	if n < 10_000 {
		return group(n)
	}
	value, units := float64(n)/1000, "kMGTPE"
	for value >= 1000 {
		value, units = value/1000, units[1:]
	}
	return strconv.FormatFloat(value, 'f', -1, 64) + units[:1]
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return group(n) + " " + noun + "s"
}

func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return group(n) + " times"
}

// length writes a length of time in the unit that fits.
func length(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day && d%day == 0:
		return plural(int(d/day), "day")
	case d >= 2*day:
		return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", max(d, 0)/time.Second)
}

func ago(t, now time.Time) string {
	switch {
	case t.IsZero():
		return "never"
	case t.After(now):
		return t.UTC().Format(minuteLayout)
	}
	return length(now.Sub(t)) + " ago"
}
