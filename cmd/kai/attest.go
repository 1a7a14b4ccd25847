package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"kai/internal/sig"
	"kai/internal/sig/dsse"
	"kai/internal/sig/intoto"
)

// statementSuffix is what a statement about a file adds to its name.
const statementSuffix = ".intoto.jsonl"

func attestCommand() command {
	return command{
		name:    "attest",
		summary: "sign a statement about files (in-toto, SLSA)",
		examples: []example{
			{"kai attest app --predicate-type slsa-provenance --builder-id https://ci.example/1 --build-type https://ci.example/make --param target=all --key file:ci_key", "how app was built: writes app.intoto.jsonl"},
			{"kai attest app lib --predicate-type test-result --predicate result.json --key file:ci_key -o tests.intoto.jsonl", "one statement about two files"},
			{"kai attest app@sha256:… --predicate-type https://example.com/reviewed/v1 --key file:ada_key -o app.intoto.jsonl --add", "a further statement, about a file elsewhere"},
			{"kai verify app.intoto.jsonl app --signer ci_key.pub", "is app what the statement is about?"},
		},
		about: "A statement says of each SUBJECT, by its SHA-256, what the predicate says: a file,\n" +
			"or NAME@sha256:HEX for one that is elsewhere. It is an in-toto statement v1 in a\n" +
			"DSSE envelope, one a line. The predicate is JSON from a file or, for\n" +
			"slsa-provenance, built from flags. Keys are given as to kai sign.",
		args:    "SUBJECT...",
		minArgs: 1,
		maxArgs: anyNumber,
		flags: append(signerFlags(),
			&cli.StringFlag{Name: "predicate-type", Usage: "the predicate is of type `URI`, slsa-provenance, vsa or test-result"},
			&cli.PathFlag{Name: "predicate", Usage: "the predicate is the JSON object in `FILE`"},
			&cli.StringFlag{Name: "builder-id", Usage: "slsa-provenance: `URI` of who ran the build"},
			&cli.StringFlag{Name: "build-type", Usage: "slsa-provenance: `URI` of how to read the parameters"},
			&cli.StringSliceFlag{Name: "param", Usage: "slsa-provenance: build parameter `NAME=VALUE`; may be repeated"},
			&cli.StringSliceFlag{Name: "dep", Usage: "slsa-provenance: the build used `URI@ALGORITHM:HEX`; may be repeated"},
			&cli.StringFlag{Name: "invocation", Usage: "slsa-provenance: the run's `ID`"},
			&cli.StringFlag{Name: "started", Usage: "slsa-provenance: the run began at `TIME`, RFC 3339"},
			&cli.StringFlag{Name: "finished", Usage: "slsa-provenance: the run ended at `TIME`, RFC 3339"},
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the statement to `OUT` (default: SUBJECT.intoto.jsonl, if there is one)"},
			&cli.BoolFlag{Name: "add", Usage: "add a line to the file instead of replacing it"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace an existing file"},
		),
		recorded: storeRecorded(records("signature_created")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return attest(ctx, env, readAttestOptions(c))
		},
	}
}

// attestOptions are the words of kai attest.
type attestOptions struct {
	signerOptions
	predicateOptions
	subjects []string
	output   string
	add      bool
	force    bool
}

func readAttestOptions(c *cli.Context) attestOptions {
	return attestOptions{
		signerOptions: readSignerOptions(c),
		predicateOptions: predicateOptions{
			kind: c.String("predicate-type"), file: c.Path("predicate"),
			builderID: c.String("builder-id"), buildType: c.String("build-type"), params: c.StringSlice("param"),
			deps: c.StringSlice("dep"), invocation: c.String("invocation"), started: c.String("started"), finished: c.String("finished"),
		},
		subjects: c.Args().Slice(), output: c.Path("output"), add: c.Bool("add"), force: c.Bool("force"),
	}
}

// attestJSON is the answer of kai attest --json.
type attestJSON struct {
	head
	Out           string       `json:"out"`
	PredicateType string       `json:"predicateType"`
	Subjects      int          `json:"subjects"`
	Signatures    []signedJSON `json:"signatures"`
}

func attest(ctx context.Context, env *env, o attestOptions) error {
	if err := o.check(env); err != nil {
		return err
	}
	before, err := o.before(env)
	if err != nil {
		return err
	}
	statement, err := o.statement(ctx, env)
	if err != nil {
		return attestFailure(err)
	}
	payload, err := statement.Marshal()
	if err != nil {
		return attestFailure(err)
	}
	s, err := openSigners(ctx, env, o.signerOptions)
	if err != nil {
		return err
	}
	defer s.close()
	s.facts(env)
	env.fact("format", dsse.Name)
	if err := signFormatNamed(dsse.Name).accepts(s.list); err != nil {
		return err
	}
	line, err := dsse.Sign(env.random, intoto.PayloadType, payload, s.list...)
	if err != nil {
		return err
	}
	if before, err = joinLines(o.output, before, line); err != nil {
		return err
	}
	err = env.writeFile(ctx, o.output, before, outputOptions{mode: 0o644, force: o.force || o.add, flag: "--add adds a statement; -f"})
	if err != nil || !env.json {
		return err
	}
	return env.printJSON(attestJSON{
		head: env.head(true), Out: o.output, PredicateType: statement.PredicateType,
		Subjects: len(statement.Subjects), Signatures: signedBy(s, true),
	})
}

// check finds the output's name and refuses what cannot be meant.
func (o *attestOptions) check(env *env) error {
	if o.add && o.force {
		return usagef("--add and -f exclude each other")
	}
	if o.output == "" {
		if _, named, _ := intoto.ParseSubject(o.subjects[0]); len(o.subjects) > 1 || named {
			return withHint(usagef("a statement about more than one file, or one elsewhere, needs a name"), "-o NAME%s", statementSuffix)
		}
		o.output = filepath.Clean(o.subjects[0]) + statementSuffix
	}
	switch {
	case o.output == "-" && o.add:
		return usagef("--add needs a file to add to")
	case o.output == "-" && env.json:
		return usagef("--json and a statement on standard output exclude each other: give -o")
	}
	if err := env.spares(o.output, slices.Concat(o.signerOptions.files(), o.subjects, []string{o.file})...); err != nil {
		return err
	}
	return o.predicateOptions.check()
}

// before is the file that --add extends. Without it a file in the way is an
// error at once, before a passphrase is asked for.
func (o *attestOptions) before(env *env) ([]byte, error) {
	if o.output == "-" || o.force {
		return nil, nil
	}
	if !o.add {
		if _, err := os.Lstat(env.path(o.output)); err == nil {
			return nil, withHint(failf(exitConflict, "exists", "%s: already exists", o.output), "--add adds a statement; -f replaces the file")
		}
		return nil, nil
	}
	data, err := readBounded(env.path(o.output), sig.EnvelopeLimits.FileSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(err, "leave --add out for the first statement")
	}
	return data, err
}

// joinLines puts a further envelope behind those in the file that was there,
// and reads the whole as a verifier will.
func joinLines(name string, before, line []byte) ([]byte, error) {
	if before == nil {
		return line, nil
	}
	if !bytes.HasSuffix(before, []byte("\n")) {
		before = append(before, '\n')
	}
	all := append(before, line...)
	if _, err := (dsse.Format{}).Parse(bytes.NewReader(all), sig.EnvelopeLimits); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}

// attestFailure gives the errors of statements their exit codes.
func attestFailure(err error) error {
	switch {
	case errors.Is(err, intoto.ErrPredicate):
		return fail(exitUndecidable, "malformed", err)
	case errors.Is(err, intoto.ErrInput):
		return fail(exitUsage, "usage", err)
	}
	return err
}
