package main

import (
	"context"

	"github.com/urfave/cli/v2"
)

func auditArchiveCommand() command {
	return command{
		name:    "archive",
		summary: "compress old parts of the log",
		examples: []example{
			{"kai audit archive --before 90d", "what is older than ninety days"},
			{"kai audit archive --before 2026-01-01", "the years before"},
		},
		about: "Compresses full segments (65536 events each) all of whose events are older. Each is\n" +
			"read back and compared before the plain file goes, and both hashes are recorded.\n" +
			"Nothing is lost: queries, reports and kai audit verify read archives as they read the\n" +
			"rest.",
		flags: []cli.Flag{
			&cli.StringFlag{Name: "before", Usage: "events before `TIME`: 2006-01-02, RFC 3339, or an age such as 90d"},
		},
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditArchive(ctx, env, auditArchiveOptions{before: c.String("before")})
		},
	}
}

type auditArchiveOptions struct{ before string }

// auditArchiveJSON is the answer of kai audit archive --json.
type auditArchiveJSON struct {
	head
	Segments []uint64 `json:"segments"` // by the number of their first event
}

func auditArchive(ctx context.Context, env *env, o auditArchiveOptions) error {
	if o.before == "" {
		return withHint(usagef("no time"), "kai audit archive --before 90d")
	}
	before, err := parseSince("--before", o.before, env.now())
	if err != nil {
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
	done, err := log.Archive(ctx, before)
	if len(done) > 0 {
		if failed := env.followOwn(ctx, log, size, "audit.archived"); failed != nil {
			env.warn("audit rules: %v", failed)
		}
	}
	if err != nil {
		return err
	}
	if env.json {
		return env.printJSON(auditArchiveJSON{env.head(true), append([]uint64{}, done...)})
	}
	if len(done) == 0 {
		env.note("no full segment is older than that")
	}
	for _, first := range done {
		if err := env.printf("archive/%012d.jsonl.zst  events %d to %d\n", first, first, first+log.Info().Seg-1); err != nil {
			return err
		}
	}
	return nil
}
