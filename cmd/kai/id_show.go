package main

import (
	"context"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/key/openssh"
)

func idShowCommand() command {
	return command{
		name:    "show",
		summary: "show an identity or a key in all its forms, or in one",
		schema:  "kai.id/1",
		examples: []example{
			{"kai id show", "the default identity"},
			{"kai id show ada --as ssh-public", "its SSH key, for authorized_keys and forges"},
			{"kai id show ci_key.pub", "type, fingerprint and every form of the key"},
			{"kai id show ci_key.pub --as jwk", "one form"},
			{"kai id show ci_key.pub --visual", "what ssh-keygen -lv prints"},
			{"kai id show did:key:z6Mk… --as ssh-public", "a key written out"},
			{"curl https://github.com/ada.keys | kai id show -", "standard input"},
		},
		about: "Works while the vault is locked. Shows public keys only; of a private key its public half. A passphrase is asked for\n" +
			"where the file does not tell the public half without it.",
		args:    "[NAME|FILE|KEY|-]",
		maxArgs: 1,
		flags: append(formFlags(),
			&cli.BoolFlag{Name: "visual", Usage: "print fingerprint and picture, as ssh-keygen -lv does"},
		),
		recorded: readsOnly("reads public keys"),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return idShow(ctx, env, idShowOptions{formOptions: readFormOptions(c), visual: c.Bool("visual")})
		},
	}
}

type idShowOptions struct {
	formOptions
	visual bool
}

func idShow(ctx context.Context, env *env, o idShowOptions) error {
	if err := o.check(env.json); err != nil {
		return err
	}
	s, err := env.subjectOf(ctx, &o.formOptions)
	if err != nil {
		return err
	}
	f := s.file
	defer f.Wipe()
	switch {
	case env.json:
		return showJSON(env, &o.formOptions, &s)
	case o.form == formKai:
		_, err := env.stdout.Write(s.identity.Document())
		return err
	case o.form != "":
		return showForm(ctx, env, o, f)
	case o.visual:
		return showPictures(env, f, true)
	}
	if s.entry != nil {
		if err := showIdentity(env, &s); err != nil {
			return err
		}
	}
	for i, e := range f.Entries {
		if i > 0 {
			if err := env.printf("\n"); err != nil {
				return err
			}
		}
		if err := showFaces(env, &o.formOptions, e); err != nil {
			return err
		}
	}
	return nil
}

// warnOfSkipped says which keys of a file were passed over.
func warnOfSkipped(env *env, name string, f keyfile.File) {
	for _, s := range f.Skipped {
		env.warn("%s: line %d: %v", name, s.Line, s.Err)
	}
}

// showForm prints the keys in the form of --as.
func showForm(ctx context.Context, env *env, o idShowOptions, f keyfile.File) error {
	text, err := o.publicText(f.Entries, o.form)
	if err != nil {
		return err
	}
	out, err := env.create("", outputOptions{binary: o.form == key.FormRaw})
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
	if o.visual {
		return showPictures(env, f, false)
	}
	return nil
}

// showPictures prints what ssh-keygen -lv prints for a file, or the pictures alone.
func showPictures(env *env, f keyfile.File, summary bool) error {
	for _, e := range f.Entries {
		if summary {
			if err := env.printf("%s\n", openssh.Summary(e.Public, e.Comment)); err != nil {
				return err
			}
		}
		if err := env.printf("%s", openssh.Picture(e.Public)); err != nil {
			return err
		}
	}
	return nil
}

// showFaces prints a key for a person: what it is, and its one-line forms.
func showFaces(env *env, o *formOptions, e key.Entry) error {
	title := string(e.Public.Type()) + "  " + e.Public.Fingerprint()
	if state := secretState(e); state != "none" {
		title += "  private, " + state
	}
	if e.Comment != "" {
		title += "  " + e.Comment
	}
	if err := env.printf("%s\n", title); err != nil {
		return err
	}
	for _, face := range facesOf(o, e) {
		if err := env.printf("  %-9s %s\n", face.name, shortFace(face.text)); err != nil {
			return err
		}
	}
	return nil
}

// shortFace cuts texts that would fill the screen: those of post-quantum and RSA keys. The
// whole is what --as prints.
func shortFace(text string) string {
	const most = 160
	if len(text) <= most {
		return text
	}
	return text[:most-30] + "…" + text[len(text)-20:]
}

// face is a key in a form of one line.
type face struct{ name, text string }

// facesOf are the one-line forms a key has.
func facesOf(o *formOptions, e key.Entry) []face {
	var list []face
	for _, f := range []struct {
		name string
		form key.Form
	}{
		{"ssh", key.FormSSHPublic}, {"age", key.FormAge}, {"did", key.FormDID},
		{"minisign", key.FormMinisign}, {"vkey", key.FormVKey}, {"text", key.FormText},
	} {
		if f.form == key.FormAge && !e.Public.Type().Seals() {
			continue // age takes the SSH key as it is
		}
		text, err := keyfile.MarshalPublic(f.form, []key.Public{e.Public}, o.names(e, f.form))
		if err != nil {
			continue // no such form, or a verifier key without its name
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		list = append(list, face{f.name, lines[len(lines)-1]}) // of minisign the line after the comment
	}
	return list
}

// secretState says whether an entry holds a secret: none, plain, encrypted or hardware.
func secretState(e key.Entry) string {
	switch {
	case e.Encrypted:
		return "encrypted"
	case e.Private != nil:
		return "plain"
	case e.Form == key.FormOpenSSH:
		return "hardware" // the file of a FIDO key
	}
	return "none"
}

// idJSON is the answer of kai id show --json. Keys in a file have no identity: id, name,
// kind and class are null. An identity has no file.
type idJSON struct {
	head
	ID      *string         `json:"id"`
	Name    *string         `json:"name"`
	Kind    *string         `json:"kind"`
	Own     bool            `json:"own"`
	Class   *string         `json:"class"`
	Created *string         `json:"created"`
	File    string          `json:"file"`
	Keys    []idKeyJSON     `json:"keys"`
	Skipped []idSkippedJSON `json:"skipped"`
	As      *key.Form       `json:"as,omitempty"`      // the form of --as,
	Content *string         `json:"content,omitempty"` // and the keys in it
}

type idKeyJSON struct {
	Usage       string            `json:"usage,omitempty"` // of the keys of an identity
	Type        key.Type          `json:"type"`
	Bits        int               `json:"bits"`
	Public      string            `json:"public"`
	Fingerprint string            `json:"fingerprint"`
	Form        key.Form          `json:"form"`
	Line        int               `json:"line"`
	Secret      string            `json:"secret"`
	Comment     *string           `json:"comment"`
	Options     []string          `json:"options"`
	Authority   bool              `json:"authority"`
	Faces       map[string]string `json:"faces"`
}

type idSkippedJSON struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// showJSON adds the form of --as to the answer.
func showJSON(env *env, o *formOptions, s *shown) error {
	answer := idAnswer(env, o, s.file)
	if s.entry != nil {
		answer = identityAnswer(env, o, s.entry, s.identity)
	}
	if o.form != "" {
		text, err := s.publicText(o)
		if err != nil {
			return err
		}
		content := string(text)
		answer.As, answer.Content = &o.form, &content
	}
	return env.printJSON(answer)
}

// publicText is the subject in the form of --as.
func (s *shown) publicText(o *formOptions) ([]byte, error) {
	if o.form == formKai {
		return s.identity.Document(), nil
	}
	return o.publicText(s.file.Entries, o.form)
}

func idAnswer(env *env, o *formOptions, f keyfile.File) idJSON {
	answer := idJSON{head: env.head(true), File: o.file, Keys: []idKeyJSON{}, Skipped: []idSkippedJSON{}}
	for _, e := range f.Entries {
		answer.Keys = append(answer.Keys, idKey(o, e))
	}
	for _, s := range f.Skipped {
		answer.Skipped = append(answer.Skipped, idSkippedJSON{s.Line, s.Err.Error()})
	}
	return answer
}

func idKey(o *formOptions, e key.Entry) idKeyJSON {
	k := idKeyJSON{
		Form: e.Form, Line: e.Line, Secret: secretState(e), Options: e.Options, Authority: e.Authority,
		Faces: map[string]string{},
	}
	if e.Comment != "" {
		comment := strings.ToValidUTF8(e.Comment, "\ufffd")
		k.Comment = &comment
	}
	if k.Options == nil {
		k.Options = []string{}
	}
	if e.Public.IsZero() { // encrypted, and nobody asked to open it
		return k
	}
	k.Type, k.Bits, k.Public, k.Fingerprint = e.Public.Type(), e.Public.Bits(), e.Public.String(), e.Public.Fingerprint()
	for _, f := range facesOf(o, e) {
		k.Faces[f.name] = f.text
	}
	return k
}
