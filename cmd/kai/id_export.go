package main

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/secret"
)

func idExportCommand() command {
	return command{
		name:    "export",
		summary: "write an identity's document, or a key in another form",
		examples: []example{
			{"kai id export ada -o ada.kai-id.json", "the document, for those who should know it"},
			{"kai id export ada --private --as openssh -o id_ada", "its private key out of the vault, encrypted anew"},
			{"kai id export ci_key.pub --as pem -o ci.pem", "a public key for openssl"},
			{"kai id export ci_key --private --as pem -o ci.p8", "the private key, encrypted"},
			{"kai id export ci_key.pub --as allowed-signers --name ci@example.com -n file >> allowed_signers", "for ssh-keygen -Y verify"},
		},
		about: "Writes the document of an identity, a public key, or with --private the private one, in another form. Private\n" +
			"keys are encrypted with a new passphrase, which is asked for twice; --no-passphrase\n" +
			"leaves them open. A passphrase given with --passphrase-file or --passphrase-fd opens\n" +
			"the old file and encrypts the new one. OUT is never overwritten.",
		args:    "[NAME|FILE|KEY|-]",
		maxArgs: 1,
		flags: append(formFlags(),
			&cli.BoolFlag{Name: "private", Usage: "write the private key"},
			&cli.BoolFlag{Name: "no-passphrase", Usage: "with --private: do not encrypt it"},
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `OUT` instead of standard output"},
		),
		recorded: storeRecorded(records("key_exported")).when(func(c *cli.Context) bool { return c.Bool("private") }),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return idExport(ctx, env, idExportOptions{
				formOptions: readFormOptions(c), private: c.Bool("private"),
				noPassphrase: c.Bool("no-passphrase"), output: c.Path("output"),
			})
		},
	}
}

type idExportOptions struct {
	formOptions
	private      bool
	noPassphrase bool
	output       string
}

func (o *idExportOptions) check(env *env) error {
	switch {
	case o.noPassphrase && !o.private:
		return usagef("--no-passphrase belongs to --private")
	case o.private && o.output == "" && env.json:
		return withHint(usagef("a private key does not go into JSON"), "-o OUT writes it to a file")
	case o.private && o.output == "" && env.sys.stdoutTerminal:
		return withHint(usagef("a private key to a terminal"), "-o OUT writes a file; -o - insists")
	}
	return o.formOptions.check(env.json && o.output == "")
}

func idExport(ctx context.Context, env *env, o idExportOptions) error {
	if err := o.check(env); err != nil {
		return err
	}
	if o.private {
		if err := env.mayReveal("export of a private key"); err != nil {
			return err
		}
	}
	s, err := env.subjectOf(ctx, &o.formOptions)
	if err != nil {
		return err
	}
	defer func() { s.file.Wipe() }()
	if o.file == "" {
		o.file = s.entry.Local().Name
	}
	if o.private {
		if o.form == formKai {
			return usagef("--as kai is the document, which holds no private key")
		}
		if s.entry != nil {
			if err := env.exportPrivateKey(ctx, &o, &s); err != nil {
				return err
			}
		}
		return exportPrivate(ctx, env, &o, &s.file)
	}
	if s.entry != nil && o.form == "" {
		o.form = formKai
	}
	text, err := s.publicText(&o.formOptions)
	if err != nil {
		return err
	}
	return o.write(ctx, env, text, s.file.Entries, outputOptions{mode: 0o644, binary: o.form == key.FormRaw})
}

func exportPrivate(ctx context.Context, env *env, o *idExportOptions, f *keyfile.File) error {
	form, err := o.chooseSecret(f)
	if err != nil {
		return err
	}
	out, err := env.create(o.output, outputOptions{mode: 0o600})
	if err != nil {
		return err
	}
	defer out.Abort()
	text, err := o.privateText(ctx, env, f, form)
	if err != nil {
		return err
	}
	defer text.Wipe()
	if _, err := out.Write(text.Expose()); err != nil {
		return err
	}
	if err := out.Commit(ctx); err != nil {
		return err
	}
	return o.report(env, form, f.Entries, nil)
}

// chooseSecret leaves the one entry with a secret that is meant, and says in which form it
// will be written.
func (o *idExportOptions) chooseSecret(f *keyfile.File) (key.Form, error) {
	if err := o.secretOf(f); err != nil {
		return "", err
	}
	t := f.Entries[0].Public.Type()
	forms := keyfile.PrivateForms(t)
	form := o.form
	if form == "" {
		form = forms[0]
	}
	switch {
	case !slices.Contains(forms, form):
		var words []string
		for _, f := range forms {
			words = append(words, string(f))
		}
		return "", withHint(usagef("no %s private key is written as %s", t, form), "private forms of %s keys: %s", t, strings.Join(words, ", "))
	case !o.noPassphrase && !keyfile.Encrypts(form):
		return "", withHint(usagef("%s has no encryption", form), "--no-passphrase writes the key in the clear; %s encrypts it", forms[0])
	}
	return form, nil
}

// secretOf leaves the one entry that has a secret.
func (o *idExportOptions) secretOf(f *keyfile.File) error {
	var with []key.Entry
	for _, e := range f.Entries {
		switch secretState(e) {
		case "hardware":
			return failf(exitDenied, "not_extractable", "%s: the secret is in a security key and not extractable", o.file)
		case "none":
		default:
			with = append(with, e)
		}
	}
	switch {
	case len(with) == 0:
		return failf(exitNotFound, "no_private_key", "%s: %w", o.file, key.ErrNoSecret)
	case len(with) > 1:
		return withHint(usagef("%s holds %d private keys", o.file, len(with)), "--key TYPE|FP takes one of them")
	}
	f.Entries = with
	return nil
}

// privateText opens the key and writes it in its new form.
func (o *idExportOptions) privateText(ctx context.Context, env *env, f *keyfile.File, form key.Form) (*secret.Bytes, error) {
	if err := unlock(ctx, env, o.file, f, func(key.Entry) bool { return true }); err != nil {
		return nil, err
	}
	e := f.Entries[0]
	env.fact("key_id", e.Private.Public().Fingerprint())
	env.fact("key_type", string(e.Private.Public().Type()))
	env.fact("format", string(form))
	passphrase, err := newKeyPassphrase(ctx, env, o.target(), form, o.noPassphrase)
	if err != nil {
		return nil, err
	}
	defer passphrase.Wipe()
	return keyfile.MarshalPrivate(form, e.Private, o.names(e, form), passphrase, env.random)
}

// target is what the new passphrase is for, as a person is asked.
func (o *idExportOptions) target() string {
	if o.output == "" || o.output == "-" {
		return "the exported key"
	}
	return o.output
}

// write writes a public key, or puts it into JSON.
func (o *idExportOptions) write(ctx context.Context, env *env, text []byte, entries []key.Entry, options outputOptions) error {
	if env.json && o.output == "" {
		content := string(text)
		return o.report(env, o.form, entries, &content)
	}
	out, err := env.create(o.output, options)
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := out.Write(text); err != nil {
		return err
	}
	if err := out.Commit(ctx); err != nil {
		return err
	}
	return o.report(env, o.form, entries, nil)
}

// report is the answer with --json.
func (o *idExportOptions) report(env *env, form key.Form, entries []key.Entry, content *string) error {
	if !env.json || o.output == "-" {
		return nil
	}
	answer := idExportJSON{head: env.head(true), File: o.file, Form: form, Private: o.private, Content: content, Keys: []idExportKeyJSON{}}
	if o.output != "" {
		answer.Out = &o.output
	}
	for _, p := range distinctKeys(entries) {
		answer.Keys = append(answer.Keys, idExportKeyJSON{p.Type(), p.Fingerprint()})
	}
	return env.printJSON(answer)
}

// idExportJSON is the answer of kai id export --json. Without -o the text is in content.
type idExportJSON struct {
	head
	File    string            `json:"file"`
	Out     *string           `json:"out"`
	Form    key.Form          `json:"form"`
	Private bool              `json:"private"`
	Keys    []idExportKeyJSON `json:"keys"`
	Content *string           `json:"content"`
}

type idExportKeyJSON struct {
	Type        key.Type `json:"type"`
	Fingerprint string   `json:"fingerprint"`
}
