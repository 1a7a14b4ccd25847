package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/secret"
)

func idCommand() command {
	return command{
		name:    "id",
		summary: "identities, and keys in all their forms: list, show, convert, import",
		examples: []example{
			{"kai id list", "who is known here"},
			{"kai id show ada", "an identity: its keys in every form"},
			{"kai id show ci_key.pub", "type, fingerprint and every form of the key"},
			{"kai id export ci_key.pub --as did", "the same key as a did:key"},
			{"kai id import keys.txt", "what the file holds, and whether it may be used"},
		},
		about: "An identity is named by its name, its id kai1…, the fingerprint or did:key of a key in\n" +
			"force, or eight characters and more of the beginning of one. Its document is public; its\n" +
			"private keys lie in the vault. A key is named by its file, by - for standard input, or\n" +
			"written out: TYPE:KEY, did:key:…, age1…, an OpenSSH line. The form of a file is found by\n" +
			"its content.",
		children: []verb{
			{"show", idShowCommand},
			{"export", idExportCommand},
			{"import", idImportCommand},
			{"list", idListCommand},
			{"rename", idRenameCommand},
			{"default", idDefaultCommand},
		},
	}
}

// formKai is the document of an identity.
const formKai key.Form = "kai"

// keyForms are the words of --as.
func keyForms() []string {
	return []string{
		string(formKai), "openssh", "ssh-public", "pem", "jwk", "jwks", "minisign", "signify", "age", "did", "did-document", "vkey",
		"allowed-signers", "raw", "hex", "text",
	}
}

// formFlags say which keys of a file are meant, and how they are written.
func formFlags() []cli.Flag {
	return []cli.Flag{
		choiceFlag("as", "write the key as `FORM`", "", keyForms()...),
		&cli.StringFlag{Name: "key", Usage: "of several keys take the one of this `TYPE|FP`"},
		&cli.StringFlag{Name: "name", Usage: "comment, kid, principal or key name: `NAME`, where the form has one"},
		&cli.StringSliceFlag{Name: "namespace", Aliases: []string{"n"}, Usage: "allowed-signers: only for `NAMESPACE`; may be repeated"},
	}
}

type formOptions struct {
	file       string
	form       key.Form
	key        string
	name       string
	named      bool
	namespaces []string
}

func readFormOptions(c *cli.Context) formOptions {
	return formOptions{
		file: c.Args().First(), form: key.Form(c.String("as")), key: c.String("key"),
		name: c.String("name"), named: c.IsSet("name"), namespaces: c.StringSlice("namespace"),
	}
}

// check refuses flags that would mean nothing. inJSON: the text becomes part of an object.
func (o *formOptions) check(inJSON bool) error {
	switch {
	case len(o.namespaces) > 0 && o.form != key.FormAllowedSigners:
		return usagef("--namespace belongs to --as allowed-signers")
	case inJSON && o.form == key.FormRaw:
		return withHint(usagef("raw bytes do not go into JSON"), "--as hex")
	}
	return nil
}

// readKeyFile reads a file of keys, or one key that is written out as the argument. The
// caller wipes it.
func readKeyFile(ctx context.Context, env *env, name string) (keyfile.File, error) {
	in, err := env.open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return keyOnLine(name, err)
	}
	if err != nil {
		return keyfile.File{}, err
	}
	defer in.Close()
	if info, err := statOf(in); err == nil && info != nil && info.IsDir() {
		return keyfile.File{}, fmt.Errorf("%s: is a directory", name)
	}
	data, err := secret.Read(in, key.MaxFile)
	if errors.Is(err, secret.ErrTooLong) {
		return keyfile.File{}, fmt.Errorf("%s: %w: at most %d bytes", name, key.ErrTooLarge, key.MaxFile)
	}
	if err != nil {
		return keyfile.File{}, fmt.Errorf("%s: %w", name, err)
	}
	defer data.Wipe()
	f, err := keyfile.Parse(data.Expose())
	if err != nil {
		return keyfile.File{}, fmt.Errorf("%s: %w", name, err)
	}
	if info, err := statOf(in); err == nil && info != nil && openToOthers(info) && holdsSecret(f) {
		env.warn("%s: a private key, and others can read it (mode %04o)", name, info.Mode().Perm())
	}
	return f, nil
}

func holdsSecret(f keyfile.File) bool {
	return slices.ContainsFunc(f.Entries, func(e key.Entry) bool { return e.Private != nil || e.Locked != nil })
}

// keyOnLine reads an argument that names no file: it may be a public key itself. Secrets are
// not taken from the command line, where everybody sees them, nor repeated in an error.
func keyOnLine(text string, missing error) (keyfile.File, error) {
	f, err := keyfile.Parse([]byte(text + "\n"))
	switch {
	case err == nil && holdsSecret(f), key.IsAge(text) && !strings.HasPrefix(text, "age1"): // even a misspelt one
		f.Wipe()
		return keyfile.File{}, withHint(usagef("a private key on the command line, where others see it"), "put it into a file, or pipe it to -")
	case err == nil && len(f.Entries) == 1:
		return f, nil
	}
	return keyfile.File{}, withHint(missing, "name a key file, - for standard input, or a key: TYPE:KEY, did:key:…, age1…")
}

// unlock opens the locked entries of a file that meet a condition. The passphrase is asked
// for once and used for all of them.
func unlock(ctx context.Context, env *env, name string, f *keyfile.File, which func(key.Entry) bool) error {
	var passphrase *secret.Bytes
	defer func() { passphrase.Wipe() }()
	for i := 0; i < len(f.Entries); i++ {
		e := f.Entries[i]
		if e.Locked == nil || !which(e) {
			continue
		}
		if err := env.afford(name, e.Locked.Memory()); err != nil {
			return err
		}
		if passphrase == nil {
			var err error
			if passphrase, err = env.passphrase(ctx, name); err != nil {
				return err
			}
		}
		opened, err := f.Unlock(i, passphrase)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		i += opened - 1
	}
	return nil
}

// choose keeps the entries that --key means, all without it. Their public keys are known.
func choose(f *keyfile.File, word string) error {
	if word == "" {
		return nil
	}
	var fit []key.Entry
	for _, e := range f.Entries {
		if matchesKey(e.Public, word) {
			fit = append(fit, e)
		}
	}
	switch distinct := distinctKeys(fit); {
	case len(distinct) == 0:
		return failf(exitNotFound, "no_such_key", "no key of the file is %s", word)
	case len(distinct) > 1:
		var list []string
		for _, p := range distinct {
			list = append(list, p.Fingerprint())
		}
		return withHint(usagef("%s is the type or prefix of %d keys", word, len(distinct)), "--key %s", strings.Join(list, " or "))
	}
	f.Entries = fit[:1]
	for _, e := range fit { // the secret, if the file holds both halves
		if e.Private != nil || e.Locked != nil {
			f.Entries = []key.Entry{e}
		}
	}
	return nil
}

// matchesKey reports whether a word names a key: its type, its text form, its fingerprint or
// eight characters and more of that.
func matchesKey(p key.Public, word string) bool {
	if word == string(p.Type()) || word == p.String() {
		return true
	}
	digest := strings.TrimPrefix(p.Fingerprint(), "SHA256:")
	word = strings.TrimPrefix(word, "SHA256:")
	return len(word) >= 8 && strings.HasPrefix(digest, word)
}

func distinctKeys(entries []key.Entry) []key.Public {
	var list []key.Public
	for _, e := range entries {
		if !slices.Contains(list, e.Public) {
			list = append(list, e.Public)
		}
	}
	return list
}

// names is what goes with an entry into a form. A comment stays a comment: nobody signed
// it, so that it becomes neither a principal nor the name of a key.
func (o *formOptions) names(e key.Entry, form key.Form) keyfile.Named {
	n := keyfile.Named{Name: o.name, Namespaces: o.namespaces, ID: e.ID}
	if o.named || key.CheckComment(e.Comment) != nil {
		return n
	}
	switch form {
	case key.FormSSHPublic, key.FormOpenSSH:
		n.Name = e.Comment
	case key.FormVKey, key.FormJWK:
		if e.Form == form || e.Form == key.FormJWKS {
			n.Name = e.Comment
		}
	}
	return n
}

// publicText writes the public halves of entries in a form.
func (o *formOptions) publicText(entries []key.Entry, form key.Form) ([]byte, error) {
	keys := distinctKeys(entries)
	if form == key.FormJWKS {
		return keyfile.MarshalPublic(form, keys, keyfile.Named{})
	}
	if len(keys) > 1 && form != "" && !keyfile.Repeats(form) {
		return nil, withHint(usagef("%s holds one key, the file has %d", form, len(keys)), "--key TYPE|FP takes one of them")
	}
	var out []byte
	for _, p := range keys {
		e := entries[slices.IndexFunc(entries, func(e key.Entry) bool { return e.Public == p })]
		as := form
		if as == "" {
			as = keyfile.PublicForm(p.Type())
		}
		text, err := keyfile.MarshalPublic(as, []key.Public{p}, o.names(e, as))
		if err != nil {
			return nil, o.explain(err, p, as)
		}
		out = append(out, text...)
	}
	return out, nil
}

// explain turns a form that does not fit into a hint.
func (o *formOptions) explain(err error, p key.Public, form key.Form) error {
	switch {
	case errors.Is(err, key.ErrComment) && !o.named:
		return withHint(usagef("%s needs a name for the key", form), "--name NAME")
	case errors.Is(err, key.ErrType):
		var fit []string
		for _, word := range keyForms() {
			if _, err := keyfile.MarshalPublic(key.Form(word), []key.Public{p}, keyfile.Named{Name: "x"}); err == nil {
				fit = append(fit, word)
			}
		}
		return withHint(fail(exitUsage, "usage", err), "forms of %s keys: %s", p.Type(), strings.Join(fit, ", "))
	}
	return err
}

// chosenKeys reads a key file, unlocks what hides even its public key, and keeps the key that
// which names, or all. The caller wipes them.
func chosenKeys(ctx context.Context, env *env, name, which string) (keyfile.File, error) {
	f, err := readKeyFile(ctx, env, name)
	if err != nil {
		return f, err
	}
	err = unlock(ctx, env, name, &f, func(e key.Entry) bool { return e.Public.IsZero() })
	if err == nil {
		err = choose(&f, which)
	}
	if err != nil {
		f.Wipe()
		return keyfile.File{}, err
	}
	warnOfSkipped(env, name, f)
	return f, nil
}
