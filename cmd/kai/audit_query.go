package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/audit/export"
)

func auditQueryCommand() command {
	return command{
		name:    "query",
		summary: "list events, filtered",
		examples: []example{
			{"kai audit query --since 7d --act 'vault_unlock_*' --out fail --json", "failed unlocks of a week"},
			{"kai audit query --min-severity high --count", "how many need attention"},
			{"kai audit query --reverse --limit 20", "the last twenty, the latest first"},
		},
		about: "Prints one line an event: number, time, severity, type, act, outcome, details. With\n" +
			"--json it is one object a line, with --raw the stored lines. --verify checks the whole\n" +
			"log first, and prints nothing when it is not as it was written.",
		flags: append(filterFlags(),
			&cli.BoolFlag{Name: "count", Usage: "print only how many there are"},
			&cli.BoolFlag{Name: "raw", Usage: "print the stored lines"},
			&cli.BoolFlag{Name: "verify", Usage: "verify the log first"},
		),
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			f, err := readFilter(c)
			if err != nil {
				return err
			}
			return auditQuery(ctx, env, auditQueryOptions{filter: f, count: c.Bool("count"), raw: c.Bool("raw"), verify: c.Bool("verify")})
		},
	}
}

type auditQueryOptions struct {
	filter
	count, raw, verify bool
}

// auditCountJSON is the answer of kai audit query --count --json.
type auditCountJSON struct {
	head
	Count uint64 `json:"count"`
}

func auditQuery(ctx context.Context, env *env, o auditQueryOptions) error {
	if o.raw && env.json {
		return usagef("--raw and --json exclude each other")
	}
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	if o.verify {
		if err := log.mustVerify(ctx, env); err != nil {
			return err
		}
	}
	if o.count {
		n, err := o.countEvents(ctx, env, log)
		if err != nil {
			return err
		}
		if env.json {
			return env.printJSON(auditCountJSON{env.head(true), n})
		}
		return env.printf("%d\n", n)
	}
	out := newEventPrinter(env, log, o.raw)
	for v, err := range o.events(ctx, env, log) {
		if err == nil {
			err = out.print(v)
		}
		if err != nil {
			_ = out.flush()
			return err
		}
	}
	return out.flush()
}

// countEvents counts on all processors; without a filter the numbers say it.
func (o *auditQueryOptions) countEvents(ctx context.Context, env *env, log *openedLog) (uint64, error) {
	from, to, err := o.bounds(env, log)
	if err != nil {
		return 0, err
	}
	n := to - from
	if !o.matchesAll() {
		if n, err = log.Count(ctx, from, to, env.cpus, o.headOnly(), o.matches); err != nil {
			return 0, err
		}
	}
	if o.limit > 0 {
		n = min(n, o.limit)
	}
	return n, nil
}

// mustVerify refuses a log that is not as it was written.
func (o *openedLog) mustVerify(ctx context.Context, env *env) error {
	v, err := o.Verify(ctx, audit.VerifyOptions{Public: true, Workers: env.cpus})
	if err != nil {
		return err
	}
	if v.Verdict != audit.VerdictTampered {
		return nil
	}
	return withHint(failf(exitBad, "audit_tampered", "audit log: %s", v.Findings[0]), "kai audit verify")
}

// eventPrinter writes events to standard output, many at a time.
type eventPrinter struct {
	env   *env
	logID string
	raw   bool
	buf   []byte
}

func newEventPrinter(env *env, log *openedLog, raw bool) *eventPrinter {
	return &eventPrinter{env: env, logID: log.Info().LogID, raw: raw}
}

// print writes one event.
func (p *eventPrinter) print(v *event.View) error {
	switch {
	case p.raw:
		p.buf = append(append(p.buf, v.Line...), '\n')
	case p.env.json:
		p.buf = append(export.AppendSecurityEvent(p.buf, p.logID, v, audit.LineHash(v.Line)), '\n')
	default:
		p.buf = append(p.buf, printable(eventLine(v))...)
		p.buf = append(p.buf, '\n')
	}
	if len(p.buf) < 64<<10 {
		return nil
	}
	return p.flush()
}

// flush writes what is left.
func (p *eventPrinter) flush() error {
	_, err := p.env.stdout.Write(p.buf)
	p.buf = p.buf[:0]
	return err
}

// eventLine is an event in one line. Strings stay as the log has them, escapes and all.
func eventLine(v *event.View) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-6d %s %-8s %-20s %s %s", v.N, v.Time().Format(time.RFC3339), v.Severity, v.Type, v.Act, v.Outcome)
	if len(v.Details) > len("{}") {
		b.WriteByte(' ')
		b.Write(v.Details)
	}
	return b.String()
}
