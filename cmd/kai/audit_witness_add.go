package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/post"
	"kai/internal/audit/witness"
)

func auditWitnessAddCommand() command {
	return command{
		name:    "add",
		summary: "add the cosignatures that a witness has sent back",
		examples: []example{
			{"kai audit witness add c1", "the lines go to the checkpoint that they are for"},
		},
		about: "FILE holds signature lines, or a whole note. Only lines of trusted witnesses are taken,\n" +
			"and only when they verify.",
		args:    "FILE|-",
		minArgs: 1, maxArgs: 1,
		readsStdin: true,
		recorded:   recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditWitnessAdd(ctx, env, c.Args().First())
		},
	}
}

func auditWitnessSubmitCommand() command {
	return command{
		name:    "submit",
		summary: "ask a witness over HTTPS, and add its answer",
		examples: []example{
			{"kai audit witness submit https://witness.example/prefix", "the newest checkpoint"},
		},
		about: "Posts the request to URL/add-checkpoint. When the witness knows another size than this\n" +
			"log thinks, the request is made again for that size, once. No redirects, no proxies;\n" +
			"plain http only to this machine.",
		args:    "URL",
		minArgs: 1, maxArgs: 1,
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditWitnessSubmit(ctx, env, c.Args().First())
		},
	}
}

// auditCosignedJSON is the answer of kai audit witness add and submit with --json.
type auditCosignedJSON struct {
	head
	Size      uint64   `json:"size"`
	Witnesses []string `json:"witnesses"`
}

// cosigned is a checkpoint with new lines.
type cosigned struct {
	size  uint64
	names []string
}

func (c *cosigned) print(env *env) error {
	if env.json {
		return env.printJSON(auditCosignedJSON{env.head(true), c.size, c.names})
	}
	return env.printf("cosigned  %d  %s\n", c.size, strings.Join(c.names, ", "))
}

func auditWitnessAdd(ctx context.Context, env *env, file string) error {
	data, err := env.readAll(ctx, file, checkpoint.MaxNote)
	if err != nil {
		return err
	}
	log, err := env.appendLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	lines := data
	if note, err := checkpoint.ParseNote(data); err == nil {
		lines = linesOfOthers(note, log.Info().Origin)
	}
	if _, err := checkpoint.ParseLines(lines); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	c, err := log.addLines(ctx, lines, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return c.print(env)
}

// linesOfOthers are the lines of a note that are not the log's.
func linesOfOthers(note *checkpoint.Note, origin string) []byte {
	var lines []byte
	for _, s := range note.Signatures() {
		if s.Name != origin {
			lines = append(lines, s.Line()...)
		}
	}
	return lines
}

// addLines merges lines into the checkpoint that they verify under, or into that of only.
func (o *openedLog) addLines(ctx context.Context, lines, only []byte) (*cosigned, error) {
	list, err := o.witnesses()
	if err != nil {
		return nil, err
	}
	known := verifiers(list)
	var merged []byte
	var failed error
	try := func(data []byte) bool {
		merged, failed = checkpoint.Merge(data, lines, known...)
		return failed != nil && errors.Is(failed, checkpoint.ErrSignature)
	}
	if only != nil {
		try(only)
	} else if err := o.notes(func(data []byte, _ *checkpoint.Note) bool { return try(data) }); err != nil {
		return nil, err
	}
	switch {
	case errors.Is(failed, checkpoint.ErrUntrusted):
		return nil, withHint(failed, "kai audit witness trust VKEY")
	case failed != nil:
		return nil, failed
	case merged == nil:
		_, err := o.newestNote()
		return nil, err
	}
	note, err := checkpoint.ParseNote(merged)
	if err != nil {
		return nil, err
	}
	added, err := checkpoint.ParseLines(lines)
	if err != nil {
		return nil, err
	}
	c := &cosigned{size: note.Claimed().Size}
	for _, s := range added {
		trusted := slices.ContainsFunc(known, func(k *checkpoint.Verifier) bool { return k.Name() == s.Name && k.KeyHash() == s.Hash })
		if trusted && !slices.Contains(c.names, s.Name) {
			c.names = append(c.names, s.Name)
		}
	}
	return c, o.Cosign(ctx, merged, strings.Join(c.names, ", "))
}

func auditWitnessSubmit(ctx context.Context, env *env, url string) error {
	log, err := env.appendLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	note, err := log.newestNote()
	if err != nil {
		return err
	}
	c, err := submitToWitness(ctx, env, log, url, note)
	if err != nil {
		return err
	}
	return c.print(env)
}

// submitPatience bounds an exchange with a witness.
const submitPatience = 30 * time.Second

// submitToWitness asks a witness for cosignatures of a checkpoint, and adds them.
func submitToWitness(ctx context.Context, _ *env, log *openedLog, url string, note []byte) (*cosigned, error) {
	list, err := log.witnesses()
	if err != nil {
		return nil, err
	}
	if len(list) == 0 { // before the network is asked
		return nil, withHint(failf(exitUntrusted, "untrusted_signer", "no witness is trusted: its answer would count for nothing"), "kai audit witness trust VKEY")
	}
	old, err := log.cosignedSize()
	if err != nil {
		return nil, err
	}
	r, err := witness.NewRequest(old, note, log.Hashes())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, submitPatience)
	defer cancel()
	lines, err := witness.Submit(ctx, post.Client{}, url, r, log.Hashes())
	if err != nil {
		if code, ident := codeOf(err); code == exitFailure || ident == "timeout" { // the client's own errors
			err = fail(exitBackend, "backend", err)
		}
		return nil, err
	}
	return log.addLines(ctx, lines, note)
}
