package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/trust/store"
)

func idImportCommand() command {
	return command{
		name:    "import",
		summary: "make an identity of a private key, or check a key file",
		examples: []example{
			{"kai id import ~/.ssh/id_ed25519 --name ada", "an own identity that signs with this key"},
			{"kai id import bob.pub", "what the file holds, and whether it may be used"},
			{"curl https://github.com/bob.keys | kai id import -", "standard input"},
		},
		about: "Finds the form of the file by its content and checks each key.\n" +
			"A private key becomes an own identity of kind user, unless --kind says otherwise: it is\n" +
			"copied into the open vault and signs; an age identity is what is sealed to. The other keys\n" +
			"are made anew: ML-DSA-65 (not with --classical), sealing, and those that come next. The\n" +
			"file stays: remove it when nothing else needs it.\n" +
			"Of public keys one line each is printed: type, fingerprint, form, comment. They are not\n" +
			"stored in this version; to use one, name its file: kai verify --signer FILE.",
		args:       "[FILE|-]",
		maxArgs:    1,
		readsStdin: true,
		flags: []cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "the identity is called `NAME` (default: what the file is called)"},
			choiceFlag("kind", "the identity is of `KIND`", string(identity.User), string(identity.Agent), string(identity.User), string(identity.Root), string(identity.Service)),
			&cli.BoolFlag{Name: "classical", Usage: "make no post-quantum keys"},
		},
		recorded: readsOnly("stores no public keys; what becomes of a private one is recorded"),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return idImport(ctx, env, idImportOptions{c.Args().First(), c.String("name"), c.String("kind"), c.Bool("classical")})
		},
	}
}

type idImportOptions struct {
	file      string
	name      string
	kind      string
	classical bool
}

func idImport(ctx context.Context, env *env, o idImportOptions) error {
	name := o.file
	f, err := readKeyFile(ctx, env, name)
	if err != nil {
		return err
	}
	defer f.Wipe()
	private := 0
	for _, e := range f.Entries {
		if secretState(e) != "none" {
			private++
		}
	}
	switch {
	case private > 1:
		return usagef("%s holds %d private keys: an identity is made of one", name, private)
	case private == 1:
		return record(ctx, env, storeRecorded(records("key_imported")), nil, func() error { return importPrivate(ctx, env, o, &f) })
	case o.name != "" || o.classical:
		return usagef("--name and --classical belong to a private key, and %s holds none", name)
	}
	warnOfSkipped(env, name, f)
	if env.json {
		o := formOptions{file: name}
		return env.printJSON(idAnswer(env, &o, f))
	}
	for _, e := range f.Entries {
		if err := printFound(env, e); err != nil {
			return err
		}
	}
	env.note("%s: %d good; nothing is stored, this version keeps no keys of others", name, len(f.Entries))
	return nil
}

// importPrivate makes an own identity of a private key.
func importPrivate(ctx context.Context, env *env, o idImportOptions, f *keyfile.File) error {
	if o.name == "" {
		base := filepath.Base(o.file)
		o.name = strings.ToLower(strings.TrimSuffix(base, filepath.Ext(base)))
		if !identity.IsName(o.name) {
			return withHint(usagef("%s is no name for an identity", o.name), "--name NAME")
		}
	}
	// What can be wrong is found before anybody types a passphrase.
	if s, err := env.trustStore(); err != nil {
		return err
	} else if _, ok := s.ByName(o.name); ok {
		return withHint(fail(exitConflict, "exists", fmt.Errorf("identity %s %w", o.name, store.ErrExists)), "--name NAME")
	}
	if err := unlock(ctx, env, o.file, f, func(key.Entry) bool { return true }); err != nil {
		return err
	}
	i := slices.IndexFunc(f.Entries, func(e key.Entry) bool { return e.Private != nil })
	if i < 0 {
		return failf(exitDenied, "not_extractable", "%s: the secret is in a security key", o.file)
	}
	p := f.Entries[i].Private
	t := p.Public().Type()
	make := makeKeyOptions{name: o.name, kind: o.kind, classical: o.classical, typ: string(key.Ed25519)}
	if t.Signs() {
		make.typ = string(t)
	}
	make.imported = p
	return makeIdentity(ctx, env, make)
}

// printFound prints what was found: one line a key.
func printFound(env *env, e key.Entry) error {
	line := string(e.Public.Type()) + "  " + e.Public.Fingerprint() + "  " + string(e.Form)
	if e.Authority {
		line += "  certificate authority"
	}
	if e.Comment != "" {
		line += "  " + e.Comment
	}
	return env.printf("%s\n", line)
}
