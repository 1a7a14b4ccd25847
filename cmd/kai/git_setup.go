package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/backend"
	"kai/internal/backend/all"
	"kai/internal/home"
	"kai/internal/key"
)

func gitSetupCommand() command {
	return command{
		name:    "setup",
		summary: "let git sign and verify with kai",
		examples: []example{
			{"kai git setup --global", "all repositories, the default identity, whom git then trusts"},
			{"kai git setup --global --key file:$HOME/.ssh/id_ed25519", "all repositories, a key in a file"},
			{"kai git setup --key agent:SHA256:…", "this repository, a key in the ssh-agent"},
			{"kai git setup --key file:ci_key --allowed-signers signers", "and whom git shows as good"},
			{"kai git setup --global --undo", "as it was before"},
		},
		about: "Sets gpg.format, gpg.ssh.program, user.signingKey, commit.gpgSign and tag.gpgSign\n" +
			"in the configuration of the repository, or with --global of the user. What was set\n" +
			"before is kept there under kai.previous and comes back with --undo.",
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "global", Usage: "for all repositories of the user"},
			&cli.BoolFlag{Name: "local", Usage: "for this repository (the default)"},
			&cli.StringFlag{Name: "key", Usage: "sign with the key `REF`, file:PATH, agent:FINGERPRINT or vault:NS/PATH"},
			&cli.StringFlag{Name: "identity", Aliases: []string{"i"}, Usage: "sign as the own `IDENTITY` (default: the one of kai id default)"},
			&cli.PathFlag{Name: "allowed-signers", Usage: "let git trust by the OpenSSH allowed_signers `FILE`"},
			&cli.BoolFlag{Name: "no-auto-sign", Usage: "sign only with git commit -S and git tag -s"},
			&cli.BoolFlag{Name: "undo", Usage: "put back what was set before"},
		},
		recorded: readsOnly("changes the configuration of git, not kai's, and uses no secret"),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			o, err := readGitSetupOptions(c)
			if err != nil {
				return err
			}
			return gitSetup(ctx, env, o)
		},
	}
}

// gitSetupOptions are the words of kai git setup.
type gitSetupOptions struct {
	scope      string // the flag of git config
	key        string
	identity   string
	allowed    string
	noAutoSign bool
	undo       bool
}

func readGitSetupOptions(c *cli.Context) (gitSetupOptions, error) {
	o := gitSetupOptions{
		scope: "--local", key: c.String("key"), identity: c.String("identity"),
		allowed: c.Path("allowed-signers"), noAutoSign: c.Bool("no-auto-sign"), undo: c.Bool("undo"),
	}
	if c.Bool("global") {
		o.scope = "--global"
	}
	switch {
	case c.Bool("global") && c.Bool("local"):
		return o, usagef("--global and --local exclude each other")
	case o.undo && (o.key != "" || o.identity != "" || o.allowed != "" || o.noAutoSign):
		return o, usagef("--undo takes no other settings")
	case o.key != "" && o.identity != "":
		return o, usagef("--key and --identity exclude each other")
	}
	return o, nil
}

// gitSetting is a variable of git and the value that kai wants it to have.
type gitSetting struct{ name, value string }

// The variables that kai sets, in the order that they are shown.
const (
	gitFormat     = "gpg.format"
	gitProgram    = "gpg.ssh.program"
	gitSigningKey = "user.signingKey"
	gitAllowed    = "gpg.ssh.allowedSignersFile"
	gitSignCommit = "commit.gpgSign"
	gitSignTag    = "tag.gpgSign"
)

func gitSettingNames() []string {
	return []string{gitFormat, gitProgram, gitSigningKey, gitAllowed, gitSignCommit, gitSignTag}
}

func gitSetup(ctx context.Context, env *env, o gitSetupOptions) error {
	git := newGit(env)
	if err := checkGitVersion(ctx, git); err != nil {
		return err
	}
	config, err := readGitConfig(ctx, git, o.scope)
	if err != nil {
		return err
	}
	if o.undo {
		changes, err := config.undo(ctx, gitSettingNames())
		if err != nil {
			return err
		}
		return printGitSetup(env, o, changes)
	}
	wanted, err := gitSettings(ctx, env, o)
	if err != nil {
		return err
	}
	var changes []gitChange
	if o.noAutoSign { // kai may have set these before
		if changes, err = config.undo(ctx, []string{gitSignCommit, gitSignTag}); err != nil {
			return err
		}
	}
	for _, s := range wanted {
		change, err := config.apply(ctx, s)
		if err != nil {
			return withHint(err, "kai git setup %s --undo", o.scope)
		}
		changes = append(changes, change)
	}
	if err := printGitSetup(env, o, changes); err != nil {
		return err
	}
	return warnOfOverrides(ctx, env, git, wanted)
}

// checkGitVersion refuses a git that cannot be told a key that is in no file.
func checkGitVersion(ctx context.Context, git *gitRunner) error {
	line, err := git.output(ctx, "--version")
	if err != nil {
		return err
	}
	line = strings.TrimSpace(line)
	version, ok := gitVersion(line)
	if ok && slices.Compare(version[:], oldestGit[:]) < 0 {
		return withHint(failf(exitFailure, "git_too_old", "%s: too old to sign with SSH keys", line), "install git %d.%d or later", oldestGit[0], oldestGit[1])
	}
	return nil
}

// gitSettings are the values that the options ask for.
func gitSettings(ctx context.Context, env *env, o gitSetupOptions) ([]gitSetting, error) {
	signingKey, err := gitSigningKeyOf(ctx, env, o)
	if err != nil {
		return nil, err
	}
	program, err := env.sys.executable()
	if err != nil {
		return nil, fmt.Errorf("kai's own path: %w", err)
	}
	list := []gitSetting{{gitFormat, "ssh"}, {gitProgram, program}, {gitSigningKey, signingKey}}
	if s, err := env.trustStore(); o.allowed == "" && err == nil && s.Owner() != nil {
		dir, err := env.homeDir()
		if err != nil {
			return nil, err
		}
		list = append(list, gitSetting{gitAllowed, filepath.Join(dir, home.TrustStore)})
	}
	if o.allowed != "" {
		path, err := filepath.Abs(env.path(o.allowed))
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			env.warn("%s does not exist yet: until it does git can verify nothing", o.allowed)
		}
		list = append(list, gitSetting{gitAllowed, path})
	}
	if !o.noAutoSign {
		list = append(list, gitSetting{gitSignCommit, "true"}, gitSetting{gitSignTag, "true"})
	}
	return list, nil
}

// gitSigningKeyOf is how git names the key to kai: by its file, by itself if it is in none, or by the
// place in the vault where it is.
func gitSigningKeyOf(ctx context.Context, env *env, o gitSetupOptions) (string, error) {
	if o.key == "" {
		_, id, err := env.ownIdentity(o.identity)
		if err != nil {
			return "", withHint(err, "kai keygen NAME; or kai git setup %s --key file:PATH", o.scope)
		}
		for _, p := range id.Keys().Sign {
			if p.Type().SSHName() != "" {
				return literalKey(p), nil
			}
		}
		return "", failf(exitUsage, "usage", "%s has no key that git signs with", id.Facts().Name)
	}
	ref, err := backend.ParseRef(o.key, all.Syntaxes())
	if err != nil {
		return "", err
	}
	k, err := all.Open(ctx, ref, env.keyHolders())
	if err != nil {
		return "", err
	}
	defer k.Close()
	pub := k.Public()
	switch pub.Type() {
	case key.Ed25519, key.ECDSAP256, key.RSA, key.MLDSA44Ed25519:
	default:
		return "", failf(exitUsage, "usage", "key %s: git does not sign with %s keys", o.key, pub.Type())
	}
	if path := ref.Get("path"); ref.Scheme == "file" {
		return filepath.Abs(env.path(path))
	}
	if ref.Scheme == "vault" && env.ownerOfKey(pub) == "" {
		return vaultScheme + ref.Get("path"), nil
	}
	return literalKey(pub), nil
}

// literalKey is a key that is in no file.
func literalKey(pub key.Public) string {
	return "key::" + pub.Type().SSHName() + " " + base64.StdEncoding.EncodeToString(pub.Wire())
}

// warnOfOverrides names the settings that other configuration takes precedence of.
func warnOfOverrides(ctx context.Context, env *env, git *gitRunner, wanted []gitSetting) error {
	effective, err := readGitConfig(ctx, git, "--show-origin")
	if err != nil {
		return err
	}
	for _, s := range wanted {
		values := effective.get(s.name)
		if len(values) > 0 && values[len(values)-1] != s.value {
			env.warn("%s is overridden by %s", s.name, effective.origins[gitName(s.name)])
		}
	}
	return nil
}

// gitSetupJSON is the answer of kai git setup --json.
type gitSetupJSON struct {
	head
	Scope    string      `json:"scope"`
	Undo     bool        `json:"undo"`
	Settings []gitChange `json:"settings"`
}

func printGitSetup(env *env, o gitSetupOptions, changes []gitChange) error {
	scope := strings.TrimPrefix(o.scope, "--")
	if env.json {
		if changes == nil {
			changes = []gitChange{}
		}
		return env.printJSON(gitSetupJSON{env.head(true), scope, o.undo, changes})
	}
	for _, c := range changes {
		text := "unset"
		if len(c.Values) > 0 {
			text = strings.Join(c.Values, ", ")
		}
		if c.Kept {
			text += "  (changed since setup, left as it is)"
		}
		if err := env.printf("%-26s  %s\n", c.Name, printable(text)); err != nil {
			return err
		}
	}
	if o.undo && len(changes) == 0 {
		env.note("nothing to undo in the %s configuration", scope)
	}
	return nil
}
