package main

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/secret"
	"kai/internal/vault"
	"kai/internal/vault/fields"
	"kai/internal/vault/reference"
)

func vaultGetCommand() command {
	return command{
		name:    "get",
		summary: "print a secret",
		examples: []example{
			{"kai vault get ci/github#token", "the bytes as they were kept; a line ending is added on a terminal only"},
			{"kai vault get web/tls#key -o tls.key", "into a file of mode 0600"},
			{"kai vault get mail --version 3", "an older version"},
			{"kai vault get mail --otp", "the code of this half minute, from its field otp"},
			{"kai vault get ci/github --as file:bot.key", "in CI, without a session"},
		},
		about: "Without #FIELD it is the field value, else the only one, else password. What has expired is\n" +
			"refused with exit 4.",
		args: "PATH[#FIELD]", minArgs: 1, maxArgs: 1,
		flags: vaultFlags(
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write it to `FILE`, mode 0600"},
			&cli.Uint64Flag{Name: "version", Usage: "version `N`"},
			&cli.BoolFlag{Name: "otp", Usage: "print the one-time code of the field otp"},
			&cli.BoolFlag{Name: "allow-expired", Usage: "also what has expired"},
		),
		schema:   "kai.vault.secret/1",
		recorded: inVault(records("secret_retrieved")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return getSecret(ctx, env, vaultAccessOf(c), getOptions{
				name: c.Args().First(), output: c.Path("output"), version: c.Uint64("version"),
				otp: c.Bool("otp"), allowExpired: c.Bool("allow-expired"),
			})
		},
	}
}

type getOptions struct {
	name         string
	output       string
	version      uint64
	otp          bool
	allowExpired bool
}

func getSecret(ctx context.Context, env *env, a vaultAccess, g getOptions) error {
	ref, err := parseSecretName(g.name)
	if err != nil {
		return err
	}
	if g.version != 0 && ref.Version != 0 {
		return usagef("two versions: %d and %d", g.version, ref.Version)
	}
	if g.version != 0 {
		ref.Version = g.version
	}
	if err := env.mayReadSecrets(ctx); err != nil {
		return err
	}
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	found, err := o.lookup(ctx, ref, g.allowExpired)
	if err != nil {
		return err
	}
	defer found.buf.Wipe()
	value, err := found.field(ref.Field)
	if err != nil && !g.otp {
		return err
	}
	if g.otp {
		code, err := found.otp(env.now())
		if err != nil {
			return err
		}
		value = code
	}
	if g.output != "" {
		return writeSecret(ctx, env, g, value)
	}
	if env.json {
		return printSecretJSON(env, o.describe(found.space, found.version), value)
	}
	return env.printSecret(value)
}

// printSecret writes a secret to standard output; a terminal gets a line ending.
func (e *env) printSecret(value []byte) error {
	if e.sys.stdoutTerminal && !utf8.Valid(value) {
		return withHint(failf(exitUsage, "binary_to_terminal", "the secret is binary, and standard output a terminal"), "-o FILE, or a pipe")
	}
	if _, err := e.stdout.Write(value); err != nil || !e.sys.stdoutTerminal {
		return err
	}
	_, err := e.stdout.Write([]byte{'\n'})
	return err
}

func writeSecret(ctx context.Context, env *env, g getOptions, value []byte) error {
	out, err := env.create(g.output, outputOptions{mode: 0o600})
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := out.Write(value); err != nil {
		return err
	}
	return out.Commit(ctx)
}

// foundSecret is an opened version of a secret.
type foundSecret struct {
	space   *vault.Space
	version *vault.Version
	fields  []fields.Field
	buf     *secret.Bytes // of which fields are slices
}

// lookup finds and opens a secret. The caller wipes buf.
func (o *openedVault) lookup(ctx context.Context, ref reference.Reference, allowExpired bool) (*foundSecret, error) {
	s, path, err := o.Resolve(o.keys, ref.Path)
	if err != nil {
		return nil, err
	}
	o.recordSecret(s, path, "")
	var v *vault.Version
	if ref.Version != 0 {
		v, err = s.Version(path, ref.Version)
	} else {
		v, err = s.Find(path)
	}
	if err != nil {
		return nil, err
	}
	o.recordSecret(s, path, v.Kind)
	if v.Conflict {
		o.env.warn("%s: two devices changed it at once; this is the later one: kai vault resolve %s", ref.Full, shellWord(ref.Full))
	}
	if v.Expired(o.env.now()) && !allowExpired {
		return nil, withHint(failf(exitUntrusted, expiredIdent, "%s has expired at %s", ref.Full, time.Unix(v.NotAfter, 0).UTC().Format(time.RFC3339)),
			"kai vault set %s, or --allow-expired", shellWord(ref.Full))
	}
	if v.Expired(o.env.now()) {
		d := audit.Draft{Act: "secret_expired_access", Outcome: event.OK, Details: event.Details{{Name: "path", Value: s.PathTag(path)}}}
		if err := o.env.recordNow(ctx, d); err != nil {
			return nil, err
		}
	}
	list, buf, err := o.value(ctx, s, v)
	if err != nil {
		return nil, err
	}
	return &foundSecret{s, v, list, buf}, nil
}

// field picks a field: the named one, or value, the only one, password.
func (f *foundSecret) field(name string) ([]byte, error) {
	if name != "" {
		if value, ok := fields.Find(f.fields, name); ok {
			return value, nil
		}
		if value, ok := f.version.Public[name]; ok {
			return []byte(value), nil
		}
		return nil, withHint(failf(exitNotFound, "no_such_field", "%s/%s has no field %s", f.space.Name(), f.version.Path, name), "its fields: %s", strings.Join(f.names(), " "))
	}
	if value, ok := fields.Find(f.fields, defaultField); ok {
		return value, nil
	}
	if len(f.fields) == 1 {
		return f.fields[0].Value, nil
	}
	if value, ok := fields.Find(f.fields, "password"); ok {
		return value, nil
	}
	return nil, withHint(usagef("%s/%s has several fields, and none is called value or password", f.space.Name(), f.version.Path), "#FIELD, one of: %s", strings.Join(f.names(), " "))
}

func (f *foundSecret) names() []string {
	var names []string
	for _, one := range f.fields {
		names = append(names, one.Name)
	}
	for name := range f.version.Public {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// vaultSecretJSON is kai.vault.secret/1.
type vaultSecretJSON struct {
	head
	Path     string            `json:"path"`
	NS       string            `json:"ns"`
	Kind     string            `json:"kind"`
	Fields   []string          `json:"fields"`
	Public   map[string]string `json:"public,omitempty"`
	Version  uint64            `json:"version"`
	Created  string            `json:"created"`
	Updated  string            `json:"updated"`
	Expires  *string           `json:"expires"`
	Due      *string           `json:"due"`
	Tags     []string          `json:"tags"`
	Scope    vault.Scope       `json:"scope"`
	State    vault.State       `json:"state"`
	Value    *string           `json:"value,omitempty"`
	ValueB64 *string           `json:"value_b64,omitempty"`
}

// describe is what may be shown of a secret without its value.
func (o *openedVault) describe(s *vault.Space, v *vault.Version) vaultSecretJSON {
	at := func(sec int64) *string {
		if sec == 0 {
			return nil
		}
		text := time.Unix(sec, 0).UTC().Format(time.RFC3339)
		return &text
	}
	j := vaultSecretJSON{
		head: o.env.head(true), Path: s.Name() + "/" + v.Path, NS: s.Name(), Kind: v.Kind, Fields: v.Fields, Public: v.Public,
		Version: v.Version, Created: *at(max(v.Created, 1)), Updated: *at(max(v.Updated, 1)), Expires: at(v.NotAfter), Due: at(v.DueAt()),
		Tags: v.Tags, Scope: v.Scope, State: v.State(o.env.now()),
	}
	if j.Fields == nil {
		j.Fields = []string{}
	}
	if j.Tags == nil {
		j.Tags = []string{}
	}
	return j
}

// printSecretJSON adds the value. That it becomes a string is what JSON asks for.
func printSecretJSON(env *env, j vaultSecretJSON, value []byte) error {
	if utf8.Valid(value) {
		text := string(value)
		j.Value = &text
	} else {
		text := base64.StdEncoding.EncodeToString(value)
		j.ValueB64 = &text
	}
	return env.printJSON(j)
}

// agentReads is how many secrets an agent may print in a minute.
const agentReads = 10

// mayReadSecrets refuses an agent that reads one secret after another: that is an export.
func (e *env) mayReadSecrets(ctx context.Context) error {
	if e.agent == "" || e.options.allowAgentReveal || e.trail == nil {
		return nil
	}
	size, err := e.trail.log.Size()
	if err != nil {
		return err
	}
	now, reads := e.now(), 0
	for v, err := range e.trail.log.Backward(ctx, size) {
		if err != nil {
			return err
		}
		if now.Sub(v.Time()) > time.Minute {
			break
		}
		if string(v.Act) == "secret_retrieved" && v.Outcome.String() == "ok" {
			if reads++; reads >= agentReads {
				return e.mayReveal("more than 10 secrets in a minute")
			}
		}
	}
	return nil
}
