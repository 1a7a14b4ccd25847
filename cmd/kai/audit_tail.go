package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/urfave/cli/v2"
)

func auditTailCommand() command {
	return command{
		name:    "tail",
		summary: "show the latest events, and go on as they come",
		examples: []example{
			{"kai audit tail", "the last twenty"},
			{"kai audit tail -f --min-severity high", "what needs attention, as it happens"},
			{"kai audit tail -f -n 0 --json | jq .action", "for a program, from now on"},
		},
		about: "Prints what kai audit query prints, the latest last. With -f it does not end: each\n" +
			"event is printed when it is appended, by whichever process, until ^C (exit 130).",
		flags: slices.Concat([]cli.Flag{
			&cli.IntFlag{Name: "lines", Aliases: []string{"n"}, Value: 20, Usage: "the last `N` events that the filters choose"},
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on with new events"},
		}, filterFlagsBut("limit", "reverse"), []cli.Flag{
			&cli.BoolFlag{Name: "raw", Usage: "print the stored lines"},
		}),
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			f, err := readFilter(c)
			if err != nil {
				return err
			}
			return auditTail(ctx, env, auditTailOptions{filter: f, lines: c.Int("lines"), follow: c.Bool("follow"), raw: c.Bool("raw")})
		},
	}
}

// filterFlagsBut are the flags that choose events, without those that mean nothing to a command.
func filterFlagsBut(names ...string) []cli.Flag {
	return slices.DeleteFunc(filterFlags(), func(f cli.Flag) bool { return slices.Contains(names, f.Names()[0]) })
}

type auditTailOptions struct {
	filter
	lines       int
	follow, raw bool
}

// tailPause is how often the end of the log is looked at.
const tailPause = 200 * time.Millisecond

func auditTail(ctx context.Context, env *env, o auditTailOptions) error {
	switch {
	case o.raw && env.json:
		return usagef("--raw and --json exclude each other")
	case o.follow && o.until != "":
		return usagef("-f and --until exclude each other")
	case o.lines < 0:
		return usagef("-n %d: want at least 0", o.lines)
	}
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	from, to, err := o.bounds(env, log)
	if err != nil {
		return err
	}
	out := newEventPrinter(env, log, o.raw)
	if err := o.printLast(ctx, log, out, from, to); err != nil || !o.follow {
		return err
	}
	return o.printNew(ctx, log, out, max(from, to))
}

// printLast prints the last events of a range.
func (o *auditTailOptions) printLast(ctx context.Context, log *openedLog, out *eventPrinter, from, to uint64) error {
	start, err := o.start(ctx, log, from, to)
	if err != nil {
		return err
	}
	for v, err := range log.Views(ctx, start, to) {
		if err != nil {
			return errors.Join(out.flush(), err)
		}
		if !o.matches(v) {
			continue
		}
		if err := out.print(v); err != nil {
			return err
		}
	}
	return out.flush()
}

// start is the number of the first event to print: it and those behind it are as many as asked
// for. Parts of the range are looked at from its end on, each larger than the one before, and only
// numbers are kept.
func (o *auditTailOptions) start(ctx context.Context, log *openedLog, from, to uint64) (uint64, error) {
	if o.lines == 0 {
		return to, nil
	}
	if o.matchesAll() {
		from = max(from, to-min(to, uint64(o.lines)))
	}
	first, err := log.firstLine(to)
	if err != nil {
		return 0, err
	}
	from = max(from, first)
	if o.matchesAll() {
		return from, nil
	}
	missing := o.lines
	for end, width := to, uint64(512); end > from; width = min(4*width, log.Info().Seg) {
		begin := max(from, end-min(end, width))
		var hits []uint64
		for v, err := range log.Views(ctx, begin, end) {
			if err != nil {
				return 0, err
			}
			if o.matches(v) {
				hits = append(hits, v.N)
			}
		}
		if len(hits) >= missing {
			return hits[len(hits)-missing], nil
		}
		missing -= len(hits)
		end = begin
	}
	return from, nil
}

// printNew prints events from number next on as they are appended, until the context ends. Which
// segment they go to does not matter: the log finds events by their numbers.
func (o *auditTailOptions) printNew(ctx context.Context, log *openedLog, out *eventPrinter, next uint64) error {
	tick := time.NewTicker(tailPause)
	defer tick.Stop()
	for shorter := false; ; {
		size, err := log.Size()
		if err != nil {
			return err
		}
		// An append that failed half-way may have been seen; what stays shorter was cut.
		if size < next && shorter {
			return withHint(failf(exitBad, "audit_tampered", "audit log: it had %d events, and now has %d", next, size), "kai audit verify")
		}
		shorter = size < next
		for v, err := range log.Views(ctx, next, size) {
			if err != nil {
				return errors.Join(out.flush(), err)
			}
			next = v.N + 1
			if !o.matches(v) {
				continue
			}
			if err := out.print(v); err != nil {
				return err
			}
		}
		if err := out.flush(); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
