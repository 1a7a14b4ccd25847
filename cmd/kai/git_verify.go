package main

import (
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/verdict"
)

// gitWorkers bounds the batches in the works, and so the memory: git reads objects no faster
// than so many processors check them.
const gitWorkers = 8

func gitVerifyCommand() command {
	return command{
		name:    "verify",
		summary: "check the signatures of commits and tags",
		examples: []example{
			{"kai git verify --signer ada.pub", "the commit at HEAD"},
			{"kai git verify origin/main..HEAD --allowed-signers signers", "everything that came since"},
			{"kai git verify v1.0 --signer release.pub", "a tag"},
			{"kai git verify --tags --signer release.pub", "all tags"},
			{"kai git verify --history HEAD --allow-unsigned-before v1.0 --allowed-signers signers", "all commits since"},
		},
		about: "REV names one commit or tag, RANGE (A..B, A...B, REV^!) all commits of a history;\n" +
			"each argument stands for itself. Without any it is HEAD. Prints a line for each\n" +
			"object, then how many there are of each verdict and signer.\n" +
			"Keys are judged at the time of the commit, which is its committer's claim; what\n" +
			"is revoked counts for nothing at any time. The id of each object is recomputed.\n" +
			"Nothing is replaced, grafted or fetched. A history that is cut off, as in a\n" +
			"shallow clone, is undecidable.",
		args:    "[RANGE|REV]...",
		maxArgs: anyNumber,
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "tags", Usage: "check each tag of the repository; without RANGE and REV only these"},
			&cli.BoolFlag{Name: "history", Usage: "each REV stands for itself and all its ancestors"},
			&cli.StringSliceFlag{Name: "signer", TakesFile: true, Usage: "trust the keys in `WHO`, a public-key file or key; may be repeated"},
			&cli.PathFlag{Name: "allowed-signers", Usage: "trust by the OpenSSH allowed_signers `FILE`"},
			&cli.PathFlag{Name: "krl", Usage: "refuse what the OpenSSH key revocation list `FILE` revokes"},
			&cli.BoolFlag{Name: "match-committer", Usage: "the committer's e-mail address must be one of the signer's principals"},
			&cli.StringFlag{Name: "allow-unsigned-before", Usage: "ancestors of `REV` need no signature"},
			&cli.StringFlag{Name: "at", Usage: "judge keys as of `TIME`: RFC 3339, a date, now, or git, the committer's time", Value: atGit},
		},
		recorded: storeRecorded(observes("signature_verified")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			o, err := readGitVerifyOptions(env, c)
			if err != nil {
				return err
			}
			return gitVerify(ctx, env, o)
		},
	}
}

// gitVerifyOptions are the words of kai git verify.
type gitVerifyOptions struct {
	ruleOptions
	args           []gitArgument
	tags           bool
	matchCommitter bool
	unsignedBefore string
	at             time.Time // zero for the committer's
}

func readGitVerifyOptions(env *env, c *cli.Context) (gitVerifyOptions, error) {
	o := gitVerifyOptions{
		ruleOptions: ruleOptions{signers: c.StringSlice("signer"), allowed: c.Path("allowed-signers"), krl: c.Path("krl")},
		tags:        c.Bool("tags"), matchCommitter: c.Bool("match-committer"), unsignedBefore: c.String("allow-unsigned-before"),
	}
	words := c.Args().Slice()
	if len(words) == 0 && !o.tags {
		words = []string{"HEAD"}
	}
	for _, w := range words {
		a, err := parseGitArgument(w)
		if err != nil {
			return o, err
		}
		a.isRange = a.isRange || c.Bool("history")
		o.args = append(o.args, a)
	}
	if o.unsignedBefore != "" {
		if a, err := parseGitArgument(o.unsignedBefore); err != nil || a.isRange {
			return o, usagef("--allow-unsigned-before %s: want one revision", o.unsignedBefore)
		}
	}
	if o.matchCommitter && o.allowed == "" {
		return o, withHint(usagef("--match-committer needs the principals of --allowed-signers"), "kai git verify --allowed-signers FILE --match-committer")
	}
	var err error
	o.at, err = parseGitTime(c.String("at"), env.now())
	return o, err
}

// atGit is the word for the time of each object, which is its committer's claim.
const atGit = "git"

// parseGitTime reads --at; zero is the time of each object.
func parseGitTime(text string, now time.Time) (time.Time, error) {
	switch text {
	case atGit:
		return time.Time{}, nil
	case "now":
		return now, nil
	case "":
		return time.Time{}, usagef("--at: no time")
	}
	return parseTime(text, now)
}

func gitVerify(ctx context.Context, env *env, o gitVerifyOptions) error {
	rule, _, err := readRule(ctx, env, o.ruleOptions)
	if err != nil {
		return err
	}
	git := newStrictGit(env)
	j := &gitJudge{rule: rule, at: o.at, now: env.now(), matchCommitter: o.matchCommitter}
	if o.unsignedBefore != "" {
		if j.excused, err = readHistory(ctx, git, o.unsignedBefore); err != nil {
			return err
		}
	}
	out, flush := bufferedOutput(env)
	answers := newGitReport(out)
	source := &gitSource{git: git}
	var sourceErr error
	batches := func(yield func([]gitObject) bool) {
		source.yield = yield
		sourceErr = source.read(ctx, o.args, o.tags)
	}
	err = inOrder(ctx, min(env.cpus, gitWorkers), batches, j.judgeAll, answers.add)
	if err == nil && !errors.Is(sourceErr, errStopped) {
		err = sourceErr
	}
	if err == nil {
		err = answers.finish(source.warnings, rule == nil)
	}
	if flushErr := flush(); err == nil {
		err = flushErr
	}
	if err != nil && answers.exit != exitDone { // what was found bad stays bad
		return reported(worstExit(answers.exit, report(env, judge(ctx, err))))
	}
	if err != nil {
		return err
	}
	return reported(answers.exit)
}

// gitPrefix makes a FILE of kai verify the name of an object.
const gitPrefix = "git:"

// git answers for git:REV: the object itself, through the same judgement as kai git verify.
func (v *verifier) git(ctx context.Context, revision string, j *judged) error {
	a, err := parseGitArgument(revision)
	switch {
	case err != nil:
		return err
	case a.isRange:
		return withHint(usagef("%s: a range, want one revision", j.name), "kai git verify %s", revision)
	}
	for _, flag := range []struct {
		name  string
		given bool
	}{
		{"-o", v.o.output != ""}, {"--predicate-type", v.o.predicateType != ""}, {"--audience", v.o.audience != ""},
		{"--prove", v.o.prove != ""}, {"--format", v.o.format != ""},
	} {
		if flag.given {
			return usagef("%s has no meaning for %s", flag.name, j.name)
		}
	}
	judge := &gitJudge{
		rule: v.rule, now: v.env.now(), namespace: v.o.namespace,
		want: verdict.Requirements{Threshold: v.o.threshold, RequirePQ: v.o.requirePQ},
	}
	if v.o.at != "" && v.o.at != atGit {
		judge.at = v.at
	}
	source := &gitSource{git: newStrictGit(v.env), yield: func(batch []gitObject) bool {
		g := judge.judge(ctx, batch[0])
		j.verdict, j.exit, j.at, err = g.verdict, g.exit, g.at, g.err
		return true
	}}
	if sourceErr := source.read(ctx, []gitArgument{a}, false); sourceErr != nil {
		return sourceErr
	}
	return err
}
