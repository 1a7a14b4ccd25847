package main

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/event"
)

// filterFlags choose events; the commands that look at many share them.
func filterFlags() []cli.Flag {
	var types, severities []string
	for _, t := range event.Types() {
		types = append(types, t.String())
	}
	for _, s := range event.Severities() {
		severities = append(severities, s.String())
	}
	return []cli.Flag{
		&cli.StringFlag{Name: "since", Usage: "events from `TIME` on: 2006-01-02, RFC 3339, or an age such as 90m or 7d"},
		&cli.StringFlag{Name: "until", Usage: "events before `TIME`"},
		&cli.StringSliceFlag{Name: "type", Usage: "events of `TYPE`, " + strings.Join(types, ", ") + "; may be repeated"},
		choiceFlag("min-severity", "events of `SEVERITY` or worse", "", severities...),
		&cli.StringSliceFlag{Name: "act", Usage: "events whose act matches `GLOB`, as in vault_*; may be repeated"},
		&cli.StringSliceFlag{Name: "out", Usage: "events that went `OUTCOME`: begin, ok, fail, deny; may be repeated"},
		&cli.StringSliceFlag{Name: "agent", Usage: "events of the agent `ID`; may be repeated"},
		&cli.Int64Flag{Name: "uid", Usage: "events of the user `N`"},
		&cli.StringFlag{Name: "pattern", Usage: "violations of the pattern `NAME`"},
		&cli.StringFlag{Name: "grep", Usage: "events whose line holds `TEXT`"},
		&cli.Int64Flag{Name: "limit", Usage: "at most `N` events"},
		&cli.BoolFlag{Name: "reverse", Usage: "the latest first"},
	}
}

// filter is what those flags say.
type filter struct {
	since, until string
	types        []event.Type
	minSeverity  event.Severity
	acts         []string
	outcomes     []event.Outcome
	agents       [][]byte // as the line has them
	uid          int64    // -1: any
	pattern      string
	grep         []byte
	limit        uint64 // 0: none
	reverse      bool
}

// readFilter checks each word.
func readFilter(c *cli.Context) (f filter, err error) {
	f = filter{
		since: c.String("since"), until: c.String("until"), acts: c.StringSlice("act"), uid: -1,
		pattern: c.String("pattern"), grep: []byte(c.String("grep")), reverse: c.Bool("reverse"),
	}
	for _, word := range c.StringSlice("type") {
		t, err := event.ParseType(word)
		if err != nil {
			return f, fail(exitUsage, "usage", fmt.Errorf("--type: %w", err))
		}
		f.types = append(f.types, t)
	}
	if word := c.String("min-severity"); word != "" {
		if f.minSeverity, err = event.ParseSeverity(word); err != nil {
			return f, fail(exitUsage, "usage", fmt.Errorf("--min-severity: %w", err))
		}
	}
	for _, word := range c.StringSlice("out") {
		o, err := event.ParseOutcome(word)
		if err != nil {
			return f, fail(exitUsage, "usage", fmt.Errorf("--out: %w", err))
		}
		f.outcomes = append(f.outcomes, o)
	}
	for _, glob := range f.acts {
		if _, err := path.Match(glob, ""); err != nil {
			return f, usagef("--act %s: not a pattern", glob)
		}
	}
	for _, agent := range c.StringSlice("agent") {
		f.agents = append(f.agents, event.AppendText(nil, event.Outside(agent)))
	}
	if c.IsSet("uid") {
		if f.uid = c.Int64("uid"); f.uid < 0 || f.uid > 1<<32-1 {
			return f, usagef("--uid %d: not the number of a user", f.uid)
		}
	}
	if c.IsSet("limit") {
		limit := c.Int64("limit")
		if limit < 1 {
			return f, usagef("--limit %d: want at least 1", limit)
		}
		f.limit = uint64(limit)
	}
	return f, nil
}

// matches reports whether the filter chooses an event, apart from its time.
func (f *filter) matches(v *event.View) bool {
	switch {
	case v.Severity < f.minSeverity,
		len(f.types) > 0 && !slices.Contains(f.types, v.Type),
		len(f.outcomes) > 0 && !slices.Contains(f.outcomes, v.Outcome),
		len(f.acts) > 0 && !slices.ContainsFunc(f.acts, func(glob string) bool { ok, _ := path.Match(glob, string(v.Act)); return ok }),
		len(f.grep) > 0 && !bytes.Contains(v.Line, f.grep):
		return false
	case f.uid >= 0 && string(event.RawMember(v.Source, "uid")) != strconv.FormatInt(f.uid, 10):
		return false
	case f.pattern != "" && (string(v.Act) != "audit.violation" || string(event.RawMember(v.Details, "pattern")) != f.pattern):
		return false
	}
	if len(f.agents) == 0 {
		return true
	}
	agent := event.RawMember(v.Source, "agent")
	return slices.ContainsFunc(f.agents, func(a []byte) bool { return bytes.Equal(a[1:len(a)-1], agent) })
}

// matchesAll reports whether the filter chooses every event of its range.
func (f *filter) matchesAll() bool {
	return f.minSeverity == 0 && len(f.types) == 0 && len(f.outcomes) == 0 && len(f.acts) == 0 && len(f.grep) == 0 &&
		f.uid < 0 && f.pattern == "" && len(f.agents) == 0
}

// headOnly reports whether matches looks at nothing behind an event's outcome.
func (f *filter) headOnly() bool {
	return len(f.grep) == 0 && f.uid < 0 && f.pattern == "" && len(f.agents) == 0
}

// bounds turns the times into numbers of events: from the first one up to, and without, to.
func (f *filter) bounds(env *env, log *openedLog) (from, to uint64, err error) {
	size, err := log.Size()
	if err != nil {
		return 0, 0, err
	}
	to = size
	if f.since != "" {
		t, err := parseSince("--since", f.since, env.now())
		if err != nil {
			return 0, 0, err
		}
		if from, err = log.Find(t, size); err != nil {
			return 0, 0, err
		}
	}
	if f.until != "" {
		t, err := parseSince("--until", f.until, env.now())
		if err != nil {
			return 0, 0, err
		}
		if to, err = log.Find(t, size); err != nil {
			return 0, 0, err
		}
	}
	return from, max(from, to), nil
}

// events gives the chosen events in the order that was asked for.
func (f *filter) events(ctx context.Context, env *env, log *openedLog) iter.Seq2[*event.View, error] {
	return func(yield func(*event.View, error) bool) {
		from, to, err := f.bounds(env, log)
		if err != nil {
			yield(nil, err)
			return
		}
		f.between(ctx, log, from, to)(yield)
	}
}

// between gives those of the events from number from up to, and without, to.
func (f *filter) between(ctx context.Context, log *openedLog, from, to uint64) iter.Seq2[*event.View, error] {
	return func(yield func(*event.View, error) bool) {
		if f.limit > 0 && f.matchesAll() && !f.reverse {
			to = min(to, from+f.limit)
		}
		all := log.Views(ctx, from, to)
		if f.reverse {
			all = log.Backward(ctx, to)
		}
		given := uint64(0)
		for v, err := range all {
			if err != nil {
				yield(nil, err)
				return
			}
			if f.reverse && v.N < from {
				return
			}
			if !f.matches(v) {
				continue
			}
			if !yield(v, nil) {
				return
			}
			if given++; given == f.limit {
				return
			}
		}
	}
}

// parseSince reads a time: RFC 3339, a date, which means its beginning in UTC, or an age.
func parseSince(flag, text string, now time.Time) (time.Time, error) {
	if age, ok := parseAge(text); ok {
		return now.Add(-age), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, withHint(usagef("%s %s: not a time", flag, text), "%s 7d, or %s %s", flag, flag, now.UTC().Format(time.RFC3339))
}

// parseAge reads a number with a unit: s, m, h, d, w.
func parseAge(text string) (time.Duration, bool) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if len(text) < 2 {
		return 0, false
	}
	unit, ok := units[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	if !ok || err != nil || n > uint64(1<<62/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}
