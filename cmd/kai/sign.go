package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/event"
	"kai/internal/key"
	"kai/internal/sig"
)

func signCommand() command {
	return command{
		name:    "sign",
		summary: "sign files and directories",
		examples: []example{
			{"kai sign app", "writes app.sig, signed by the default identity"},
			{"kai sign app -i release-bot", "by another own identity"},
			{"kai sign app --key file:release_key", "with a key in a file; ssh-keygen -Y verify accepts app.sig"},
			{"kai sign dist --key file:release_key", "a directory: writes dist.kai-manifest"},
			{"kai sign app --format minisign --key file:release_key", "writes app.minisig"},
			{"kai sign app --key agent:SHA256:…", "with a key of the ssh-agent"},
			{"kai sign app --key file:bob_key --add", "a second signature in app.sig"},
			{"tar c src | kai sign --key file:release_key > src.tar.sig", "standard input"},
		},
		about: "Writes a signature beside each FILE. A directory gets a manifest: one signature\n" +
			"for all its files. --key may be repeated: each key signs, and an ML-DSA-65 key\n" +
			"right after a classical one adds its post-quantum half. An existing signature is\n" +
			"replaced only with -f, and extended with --add.\n" +
			"Only sshsig and manifest have namespaces; a2a rewrites the card itself.",
		args:       "[FILE|DIR|-]...",
		maxArgs:    anyNumber,
		readsStdin: true,
		flags: append(signerFlags(),
			&cli.StringFlag{Name: "namespace", Aliases: []string{"n"}, Usage: "sign for `NAMESPACE` (default: file)"},
			choiceFlag("format", "write a `FORMAT` signature (default: sshsig, manifest for directories)", "", signFormatNames()...),
			choiceFlag("hash", "hash with `HASH` (default: sha256; for manifests blake3)", "", "sha256", "sha512", "sha3-256", "blake2b", "blake3"),
			&cli.BoolFlag{Name: "add", Usage: "add to the signature file instead of replacing it"},
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the signature to `OUT`"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace an existing signature file"},
			&cli.StringFlag{Name: "comment", Aliases: []string{"t"}, Usage: "minisign: the signed comment is `COMMENT`"},
			&cli.StringFlag{Name: "note-name", Usage: "note: the signer's name is `NAME`"},
			&cli.StringFlag{Name: "payload-type", Usage: "dsse: the payload is of `TYPE`", Value: "application/octet-stream"},
			&cli.BoolFlag{Name: "jcs", Usage: "jws: sign the RFC 8785 form of the JSON in FILE"},
			&cli.StringSliceFlag{Name: "exclude", Usage: "manifest: leave out paths that match `PATTERN`; may be repeated"},
		),
		recorded: storeRecorded(records("signature_created")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return sign(ctx, env, readSignOptions(c))
		},
	}
}

// signOptions are the words of kai sign.
type signOptions struct {
	signerOptions
	files       []string
	namespace   string
	namespaced  bool // -n was given
	format      string
	hash        string
	add         bool
	output      string
	force       bool
	comment     string
	noteName    string
	payloadType string
	typed       bool // --payload-type was given
	jcs         bool
	exclude     []string
}

func readSignOptions(c *cli.Context) signOptions {
	return signOptions{
		signerOptions: readSignerOptions(c),
		files:         c.Args().Slice(), namespace: c.String("namespace"), namespaced: c.IsSet("namespace"), format: c.String("format"),
		hash: c.String("hash"), add: c.Bool("add"), output: c.Path("output"), force: c.Bool("force"),
		comment: c.String("comment"), noteName: c.String("note-name"), payloadType: c.String("payload-type"), typed: c.IsSet("payload-type"),
		jcs: c.Bool("jcs"), exclude: c.StringSlice("exclude"),
	}
}

func (o *signOptions) check() error {
	switch {
	case o.output != "" && len(o.files) > 1:
		return usagef("-o belongs to one FILE; %d were given", len(o.files))
	case o.add && o.force:
		return usagef("--add and -f exclude each other")
	}
	if o.namespaced {
		if err := sig.CheckNamespace(o.namespace); err != nil {
			return fail(exitUsage, "usage", fmt.Errorf("-n: %w", err))
		}
	}
	if i := slices.Index(o.files, "-"); i >= 0 && slices.Contains(o.files[i+1:], "-") {
		return usagef("standard input is named twice, and can be read once")
	}
	return nil
}

// signJob is one input to be signed.
type signJob struct {
	signOptions
	env     *env
	signers []sig.Signer
	of      map[string]string // ids of identities, by fingerprint
	now     time.Time
	name    string // the input, "-" for standard input
	dir     bool
	format  signFormat
	out     string // "-", or "" by default, for standard output
	// inPlace: the output is the input, with signatures.
	inPlace bool
	// before is the signature file that --add extends, nil without.
	before []byte
}

// signJSON is the answer of kai sign --json for one input.
type signJSON struct {
	head
	File       string       `json:"file"`
	Out        string       `json:"out"`
	Format     string       `json:"format"`
	Namespace  string       `json:"namespace"`
	Hash       string       `json:"hash"`
	Signatures []signedJSON `json:"signatures"`
}

type signedJSON struct {
	Key      keyJSON  `json:"key"`
	Identity *string  `json:"identity"`
	PQ       *keyJSON `json:"pq"`
}

// sign signs every input it can; the worst exit code wins.
func sign(ctx context.Context, env *env, o signOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	s, err := openSigners(ctx, env, o.signerOptions)
	if err != nil {
		return err
	}
	defer s.close()
	s.warnOfHalves(env, o)
	s.facts(env)
	worst := exitDone
	for _, name := range o.files {
		err := signOne(ctx, env, o, s, name)
		said := judge(ctx, err)
		env.judged(said.code, event.Details{{Name: "error", Value: said.ident}})
		if err != nil {
			if len(o.files) == 1 || ctx.Err() != nil {
				return err
			}
			worst = worstExit(worst, report(env, said))
		}
	}
	return reported(worst)
}

func signOne(ctx context.Context, env *env, o signOptions, s *signers, name string) error {
	job, err := newSignJob(env, o, s, name)
	if err != nil {
		return err
	}
	if err := job.prepare(); err != nil {
		return err
	}
	if err := job.format.sign(ctx, job); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !env.json {
		return nil
	}
	return env.printJSON(signJSON{
		head: env.head(true), File: name, Out: job.out, Format: job.format.name,
		Namespace: job.namespace, Hash: job.hash, Signatures: signedBy(s, job.format.hybrid),
	})
}

// signedBy describes who signed.
func signedBy(list *signers, hybrid bool) []signedJSON {
	signed := make([]signedJSON, 0, len(list.list))
	for _, s := range list.list {
		one := signedJSON{Key: keyJSON{s.Public.Type(), s.Public.Fingerprint()}}
		if id := list.of[s.Public.Fingerprint()]; id != "" {
			one.Identity = &id
		}
		if s.PQ != nil && hybrid {
			one.PQ = &keyJSON{s.PQ.Public.Type(), s.PQ.Public.Fingerprint()}
		}
		signed = append(signed, one)
	}
	return signed
}

func newSignJob(env *env, o signOptions, s *signers, name string) (*signJob, error) {
	job := &signJob{signOptions: o, env: env, signers: s.list, of: s.of, now: env.now(), name: name, out: o.output}
	if name != "-" {
		info, err := os.Stat(env.path(name))
		if err != nil {
			return nil, err
		}
		job.dir = info.IsDir()
	}
	if job.signOptions.format == "" {
		job.signOptions.format = "sshsig"
		if job.dir {
			job.signOptions.format = "manifest"
		}
	}
	job.format = signFormatNamed(job.signOptions.format)
	if job.out == "" {
		if name != "-" {
			job.out = filepath.Clean(name) + job.format.suffix
		}
		if job.dir && job.format.directories {
			job.out = env.manifestOf(name)
		}
	}
	job.inPlace = job.format.rewrites && o.output == "" && name != "-"
	if !job.inPlace {
		if err := env.spares(job.out, append(o.signerOptions.files(), name)...); err != nil {
			return nil, err
		}
	}
	return job, job.fits()
}

// fits refuses what the format cannot do before anything is read or asked for.
func (j *signJob) fits() error {
	f := j.format
	switch {
	case j.dir != f.directories:
		if j.dir {
			return withHint(usagef("%s is a directory: %s signs files", j.name, f.name), "kai sign %s --format manifest", shellWord(j.name))
		}
		return usagef("%s is a file: %s signs directories", j.name, f.name)
	case len(j.signers) > 1 && !f.several:
		return usagef("%s holds one signature; %d keys were given", f.name, len(j.signers))
	case j.namespace != "" && f.namespace == "":
		return usagef("%s has no namespaces", f.name)
	case j.hash != "" && !slices.Contains(f.hashes, j.hash):
		return usagef("%s does not hash with %s", f.name, j.hash)
	case j.add && !f.several:
		return usagef("%s holds one signature: nothing can be added", f.name)
	case j.add && (j.out == "-" || j.out == ""):
		return usagef("--add needs a file to add to: give -o")
	case j.env.json && (j.out == "-" || j.out == ""):
		return usagef("--json and a signature on standard output exclude each other: give -o")
	}
	if err := j.flagsFit(); err != nil {
		return err
	}
	if j.namespace == "" {
		j.namespace = f.namespace
	}
	if j.hash == "" && len(f.hashes) > 0 {
		j.hash = f.hashes[0]
	}
	if f.name == rawFormat {
		for _, s := range j.signers {
			if j.of[s.Public.Fingerprint()] != "" {
				return failf(exitDenied, "domain", "raw signatures say nothing of their purpose: not by the key of an identity")
			}
		}
	}
	return f.accepts(j.signers)
}

// rawFormat signs bytes as they are.
const rawFormat = "raw"

// flagsFit refuses flags that would mean nothing.
func (j *signJob) flagsFit() error {
	for _, flag := range []struct {
		name   string
		given  bool
		format string
	}{
		{"-t", j.comment != "", "minisign"}, {"--note-name", j.noteName != "", "note"}, {"--payload-type", j.typed, "dsse"},
		{"--jcs", j.jcs, "jws"}, {"--exclude", len(j.exclude) > 0, "manifest"},
	} {
		if flag.given && j.format.name != flag.format {
			return usagef("%s belongs to the format %s, and %s is signed as %s", flag.name, flag.format, inputName(j.name), j.format.name)
		}
	}
	return nil
}

// accepts refuses keys that the format has no signatures for.
func (f signFormat) accepts(list []sig.Signer) error {
	for _, s := range list {
		if !slices.Contains(f.keys, s.Public.Type()) {
			err := usagef("%s cannot hold a signature by a key of type %s", f.name, s.Public.Type())
			if s.Public.Type() == key.MLDSA65 && f.hybrid {
				return withHint(err, "it adds its half to the key before it: --key file:CLASSICAL-KEY --key file:ML-DSA-65-KEY")
			}
			return err
		}
	}
	return nil
}

// prepare looks at the signature file that is there already.
func (j *signJob) prepare() error {
	if !j.add {
		if j.out == "" || j.out == "-" || j.force || j.inPlace {
			return nil
		}
		return j.env.vacant(j.out, j.overwriteFlag()) // before a passphrase is asked for
	}
	var err error
	j.before, err = readBounded(j.env.path(j.out), sig.EnvelopeLimits.FileSize)
	if errors.Is(err, fs.ErrNotExist) {
		return withHint(err, "leave --add out for the first signature")
	}
	return err
}

// signFormatNamed returns a format of the table.
func signFormatNamed(name string) signFormat {
	for _, f := range signFormats() {
		if f.name == name {
			return f
		}
	}
	return signFormat{}
}

func signFormatNames() []string {
	var names []string
	for _, f := range signFormats() {
		names = append(names, f.name)
	}
	return names
}
