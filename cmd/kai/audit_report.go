package main

import (
	"bytes"
	"context"
	"io"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/event"
	summary "kai/internal/audit/report"
	"kai/internal/audit/report/page"
)

func auditReportCommand() command {
	var severities []string
	for _, s := range event.Severities() {
		severities = append(severities, s.String())
	}
	return command{
		name:    "report",
		summary: "sum up: integrity, totals, violations, trends, what to do",
		examples: []example{
			{"kai audit report", "the last thirty days"},
			{"kai audit report --since 7d --html report.html", "a page for people, which needs nothing else"},
			{"kai audit report --fail-on high --junit audit.xml", "for CI: exit 8 when such a violation is open"},
		},
		about: "Verifies the log, then counts the events of the range, and compares with as long a\n" +
			"range before. MACs are checked as long as the keys of the log lie beside it; else the\n" +
			"report says that they were not, as kai audit verify --public does. What the newest\n" +
			"checkpoint covers is not read again to verify it.\n\n" +
			"Files are written besides the answer; - is standard output, instead of it.",
		flags: append(filterFlagsBut("limit", "reverse"),
			&cli.PathFlag{Name: "html", Usage: "write a page to `FILE`"},
			&cli.PathFlag{Name: "sarif", Usage: "write SARIF 2.1.0, for code scanners, to `FILE`"},
			&cli.PathFlag{Name: "junit", Usage: "write results of tests, for CI, to `FILE`"},
			choiceFlag("fail-on", "exit 8 when a violation of `SEVERITY` or worse is open", "", severities...),
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace the files"},
		),
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			f, err := readFilter(c)
			if err != nil {
				return err
			}
			o := auditReportOptions{
				filter: f, html: c.Path("html"), sarif: c.Path("sarif"), junit: c.Path("junit"), force: c.Bool("force"),
				echo: echoFilters(c),
			}
			if word := c.String("fail-on"); word != "" {
				if o.failOn, err = event.ParseSeverity(word); err != nil {
					return err
				}
			}
			return auditReport(ctx, env, o)
		},
	}
}

// reportRange is how long a report looks back when nothing is said.
const reportRange = 30 * 24 * time.Hour

type auditReportOptions struct {
	filter
	html, sarif, junit string
	failOn             event.Severity
	force              bool
	echo               []summary.Filter
}

// echoFilters are the filters as they were typed.
func echoFilters(c *cli.Context) []summary.Filter {
	var echo []summary.Filter
	for _, f := range filterFlagsBut("limit", "reverse") {
		name := f.Names()[0]
		if !c.IsSet(name) {
			continue
		}
		values := []string{flagText(c, name)}
		if flagRepeats(f) {
			values = c.StringSlice(name)
		}
		for _, v := range values {
			echo = append(echo, summary.Filter{Name: name, Value: v})
		}
	}
	return echo
}

// flagText is the value of a flag of any type as it was typed.
func flagText(c *cli.Context, name string) string {
	if name == "uid" {
		return uintText(c.Int64(name))
	}
	return c.String(name)
}

// reportFile is one form of a report.
type reportFile struct {
	flag, name string
	write      func(io.Writer, *summary.Report) error
}

func (o *auditReportOptions) files() []reportFile {
	sarif := func(w io.Writer, r *summary.Report) error { return r.WriteSARIF(w, kaiVersion()) }
	junit := func(w io.Writer, r *summary.Report) error { return r.WriteJUnit(w) }
	files := []reportFile{{"--html", o.html, page.Write}, {"--sarif", o.sarif, sarif}, {"--junit", o.junit, junit}}
	return slices.DeleteFunc(files, func(f reportFile) bool { return f.name == "" })
}

// check refuses early what would fail in the end.
func (o *auditReportOptions) check(env *env) error {
	stdout := 0
	for _, f := range o.files() {
		if f.name == "-" {
			stdout++
		} else if !o.force {
			if err := env.vacant(f.name, "-f"); err != nil {
				return err
			}
		}
	}
	if stdout > 1 || stdout > 0 && env.json {
		return usagef("standard output takes one form of the report")
	}
	return nil
}

func auditReport(ctx context.Context, env *env, o auditReportOptions) error {
	if err := o.check(env); err != nil {
		return err
	}
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	r, err := o.make(ctx, env, log)
	if err != nil {
		return err
	}
	answer := func(w io.Writer, r *summary.Report) error { return r.WriteText(w) }
	if env.json {
		answer = func(w io.Writer, r *summary.Report) error { return r.WriteJSON(w) }
	}
	for _, f := range o.files() {
		if f.name == "-" {
			answer = f.write
			continue
		}
		if err := o.writeFile(ctx, env, f, r); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	if err := answer(&text, r); err != nil {
		return err
	}
	if _, err := env.stdout.Write(text.Bytes()); err != nil {
		return err
	}
	return reported(r.Exit(o.failOn))
}

func (o *auditReportOptions) writeFile(ctx context.Context, env *env, f reportFile, r *summary.Report) error {
	out, err := env.create(f.name, outputOptions{force: o.force, flag: "-f"})
	if err != nil {
		return err
	}
	defer out.Abort()
	if err := f.write(out, r); err != nil {
		return err
	}
	return out.Commit(ctx)
}

// make collects the facts and reads the events.
func (o *auditReportOptions) make(ctx context.Context, env *env, log *openedLog) (*summary.Report, error) {
	span, err := o.span(env.now())
	if err != nil {
		return nil, err
	}
	integrity, err := log.integrity(ctx, env)
	if err != nil {
		return nil, err
	}
	facts, err := log.environment()
	if err != nil {
		return nil, err
	}
	size, err := log.Size()
	if err != nil {
		return nil, err
	}
	from, err := log.Find(span.Since(), size)
	if err != nil {
		return nil, err
	}
	first, err := log.firstLine(size)
	if err != nil {
		return nil, err
	}
	options := summary.Options{
		LogID: log.Info().LogID, Range: span, Now: env.now(), Filters: o.echo,
		Integrity: integrity, Environment: facts, FailOn: o.failOn,
	}
	if !o.matchesAll() {
		options.Match = o.matches
	}
	bar := env.progress("reading events", 0)
	defer bar.end()
	return summary.New(options, counted(log.tolerant(ctx, max(from, first), size), bar))
}

// span is the range that is reported.
func (o *auditReportOptions) span(now time.Time) (summary.Range, error) {
	r := summary.Range{From: now.Add(-reportRange), To: now}
	var err error
	if o.until != "" {
		if r.To, err = parseSince("--until", o.until, now); err != nil {
			return r, err
		}
		r.From = r.To.Add(-reportRange)
	}
	if o.since != "" {
		if r.From, err = parseSince("--since", o.since, now); err != nil {
			return r, err
		}
	}
	if !r.From.Before(r.To) {
		return r, usagef("--since is not before --until")
	}
	return r, nil
}
