package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/archive"
	"kai/internal/vault/objectid"
)

func vaultRestoreCommand() command {
	return command{
		name:    "restore",
		summary: "take a vault out of a backup, in a home that has none",
		examples: []example{
			{"kai vault restore vault.tar", "asks for a factor, and makes this machine a new device"},
			{"kai vault restore vault.tar --accept-rollback", "though this machine has seen a newer state"},
		},
		about: "All is checked before anything is written, and either the whole vault is there or none. What\n" +
			"was left of an older vault goes into vault/local/quarantine. What changed after the backup\n" +
			"comes back by kai vault sync.",
		args: "FILE", minArgs: 1, maxArgs: 1,
		flags: sessionFlags(
			&cli.BoolFlag{Name: "accept-rollback", Usage: "restore a state that is older than what was seen here"},
			&cli.StringFlag{Name: "slot", Usage: "open the slot with the `ID`, or of the TYPE"},
			&cli.StringFlag{Name: "as", Usage: "open what was granted to the key `KEYREF`; then no device is made"},
			&cli.StringSliceFlag{Name: "identity", Usage: "open a slot of type age with the key in `FILE`", TakesFile: true},
			&cli.StringSliceFlag{Name: "share", Usage: "open a slot of type recovery with the share in `FILE`", TakesFile: true},
		),
		schema:   "kai.vault.backup/1",
		recorded: inVault(records("vault_restored")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			life, err := sessionOptionsOf(c)
			if err != nil {
				return err
			}
			return restoreVault(ctx, env, restoreOptions{
				file: c.Args().First(), accept: c.Bool("accept-rollback"), as: c.String("as"), life: life,
				slot: slotChoice{c.String("slot"), c.StringSlice("identity"), c.StringSlice("share")},
			})
		},
	}
}

// restoreOptions say what is restored, and who opens it.
type restoreOptions struct {
	file   string
	accept bool
	as     string
	slot   slotChoice
	life   sessionOptions
}

func restoreVault(ctx context.Context, env *env, r restoreOptions) error {
	o, err := env.vaultDir(true)
	if err != nil {
		return err
	}
	defer o.close()
	if _, err := o.dir.Lstat("vault.json"); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = withHint(fail(exitConflict, "exists", errors.New("the home has a vault already")), "kai vault restore --home DIR %s", shellWord(r.file))
		}
		return err
	}
	a, file, err := env.openArchive(ctx, r.file)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := a.Verify(env.vaultOptions()); err != nil {
		return backupError(fmt.Errorf("%s: %w", r.file, err))
	}
	known, err := o.knowsMore(ctx, a, &r)
	if err != nil {
		return err
	}
	if known != nil && !r.accept {
		return withHint(known, "a newer backup, or --accept-rollback")
	}
	if known != nil {
		env.warn("%v; restored all the same", known)
		env.alsoRecord(audit.Draft{Act: "vault_rollback_detected", Outcome: event.Fail, Details: event.Details{{Name: "wanted", Value: "vault_restored"}}})
	}
	if err := a.Restore(ctx, o.dir); err != nil {
		return err
	}
	env.fact("count", int64(a.Counts.Files))
	if o.Vault, err = vault.Open(o.dir, env.homeVaultOptions()); err != nil {
		return err
	}
	if r.as != "" {
		env.note("read-only until: kai vault device new --as %s", shellWord(r.as))
		return printBackup(env, o.Fingerprint(), &a.Manifest)
	}
	made, err := o.NewDevice(ctx, o.keys, nil, true)
	if err != nil {
		return err
	}
	env.fact("dev", made.ID.String())
	if err := o.openSessions(); err != nil {
		return err
	}
	if err := o.begin(ctx, r.life); err != nil {
		env.warn("the vault is restored, and locked: %v", err)
	}
	return printBackup(env, o.Fingerprint(), &a.Manifest)
}

// knowsMore unlocks the vault in an archive, and says what this machine knows that is newer, nil when
// nothing is.
func (o *openedVault) knowsMore(ctx context.Context, a *archive.Archive, r *restoreOptions) (known, err error) {
	unlock := func(forget bool) error {
		in := &openedVault{env: o.env, dir: durable.NewDirFS(a.Over(durable.Root(o.roots[0]), forget))}
		if in.Vault, err = vault.Open(in.dir, o.env.vaultOptions()); err != nil {
			return err
		}
		if r.as != "" {
			err = in.unlockAs(ctx, r.as)
		} else {
			in.keys, err = in.openSlot(ctx, r.slot)
		}
		o.keys = in.keys
		return err
	}
	if err := o.env.backOff(ctx); err != nil {
		return nil, err
	}
	forget := !o.remembers(a.Vault)
	err = unlock(forget)
	if errors.Is(err, vault.ErrRollback) {
		if known = err; !r.accept {
			return known, nil
		}
		err = unlock(true)
	}
	if err != nil {
		return nil, err
	}
	if known == nil {
		known, err = o.env.loggedMore(ctx, a)
	}
	return known, err
}

// remembers reports whether this machine's memory is of a vault.
func (o *openedVault) remembers(id objectid.ID) bool {
	f, err := o.dir.OpenFile("local/seen.log", 0, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [8 + objectid.Size]byte // its magic and the vault
	_, err = f.ReadAt(head[:], 0)
	return err == nil && objectid.ID(head[8:]) == id
}

// loggedMore asks the log of events for commits that an archive has not. It is nil when there are none.
func (e *env) loggedMore(ctx context.Context, a *archive.Archive) (known, err error) {
	if e.trail == nil {
		return nil, nil
	}
	last := map[[2]string]uint64{}
	spaces := map[string]bool{}
	for _, l := range a.Logs {
		last[[2]string{l.NS.String(), l.Dev.String()}] = l.Next - 1
		spaces[l.NS.String()] = true
	}
	for c, err := range e.trail.log.commits(ctx) {
		if err != nil {
			return nil, err
		}
		if spaces[c.ns.String()] && c.seq > last[[2]string{c.ns.String(), c.dev.String()}] {
			return fmt.Errorf("namespace %s: record %d of device %s is in the audit log and not in the backup: %w", c.ns, c.seq, c.dev, vault.ErrRollback), nil
		}
	}
	return nil, nil
}

// archiveVault is a place for the vault in an archive, with what this machine has of its own.
func (e *env) archiveVault(a *archive.Archive) (*openedVault, error) {
	o, err := e.vaultDir(false)
	if err != nil {
		o = &openedVault{env: e} // no home: nothing of our own
		o.dir = durable.NewDirFS(a)
		return o, nil //nolint:nilerr // see above
	}
	o.dir = durable.NewDirFS(a.Over(durable.Root(o.roots[0]), true))
	return o, nil
}

// borrowSession takes the keys of the session, when the home has the vault of the archive and it is
// unlocked.
func (o *openedVault) borrowSession(ctx context.Context, a vaultAccess) error {
	own, err := o.env.unlockedVault(ctx, a)
	if err != nil {
		return nil //nolint:nilerr // then a slot is opened
	}
	defer own.close()
	if own.ID() != o.ID() {
		return nil
	}
	if err := own.user(ctx); err != nil {
		return err
	}
	o.keys, own.keys = own.keys, nil
	return nil
}
