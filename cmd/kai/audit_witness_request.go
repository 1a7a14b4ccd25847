package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/witness"
)

func auditWitnessRequestCommand() command {
	return command{
		name:    "request",
		summary: "write a request to a witness, as a file",
		examples: []example{
			{"kai audit witness request -o r1", "for the newest checkpoint"},
			{"kai audit witness request --old 4096 -o r1", "when the witness says that it knows 4,096 events"},
		},
		about: "Asks for a cosignature of the newest checkpoint, with the proof that it continues the\n" +
			"one of --old events; without it, the newest that a trusted witness has cosigned.",
		flags: []cli.Flag{
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the request to `FILE`"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace FILE"},
			&cli.Int64Flag{Name: "old", Usage: "the witness has cosigned `N` events last, 0 for none"},
		},
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditWitnessRequest(ctx, env, auditWitnessRequestOptions{
				output: c.Path("output"), force: c.Bool("force"), hasOld: c.IsSet("old"), old: c.Int64("old"),
			})
		},
	}
}

type auditWitnessRequestOptions struct {
	output string
	force  bool
	hasOld bool
	old    int64
}

// auditWitnessRequestJSON is the answer of kai audit witness request --json.
type auditWitnessRequestJSON struct {
	head
	Old     uint64 `json:"old"`
	Size    uint64 `json:"size"`
	File    string `json:"file,omitempty"`
	Request string `json:"request,omitempty"` // without a file
}

func auditWitnessRequest(ctx context.Context, env *env, o auditWitnessRequestOptions) error {
	if o.hasOld && o.old < 0 {
		return usagef("--old %d: want a number of events", o.old)
	}
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	note, err := log.newestNote()
	if err != nil {
		return err
	}
	old := uint64(o.old)
	if !o.hasOld {
		if old, err = log.cosignedSize(); err != nil {
			return err
		}
	}
	r, err := witness.NewRequest(old, note, log.Hashes())
	if errors.Is(err, witness.ErrOldSize) {
		return fail(exitUsage, "usage", fmt.Errorf("--old: %w", err))
	}
	if err != nil {
		return err
	}
	text, err := r.Format()
	if err != nil {
		return err
	}
	toFile := o.output != "" && o.output != "-"
	if toFile || !env.json {
		if err := env.writeFile(ctx, o.output, text, outputOptions{mode: 0o644, force: o.force, flag: "-f"}); err != nil {
			return err
		}
	}
	if !env.json {
		return nil
	}
	parsed, err := checkpoint.ParseNote(note)
	if err != nil {
		return err
	}
	answer := auditWitnessRequestJSON{head: env.head(true), Old: old, Size: parsed.Claimed().Size}
	if toFile {
		answer.File = o.output
	} else {
		answer.Request = string(text)
	}
	return env.printJSON(answer)
}

// newestNote is the newest checkpoint.
func (o *openedLog) newestNote() ([]byte, error) {
	note, err := o.CheckpointNote()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(failf(exitLocked, "no_checkpoint", "the log has no signed checkpoint"), "kai audit checkpoint --key REF")
	}
	return note, err
}

// maxNotesTried bounds how far back a checkpoint is looked for.
const maxNotesTried = 4096

// notes calls visit with the checkpoints, the newest first, until it returns false.
func (o *openedLog) notes(visit func(data []byte, note *checkpoint.Note) bool) error {
	entries, err := o.dir.ReadDir("checkpoints")
	if err != nil {
		return err
	}
	slices.Reverse(entries) // their names are sizes of one length
	for _, e := range entries[:min(len(entries), maxNotesTried)] {
		data, err := o.dir.ReadFile("checkpoints/"+e.Name(), checkpoint.MaxNote)
		if err != nil {
			return err
		}
		note, err := checkpoint.ParseNote(data)
		if err != nil {
			continue // kai audit verify says so
		}
		if !visit(data, note) {
			return nil
		}
	}
	return nil
}

// cosignedSize is the size of the newest checkpoint that a trusted witness has cosigned; 0 when
// there is none.
func (o *openedLog) cosignedSize() (uint64, error) {
	list, err := o.witnesses()
	if err != nil || len(list) == 0 {
		return 0, err
	}
	size := uint64(0)
	err = o.notes(func(_ []byte, note *checkpoint.Note) bool {
		if _, err := note.Verify(verifiers(list)...); err != nil {
			return true
		}
		size = note.Claimed().Size
		return false
	})
	return size, err
}
