package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/urfave/cli/v2"

	"kai/internal/audit"
)

func auditVerifyCommand() command {
	return command{
		name:    "verify",
		summary: "is every event as it was written, and is none missing?",
		examples: []example{
			{"kai audit verify", "everything, with the vault open or while the keys of the log lie beside it"},
			{"kai audit verify --auditor file:auditor.key", "everything, with the key of an auditor"},
			{"kai audit verify --public", "what can be checked without any key"},
			{"kai audit verify --repair", "set what is wrong aside, so that recording goes on"},
		},
		about: "Checks each line's syntax, number, chain, MAC and time, segments, epochs, the tree,\n" +
			"checkpoints, the end of the log, and its head against whatever remembers it. MACs\n" +
			"need the open vault of the owner, or the key of an auditor, once epochs are sealed;\n" +
			"--public leaves them out. --quick\n" +
			"believes the tree up to the newest signed checkpoint: lines before it that were changed\n" +
			"since it was signed are not seen, nor, with --public, possible cuts before it. --anchors\n" +
			"asks those places outside that can answer. --repair deletes nothing: it moves what is\n" +
			"not to be believed to a quarantine. --accept-rollback is for an old copy that was put\n" +
			"back on purpose; that is recorded as critical.",
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "public", Usage: "leave the MACs out, so that no key is needed"},
			&cli.BoolFlag{Name: "quick", Usage: "read only the lines behind the newest signed checkpoint"},
			&cli.BoolFlag{Name: "anchors", Usage: "ask the anchors that can be asked"},
			&cli.BoolFlag{Name: "repair", Usage: "move what is not to be believed to audit/quarantine"},
			&cli.StringFlag{Name: "accept-rollback", Usage: "believe in the older log that was put back, because of `REASON`"},
			&cli.StringFlag{Name: "auditor", Usage: "open the keys of epochs with the key `REF`, as in file:KEY"},
			&cli.StringSliceFlag{Name: "log", Usage: "the key `VKEY` signs this log's checkpoints, whatever the log says; may be repeated"},
			&cli.StringSliceFlag{Name: "witness", Usage: "count the cosignatures of `VKEY`, besides those of trusted witnesses; may be repeated"},
		},
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditVerify(ctx, env, auditVerifyOptions{
				public: c.Bool("public"), quick: c.Bool("quick"), anchors: c.Bool("anchors"), repair: c.Bool("repair"),
				acceptRollback: c.String("accept-rollback"), accept: c.IsSet("accept-rollback"),
				auditor: c.String("auditor"), log: c.StringSlice("log"), witnesses: c.StringSlice("witness"),
			})
		},
	}
}

type auditVerifyOptions struct {
	public, quick, anchors, repair bool

	accept         bool
	acceptRollback string
	auditor        string
	log, witnesses []string
}

func (o *auditVerifyOptions) check() error {
	switch {
	case o.public && o.auditor != "":
		return usagef("--public and --auditor exclude each other")
	case o.repair && o.quick:
		return usagef("--repair and --quick exclude each other: what is repaired was read whole")
	case o.repair && o.accept:
		return usagef("--repair and --accept-rollback exclude each other")
	case o.accept && strings.TrimSpace(o.acceptRollback) == "":
		return usagef("--accept-rollback: no reason")
	}
	return nil
}

func auditVerify(ctx context.Context, env *env, o auditVerifyOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	open := env.openLog
	if o.repair || o.accept {
		open = env.appendLog
	}
	log, err := open(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	options, auditor, err := o.prepare(ctx, env, log)
	if err != nil {
		return err
	}
	defer auditor.close()
	start := env.now()
	v, err := log.verify(ctx, env, options)
	if err != nil {
		return err
	}
	if o.accept {
		if v, err = acceptRollback(ctx, env, log, o.acceptRollback, auditor, options, v); err != nil {
			return err
		}
	}
	answer := verifyAnswer{v: v, public: o.public}
	if o.anchors {
		if answer.asked, err = askAnchors(ctx, env, log, v); err != nil {
			return err
		}
	}
	if o.repair && v.Verdict != audit.VerdictOK {
		r, err := log.Repair(ctx, v)
		if err != nil {
			return err
		}
		env.follow(ctx, log, r.Receipt)
		if answer.repaired = repairedAt(&r); answer.repaired != nil {
			if err := auditor.record(ctx, env, log); err != nil {
				return err
			}
		}
	}
	if !o.quick && !o.public && answer.repaired == nil {
		if err := log.rememberVerified(env, v); err != nil {
			env.warn("not remembered: %v", err)
		}
	}
	return answer.print(env, env.now().Sub(start))
}

// prepare collects the keys.
func (o *auditVerifyOptions) prepare(ctx context.Context, env *env, log *openedLog) (audit.VerifyOptions, *auditorKey, error) {
	options := audit.VerifyOptions{Public: o.public, Quick: o.quick, Workers: env.cpus}
	var err error
	if options.Log, err = readVerifiers(env, "--log", o.log); err != nil {
		return options, nil, err
	}
	if options.Witnesses, err = readVerifiers(env, "--witness", o.witnesses); err != nil {
		return options, nil, err
	}
	trusted, err := log.witnesses()
	if err != nil {
		return options, nil, err
	}
	for _, w := range trusted {
		if !slices.ContainsFunc(options.Witnesses, w.Equal) {
			options.Witnesses = append(options.Witnesses, w.Verifier)
		}
	}
	if o.auditor == "" {
		if !o.public {
			options.Identities = env.openOwners(ctx)
		}
		return options, nil, nil
	}
	auditor, err := openAuditor(ctx, env, o.auditor)
	if err != nil {
		return options, nil, err
	}
	options.Identities = []age.Identity{auditor.identity}
	return options, auditor, nil
}

// verify verifies the log under a bar.
func (o *openedLog) verify(ctx context.Context, env *env, options audit.VerifyOptions) (*audit.Verification, error) {
	if env.sys.stderrTerminal {
		size := int64(0)
		if s, err := o.Status(); err == nil { // of a log that is broken the size is not known
			size = s.Bytes
		}
		bar := env.progress("verifying the log", size)
		defer bar.end()
		shown := int64(0)
		options.Progress = func(done, total uint64) {
			now := int64(float64(size) * float64(done) / float64(max(1, total)))
			bar.add(now - shown)
			shown = now
		}
	}
	v, err := o.Verify(ctx, options)
	if errors.Is(err, audit.ErrNoKey) {
		return nil, withHint(err, "kai vault unlock; kai audit verify --auditor file:KEY; or --public, without the MACs")
	}
	return v, err
}

// acceptRollback makes the memories believe in the log, and verifies again.
func acceptRollback(ctx context.Context, env *env, log *openedLog, reason string, auditor *auditorKey, options audit.VerifyOptions, v *audit.Verification) (*audit.Verification, error) {
	remembered := func(f audit.Finding) bool { return f.Check == audit.CheckMemory }
	if !slices.ContainsFunc(v.Findings, remembered) {
		env.note("no memory contradicts the log: there is nothing to accept")
		return v, nil
	}
	r, err := log.AcceptRollback(ctx, reason)
	if err != nil {
		return nil, err
	}
	env.follow(ctx, log, r)
	if err := auditor.record(ctx, env, log); err != nil {
		return nil, err
	}
	return log.verify(ctx, env, options)
}

// repair is what --repair has done.
type repair struct {
	At         uint64 `json:"at"` // the event audit.repaired
	Quarantine string `json:"quarantine"`
}

// repairedAt is nil when there was nothing that could be repaired.
func repairedAt(r *audit.Repaired) *repair {
	if r.Quarantine == "" {
		return nil
	}
	for _, a := range slices.Concat(r.Own, r.Events) {
		if a.Event.Act == "audit.repaired" {
			return &repair{a.Event.N, r.Quarantine}
		}
	}
	return &repair{r.At, r.Quarantine}
}
