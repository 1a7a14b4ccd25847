package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"kai/internal/secret"
	"kai/internal/vault"
	"kai/internal/vault/fields"
	"kai/internal/vault/reference"
	"kai/internal/vault/vlog"
)

// maxValue bounds a secret, in bytes.
const maxValue = 16 << 20

// secretFlags say what a secret is.
func secretFlags(flags ...cli.Flag) []cli.Flag {
	return append(flags,
		choiceFlag("kind", "the `KIND` of secret (default: what it looks like)", "", vault.Kinds()...),
		&cli.StringSliceFlag{Name: "tag", Usage: "tag it `T`; may be repeated"},
		&cli.StringFlag{Name: "module", Usage: "it belongs to the module `M`"},
		&cli.StringFlag{Name: "service", Usage: "it belongs to the service `S`"},
		&cli.StringFlag{Name: "agent", Usage: "it belongs to the agent `A`"},
		&cli.StringFlag{Name: "expires", Usage: "it ends after `D` (90s, 15m, 8h, 30d) or at a time"},
		&cli.StringFlag{Name: "rotate-every", Usage: "it is due to be changed every `D`"},
		&cli.StringFlag{Name: "rotate-with", Usage: "kai vault rotate changes it with `ROTATOR`: random[:LEN], key, csr, exec:[\"/path\",\"arg\"]"},
		&cli.StringFlag{Name: "retain", Usage: "keep `N` old versions, or those of the last D"},
	)
}

// secretOptions say what a secret is.
type secretOptions struct {
	kind          string
	tags          []string
	scope         vault.Scope
	expires       string
	rotateEvery   string
	rotateWith    string
	retain        string
	isNew         bool
	ifVersion     uint64
	public, files []string
}

func secretOptionsOf(c *cli.Context) secretOptions {
	return secretOptions{
		kind: c.String("kind"), tags: c.StringSlice("tag"),
		scope:   vault.Scope{Module: c.String("module"), Service: c.String("service"), Agent: c.String("agent")},
		expires: c.String("expires"), rotateEvery: c.String("rotate-every"), rotateWith: c.String("rotate-with"), retain: c.String("retain"),
		isNew: c.Bool("new"), ifVersion: c.Uint64("if-version"), public: c.StringSlice("public"), files: c.StringSlice("field"),
	}
}

func vaultSetCommand() command {
	return command{
		name:    "set",
		summary: "keep a secret",
		examples: []example{
			{"kai vault set default/mail", "asks for it, twice"},
			{`printf %s "$TOKEN" | kai vault set ci/github#token --service github`, "from a pipe; no line ending is added or cut"},
			{"kai vault set web/tls --field cert=@tls.pem --field key=@tls.key --kind certificates", "several fields"},
			{"kai vault set ci/github --expires 30d --if-version 4 < token", "unless somebody was faster"},
		},
		about: "The value comes from standard input or, on a terminal, is asked for; never from the command\n" +
			"line, which every process can read. A version that is there stays, as history says. The kind\n" +
			"is apiKeys with --service, certificates or signingKeys where PEM is found, else credentials,\n" +
			"which only open for a few minutes after a factor was given.",
		args: "PATH[#FIELD]", minArgs: 1, maxArgs: 1,
		surplus: "a secret comes from standard input, not from the command line, which others can read",
		flags: vaultFlags(secretFlags(
			&cli.StringSliceFlag{Name: "field", Usage: "the field `NAME=@FILE`; may be repeated", TakesFile: true},
			&cli.StringSliceFlag{Name: "public", Usage: "the field `NAME=VALUE`, which lists may show; may be repeated"},
			&cli.BoolFlag{Name: "new", Usage: "fail when it is there"},
			&cli.Uint64Flag{Name: "if-version", Usage: "fail unless the present version is `N`"},
		)...),
		schema:   "kai.vault.secret/1",
		recorded: inVault(records("secret_stored")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return setSecret(ctx, env, vaultAccessOf(c), c.Args().First(), secretOptionsOf(c))
		},
	}
}

func setSecret(ctx context.Context, env *env, a vaultAccess, name string, so secretOptions) error {
	ref, err := parseSecretName(name)
	if err != nil {
		return err
	}
	if ref.Version != 0 {
		return usagef("a new version gets its number by itself")
	}
	// What can be wrong is found before anybody types a secret.
	meta, err := so.meta(env)
	if err != nil {
		return err
	}
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	s, path, err := o.Resolve(o.keys, ref.Path)
	if err != nil {
		return noNamespace(ref.Path, err)
	}
	given, err := so.fields(ctx, env, ref)
	defer wipeFields(given)
	if err != nil {
		return err
	}
	return o.putFields(ctx, s, path, given, meta, &so)
}

// noNamespace adds what makes a namespace.
func noNamespace(p reference.Path, err error) error {
	if errors.Is(err, vault.ErrNotFound) {
		ns, _, _ := strings.Cut(p.Full, "/")
		return withHint(err, "kai vault ns add %s", shellWord(ns))
	}
	return err
}

// secretField is a field that is being given.
type secretField struct {
	name  string
	value *secret.Bytes
}

func wipeFields(list []secretField) {
	for _, f := range list {
		f.value.Wipe()
	}
}

// fields reads the values: those of --field, and the one on standard input or from the terminal.
func (so *secretOptions) fields(ctx context.Context, env *env, ref reference.Reference) (list []secretField, err error) {
	add := func(name string, value *secret.Bytes) error {
		if slices.ContainsFunc(list, func(f secretField) bool { return f.name == name }) {
			value.Wipe()
			return usagef("field %s: two values", name)
		}
		list = append(list, secretField{name, value})
		return nil
	}
	for _, arg := range so.files {
		name, file, ok := strings.Cut(arg, "=@")
		if _, err := reference.ParseField(name); !ok || err != nil {
			return list, usagef("--field: want NAME=@FILE")
		}
		in, err := env.open(ctx, file)
		if err != nil {
			return list, err
		}
		value, err := secret.Read(in, maxValue)
		if err := errors.Join(err, in.Close()); err != nil {
			return list, fmt.Errorf("%s: %w", file, err)
		}
		if err := add(name, value); err != nil {
			return list, err
		}
	}
	if len(so.files) > 0 && ref.Field == "" {
		return list, nil
	}
	value, err := env.newSecret(ctx, "the secret "+ref.Full)
	if err != nil {
		return list, err
	}
	field := ref.Field
	if field == "" {
		field = defaultField
	}
	return list, add(field, value)
}

// defaultField is the field of a name without one.
const defaultField = "value"

// newSecret reads a secret from standard input as it is, or asks for it twice.
func (e *env) newSecret(ctx context.Context, what string) (*secret.Bytes, error) {
	if !e.sys.stdinTerminal {
		s, err := secret.Read(contextReader{ctx, e.stdin}, maxValue)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		if s.Len() == 0 {
			s.Wipe()
			return nil, usagef("standard input is empty: a secret has at least one byte")
		}
		return s, nil
	}
	t, err := e.terminal(what, "a pipe to standard input")
	if err != nil {
		return nil, err
	}
	defer t.Close()
	s, err := askTwice(ctx, t, what)
	if err != nil {
		return nil, answerError(err)
	}
	if s.Len() == 0 {
		return nil, fail(exitLocked, "input_needed", errNothing)
	}
	return s, nil
}

// meta is what the flags say of a secret.
func (so *secretOptions) meta(env *env) (m vault.Meta, err error) {
	words := slices.Concat(so.tags, so.public, []string{so.scope.Module, so.scope.Service, so.scope.Agent})
	for _, w := range words {
		if strings.ContainsFunc(w, unicode.IsControl) || !utf8.ValidString(w) {
			return m, usagef("%q is no text without control characters", w)
		}
	}
	now := env.now()
	m = vault.Meta{Kind: so.kind, Tags: so.tags, Scope: so.scope, Retain: so.retain, RotateWith: so.rotateWith}
	if so.expires != "" {
		if d, err := parseDuration(so.expires); err == nil {
			m.NotAfter = now.Add(d).Unix()
		} else {
			t, err := parseTime(so.expires, now)
			if err != nil {
				return m, err
			}
			m.NotAfter = t.Unix()
		}
	}
	if so.rotateEvery != "" {
		d, err := parseDuration(so.rotateEvery)
		if err != nil {
			return m, usagef("--rotate-every: %w", err)
		}
		m.RotateEvery = int64(d.Seconds())
	}
	if err := vault.CheckRetain(so.retain); err != nil {
		return m, usagef("--retain: %w", err)
	}
	if _, err := vault.ParseRotator(so.rotateWith); so.rotateWith != "" && err != nil {
		return m, usagef("--rotate-with: %w", err)
	}
	for _, arg := range so.public {
		name, value, ok := strings.Cut(arg, "=")
		if _, err := reference.ParseField(name); !ok || err != nil {
			return m, usagef("--public: want NAME=VALUE")
		}
		if _, twice := m.Public[name]; twice {
			return m, usagef("--public %s: two values", name)
		}
		if m.Public == nil {
			m.Public = map[string]string{}
		}
		m.Public[name] = value
	}
	slices.Sort(m.Tags)
	m.Tags = slices.Compact(m.Tags)
	return m, nil
}

// putFields stores fields, beside those that a secret has already.
func (o *openedVault) putFields(ctx context.Context, s *vault.Space, path string, given []secretField, meta vault.Meta, so *secretOptions) error {
	old, err := s.Find(path)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	meta.Path = path
	if old != nil {
		inherit(&meta, old)
	}
	if meta.Kind == "" {
		meta.Kind = kindOf(given, meta.Scope)
	}
	vault.Defaults(&meta, o.env.now())
	o.recordSecret(s, path, meta.Kind)
	if meta.Kind == vault.KindCredentials {
		if err := o.user(ctx); err != nil {
			return err
		}
	}
	if err := checkScope(&meta); err != nil {
		return err
	}
	var list []fields.Field
	if old != nil && !so.isNew {
		before, buf, err := o.value(ctx, s, old)
		if err != nil {
			return err
		}
		defer buf.Wipe()
		for _, f := range before {
			if !slices.ContainsFunc(given, func(g secretField) bool { return g.name == f.Name }) {
				list = append(list, f)
			}
		}
	}
	replaced := old == nil || so.isNew // some value that was there, not only one added
	for _, g := range given {
		list = append(list, fields.Field{Name: g.name, Value: g.value.Expose()})
		replaced = replaced || slices.Contains(old.Fields, g.name)
	}
	if old != nil && replaced {
		meta.LastRotated = o.env.now().Unix()
	} else if old != nil {
		meta.LastRotated, meta.CompromisedSince = old.LastRotated, old.CompromisedSince
	}
	if list, err = settleCertificate(list, &meta); err != nil {
		return err
	}
	_, err = s.Commit(ctx, []vault.Change{{
		Type: vlog.Put, Meta: meta, Fields: list, New: so.isNew, IfVersion: so.ifVersion,
	}})
	if err != nil {
		return o.withoutUser(err)
	}
	if o.env.json {
		now, err := s.Find(path)
		if err != nil {
			return err
		}
		return o.env.printJSON(o.describe(s, now))
	}
	return nil
}

// inherit keeps what an older version says and the flags do not.
func inherit(m *vault.Meta, old *vault.Version) {
	if m.Kind == "" {
		m.Kind = old.Kind
	}
	if m.Tags == nil {
		m.Tags = old.Tags
	}
	if m.Scope == (vault.Scope{}) {
		m.Scope = old.Scope
	}
	if m.RotateEvery == 0 {
		m.RotateEvery = old.RotateEvery
	}
	if m.RotateWith == "" {
		m.RotateWith = old.RotateWith
	}
	if m.Retain == "" {
		m.Retain = old.Retain
	}
	if m.Public == nil {
		m.Public = old.Public
	}
	if m.NotAfter == 0 && m.Kind != vault.KindAPIKeys {
		m.NotAfter = old.NotAfter
	}
}

// kindOf tells what a secret is by what it looks like.
func kindOf(list []secretField, scope vault.Scope) string {
	for _, f := range list {
		block, _ := pem.Decode(f.value.Expose())
		switch {
		case block == nil:
		case block.Type == "CERTIFICATE":
			return vault.KindCertificate
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return vault.KindSigningKeys
		}
	}
	if scope.Service != "" {
		return vault.KindAPIKeys
	}
	return vault.KindCredentials
}

// checkScope holds the scope of a secret against its kind.
func checkScope(m *vault.Meta) error {
	if m.Kind == vault.KindAPIKeys && m.Scope.Service == "" {
		return usagef("apiKeys belong to a service: --service S")
	}
	return nil
}

// value opens a version, with the user key if it needs that.
func (o *openedVault) value(ctx context.Context, s *vault.Space, v *vault.Version) ([]fields.Field, *secret.Bytes, error) {
	list, buf, err := s.Value(v)
	if !errors.Is(err, vault.ErrNeedsUser) {
		return list, buf, err
	}
	if err := o.user(ctx); err != nil {
		return nil, nil, err
	}
	list, buf, err = s.Value(v)
	return list, buf, o.withoutUser(err)
}
