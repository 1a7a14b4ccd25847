package main

import (
	"errors"
	"fmt"
	"time"
)

var errDuration = errors.New("want a number and one of s, m, h, d: 90s, 15m, 8h, 30d")

// parseDuration reads 90s, 15m, 8h, 30d or 2w. A day has 24 hours.
func parseDuration(text string) (time.Duration, error) {
	d, ok := parseAge(text)
	if !ok || d == 0 {
		return 0, errDuration
	}
	return d, nil
}

// printDuration writes what parseDuration reads.
func printDuration(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= u.unit && d%u.unit == 0 {
			return fmt.Sprintf("%d%s", d/u.unit, u.name)
		}
	}
	return fmt.Sprintf("%ds", d/time.Second)
}
