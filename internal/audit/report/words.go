package report

import (
	"fmt"
	"strconv"
	"time"
)

// group writes a number with commas between thousands.
func group(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return group(n) + " " + noun + "s"
}

func pluralIs(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return plural(n, noun) + " are"
}

func these(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return group(n) + " times"
}

func days(d time.Duration) string { return plural(uint64(max(d, 0)/day), "day") }

// span writes a length of time in its two largest units.
func span(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d d", d/day) + rest(d%day/time.Hour, "h")
	case d >= time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour) + rest(d%time.Hour/time.Minute, "min")
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute) + rest(d%time.Minute/time.Second, "s")
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

func rest(n time.Duration, unit string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" %d %s", n, unit)
}

// size writes a number of bytes.
func size(bytes int64) string {
	const units = "KMGTPE"
	if bytes < 1<<10 {
		return strconv.FormatInt(bytes, 10) + " B"
	}
	value, unit := float64(bytes)/(1<<10), 0
	for value >= 1<<10 {
		value /= 1 << 10
		unit++
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + units[unit:unit+1] + "iB"
}
