package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/backend"
	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/key/did"
	"kai/internal/key/keyfile"
	"kai/internal/key/openssh"
	"kai/internal/secret"
)

func keygenCommand() command {
	return command{
		name:    "keygen",
		summary: "make an identity, or a key in a file",
		examples: []example{
			{"kai keygen ada --kind user", "an identity: keys in the vault, a document for everybody"},
			{"kai keygen release-bot --kind service --owner ada", "one that says whom it belongs to"},
			{"kai keygen -o ci_key --no-passphrase", "ci_key and ci_key.pub, as ssh-keygen has them"},
			{"kai keygen -o release_pq --type ml-dsa-65", "the post-quantum half of a signer"},
			{"kai keygen -o root_key --type slh-dsa-128s", "a key for a root: large signatures, hash-based"},
			{"kai keygen -o ci_key --comment ci@example.com --visual", "with a comment, and its picture"},
		},
		about: "Without -o: makes the identity NAME (default: default), whose private keys go into the\n" +
			"open vault: Ed25519 and ML-DSA-65 to sign, ML-KEM-768 with X25519 to seal to, and those\n" +
			"that come next, which alone can change the others. The answer is its id. The first\n" +
			"identity is the default one, and owns the trust store. --owner and --capability are what\n" +
			"it says of itself: nobody has to believe them.\n" +
			"With -o FILE: writes one private key to FILE with mode 0600, in the form of OpenSSH, or in\n" +
			"PEM for types OpenSSH does not have, and the public key to FILE.pub and to stdout. The\n" +
			"passphrase is asked for twice; --no-passphrase makes a key that anybody who can read FILE\n" +
			"can use. Nothing is ever overwritten.",
		args:    "[NAME]",
		maxArgs: 1,
		flags: []cli.Flag{
			choiceFlag("type", "make a key of `TYPE`", "ed25519", keygenTypes()...),
			choiceFlag("kind", "the identity is of `KIND`", string(identity.Agent), string(identity.Agent), string(identity.User), string(identity.Root), string(identity.Service)),
			&cli.BoolFlag{Name: "classical", Usage: "leave the post-quantum keys out"},
			&cli.StringFlag{Name: "owner", Usage: "the identity says that it belongs to `ID`"},
			&cli.StringSliceFlag{Name: "capability", Usage: "the identity asks for `CAP`, as in sign:file/**; may be repeated"},
			&cli.StringFlag{Name: "derive-from", Usage: "compute the keys from a secret of the identity `ROOT`"},
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the private key to `FILE`, the public one to FILE.pub"},
			&cli.BoolFlag{Name: "no-passphrase", Usage: "do not encrypt the private key"},
			&cli.StringFlag{Name: "comment", Usage: "write `TEXT` beside the key"},
			&cli.BoolFlag{Name: "visual", Usage: "draw the fingerprint, on stderr"},
		},
		recorded: storeRecorded(recordsAs("key_generation_started", "key_generation_completed", "key_generation_failed")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			o := makeKeyOptions{
				name: c.Args().First(), typ: c.String("type"), output: c.Path("output"),
				noPassphrase: c.Bool("no-passphrase"), comment: c.String("comment"), visual: c.Bool("visual"),
				kind: c.String("kind"), classical: c.Bool("classical"), owner: c.String("owner"),
				capabilities: c.StringSlice("capability"), deriveFrom: c.String("derive-from"),
			}
			if o.output == "" {
				return makeIdentity(ctx, env, o)
			}
			for _, flag := range []string{"kind", "classical", "owner", "capability", "derive-from"} {
				if c.IsSet(flag) {
					return usagef("--%s belongs to an identity; the key in %s has none", flag, o.output)
				}
			}
			return makeKey(ctx, env, o)
		},
	}
}

// keygenTypes are the words of --type: key types, and for RSA the size.
func keygenTypes() []string {
	return []string{"ed25519", "ecdsa-p256", "rsa-4096", "ml-dsa-65", "mldsa44-ed25519", "slh-dsa-128s"}
}

type makeKeyOptions struct {
	name         string
	typ          string
	output       string
	noPassphrase bool
	comment      string
	visual       bool

	// of an identity
	kind         string
	classical    bool
	owner        string
	capabilities []string
	deriveFrom   string
	imported     *key.Private // in place of the first signing key, or of the sealing key
}

func (o *makeKeyOptions) check(env *env) error {
	switch {
	case o.name != "":
		return usagef("NAME is that of an identity; the key in %s has none", o.output)
	case o.output == "-":
		return usagef("-o -: standard output is for the public key")
	case o.noPassphrase && (env.options.passphraseFD != notGiven || env.options.passphraseFile != ""):
		return usagef("--no-passphrase and a passphrase exclude each other")
	}
	return key.CheckComment(o.comment)
}

// keyType is the type of a word of --type.
func (o *makeKeyOptions) keyType() key.Type { return key.Type(strings.TrimSuffix(o.typ, "-4096")) }

// madeKey is a new key in its files, which have no names yet.
type madeKey struct {
	public     key.Public
	line       []byte // the public key as it is shown
	form       key.Form
	private    *output
	publicFile *output
}

func makeKey(ctx context.Context, env *env, o makeKeyOptions) error {
	if err := o.check(env); err != nil {
		return err
	}
	m := madeKey{form: keyfile.PrivateForms(o.keyType())[0]}
	defer m.abort()
	// The files first: nobody types a passphrase for a key that cannot be written.
	if err := m.create(env, o.output); err != nil {
		return err
	}
	passphrase, err := newKeyPassphrase(ctx, env, o.output, m.form, o.noPassphrase)
	if err != nil {
		return err
	}
	defer passphrase.Wipe()
	if err := m.make(env, &o, passphrase); err != nil {
		return err
	}
	if err := m.commit(ctx, env, o.output); err != nil {
		return err
	}
	return printKeygen(env, &o, &m)
}

// newKeyPassphrase is nil for a key that is not encrypted.
func newKeyPassphrase(ctx context.Context, env *env, what string, form key.Form, none bool) (*secret.Bytes, error) {
	if none {
		return nil, nil
	}
	if err := env.afford(what, keyfile.EncryptionMemory(form)); err != nil {
		return nil, err
	}
	s, err := env.newPassphrase(ctx, what)
	if o := judge(ctx, err); err != nil && o.ident == "input_needed" {
		return nil, withHint(err, "use --passphrase-file FILE, or --no-passphrase for a key without one")
	}
	return s, err
}

func (m *madeKey) create(env *env, name string) error {
	var err error
	if m.private, err = env.create(name, outputOptions{mode: 0o600}); err != nil {
		return err
	}
	m.publicFile, err = env.create(name+".pub", outputOptions{mode: 0o644})
	return err
}

func (m *madeKey) abort() {
	for _, out := range []*output{m.private, m.publicFile} {
		if out != nil {
			out.Abort()
		}
	}
}

// make makes the key and writes both files, still without names.
func (m *madeKey) make(env *env, o *makeKeyOptions, passphrase *secret.Bytes) error {
	p, err := key.Generate(o.keyType(), env.random)
	if err != nil {
		return err
	}
	defer p.Wipe()
	m.public = p.Public()
	env.fact("key_id", m.public.Fingerprint())
	env.fact("key_type", string(m.public.Type()))
	env.fact("backend", "file")
	named := keyfile.Named{Name: o.comment}
	text, err := keyfile.MarshalPrivate(m.form, p, named, passphrase, env.random)
	if err != nil {
		return err
	}
	defer text.Wipe()
	m.line, err = keyfile.MarshalPublic(keyfile.PublicForm(m.public.Type()), []key.Public{m.public}, named)
	if err != nil {
		return err
	}
	if _, err := m.private.Write(text.Expose()); err != nil {
		return err
	}
	_, err = m.publicFile.Write(append(commentLine(m.public, o.comment), m.line...))
	return err
}

// commentLine is a line for the comment in front of a public key whose form has
// no room for one.
func commentLine(p key.Public, comment string) []byte {
	if comment == "" || p.Type().SSHName() != "" {
		return nil
	}
	return []byte("# " + comment + "\n")
}

// commit gives both files their names, or neither. The private one comes last:
// what is left if the machine stops between the two is no secret.
func (m *madeKey) commit(ctx context.Context, env *env, name string) error {
	if err := m.publicFile.Commit(ctx); err != nil {
		return err
	}
	if err := m.private.Commit(ctx); err != nil {
		return errors.Join(err, os.Remove(env.path(name+".pub")))
	}
	return nil
}

// printKeygen prints the public key, and beside it what a person compares.
func printKeygen(env *env, o *makeKeyOptions, m *madeKey) error {
	env.note("%s  %s", m.public.Fingerprint(), m.public.Type())
	if o.visual {
		if _, err := fmt.Fprint(env.stderr, openssh.Picture(m.public)); err != nil {
			return err
		}
	}
	if !env.json {
		return env.printf("%s", m.line)
	}
	ref, err := fileRef(env, o.output)
	if err != nil {
		return err
	}
	return env.printJSON(keygenJSON{
		head: env.head(true), Created: env.now().UTC().Format(time.RFC3339), File: o.output,
		Keys: []keygenKeyJSON{{
			Usage: "sign", Type: m.public.Type(), Public: m.public.String(),
			Fingerprint: m.public.Fingerprint(), Ref: ref, DID: didOf(m.public),
		}},
	})
}

// fileRef is the key reference of a file.
func fileRef(env *env, name string) (string, error) {
	path, err := filepath.Abs(env.path(name))
	if err != nil {
		return "", err
	}
	return backend.Ref{Scheme: "file", Attributes: []backend.Pair{{Name: "path", Value: path}}}.String(), nil
}

// didOf is the did:key of a key, nil for types that have none.
func didOf(p key.Public) *string {
	text, err := did.Of(p)
	if err != nil {
		return nil
	}
	return &text
}

// keygenJSON is the answer of kai keygen --json. A key in a file has no
// identity: id, name and kind are null.
type keygenJSON struct {
	head
	ID      *string         `json:"id"`
	Name    *string         `json:"name"`
	Kind    *string         `json:"kind"`
	Created string          `json:"created"`
	Keys    []keygenKeyJSON `json:"keys"`
	File    string          `json:"file,omitempty"`
}

type keygenKeyJSON struct {
	Usage       string   `json:"usage"`
	Type        key.Type `json:"type"`
	Public      string   `json:"public"`
	Fingerprint string   `json:"fingerprint"`
	Ref         string   `json:"ref"`
	DID         *string  `json:"did"`
}
