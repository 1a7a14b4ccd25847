package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/sig"
	"kai/internal/sig/formats"
	"kai/internal/verdict"
)

func verifyCommand() command {
	return command{
		name:    "verify",
		summary: "check signatures of every format: may I rely on this?",
		examples: []example{
			{"kai verify app", "signed by an own identity?"},
			{"kai verify app --signer release_key.pub", "app and every signature file beside it"},
			{"kai verify app -s app.minisig --signer minisign.pub", "one signature file"},
			{"kai verify dist.kai-manifest --signer release_key.pub", "a directory against its manifest"},
			{"curl -s URL | kai verify - -s tool.sig --signer bob.pub -o tool", "write tool only if trusted"},
			{"kai verify app --allowed-signers signers -I ada@example.org", "by OpenSSH's rules"},
			{"kai verify git:v1.0 --signer release_key.pub", "a tag or commit of the repository here"},
			{"kai verify app --signer ada.pub --signer bob.pub --threshold 2 --explain", "two people, and why"},
		},
		about: "FILE is judged by the signature in it, by -s SIG, or by the signature files beside\n" +
			"it (FILE.sig, FILE.minisig, …): all that exist are checked. The format is found by\n" +
			"content. The answer is trusted (exit 0), bad (3), untrusted (4) or undecidable (5).\n" +
			"A signature counts as trusted through --signer or --allowed-signers; without them only own\n" +
			"identities, and those that the trust store trusts. What it says against a signer always\n" +
			"counts. No open vault is needed.\n" +
			"After a manifest, DIR is the directory to compare (default: its name without the\n" +
			"suffix). After an in-toto statement, each FILE must be one of its subjects.",
		args:       "FILE|DIR|git:REV|-...",
		maxArgs:    anyNumber,
		readsStdin: true,
		flags: []cli.Flag{
			&cli.PathFlag{Name: "signature", Aliases: []string{"s"}, Usage: "the signature is in `SIG`, or - for standard input"},
			&cli.StringSliceFlag{Name: "signer", TakesFile: true, Usage: "trust `WHO`, an identity, public-key file, key or fingerprint; may be repeated"},
			&cli.PathFlag{Name: "allowed-signers", Usage: "trust by the OpenSSH allowed_signers `FILE`"},
			&cli.StringFlag{Name: "principal", Aliases: []string{"I"}, Usage: "the signer must be `PRINCIPAL` of --allowed-signers"},
			&cli.PathFlag{Name: "krl", Usage: "refuse what the OpenSSH key revocation list `FILE` revokes"},
			&cli.PathFlag{Name: "key", Usage: "check with the public key in `FILE`; trusts nobody by itself"},
			&cli.StringFlag{Name: "namespace", Aliases: []string{"n"}, Usage: "the signature must be for `NAMESPACE`"},
			choiceFlag("format", "take the signature for a `FORMAT`", "", formats.Names()...),
			&cli.IntFlag{Name: "threshold", Usage: "`N` different signers must be trusted", Value: 1},
			&cli.BoolFlag{Name: "require-pq", Usage: "every signer's post-quantum half must be there"},
			&cli.StringFlag{Name: "at", Usage: "judge as of `TIME`, RFC 3339 or a date; your claim, no format proves it (git: its committer's)"},
			&cli.StringFlag{Name: "audience", Usage: "a token must be for `AUDIENCE`"},
			&cli.StringFlag{Name: "predicate-type", Usage: "a statement must be of type `URI`"},
			&cli.BoolFlag{Name: "allow-extra", Usage: "files that the manifest does not list are no difference"},
			&cli.StringFlag{Name: "prove", Usage: "write a proof for `PATH` of the manifest to -o"},
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "copy what was verified to `OUT`, only if trusted"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace OUT if it exists"},
			&cli.BoolFlag{Name: "explain", Usage: "say of each signature what it is and what decided"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print nothing: the exit code is the answer"},
		},
		recorded: storeRecorded(observes("signature_verified")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return verify(ctx, env, readVerifyOptions(c))
		},
	}
}

// verifyOptions are the words of kai verify.
type verifyOptions struct {
	ruleOptions
	files         []string
	signature     string
	namespace     string
	namespaced    bool // -n was given
	format        string
	threshold     int
	requirePQ     bool
	at            string
	audience      string
	predicateType string
	allowExtra    bool
	prove         string
	output        string
	force         bool
	explain       bool
	quiet         bool
}

func readVerifyOptions(c *cli.Context) verifyOptions {
	return verifyOptions{
		ruleOptions: ruleOptions{
			signers: c.StringSlice("signer"), key: c.Path("key"), allowed: c.Path("allowed-signers"),
			principal: c.String("principal"), krl: c.Path("krl"),
		},
		files: c.Args().Slice(), signature: c.Path("signature"), namespace: c.String("namespace"), namespaced: c.IsSet("namespace"),
		format: c.String("format"), threshold: c.Int("threshold"), requirePQ: c.Bool("require-pq"),
		at: c.String("at"), audience: c.String("audience"), predicateType: c.String("predicate-type"),
		allowExtra: c.Bool("allow-extra"), prove: c.String("prove"), output: c.Path("output"),
		force: c.Bool("force"), explain: c.Bool("explain"), quiet: c.Bool("quiet"),
	}
}

// check refuses what cannot be meant.
func (o *verifyOptions) check(env *env) error {
	switch {
	case o.threshold < 1:
		return usagef("--threshold %d: want at least 1", o.threshold)
	case o.prove != "" && o.output == "":
		return withHint(usagef("--prove needs a place for the proof"), "-o %s", shellWord(path.Base(o.prove)+".kai-proof"))
	case o.output != "" && len(o.files) > 1 && o.prove == "":
		return usagef("-o takes what one FILE verified; %d were given", len(o.files))
	case o.signature != "" && len(o.files) > 1:
		return usagef("-s belongs to one FILE; %d were given", len(o.files))
	case o.output == "-" && env.json:
		return usagef("--json and content on standard output exclude each other: give -o a file")
	case o.namespaced:
		if err := sig.CheckNamespace(o.namespace); err != nil {
			return fail(exitUsage, "usage", fmt.Errorf("-n: %w", err))
		}
	}
	inputs := slices.Concat(o.ruleOptions.files(), []string{o.signature}, o.files)
	if i := slices.Index(inputs, "-"); i >= 0 && slices.Contains(inputs[i+1:], "-") {
		return usagef("standard input is named twice, and can be read once")
	}
	return env.spares(o.output, inputs...)
}

// verifier is one run of kai verify: the rule and what it asks.
type verifier struct {
	env   *env
	o     verifyOptions
	rule  verdict.Rule
	ring  *keyring
	at    time.Time
	tasks []task

	neighbours neighbours
}

// task is one answer to be given.
type task struct {
	file      string
	signature string // -s, or a statement that must name the file
	dir       string // that a manifest is compared with
}

func verify(ctx context.Context, env *env, o verifyOptions) error {
	if err := o.check(env); err != nil {
		return err
	}
	v := &verifier{env: env, o: o}
	var err error
	if v.at, err = parseTime(o.at, env.now()); err != nil {
		return err
	}
	if v.rule, v.ring, err = readRule(ctx, env, o.ruleOptions); err != nil {
		return err
	}
	if v.tasks, err = v.plan(); err != nil {
		return err
	}
	worst := exitDone
	v.neighbours.read = len(v.tasks) >= manyTasks
	err = inOrder(ctx, env.cpus, slices.Values(v.tasks), v.judge, func(j *judged) error {
		if ctx.Err() != nil {
			return context.Cause(ctx) // said once, and not for each file
		}
		worst = worstExit(worst, j.exit)
		env.judged(j.exit, j.facts(ctx))
		return j.print(ctx, env, o)
	})
	if err != nil {
		return err
	}
	return reported(worst)
}

// plan groups the arguments: a directory after a manifest and files after a
// statement belong to it, other files stand for themselves.
func (v *verifier) plan() ([]task, error) {
	files := v.o.files
	if len(files) < 2 || v.o.signature != "" {
		return tasksFor(files, v.o.signature), nil
	}
	takes, err := v.takes(files[0])
	if err != nil {
		return nil, err
	}
	switch {
	case takes == subjects:
		return tasksFor(files[1:], files[0]), nil
	case takes == nothing || !v.isDirectory(files[1]):
		return tasksFor(files, ""), nil
	case len(files) > 2:
		return nil, usagef("surplus argument %s: a manifest is compared with one directory", files[2])
	}
	return []task{{file: files[0], dir: files[1]}}, nil
}

func (v *verifier) isDirectory(name string) bool {
	info, err := os.Stat(v.env.path(name))
	return err == nil && info.IsDir()
}

func tasksFor(files []string, signature string) []task {
	tasks := make([]task, len(files))
	for i, f := range files {
		tasks[i] = task{file: f, signature: signature}
	}
	return tasks
}

// what a file takes as further arguments.
type takes int

const (
	nothing    takes = iota
	aDirectory       // a manifest
	subjects         // a statement
)

// takes looks into the first argument. A file that cannot be read is nothing
// special: its own judgement says so.
func (v *verifier) takes(name string) (takes, error) {
	path := v.env.path(name)
	info, err := os.Stat(path)
	if name == "-" || err != nil || !info.Mode().IsRegular() {
		return nothing, nil
	}
	head, err := readHead(path)
	if err != nil {
		return nothing, err
	}
	format, found := v.envelope(head, name)
	switch {
	case !found:
		return nothing, nil
	case format.Name() == manifestName:
		return aDirectory, nil
	}
	data, err := readBounded(path, sig.EnvelopeLimits.FileSize)
	if err != nil {
		return nothing, nil
	}
	parsed, err := format.Parse(bytes.NewReader(data), sig.EnvelopeLimits)
	if err != nil || !carriesStatement(parsed) {
		return nothing, nil
	}
	return subjects, nil
}

// exitOf is the exit code of a verdict.
func exitOf(w verdict.Word) int {
	switch w {
	case verdict.Trusted:
		return exitDone
	case verdict.Bad:
		return exitBad
	case verdict.Untrusted:
		return exitUntrusted
	}
	return exitUndecidable
}

// parseTime reads --at: RFC 3339 or a date, which means its beginning in UTC.
func parseTime(text string, now time.Time) (time.Time, error) {
	if text == "" || text == atGit { // only objects of git have another time
		return now, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, withHint(usagef("--at %s: not a time", text), "--at %s", now.UTC().Format(time.RFC3339))
}

// inOrder does work on workers goroutines and hands the results over in the
// order of the inputs, one at a time. It ends at the first error of each.
func inOrder[In, Out any](ctx context.Context, workers int, inputs iter.Seq[In], work func(context.Context, In) Out, each func(Out) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()
	slots := make(chan chan Out, max(workers, 1)) // bounds what is in the works
	wait.Go(func() {
		defer close(slots)
		for in := range inputs {
			slot := make(chan Out, 1)
			select {
			case slots <- slot:
			case <-ctx.Done():
				return
			}
			wait.Go(func() { slot <- work(ctx, in) })
		}
	})
	for slot := range slots {
		if err := each(<-slot); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// judge answers one task. Failures to read are part of the answer.
func (v *verifier) judge(ctx context.Context, t task) *judged {
	j := &judged{name: t.file, at: v.at}
	if err := v.answer(ctx, t, j); err != nil {
		j.err = err
		j.exit = judge(ctx, err).code
		if errors.Is(err, context.Canceled) {
			j.err = fmt.Errorf("%s: %w", t.file, context.Cause(ctx))
		}
	}
	return j
}
