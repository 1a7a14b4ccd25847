package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/key"
)

func auditCheckpointCommand() command {
	return command{
		name:    "checkpoint",
		summary: "sign the head of the log",
		examples: []example{
			{"kai audit checkpoint --key file:audit.key", "everything so far can now be proven"},
			{"kai audit checkpoint --anchor git:$HOME/src/app", "and tell a repository, with the keys of config.toml"},
			{"kai audit checkpoint --key file:audit.key --acknowledge 990 --reason 'disk died'", "a possible cut that is known"},
		},
		about: "Signs how many events there are, and the root of their tree: a signed note in the form\n" +
			"of C2SP. What follows the checkpoint before is read again first, so that a log never\n" +
			"signs two histories. Keys come from --key, from signer in config.toml, or from the open\n" +
			"vault, which keeps one for the log beside those of the default identity: one of type\n" +
			"ed25519, or one of type mldsa44-ed25519 which adds a post-quantum line. Use the key\n" +
			"for nothing else: its signature is over bare text. --anchor tells a place outside:\n" +
			"journald, git:DIR (a note of the commit there), cosig:URL (a witness) or cosig:FILE (a\n" +
			"copy); keyring and local are told with every event.",
		flags: []cli.Flag{
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the note to `FILE`"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace FILE"},
			&cli.StringSliceFlag{Name: "key", Usage: "sign with the key `REF`, as in file:KEY; may be repeated"},
			&cli.BoolFlag{Name: "new-epoch", Usage: "open an epoch first: only the auditors of now open what follows"},
			&cli.StringSliceFlag{Name: "anchor", Usage: "tell `KIND[:ARG]` of the head; may be repeated"},
			&cli.Int64Flag{Name: "acknowledge", Usage: "you know of the possible cut at event `N`"},
			&cli.StringFlag{Name: "reason", Usage: "why it is so, `TEXT` for whoever reads the log"},
		},
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditCheckpoint(ctx, env, auditCheckpointOptions{
				output: c.Path("output"), force: c.Bool("force"), keys: c.StringSlice("key"), newEpoch: c.Bool("new-epoch"),
				anchors: c.StringSlice("anchor"), acknowledges: c.IsSet("acknowledge"), acknowledge: c.Int64("acknowledge"),
				reason: c.String("reason"),
			})
		},
	}
}

type auditCheckpointOptions struct {
	output       string
	force        bool
	keys         []string
	newEpoch     bool
	anchors      []string
	acknowledges bool
	acknowledge  int64
	reason       string
}

// auditCheckpointJSON is the answer of kai audit checkpoint --json.
type auditCheckpointJSON struct {
	head
	Size    uint64       `json:"size"`
	Root    string       `json:"root"`
	VKeys   []string     `json:"vkeys"`
	Note    string       `json:"note"`
	File    string       `json:"file,omitempty"`
	Anchors []toldAnchor `json:"anchors,omitempty"`
}

func (o *auditCheckpointOptions) check() error {
	switch {
	case o.acknowledges && (o.acknowledge < 0 || strings.TrimSpace(o.reason) == ""):
		return withHint(usagef("--acknowledge wants the number of an event, and --reason"), "--acknowledge N --reason TEXT")
	case !o.acknowledges && o.reason != "":
		return usagef("--reason goes with --acknowledge N")
	}
	return nil
}

func auditCheckpoint(ctx context.Context, env *env, o auditCheckpointOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	var targets []anchorTarget
	for _, text := range o.anchors {
		t, err := readAnchor(text)
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	if o.output != "" && o.output != "-" && !o.force {
		if err := env.vacant(o.output, "-f"); err != nil {
			return err
		}
	}
	log, err := env.appendLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	env.ownLog = log
	defer func() { env.ownLog = nil }()
	signers, err := log.signers(ctx, env, o.keys)
	if err != nil {
		return err
	}
	defer signers.close()
	if err := o.before(ctx, env, log); err != nil {
		return err
	}
	known, err := log.Status()
	if err != nil {
		return err
	}
	note, head, err := log.Checkpoint(ctx, signers.list)
	if err != nil {
		return err
	}
	if err := log.rememberVKeys(signers); err != nil {
		env.warn("verifier keys not remembered: %v", err)
	}
	if o.output != "" {
		if err := env.writeFile(ctx, o.output, note, outputOptions{mode: 0o644, force: o.force, flag: "-f"}); err != nil {
			return err
		}
	}
	told, failed := tellAnchors(ctx, env, log, targets, head, note)
	if err := o.print(env, signers, known.VKeys, head, note, told); err != nil {
		return err
	}
	if failed {
		return reported(exitBackend)
	}
	return nil
}

// signers opens the keys of the log.
func (o *openedLog) signers(ctx context.Context, env *env, refs []string) (*noteSigners, error) {
	if len(refs) == 0 {
		refs = o.config.Signer
	}
	if len(refs) == 0 {
		own, err := env.logKey(ctx)
		if err != nil {
			return nil, err
		}
		if own != "" {
			refs = []string{own}
		}
	}
	if len(refs) == 0 {
		return nil, withHint(failf(exitLocked, "no_signer", "no key to sign the checkpoint with"),
			"kai audit checkpoint --key file:KEY; or signer = \"file:KEY\" under [audit] in config.toml")
	}
	s, err := openNoteSigners(ctx, env, refs, checkpoint.Ed25519, func(key.Public) string { return o.Info().Origin })
	if err == nil && s.list[0].Verifier().Type() != checkpoint.Ed25519 {
		s.close()
		err = usagef("--key: the first key must be of type ed25519 or mldsa44-ed25519")
	}
	return s, err
}

// before does what the checkpoint has to cover.
func (o *auditCheckpointOptions) before(ctx context.Context, env *env, log *openedLog) error {
	if o.acknowledges {
		size, err := log.Size()
		if err != nil {
			return err
		}
		if o.acknowledge > math.MaxInt64-1 || uint64(o.acknowledge) >= size {
			return fail(exitNotFound, "no_such_event", fmt.Errorf("--acknowledge %d: %w", o.acknowledge, audit.ErrNotFound))
		}
		r, err := log.Append(ctx, audit.Draft{Act: "audit.acknowledged", Outcome: event.OK, Details: event.Details{
			{Name: "at", Value: o.acknowledge}, {Name: "reason", Value: event.Outside(o.reason)},
		}})
		if err != nil {
			return err
		}
		env.follow(ctx, log, r)
	}
	if o.newEpoch {
		r, err := log.NewEpoch(ctx)
		if err != nil {
			return err
		}
		env.follow(ctx, log, r)
	}
	return nil
}

// tellAnchors tells them all. The checkpoint is there already: what goes wrong is said, and
// decides the exit code.
func tellAnchors(ctx context.Context, env *env, log *openedLog, targets []anchorTarget, head audit.Head, note []byte) (told []toldAnchor, failed bool) {
	for _, t := range targets {
		ref, new, err := t.tell(ctx, env, log, head, note)
		if err == nil && new {
			err = log.AddAnchor(ctx, audit.Anchor{Kind: t.kind, N: head.N, Root: head.Root, Ref: ref})
		}
		one := toldAnchor{Kind: t.kind, Ref: ref, OK: err == nil}
		switch {
		case err != nil:
			failed, one.Text = true, err.Error()
			env.warn("anchor %s: %v", t, err)
		case !new:
			one.Text = "is told with every event"
			if !env.json {
				env.note("anchor %s: %s; nothing to do", t, one.Text)
			}
		}
		told = append(told, one)
	}
	return told, failed
}

func (o *auditCheckpointOptions) print(env *env, signers *noteSigners, known []string, head audit.Head, note []byte, told []toldAnchor) error {
	root := base64.StdEncoding.EncodeToString(head.Root[:])
	if env.json {
		return env.printJSON(auditCheckpointJSON{env.head(true), head.N, root, signers.vkeys(), string(note), o.output, told})
	}
	if first := signers.vkeys()[0]; !slices.Contains(known, first) {
		env.note("whoever checks proofs needs --log %s", first)
	}
	if o.output != "" {
		return nil
	}
	return env.printf("checkpoint  %d  %s\n", head.N, root)
}
