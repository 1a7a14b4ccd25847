package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/audit/export"
)

func auditExportCommand() command {
	words := append(formatWords(), "tiles")
	return command{
		name:    "export",
		summary: "write events for other programs",
		examples: []example{
			{"kai audit export --format csv -o events.csv", "for a spreadsheet"},
			{"kai audit export --format ocsf --since 1d --min-severity medium | vector --stdin", "for a collector"},
			{"kai audit export --format tiles -o public/", "the whole log, for everybody to check"},
		},
		about: "jsonl is the stored lines, events what --json prints; ocsf, cef, rfc5424 and csv are\n" +
			"for programs that know nothing of kai. Whatever names hold, one record stays one line.\n" +
			"tiles is a directory of static files (C2SP tlog-tiles) with the newest checkpoint and\n" +
			"all events that it covers. That an export was made is recorded before it is seen.",
		flags: append(filterFlags(),
			choiceFlag("format", "write `FORMAT`", "", words...),
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, or for tiles to the new directory"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace FILE"},
		),
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			f, err := readFilter(c)
			if err != nil {
				return err
			}
			return auditExport(ctx, env, auditExportOptions{
				filter: f, format: c.String("format"), out: c.Path("output"), force: c.Bool("force"),
			})
		},
	}
}

// formatWords are the formats of one record a line.
func formatWords() []string {
	var words []string
	for _, f := range export.Formats() {
		words = append(words, string(f))
	}
	return words
}

type auditExportOptions struct {
	filter
	format string
	out    string
	force  bool
}

// auditExportJSON is the answer of kai audit export -o FILE --json.
type auditExportJSON struct {
	head
	Format string `json:"format"`
	Count  uint64 `json:"count"`
	File   string `json:"file"`
}

func (o *auditExportOptions) check(env *env) error {
	toFile := o.out != "" && o.out != "-"
	switch {
	case o.format == "":
		return withHint(usagef("no format"), "--format events, or one of %v", append(formatWords(), "tiles"))
	case o.format == "tiles" && !toFile:
		return withHint(usagef("tiles are a directory"), "kai audit export --format tiles -o DIR")
	case o.format == "tiles" && (!o.matchesAll() || o.since != "" || o.until != "" || o.limit > 0 || o.reverse):
		return usagef("tiles are the whole log: they take no filter")
	case o.format == "tiles" && o.force:
		return usagef("-f does not replace a directory")
	case env.json && !toFile:
		return withHint(usagef("--json and an export share standard output"), "-o FILE")
	}
	return nil
}

func auditExport(ctx context.Context, env *env, o auditExportOptions) error {
	if err := o.check(env); err != nil {
		return err
	}
	log, err := env.appendLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	run := o.lines
	if o.format == "tiles" {
		run = o.tiles
	}
	count, err := run(ctx, env, log)
	if err != nil {
		return err
	}
	if env.json {
		return env.printJSON(auditExportJSON{env.head(true), o.format, count, o.out})
	}
	return nil
}

// lines exports one record a line.
func (o *auditExportOptions) lines(ctx context.Context, env *env, log *openedLog) (uint64, error) {
	if o.out != "" && o.out != "-" && !o.force {
		if err := env.vacant(o.out, "-f"); err != nil {
			return 0, err
		}
	}
	from, to, err := o.bounds(env, log)
	if err != nil {
		return 0, err
	}
	count := to - from
	if !o.matchesAll() {
		if count, err = log.Count(ctx, from, to, env.cpus, o.headOnly(), o.matches); err != nil {
			return 0, err
		}
	}
	if o.limit > 0 {
		count = min(count, o.limit)
	}
	return count, o.recorded(ctx, env, log, count, func() error {
		out, err := env.create(o.out, outputOptions{force: o.force, flag: "-f"})
		if err != nil {
			return err
		}
		defer out.Abort()
		if err := o.stream(ctx, env, log, out, from, to); err != nil {
			return err
		}
		return out.Commit(ctx)
	})
}

// stream writes the chosen events of a range.
func (o *auditExportOptions) stream(ctx context.Context, env *env, log *openedLog, out io.Writer, from, to uint64) error {
	w, err := export.New(out, export.Format(o.format), log.Info().LogID)
	if err != nil {
		return err
	}
	bar := env.progress("exporting events", 0)
	defer bar.end()
	for v, err := range o.between(ctx, log, from, to) {
		if err != nil {
			return err
		}
		if err := w.Write(v, audit.LineHash(v.Line)); err != nil {
			return err
		}
		bar.add(int64(len(v.Line)))
	}
	return w.Close()
}

// recorded records that events are given out, and then gives them out. What goes wrong behind the
// record is recorded too.
func (o *auditExportOptions) recorded(ctx context.Context, env *env, log *openedLog, count uint64, run func() error) error {
	details := event.Details{{Name: "count", Value: int64(count)}, {Name: "format", Value: o.format}, {Name: "what", Value: "events"}}
	if err := env.appendOwn(ctx, log, audit.Draft{Act: "audit.exported", Outcome: event.OK, Details: details}); err != nil {
		return err
	}
	err := run()
	if err == nil {
		return nil
	}
	how := judge(ctx, err)
	details = details.With("error", cmp.Or(how.ident, fmt.Sprintf("exit_%d", how.code)))
	if failed := env.appendOwn(ctx, log, audit.Draft{Act: "audit.exported", Outcome: event.Fail, Details: details}); failed != nil {
		env.warn("not recorded: %v", failed)
	}
	return err
}

// appendOwn appends events of a command about the log, which runs even when nothing can be
// recorded.
func (e *env) appendOwn(ctx context.Context, log *openedLog, drafts ...audit.Draft) error {
	receipt, err := log.Append(context.WithoutCancel(ctx), drafts...)
	if err != nil {
		return e.unrecorded(context.WithoutCancel(ctx), recordsItself(), log, err)
	}
	e.follow(ctx, log, receipt)
	return nil
}

// followOwn does what follows from events that the log itself has appended from number n on, such
// as those of Archive and Prune.
func (e *env) followOwn(ctx context.Context, log *openedLog, n uint64, acts ...string) error {
	size, err := log.Size()
	if err != nil {
		return err
	}
	var receipt audit.Receipt
	for v, err := range log.Views(ctx, n, size) {
		if err != nil {
			return err
		}
		one := v.Event()
		if one.Source.PID == int64(e.sys.process().pid) && slices.Contains(acts, one.Act) {
			line := slices.Clone(v.Line)
			receipt.Events = append(receipt.Events, audit.Appended{Event: one, Line: line, Leaf: audit.LineHash(line)})
		}
	}
	if len(receipt.Events) == 0 {
		return nil
	}
	s, err := log.Status()
	if err != nil {
		return err
	}
	receipt.Head = s.Head
	e.follow(ctx, log, receipt)
	return nil
}
