package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"kai/internal/secret"
	"kai/internal/vault"
	"kai/internal/vault/reference"
)

func vaultRunCommand() command {
	return command{
		name:    "run",
		summary: "run a program with secrets it needs",
		examples: []example{
			{"kai vault run --env GH_TOKEN=kai://ci/github#token -- gh release list", "in its environment"},
			{"kai vault run --env-file .env.kai -- npm publish", "NAME=kai://... in each line"},
			{"kai vault run --file KEY=kai://web/tls#key -- sh -c 'openssl rsa -in $KEY -check'", "as a file in memory"},
			{"kai vault run --prefix APP_=prod/app -- ./server", "all secrets below prod/app: APP_DB_PASSWORD ..."},
		},
		about: "All secrets are found before the program starts; a missing, expired or refused one keeps it\n" +
			"from starting. Its exit code is returned, and signals are passed on. What it prints is\n" +
			"masked: a net for accidents, no boundary for a program that wants to tell. KAI_SESSION and\n" +
			"passphrases are never passed on.",
		args: "COMMAND [ARGUMENT...]", minArgs: 1, maxArgs: anyNumber, passThrough: true,
		flags: vaultFlags(
			&cli.StringSliceFlag{Name: "env", Usage: "the variable `NAME=REF`; may be repeated"},
			&cli.StringSliceFlag{Name: "env-file", Usage: "variables of `FILE`, NAME=REF or NAME=VALUE in each line", TakesFile: true},
			&cli.StringSliceFlag{Name: "prefix", Usage: "a variable for each secret below a path, `P=PATH`: P and its name"},
			&cli.StringSliceFlag{Name: "file", Usage: "the path of a file with the secret, `NAME=REF`; may be repeated"},
			&cli.BoolFlag{Name: "real-file", Usage: "files on disk, for programs that cannot open those in memory"},
			&cli.BoolFlag{Name: "no-mask", Usage: "do not mask what the program prints"},
			&cli.BoolFlag{Name: "pristine", Usage: "of the environment only PATH HOME USER LANG TERM TZ"},
		),
		recorded: inVault(records("secret_injected")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return runWithSecrets(ctx, env, vaultAccessOf(c), &runOptions{
				command: c.Args().Slice(), env: c.StringSlice("env"), envFiles: c.StringSlice("env-file"), prefixes: c.StringSlice("prefix"),
				files: c.StringSlice("file"), realFile: c.Bool("real-file"), unmasked: c.Bool("no-mask"), pristine: c.Bool("pristine"),
			})
		},
	}
}

type runOptions struct {
	command                        []string
	env, envFiles, prefixes, files []string
	realFile, unmasked, pristine   bool
}

// childExit is the exit code of a program that was run: no failure of kai's.
type childExit int

func (c childExit) Error() string { return fmt.Sprintf("exit %d", int(c)) }

func runWithSecrets(ctx context.Context, env *env, a vaultAccess, r *runOptions) error {
	if len(r.command) > 0 && r.command[0] == "--" {
		r.command = r.command[1:]
	}
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	w := &wantedSecrets{o: o}
	defer w.wipe()
	c := &child{
		command: r.command, dir: env.sys.workDir, environ: env.childEnviron(), pristine: r.pristine,
		realFiles: r.realFile, unmasked: r.unmasked, stdin: env.sys.stdinFile, stdout: env.sys.stdoutFile, stderr: env.sys.stderrFile,
	}
	if err := w.environment(ctx, c, r); err != nil {
		return err
	}
	if r.realFile {
		dir := env.getenv("XDG_RUNTIME_DIR")
		if !filepath.IsAbs(dir) {
			return withHint(failf(exitBeforeChild, "no_runtime_dir", "--real-file: XDG_RUNTIME_DIR is not set, and a disk keeps what was on it"), "without --real-file, or XDG_RUNTIME_DIR=DIR on a tmpfs")
		}
		c.runtimeDir = dir
	}
	o.env.fact("secret_count", int64(len(w.secrets)))
	o.env.fact("path", w.tags)
	o.close() // the program may run for days
	code, err := c.run(ctx)
	if err != nil {
		return failf(code, "child", "%w", err)
	}
	return childExit(code)
}

// wantedSecrets are the secrets that a program or a template gets.
type wantedSecrets struct {
	o       *openedVault
	secrets map[string]*secret.Bytes // by reference
	tags    []any
}

func (w *wantedSecrets) wipe() {
	for _, s := range w.secrets {
		s.Wipe()
	}
}

// get finds the value of a reference. It stays w's.
func (w *wantedSecrets) get(ctx context.Context, ref reference.Reference) (*secret.Bytes, error) {
	name := ref.String()
	if s := w.secrets[name]; s != nil {
		return s, nil
	}
	found, err := w.o.lookup(ctx, ref, false)
	if err != nil {
		return nil, err
	}
	defer found.buf.Wipe()
	return w.add(name, found, ref.Field)
}

// maxTags bounds how many secrets are named in an event.
const maxTags = 32

func (w *wantedSecrets) add(name string, found *foundSecret, field string) (*secret.Bytes, error) {
	value, err := found.field(field)
	if err != nil {
		return nil, err
	}
	s := secret.New(len(value))
	copy(s.Expose(), value)
	if w.secrets == nil {
		w.secrets = map[string]*secret.Bytes{}
	}
	w.secrets[name] = s
	if len(w.tags) < maxTags {
		w.tags = append(w.tags, found.space.PathTag(found.version.Path))
	}
	return s, nil
}

// environment finds everything that the flags name.
func (w *wantedSecrets) environment(ctx context.Context, c *child, r *runOptions) error {
	for _, arg := range r.env {
		v, err := w.named(ctx, "--env", arg)
		if err != nil {
			return err
		}
		c.values = append(c.values, v)
	}
	for _, arg := range r.files {
		v, err := w.named(ctx, "--file", arg)
		if err != nil {
			return err
		}
		c.files = append(c.files, v)
	}
	for _, name := range r.envFiles {
		if err := w.envFile(ctx, c, name); err != nil {
			return err
		}
	}
	for _, arg := range r.prefixes {
		if err := w.prefix(ctx, c, arg); err != nil {
			return err
		}
	}
	return nil
}

// named reads NAME=REF.
func (w *wantedSecrets) named(ctx context.Context, flag, arg string) (v childValue, err error) {
	name, text, ok := strings.Cut(arg, "=")
	if !ok || !isVariable(name) {
		return v, usagef("%s: want NAME=REF", flag)
	}
	ref, err := parseSecretName(text)
	if err != nil {
		return v, err
	}
	s, err := w.get(ctx, ref)
	return childValue{name, s}, err
}

// maxEnvFile bounds an --env-file, in bytes.
const maxEnvFile = 1 << 20

// envFile reads NAME=REF and NAME=VALUE. Only a value that begins with kai:// is a reference.
func (w *wantedSecrets) envFile(ctx context.Context, c *child, file string) error {
	in, err := w.o.env.open(ctx, file)
	if err != nil {
		return err
	}
	defer in.Close()
	lines := bufio.NewScanner(io.LimitReader(in, maxEnvFile))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, text, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if !ok || !isVariable(name) {
			return usagef("%s:%d: want NAME=REF", file, n)
		}
		text = unquoted(text)
		if !strings.HasPrefix(text, reference.Scheme) {
			c.environ = append(c.environ, name+"="+text)
			continue
		}
		v, err := w.named(ctx, fmt.Sprintf("%s:%d", file, n), name+"="+text)
		if err != nil {
			return err
		}
		c.values = append(c.values, v)
	}
	return lines.Err()
}

// unquoted takes one pair of quotes from a value.
func unquoted(text string) string {
	if n := len(text); n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		return text[1 : n-1]
	}
	return text
}

// prefix makes a variable of each field of each secret below a path.
func (w *wantedSecrets) prefix(ctx context.Context, c *child, arg string) error {
	prefix, below, ok := strings.Cut(arg, "=")
	if !ok || prefix != "" && !isVariable(prefix) {
		return usagef("--prefix: want P=PATH")
	}
	f := &secretFilter{prefix: below}
	found := 0
	err := w.o.each(f, func(l *listedSecret) error {
		found++
		if l.version.Expired(w.o.env.now()) {
			return failf(exitUntrusted, "expired", "%s has expired", l.full())
		}
		list, buf, err := w.o.value(ctx, l.space, l.version)
		if err != nil {
			return err
		}
		defer buf.Wipe()
		opened := &foundSecret{l.space, l.version, list, buf}
		for _, one := range list {
			name := l.full()[len(f.prefix):]
			if one.Name != defaultField {
				name += "_" + one.Name
			}
			s, err := w.add("--prefix "+l.full()+"#"+one.Name, opened, one.Name)
			if err != nil {
				return err
			}
			c.values = append(c.values, childValue{prefix + variableOf(name), s})
		}
		return nil
	})
	if err == nil && found == 0 {
		err = fmt.Errorf("below %s: %w", below, vault.ErrNotFound)
	}
	return err
}

// variableOf is a path as the rest of a variable's name: capital letters, digits and underscores.
func variableOf(path string) string {
	var b strings.Builder
	for _, r := range strings.Trim(path, "/") {
		switch {
		case r >= 'a' && r <= 'z':
			b.WriteRune(r - 'a' + 'A')
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case r < utf8.RuneSelf:
			b.WriteByte('_')
		default:
			fmt.Fprintf(&b, "U%X", r)
		}
	}
	return b.String()
}
