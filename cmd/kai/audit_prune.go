package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/durable"
)

func auditPruneCommand() command {
	return command{
		name:    "prune",
		summary: "remove old archives, or the details of one event",
		examples: []example{
			{"kai audit prune --before 365d --export /mnt/old --yes", "move archives older than a year out of the home"},
			{"kai audit prune --redact 17", "remove the details that event 17 keeps in a file of its own"},
		},
		about: "Removes archives (kai audit archive makes them) all of whose events are older, and\n" +
			"which a checkpoint covers that a trusted witness has cosigned; with --no-witness the\n" +
			"log's own signature is enough. The whole log is verified first. Hashes stay, so proofs\n" +
			"and the rest of the log can be checked as before. It cannot be undone: --export keeps\n" +
			"the archives in a directory, --discard says that nobody wants them.",
		flags: []cli.Flag{
			&cli.StringFlag{Name: "before", Usage: "events before `TIME`: 2006-01-02, RFC 3339, or an age such as 365d"},
			&cli.PathFlag{Name: "export", Usage: "move the archives to `DIR`"},
			&cli.BoolFlag{Name: "discard", Usage: "keep no copy"},
			&cli.BoolFlag{Name: "no-witness", Usage: "a checkpoint that nobody has cosigned is enough"},
			&cli.BoolFlag{Name: "yes", Usage: "do it; it cannot be undone"},
			&cli.Int64Flag{Name: "redact", Usage: "remove the details of event `N`; the event and its hash stay"},
		},
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditPrune(ctx, env, auditPruneOptions{
				before: c.String("before"), export: c.Path("export"), discard: c.Bool("discard"),
				noWitness: c.Bool("no-witness"), yes: c.Bool("yes"), redact: c.Int64("redact"), redacts: c.IsSet("redact"),
			})
		},
	}
}

type auditPruneOptions struct {
	before, export          string
	discard, noWitness, yes bool
	redact                  int64
	redacts                 bool
}

// auditPruneJSON is the answer of kai audit prune --json.
type auditPruneJSON struct {
	head
	First    uint64   `json:"first"` // the first event whose line is left
	Exported []string `json:"exported"`
	Redacted *int64   `json:"redacted,omitempty"`
}

func (o *auditPruneOptions) check() error {
	switch {
	case o.redacts && (o.before != "" || o.export != "" || o.discard || o.noWitness):
		return usagef("--redact is about one event, and excludes the flags for archives")
	case o.redacts && o.redact < 0:
		return usagef("--redact %d: not the number of an event", o.redact)
	case o.redacts:
	case o.before == "":
		return withHint(usagef("no time"), "kai audit prune --before 365d --export DIR --yes")
	case (o.export == "") == !o.discard:
		return withHint(usagef("want one of --export and --discard"), "--export DIR keeps the archives elsewhere")
	case !o.yes:
		return withHint(usagef("this cannot be undone"), "%s --yes", o.line())
	}
	return nil
}

// line is the command as it was given.
func (o *auditPruneOptions) line() string {
	line := "kai audit prune --before " + shellWord(o.before)
	if o.discard {
		line += " --discard"
	} else {
		line += " --export " + shellWord(o.export)
	}
	if o.noWitness {
		line += " --no-witness"
	}
	return line
}

func auditPrune(ctx context.Context, env *env, o auditPruneOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	log, err := env.appendLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	size, err := log.Size()
	if err != nil {
		return err
	}
	answer := auditPruneJSON{Exported: []string{}}
	if o.redacts {
		err = log.Redact(ctx, uint64(o.redact))
		answer.Redacted = &o.redact
	} else {
		err = o.prune(ctx, env, log, &answer)
	}
	if failed := env.followOwn(ctx, log, size, "audit.pruned", "audit.redacted"); failed != nil {
		env.warn("audit rules: %v", failed)
	}
	if err != nil {
		return err
	}
	if env.json {
		answer.head = env.head(true)
		return env.printJSON(answer)
	}
	if o.redacts {
		return env.printf("the details of event %d are gone\n", o.redact)
	}
	for _, name := range answer.Exported {
		if err := env.printf("%s\n", filepath.Join(o.export, name)); err != nil {
			return err
		}
	}
	return env.printf("the lines begin with event %d\n", answer.First)
}

// prune removes archives.
func (o *auditPruneOptions) prune(ctx context.Context, env *env, log *openedLog, answer *auditPruneJSON) error {
	before, err := parseSince("--before", o.before, env.now())
	if err != nil {
		return err
	}
	if o.export != "" {
		if err := os.MkdirAll(env.path(o.export), 0o700); err != nil {
			return err
		}
	}
	covered, err := o.covered(ctx, env, log)
	if err != nil {
		return err
	}
	answer.First, err = log.Prune(ctx, before, covered, func(name string, archive io.Reader) error {
		if o.discard {
			return nil
		}
		answer.Exported = append(answer.Exported, name)
		return o.keep(env, name, archive)
	})
	if err == nil && len(answer.Exported) == 0 && o.export != "" {
		env.note("no archive is older than that and covered (%d events are)", covered)
	}
	return err
}

// keep copies an archive to the directory.
func (o *auditPruneOptions) keep(env *env, name string, archive io.Reader) error {
	out, err := durable.CreatePath(filepath.Join(env.path(o.export), name), durable.CreateOptions{})
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := io.Copy(out, archive); err != nil {
		return err
	}
	return out.Commit()
}

// covered verifies the log, and says how many events are signed for by whom the user trusts.
func (o *auditPruneOptions) covered(ctx context.Context, env *env, log *openedLog) (uint64, error) {
	if _, err := log.CheckpointNote(); errors.Is(err, fs.ErrNotExist) {
		return 0, withHint(failf(exitLocked, "no_checkpoint", "this log has signed no checkpoint"), "kai audit checkpoint")
	}
	witnesses, err := log.witnesses()
	if err != nil {
		return 0, err
	}
	v, err := log.verify(ctx, env, audit.VerifyOptions{Public: true, Witnesses: verifiers(witnesses), Workers: env.cpus})
	if err != nil {
		return 0, err
	}
	if v.Verdict != audit.VerdictOK {
		return 0, withHint(failf(exitBad, "audit_tampered", "audit log: %s, so nothing is removed", v.Verdict), "kai audit verify")
	}
	if o.noWitness {
		return v.Coverage.SignedTo, nil
	}
	if v.Coverage.CosignedTo == 0 {
		return 0, withHint(failf(exitUntrusted, "not_cosigned", "no trusted witness has cosigned a checkpoint of this log"),
			"kai audit witness submit URL; or %s --no-witness --yes", o.line())
	}
	return v.Coverage.CosignedTo, nil
}
