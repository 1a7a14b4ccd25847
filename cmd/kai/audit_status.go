package main

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
)

func auditStatusCommand() command {
	return command{
		name:    "status",
		summary: "show how the log stands",
		examples: []example{
			{"kai audit status", "size, epoch, newest checkpoint, what is unsigned"},
			{"kai audit status --metrics /var/lib/node_exporter/kai.prom", "numbers for Prometheus"},
			{"kai audit status --vkey", "the key that signs this log's checkpoints, for check-proof --log"},
		},
		about:    "Nothing is verified here: kai audit verify does that.",
		recorded: recordsItself(),
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "vkey", Usage: "print the verifier keys of the log, one a line"},
			&cli.PathFlag{Name: "metrics", Usage: "write counters to `FILE` in the text format of Prometheus, and replace it"},
		},
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditStatus(ctx, env, auditStatusOptions{vkey: c.Bool("vkey"), metrics: c.Path("metrics")})
		},
	}
}

type auditStatusOptions struct {
	vkey    bool
	metrics string
}

// auditStatusJSON is the answer of kai audit status --json.
type auditStatusJSON struct {
	head
	LogID      string                `json:"log_id"`
	Origin     string                `json:"origin"`
	Size       uint64                `json:"size"`
	Root       string                `json:"root"`
	Bytes      int64                 `json:"bytes"`
	Epoch      uint32                `json:"epoch"`
	Sealed     bool                  `json:"sealed"`
	Checkpoint *auditCheckpointState `json:"checkpoint"`
	Unsigned   uint64                `json:"unsigned"`
	VKeys      []string              `json:"vkeys"`
}

type auditCheckpointState struct {
	Size uint64 `json:"size"`
	Root string `json:"root"`
}

func auditStatus(ctx context.Context, env *env, o auditStatusOptions) error {
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	s, err := log.Status()
	if err != nil {
		return err
	}
	if s.VKeys, err = log.vkeys(s.VKeys); err != nil {
		return err
	}
	if o.metrics != "" {
		if err := writeMetrics(ctx, env, log, o.metrics); err != nil || !env.json {
			return err
		}
	}
	if o.vkey && !env.json {
		if len(s.VKeys) == 0 {
			return withHint(failf(exitNotFound, "no_checkpoint", "this log has signed no checkpoint"), "kai audit checkpoint --key REF")
		}
		for _, k := range s.VKeys {
			if err := env.printf("%s\n", k); err != nil {
				return err
			}
		}
		return nil
	}
	if env.json {
		return env.printJSON(statusAnswer(env, log, s))
	}
	return printStatus(env, log, s)
}

func statusAnswer(env *env, log *openedLog, s audit.Status) auditStatusJSON {
	a := auditStatusJSON{
		head: env.head(true), LogID: log.Info().LogID, Origin: log.Info().Origin, Size: s.Head.N,
		Root: base64.StdEncoding.EncodeToString(s.Head.Root[:]), Bytes: s.Bytes, Epoch: s.Epoch, Sealed: s.Sealed,
		Unsigned: s.Unsigned(), VKeys: s.VKeys,
	}
	if s.Signed > 0 {
		a.Checkpoint = &auditCheckpointState{s.Signed, base64.StdEncoding.EncodeToString(s.SignedRoot[:])}
	}
	return a
}

func printStatus(env *env, log *openedLog, s audit.Status) error {
	epoch := fmt.Sprintf("%d, its key is sealed", s.Epoch)
	if !s.Sealed {
		epoch = fmt.Sprintf("%d, unsealed: its key lies beside the log", s.Epoch)
	}
	signed := "none"
	if s.Signed > 0 {
		signed = fmt.Sprintf("%d events", s.Signed)
	}
	for _, row := range [][2]string{
		{"log", log.Info().LogID},
		{"events", fmt.Sprint(s.Head.N)},
		{"bytes", fmt.Sprint(s.Bytes)},
		{"epoch", epoch},
		{"checkpoint", signed},
		{"unsigned", fmt.Sprintf("%d events", s.Unsigned())},
	} {
		if err := env.printf("%-11s %s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	return nil
}
