package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
	"kai/internal/vault/archive"
)

func vaultBackupCommand() command {
	return command{
		name:    "backup",
		summary: "put the vault into one file, or check such a file",
		examples: []example{
			{"kai vault backup -o vault.tar", "all that is encrypted; keys of this machine are not in it"},
			{"kai vault backup verify vault.tar", "check every signature, hash and chain, without a key"},
			{"kai vault backup verify vault.tar --deep", "and open every value"},
		},
		about: "The file is a tar archive of ciphertext with a list that this device has signed, and opens\n" +
			"with the slots that the vault had: whoever has an old backup and an old password can read\n" +
			"it for ever. kai vault restore takes it back.",
		args: "[verify FILE]", maxArgs: 2,
		argWords: []string{"verify"},
		flags: vaultFlags(
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, or - for stdout"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace FILE if it exists"},
			&cli.BoolFlag{Name: "deep", Usage: "verify: also open every value"},
			&cli.StringFlag{Name: "slot", Usage: "verify --deep: open the slot with the `ID`, or of the TYPE"},
			&cli.StringSliceFlag{Name: "identity", Usage: "verify --deep: open a slot of type age with the key in `FILE`", TakesFile: true},
			&cli.StringSliceFlag{Name: "share", Usage: "verify --deep: open a slot of type recovery with the share in `FILE`", TakesFile: true},
		),
		schema:   "kai.vault.backup/1",
		recorded: inVault(records("vault_backup_created")).when(func(c *cli.Context) bool { return !c.Args().Present() }),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			if !c.Args().Present() {
				for _, name := range []string{"deep", "slot", "identity", "share"} {
					if c.IsSet(name) {
						return usagef("--%s goes with verify FILE", name)
					}
				}
				return withVault(ctx, env, c, func(o *openedVault) error {
					return backupVault(ctx, env, o, c.Path("output"), c.Bool("force"))
				})
			}
			if c.Args().First() != "verify" || c.Args().Len() != 2 {
				return withHint(usagef("want verify FILE, or -o FILE"), "kai vault backup --help")
			}
			if c.IsSet("output") || c.IsSet("force") {
				return usagef("--output goes without verify")
			}
			run := func() error {
				return verifyBackup(ctx, env, c.Args().Get(1), backupOptions{
					deep: c.Bool("deep"), access: vaultAccessOf(c),
					slot: slotChoice{c.String("slot"), c.StringSlice("identity"), c.StringSlice("share")},
				})
			}
			if !c.Bool("deep") {
				return run() // it judges a file, and opens nothing
			}
			return record(ctx, env, inVaultAnswering(records("secret_listed")), c, run)
		},
	}
}

// backupOptions say how a backup is verified.
type backupOptions struct {
	deep   bool
	access vaultAccess
	slot   slotChoice
}

type vaultBackupJSON struct {
	head
	VaultID     string         `json:"vault_id"`
	Fingerprint string         `json:"fingerprint"`
	At          string         `json:"at"`
	Device      string         `json:"device"`
	Counts      archive.Counts `json:"counts"`
}

func backupVault(ctx context.Context, env *env, o *openedVault, name string, force bool) error {
	out, err := env.create(name, outputOptions{force: force, flag: "-f", binary: true})
	if err != nil {
		return err
	}
	defer out.Abort()
	m, err := archive.Create(ctx, out, o.dir, o.Vault, o.keys, env.now())
	if errors.Is(err, vault.ErrReadOnly) {
		return withHint(err, "kai vault device new")
	}
	if err != nil {
		return backupError(err)
	}
	if err := out.Commit(ctx); err != nil {
		return err
	}
	env.fact("count", int64(m.Counts.Files))
	env.fact("bytes", m.Counts.Bytes)
	if name == "" || name == "-" {
		return nil
	}
	return printBackup(env, o.Fingerprint(), m)
}

func printBackup(env *env, fingerprint string, m *archive.Manifest) error {
	at := time.Unix(m.At, 0).UTC().Format(time.RFC3339)
	if env.json {
		return env.printJSON(vaultBackupJSON{env.head(true), m.Vault.String(), fingerprint, at, m.Dev.String(), m.Counts})
	}
	c := m.Counts
	return env.printf("vault        %s\nfingerprint  %s\nmade         %s by device %s\nholds        %d namespaces, %d records, %d slots, %d devices in %d files, %d bytes\n",
		m.Vault, fingerprint, at, m.Dev, c.Namespaces, c.Records, c.Slots, c.Devices, c.Files, c.Bytes)
}

// backupError gives what is wrong with an archive its exit code.
func backupError(err error) error {
	switch {
	case errors.Is(err, archive.ErrDamaged):
		return fail(exitBad, "backup_damaged", err)
	case errors.Is(err, archive.ErrMalformed), errors.Is(err, archive.ErrNewer):
		return fail(exitUndecidable, "malformed", err)
	}
	return err
}

// openArchive opens a file, which is read from any place: what comes from a pipe is kept in a temporary
// file.
func (e *env) openArchive(ctx context.Context, name string) (*archive.Archive, io.Closer, error) {
	in, err := e.open(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	file, regular := in.(storedFile)
	if f, ok := in.(*os.File); ok {
		info, err := f.Stat()
		if err != nil {
			return nil, nil, errors.Join(err, in.Close())
		}
		regular = info.Mode().IsRegular()
	}
	if !regular {
		defer in.Close()
		t, err := openTemporary()
		if err != nil {
			return nil, nil, err
		}
		if _, err := io.Copy(t, in); err != nil {
			return nil, nil, errors.Join(err, t.Close())
		}
		file = t
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	a, err := archive.Open(ctx, file, size)
	if err != nil {
		return nil, nil, errors.Join(backupError(fmt.Errorf("%s: %w", name, err)), file.Close())
	}
	return a, file, nil
}

// storedFile can be read from any place.
type storedFile interface {
	io.ReaderAt
	io.Seeker
	io.Closer
}

func verifyBackup(ctx context.Context, env *env, name string, b backupOptions) error {
	a, file, err := env.openArchive(ctx, name)
	if err != nil {
		return err
	}
	defer file.Close()
	v, err := a.Verify(env.vaultOptions())
	if err != nil {
		return backupError(fmt.Errorf("%s: %w", name, err))
	}
	if b.deep {
		if err := checkArchive(ctx, env, a, v, b); err != nil {
			return err
		}
	}
	return printBackup(env, v.Fingerprint(), &a.Manifest)
}

// checkArchive opens all values of the vault in an archive: with the session, when the home has that
// vault, or else with a slot of the archive.
func checkArchive(ctx context.Context, env *env, a *archive.Archive, v *vault.Vault, b backupOptions) error {
	o, err := env.archiveVault(a)
	if err != nil {
		return err
	}
	defer o.close()
	o.Vault = v
	if b.access.as != "" {
		err = o.unlockAs(ctx, b.access.as)
	} else if err = o.borrowSession(ctx, b.access); o.keys == nil && err == nil {
		o.keys, err = o.openSlot(ctx, b.slot)
	}
	if err != nil {
		return err
	}
	code := exitDone
	err = v.Check(o.keys, true, func(f vault.Finding) {
		if f.Severity == vault.Damaged {
			code = exitBad
			env.warn("%s: %s", f.Path, f.Text)
		}
	})
	if err == nil && code != exitDone {
		err = failf(code, "backup_damaged", "%d namespaces: some values do not open", a.Counts.Namespaces)
	}
	return err
}
