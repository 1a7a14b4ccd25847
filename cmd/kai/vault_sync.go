package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/remote"
	remotedir "kai/internal/vault/remote/directory"
	"kai/internal/vault/remote/git"
	"kai/internal/vault/replica"
	"kai/internal/vault/session"
)

func vaultSyncCommand() command {
	return command{
		name:    "sync",
		summary: "bring the vault and a copy of it elsewhere to one state",
		examples: []example{
			{"kai vault sync /media/stick/kai", "by a directory; later just: kai vault sync"},
			{"kai vault sync git:git@example.org:me/vault.git", "by a repository of git"},
			{"kai vault sync /media/stick/kai --fingerprint abcd-...", "in a home without a vault: adopt the one that is there"},
		},
		about: "TARGET is a directory, or git[:REMOTE[#BRANCH]]: a repository in the vault's own directory,\n" +
			"with the remote origin if none is named. Only ciphertext leaves this machine, and all that\n" +
			"comes is checked before any of it is adopted: signatures, hashes, chains. What two devices\n" +
			"wrote at once is kept from both; kai vault list shows conflicts. It works while the vault is\n" +
			"locked, too. In a home without a vault, kai vault unlock and kai vault device new follow.",
		args: "[TARGET]", maxArgs: 1,
		flags: vaultFlags(
			&cli.BoolFlag{Name: "pull", Usage: "only adopt what TARGET has"},
			&cli.BoolFlag{Name: "push", Usage: "only give TARGET what it lacks"},
			&cli.BoolFlag{Name: "dry-run", Usage: "only say what would be done"},
			&cli.StringFlag{Name: "fingerprint", Usage: "the vault must have the fingerprint `FP`"},
		),
		schema:   "kai.vault.sync/1",
		recorded: inVaultAnswering(records("vault_synced")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			s := syncOptions{
				target: c.Args().First(), pull: c.Bool("pull"), push: c.Bool("push"), dryRun: c.Bool("dry-run"),
				fingerprint: c.String("fingerprint"), access: vaultAccessOf(c),
			}
			if s.pull == s.push {
				if s.pull {
					return usagef("--pull and --push exclude each other")
				}
				s.pull, s.push = true, true
			}
			return syncVault(ctx, env, s)
		},
	}
}

// syncOptions say what is synced.
type syncOptions struct {
	target             string
	pull, push, dryRun bool
	fingerprint        string
	access             vaultAccess
}

type vaultSyncJSON struct {
	head
	Target      string            `json:"target"`
	Pushed      int               `json:"pushed"`
	Pulled      int               `json:"pulled"`
	Removed     int               `json:"removed"`
	Adopted     []string          `json:"adopted"`
	Heads       []string          `json:"heads"`
	Quarantined []quarantinedJSON `json:"quarantined"`
	RolledBack  []string          `json:"rolled_back"`
	Missing     []string          `json:"missing"`
	DryRun      bool              `json:"dry_run"`
}

type quarantinedJSON struct {
	File   string `json:"file"`
	Kept   string `json:"kept,omitempty"` // below the vault's directory
	Reason string `json:"reason"`
}

func syncVault(ctx context.Context, env *env, s syncOptions) error {
	o, err := env.syncedVault(ctx, &s)
	if err != nil {
		return err
	}
	defer o.close()
	if s.target == "" {
		if s.target, err = replica.LastTarget(o.dir); err != nil {
			return err
		}
	}
	if s.target == "" {
		return withHint(usagef("no TARGET: this vault was never synced"), "kai vault sync DIR, or kai vault sync git:REMOTE")
	}
	r, target, err := o.openRemote(ctx, s.target)
	if err != nil {
		return syncError(err)
	}
	defer r.Close()
	res, err := replica.Sync(ctx, durable.Root(o.roots[0]), r, replica.Options{
		Target: target, Pull: s.pull, Push: s.push, DryRun: s.dryRun,
		Vault: env.vaultOptions(), Keys: o.keys,
		Confirm: func(fingerprint string) error { return env.confirmVault(ctx, s.fingerprint, fingerprint) },
	})
	env.fact("count", int64(res.Pushed+res.Pulled))
	if err != nil {
		return syncError(err)
	}
	return o.reportSync(&s, target, res)
}

// syncedVault opens the vault of the home, with keys if it is unlocked. Where there is none its directory
// is made.
func (e *env) syncedVault(ctx context.Context, s *syncOptions) (*openedVault, error) {
	o, err := e.openVault()
	var f *failure
	if errors.As(err, &f) && f.ident == "no_vault" && s.target != "" {
		if s.access.as != "" {
			return nil, usagef("--as is of no use in a home without a vault")
		}
		return e.vaultDir(true)
	}
	if err != nil {
		return nil, err
	}
	if s.fingerprint != "" && !sameFingerprint(s.fingerprint, o.Fingerprint()) {
		o.close()
		return nil, withHint(failf(exitConflict, "other_vault", "the vault of this home is %s", o.Fingerprint()), "kai vault sync --home DIR adopts another")
	}
	if s.access.as != "" {
		err = o.unlockAs(ctx, s.access.as)
	} else {
		err = o.resume(ctx, s.access.sessionFD)
		if errors.Is(err, session.ErrLocked) {
			err = nil // what only keys can check is checked by unlocking
		}
	}
	if errors.Is(err, vault.ErrRollback) || errors.Is(err, vault.ErrTampered) {
		e.warn("%v; looking whether the target has what is missing", err)
		o.keys.Wipe()
		o.keys, err = nil, nil
	}
	if err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

func sameFingerprint(a, b string) bool {
	plain := func(text string) string {
		return strings.ToLower(strings.NewReplacer("-", "", " ", "", ":", "").Replace(text))
	}
	return plain(a) == plain(b)
}

// confirmVault has somebody agree to a vault that is adopted.
func (e *env) confirmVault(ctx context.Context, want, got string) error {
	switch {
	case want == "":
		e.note("the target holds the vault with the fingerprint %s", got)
		return e.confirm(ctx, "Compare it with kai vault status on a device that has the vault. Adopt it?", "--fingerprint FP")
	case !sameFingerprint(want, got):
		return failf(exitUntrusted, "other_vault", "the target holds the vault %s", got)
	}
	return nil
}

// openRemote opens what a target names, and says how it is remembered.
func (o *openedVault) openRemote(ctx context.Context, target string) (remote.Remote, string, error) {
	own, err := filepath.Abs(o.env.path(o.roots[0].Name()))
	if err != nil {
		return nil, "", err
	}
	if rest, ok := strings.CutPrefix(target, "git:"); ok || target == "git" {
		address, branch, _ := strings.Cut(rest, "#")
		if target == "git" {
			address = ""
		}
		if u, err := url.Parse(address); err == nil && u.User != nil {
			if _, has := u.User.Password(); has {
				return nil, "", withHint(usagef("TARGET: a password in an address is seen by everybody"), "a credential helper of git, or ssh")
			}
		}
		if address != "" && !strings.Contains(address, ":") {
			// git is started in the vault's directory, and the target is remembered.
			path, err := filepath.Abs(o.env.path(address))
			if err != nil {
				return nil, "", err
			}
			if _, err := os.Stat(path); err == nil {
				address = path
			}
		}
		environ := o.env.childEnviron()
		if o.env.noInput() != "" {
			environ = append(environ, "GIT_TERMINAL_PROMPT=0")
		}
		name := "git:" + address
		if branch != "" {
			name += "#" + branch
		}
		r, err := git.Open(ctx, git.Options{
			Dir: own, Remote: address, Branch: branch, Environ: environ, Now: o.env.now,
		})
		return r, name, err
	}
	if scheme, _, ok := strings.Cut(target, "://"); ok {
		return nil, "", withHint(usagef("TARGET %s: no place of the kind %s is known", target, scheme), "a directory, or git:REMOTE")
	}
	path, err := filepath.Abs(o.env.path(target))
	if err != nil {
		return nil, "", err
	}
	if inside, err := filepath.Rel(own, path); err == nil && filepath.IsLocal(inside) {
		return nil, "", usagef("TARGET %s lies in the vault itself", target)
	}
	r, err := remotedir.Open(path)
	return r, path, err
}

// syncError gives what can go wrong with a target its exit code.
func syncError(err error) error {
	switch {
	case errors.Is(err, remote.ErrTarget):
		return fail(exitUsage, "usage", err)
	case errors.Is(err, remote.ErrUnreachable):
		return fail(exitBackend, "remote", err)
	case errors.Is(err, remote.ErrChanged):
		return withHint(fail(exitConflict, "changed_meanwhile", err), "once more: kai vault sync")
	case errors.Is(err, replica.ErrForeign):
		return withHint(fail(exitConflict, "other_vault", err), "another TARGET")
	case errors.Is(err, replica.ErrIncomplete):
		return withHint(fail(exitBackend, "incomplete", err), "once more, when whoever copies to it is done")
	case errors.Is(err, vault.ErrConflict):
		return withHint(err, "kai vault export what is only here; then move the vault away, and kai vault sync TARGET --fingerprint FP")
	}
	return err
}

// reportSync prints what was done, and what was found.
func (o *openedVault) reportSync(s *syncOptions, target string, res *replica.Result) error {
	env := o.env
	found := res.Err()
	code := exitDone
	for _, f := range []struct {
		err  error
		act  string
		code int
	}{
		{vault.ErrFork, "vault_fork_detected", exitBad},
		{vault.ErrTampered, "vault_tampered", exitBad},
		{replica.ErrRolledBack, "vault_rollback_detected", exitBad},
		{replica.ErrIncomplete, "", exitBackend},
		{found, "", exitUndecidable}, // made by a newer kai
	} {
		if found == nil || !errors.Is(found, f.err) {
			continue
		}
		if code = f.code; f.act != "" {
			details := event.Details{{Name: "wanted", Value: "vault_synced"}}
			if len(res.Quarantined) > 0 {
				details = details.With("file", res.Quarantined[0].Name)
			}
			env.alsoRecord(audit.Draft{Act: f.act, Outcome: event.Fail, Details: details})
		}
		break
	}
	out := vaultSyncJSON{
		head: env.head(code == exitDone), Target: target, Pushed: res.Pushed, Pulled: res.Pulled, Removed: res.Removed,
		Adopted: []string{}, Heads: []string{}, Quarantined: []quarantinedJSON{}, RolledBack: res.RolledBack, Missing: res.Missing, DryRun: s.dryRun,
	}
	for _, h := range res.Adopted {
		out.Adopted = append(out.Adopted, h.Digest.Short())
	}
	for _, h := range res.Heads {
		out.Heads = append(out.Heads, h.Digest.Short())
	}
	for _, q := range res.Quarantined {
		out.Quarantined = append(out.Quarantined, quarantinedJSON{q.Name, q.At, q.Err.Error()})
		env.warn("not adopted: %v", q.Err)
		if errors.Is(q.Err, vault.ErrFork) {
			env.note("hint: on the machine that was copied: kai vault device new --replace")
		}
	}
	for _, name := range res.RolledBack {
		env.warn("%s: the target had more of it at the last sync", name)
	}
	for _, name := range res.Missing {
		env.warn("%s: a manifest in the target lists it, and it is not there", name)
	}
	if len(res.Heads) > 1 {
		env.warn("two devices changed who may do what at once: only what both allow is allowed")
		env.note("hint: kai vault resolve --admin %s, or another of %s", out.Heads[0], strings.Join(out.Heads[1:], ", "))
	}
	if err := o.printSync(&out, res); err != nil {
		return err
	}
	return reported(code)
}

func (o *openedVault) printSync(out *vaultSyncJSON, res *replica.Result) error {
	env := o.env
	if env.json {
		if out.RolledBack == nil {
			out.RolledBack = []string{}
		}
		if out.Missing == nil {
			out.Missing = []string{}
		}
		return env.printJSON(out)
	}
	if res.Created && !out.DryRun {
		env.note("hint: kai vault unlock, then kai vault device new")
	}
	text := fmt.Sprintf("pushed %d, pulled %d", out.Pushed, out.Pulled)
	if out.Removed > 0 {
		text += fmt.Sprintf(", removed %d", out.Removed)
	}
	if len(out.Adopted) > 0 {
		text += ", adopted " + strings.Join(out.Adopted, " ")
	}
	return env.printf("%s\n", text)
}
