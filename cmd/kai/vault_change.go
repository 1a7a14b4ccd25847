package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
	"kai/internal/vault/vlog"
)

func printVersion(n uint64) string { return strconv.FormatUint(n, 10) }

func vaultRollbackCommand() command {
	return command{
		name:     "rollback",
		summary:  "make an old version the present one again",
		examples: []example{{"kai vault rollback ci/github 3", "a new version with the value of version 3"}},
		args:     "PATH N", minArgs: 2, maxArgs: 2,
		flags:    vaultFlags(),
		schema:   "kai.vault.secret/1",
		recorded: inVault(records("secret_stored")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			n, err := strconv.ParseUint(c.Args().Get(1), 10, 53)
			if err != nil || n == 0 {
				return usagef("version %q: want a number", c.Args().Get(1))
			}
			return withVault(ctx, env, c, func(o *openedVault) error { return rollBack(ctx, o, c.Args().First(), n) })
		},
	}
}

// rollBack makes an old version the present one.
func rollBack(ctx context.Context, o *openedVault, name string, version uint64) error {
	s, _, path, err := o.path(name)
	if err != nil {
		return err
	}
	old, err := s.Version(path, version)
	if err == nil {
		err = keepCompromised(s, old)
	}
	if err != nil {
		return err
	}
	if err := o.copyVersion(ctx, s, old, s, path, false, nil); err != nil {
		return err
	}
	return o.printPresent(s, path)
}

// keepCompromised marks an old version that somebody who lost access could read: what was marked then
// was the version that was present, and this one was there before it.
func keepCompromised(s *vault.Space, old *vault.Version) error {
	list, err := s.History(old.Path)
	if err != nil {
		return err
	}
	for _, v := range list {
		if v.CompromisedSince >= old.Updated {
			old.CompromisedSince = max(old.CompromisedSince, v.CompromisedSince)
		}
	}
	return nil
}

// printPresent describes the present version of a secret, with --json.
func (o *openedVault) printPresent(s *vault.Space, path string) error {
	if !o.env.json {
		return nil
	}
	v, err := s.Find(path)
	if err != nil {
		return err
	}
	return o.env.printJSON(o.describe(s, v))
}

// copyVersion writes the value of a version as a new one, sealed anew, and with it in the same commit
// what more is to change in the same namespace.
func (o *openedVault) copyVersion(ctx context.Context, from *vault.Space, v *vault.Version, to *vault.Space, path string, isNew bool, more []vault.Change) error {
	list, buf, err := o.value(ctx, from, v)
	if err != nil {
		return err
	}
	defer buf.Wipe()
	if v.Kind == vault.KindCredentials {
		if err := o.user(ctx); err != nil {
			return err
		}
	}
	o.recordSecret(to, path, v.Kind)
	m := v.Meta
	m.Path, m.Of = path, ""
	if from != to || path != v.Path {
		m.From = from.Name() + "/" + v.Path
	}
	changes := append([]vault.Change{{Type: vlog.Put, Meta: m, Fields: list, New: isNew}}, more...)
	if _, err := to.Commit(ctx, changes); err != nil {
		return err
	}
	return nil
}

func vaultRmCommand() command {
	return command{
		name:    "rm",
		summary: "delete a secret",
		examples: []example{
			{"kai vault rm ci/old", "its versions stay until kai vault compact, as history says"},
			{"kai vault rm ci/old --all-versions", "and are gone at once, here; not from copies made before"},
		},
		about: "A signing key must be named again with --yes PATH: what it signed nobody can sign again.",
		args:  "PATH", minArgs: 1, maxArgs: 1,
		flags: vaultFlags(
			&cli.BoolFlag{Name: "all-versions", Usage: "also remove all old versions from the files of this vault"},
			&cli.StringFlag{Name: "yes", Usage: "answer the question beforehand: `PATH` again"},
		),
		recorded: inVault(records("secret_deleted")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return removeSecret(ctx, env, vaultAccessOf(c), c.Args().First(), c.String("yes"), c.Bool("all-versions"))
		},
	}
}

func removeSecret(ctx context.Context, env *env, a vaultAccess, name, yes string, all bool) error {
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	s, ref, path, err := o.path(name)
	if err != nil {
		return err
	}
	if ref.Field != "" || ref.Version != 0 {
		return usagef("a secret is deleted as a whole: name it without field and version")
	}
	v, err := s.Find(path)
	if err != nil {
		return err
	}
	o.recordSecret(s, path, v.Kind)
	if v.Kind == vault.KindSigningKeys {
		if err := env.typeAgain(ctx, ref.Full, yes); err != nil {
			return err
		}
	}
	if _, err := s.Delete(ctx, v); err != nil {
		return err
	}
	if all {
		if _, err := s.Compact(ctx, vault.CompactOptions{Drop: path}); err != nil {
			return err
		}
	}
	return env.done()
}

// typeAgain lets a person type the name of what is to be destroyed; yes is the flag that does so
// beforehand.
func (e *env) typeAgain(ctx context.Context, name, yes string) error {
	return e.typed(ctx, "To remove it for good, type %s:", name, yes)
}

// typed lets a person type a name, so that nobody does by habit what the prompt says; yes is the flag
// that does so beforehand.
func (e *env) typed(ctx context.Context, prompt, name, yes string) error {
	if yes == name {
		return nil
	}
	if yes != "" {
		return usagef("--yes %s: what is meant is %s", yes, name)
	}
	t, err := e.terminal("confirmation", "--yes "+shellWord(name))
	if err != nil {
		return err
	}
	defer t.Close()
	answer, err := t.readLine(ctx, fmt.Sprintf(prompt, printable(name)))
	if err != nil {
		return answerError(err)
	}
	if answer != name {
		return failf(exitFailure, "not_confirmed", "not confirmed: nothing was done")
	}
	return nil
}

func vaultMvCommand() command {
	return command{
		name:     "mv",
		summary:  "give a secret another name",
		examples: []example{{"kai vault mv ci/github ci/forge", "sealed anew under the new name"}},
		args:     "FROM TO", minArgs: 2, maxArgs: 2,
		flags:    vaultFlags(),
		schema:   "kai.vault.secret/1",
		recorded: inVault(records("secret_stored")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return moveSecret(ctx, env, vaultAccessOf(c), c.Args().Get(0), c.Args().Get(1), true)
		},
	}
}

func vaultCpCommand() command {
	return command{
		name:     "cp",
		summary:  "copy a secret",
		examples: []example{{"kai vault cp ci/github staging/github", "its present version, sealed anew"}},
		args:     "FROM TO", minArgs: 2, maxArgs: 2,
		flags:    vaultFlags(),
		schema:   "kai.vault.secret/1",
		recorded: inVault(records("secret_stored")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return moveSecret(ctx, env, vaultAccessOf(c), c.Args().Get(0), c.Args().Get(1), false)
		},
	}
}

func moveSecret(ctx context.Context, env *env, a vaultAccess, from, to string, remove bool) error {
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	s, ref, path, err := o.path(from)
	if err != nil {
		return err
	}
	target, targetRef, targetPath, err := o.path(to)
	if err != nil {
		return noNamespace(targetRef.Path, err)
	}
	if ref.Field != "" || targetRef.Field != "" || targetRef.Version != 0 || ref.Version != 0 && remove {
		return usagef("secrets are moved as a whole: name them without field and version")
	}
	find := func() (*vault.Version, error) { return s.Find(path) }
	if ref.Version != 0 {
		find = func() (*vault.Version, error) { return s.Version(path, ref.Version) }
	}
	v, err := find()
	if err != nil {
		return err
	}
	if ref.Full == targetRef.Full {
		return usagef("%s would be moved onto itself", ref.Full)
	}
	del := []vault.Change{{Type: vlog.Del, Meta: vault.Meta{Path: path, Kind: v.Kind, Scope: v.Scope}}}
	var here []vault.Change // what the same commit removes
	if remove && s.ID() == target.ID() {
		here = del
	}
	if err := o.copyVersion(ctx, s, v, target, targetPath, true, here); err != nil {
		return err
	}
	if remove && here == nil {
		// Two namespaces are two commits: first there twice, then once.
		if _, err := s.Commit(ctx, del); err != nil {
			return errors.Join(fmt.Errorf("%s is copied, and still there too", ref.Full), err)
		}
	}
	return o.printPresent(target, targetPath)
}
