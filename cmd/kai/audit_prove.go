package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/audit/proof"
)

func auditProveCommand() command {
	return command{
		name:    "prove",
		summary: "prove to a stranger that the log holds an event",
		examples: []example{
			{"kai audit prove 17 -o e17.tlog-proof", "for somebody who has the log's verifier key"},
			{"kai audit prove 17 --at 4096 -o e17.tlog-proof", "under the checkpoint of 4,096 events"},
		},
		about: "Writes the event, the hashes that lead from it to the root, and the signed checkpoint:\n" +
			"a proof in the form of C2SP. Nothing else of the log is shown. The event must be under\n" +
			"a signed checkpoint; without --at it is the oldest that covers it. kai audit\n" +
			"check-proof reads the file, anywhere.",
		args:    "N|LOGID:N",
		minArgs: 1, maxArgs: 1,
		flags: []cli.Flag{
			&cli.Int64Flag{Name: "at", Usage: "under the checkpoint of `SIZE` events"},
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the proof to `FILE`"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace FILE"},
		},
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditProve(ctx, env, auditProveOptions{
				id: c.Args().First(), hasAt: c.IsSet("at"), at: c.Int64("at"), output: c.Path("output"), force: c.Bool("force"),
			})
		},
	}
}

type auditProveOptions struct {
	id     string
	hasAt  bool
	at     int64
	output string
	force  bool
}

// auditProveJSON is the answer of kai audit prove --json.
type auditProveJSON struct {
	head
	N     uint64 `json:"n"`
	Size  uint64 `json:"size"`
	Root  string `json:"root"`
	File  string `json:"file,omitempty"`
	Proof string `json:"proof,omitempty"` // without a file
}

func auditProve(ctx context.Context, env *env, o auditProveOptions) error {
	if o.hasAt && o.at < 1 {
		return usagef("--at %d: want the size of a checkpoint", o.at)
	}
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	n, err := log.number(o.id)
	if err != nil {
		return err
	}
	p, err := log.prove(n, uint64(o.at))
	if err != nil {
		return err
	}
	file, err := proof.Format(p)
	if err != nil {
		return err
	}
	if !env.json {
		return env.writeFile(ctx, o.output, file, outputOptions{mode: 0o644, force: o.force, flag: "-f"})
	}
	note, err := checkpoint.ParseNote(p.Note)
	if err != nil {
		return err
	}
	c := note.Claimed()
	answer := auditProveJSON{head: env.head(true), N: n, Size: c.Size, Root: rootText(c), File: o.output}
	if o.output == "" || o.output == "-" {
		answer.File, answer.Proof = "", string(file)
	} else if err := env.writeFile(ctx, o.output, file, outputOptions{mode: 0o644, force: o.force, flag: "-f"}); err != nil {
		return err
	}
	return env.printJSON(answer)
}

// prove makes the proof of an event under the checkpoint of a size; 0 is the oldest that covers it.
func (o *openedLog) prove(n, size uint64) (*proof.Proof, error) {
	got, err := o.Event(n)
	if err != nil {
		return nil, err
	}
	note, err := o.CheckpointAt(n, size)
	switch {
	case errors.Is(err, fs.ErrNotExist) && size > 0:
		return nil, failf(exitNotFound, "no_checkpoint", "no checkpoint of %d events", size)
	case errors.Is(err, fs.ErrNotExist):
		return nil, withHint(failf(exitLocked, "no_checkpoint", "no signed checkpoint covers event %d", n), "kai audit checkpoint --key REF")
	case err != nil:
		return nil, err
	}
	return proof.Make(event.AppendRecord(nil, got.Line), n, note, o.Hashes())
}
