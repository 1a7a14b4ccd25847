package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"filippo.io/age"
	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/secret"
	"kai/internal/vault"
	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/bundle"
	"kai/internal/vault/transfer/dotenv"
	"kai/internal/vault/transfer/flatjson"
)

func vaultExportCommand() command {
	return command{
		name:    "export",
		summary: "write secrets into a file, sealed or plain",
		examples: []example{
			{"kai vault export ci -o ci.age -r age1pq1...", "for whoever has that key; kai vault import kai reads it"},
			{"kai vault export -o all.age", "everything, under a passphrase that is asked for"},
			{"kai vault export app --plain --format dotenv", "readable by everybody: the label must be typed"},
		},
		about: "The vault's password, or another factor, is asked for each time, whatever is unlocked. The\n" +
			"file is an age v1 file of lines of JSON, with the present version of each secret and what is\n" +
			"said of it; kai-vault(5) has the format. Signing keys are left out unless one is named whole.\n" +
			"--passphrase-file gives the vault's password, --export-passphrase-file the one of the file.\n" +
			"In front of a detected agent it is refused.",
		args: "[PREFIX]", maxArgs: 1,
		flags: vaultFlags(
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write `FILE`, mode 0600"},
			&cli.StringSliceFlag{Name: "recipient", Aliases: []string{"r"}, Usage: "seal to `RECIPIENT`: age1..., ssh-... or a file of one; may be repeated"},
			exportPassphraseFlag(),
			&cli.BoolFlag{Name: "plain", Usage: "seal nothing"},
			choiceFlag("format", "with --plain: `FORMAT`", "", "dotenv", "json"),
			&cli.StringFlag{Name: "yes", Usage: "with --plain: type the `LABEL` beforehand, PREFIX or everything"},
		),
		schema:   "kai.vault.export/1",
		recorded: inVault(records("vault_exported")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			x := &exportOptions{
				prefix: c.Args().First(), output: c.Path("output"), recipients: c.StringSlice("recipient"),
				passphraseFile: c.Path("export-passphrase-file"), plain: c.Bool("plain"), format: c.String("format"), yes: c.String("yes"),
			}
			if err := x.check(env); err != nil {
				return err
			}
			return exportSecrets(ctx, env, vaultAccessOf(c), x)
		},
	}
}

// exportPassphraseFlag is of the commands that write and read exports: --passphrase-file is for the
// vault's own password.
func exportPassphraseFlag() cli.Flag {
	return &cli.PathFlag{Name: "export-passphrase-file", Usage: "the passphrase of the export is in `FILE`"}
}

type exportOptions struct {
	prefix         string
	output         string
	recipients     []string
	passphraseFile string
	plain          bool
	format         string
	yes            string
}

func (x *exportOptions) check(env *env) error {
	sealed := len(x.recipients) > 0 || x.passphraseFile != ""
	switch {
	case x.plain && x.format == "":
		return usagef("--plain needs --format dotenv or json")
	case x.plain && sealed:
		return usagef("--plain seals nothing: it goes without --recipient and --export-passphrase-file")
	case !x.plain && (x.format != "" || x.yes != ""):
		return usagef("--format and --yes belong to --plain")
	case len(x.recipients) > 0 && x.passphraseFile != "":
		return usagef("--recipient and --export-passphrase-file exclude each other: age seals to one or the other")
	case !x.plain && x.output == "":
		return usagef("-o FILE is missing; -o - is standard output")
	case env.json && (x.output == "" || x.output == "-"):
		return usagef("--json: standard output is for the export; -o FILE")
	case x.output == "-" && !x.plain && env.sys.stdoutTerminal:
		return usagef("-o -: standard output is a terminal, and the export binary")
	}
	return nil
}

// everything is the label of an export without a prefix.
const everything = "everything"

func exportSecrets(ctx context.Context, env *env, a vaultAccess, x *exportOptions) error {
	if err := env.mayReveal("export"); err != nil {
		return err
	}
	if x.plain {
		label := x.prefix
		if label == "" {
			label = everything
		}
		if err := env.typed(ctx, "To write secrets as they are, type %s:", label, x.yes); err != nil {
			return err
		}
	}
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	if a.as == "" { // which was a factor, just now
		if err := o.exportFactor(ctx); err != nil {
			return err
		}
	}
	recipients, err := x.sealTo(ctx, env)
	if err != nil {
		return err
	}
	out, err := env.create(x.output, outputOptions{mode: 0o600})
	if err != nil {
		return err
	}
	defer out.Abort()
	e := &exporting{o: o, prefix: x.prefix}
	if err := e.write(ctx, out, x, recipients); err != nil {
		return importError(err)
	}
	if e.count == 0 {
		return failf(exitNotFound, "no_such_secret", "nothing to export below %s: %w", printable(x.prefix), vault.ErrNotFound)
	}
	env.fact("secret_count", int64(e.count))
	if e.leftOut > 0 {
		env.warn("%d signing keys are left out: name one whole to export it", e.leftOut)
	}
	if err := out.Commit(ctx); err != nil {
		return err
	}
	if env.json {
		return env.printJSON(exportJSON{env.head(true), x.output, e.count, e.leftOut})
	}
	if x.output != "" && x.output != "-" {
		env.note("%d secrets in %s", e.count, x.output)
	}
	return nil
}

type exportJSON struct {
	head
	File    string `json:"file"`
	Count   int    `json:"count"`
	LeftOut int    `json:"left_out"` // signing keys
}

// exportFactor asks for a factor, however lately one was given: nobody exports by accident, and no
// program by itself.
func (o *openedVault) exportFactor(ctx context.Context) error {
	if err := o.env.backOff(ctx); err != nil {
		return err
	}
	err := o.freshFactor(ctx)
	var f *failure
	switch {
	case errors.As(err, &f) && f.ident == "factor_needed":
		return withHint(fail(exitLocked, "factor_needed", errors.New("an export needs a factor of the vault, given anew")), "--passphrase-file FILE with the vault's password, or a terminal")
	case errors.As(err, &f) && f.ident == "wrong_factor":
		return errors.Join(err, o.env.recordNow(ctx, unlockFailed()))
	}
	return err
}

// unlockFailed is the event of a wrong factor.
func unlockFailed() audit.Draft {
	return audit.Draft{Act: "vault_unlock_failed", Outcome: event.Fail, Details: event.Details{{Name: "error", Value: "wrong_factor"}}}
}

// sealTo are the recipients; none for a plain export.
func (x *exportOptions) sealTo(ctx context.Context, env *env) (list []age.Recipient, err error) {
	if x.plain {
		return nil, nil
	}
	for _, text := range x.recipients {
		r, _, err := env.recipientOf(ctx, text)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	if len(list) > 0 {
		return list, nil
	}
	pass, err := env.exportPassphrase(ctx, x.passphraseFile, func(t terminal) (*secret.Bytes, error) { return askTwice(ctx, t, "the export") })
	if err != nil {
		return nil, err
	}
	defer pass.Wipe()
	// The library takes a string; it is not kept.
	r, err := age.NewScryptRecipient(string(pass.Expose()))
	if err != nil {
		return nil, fail(exitLocked, "passphrase_empty", err)
	}
	return []age.Recipient{r}, nil
}

// exportPassphrase is the passphrase of an export: from its file, or asked for. The sources of the
// vault's own password are not asked: it is another one.
func (e *env) exportPassphrase(ctx context.Context, file string, ask func(terminal) (*secret.Bytes, error)) (*secret.Bytes, error) {
	const what = "passphrase for the export"
	s, err := (*secret.Bytes)(nil), error(nil)
	switch {
	case file != "":
		s, err = e.passphraseFromFile(file, "--export-passphrase-file")
	case e.noInput() == "":
		s, err = e.askedPassphrase(ctx, what, ask)
	}
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		_, err := e.terminal(what, "--export-passphrase-file FILE, or --recipient")
		return nil, err
	case s.Len() == 0:
		s.Wipe()
		return nil, failf(exitLocked, "passphrase_empty", "%s is empty", what)
	}
	return s, nil
}

// exporting is an export that is being written.
type exporting struct {
	o              *openedVault
	prefix         string
	count, leftOut int
}

func (e *exporting) write(ctx context.Context, w io.Writer, x *exportOptions, recipients []age.Recipient) error {
	if x.plain {
		// All or nothing, also where what is written cannot be taken back.
		text := transfer.NewBuffer(transfer.MaxInput)
		defer text.Wipe()
		write := flatjson.Write
		if x.format == "dotenv" {
			write = dotenv.Write
		}
		if err := write(text, e.items(ctx)); err != nil {
			return err
		}
		_, err := w.Write(text.Bytes())
		return err
	}
	b, err := bundle.NewWriter(w, recipients, bundle.Head{Vault: e.o.ID().String(), At: e.o.env.now()})
	if err != nil {
		return err
	}
	defer b.Abort()
	for item, err := range e.items(ctx) {
		if err == nil {
			err = b.Write(item)
		}
		if err != nil {
			return err
		}
	}
	return b.Close()
}

var errEnough = errors.New("no more items are wanted")

// items opens the secrets one after another. An item is valid until the next.
func (e *exporting) items(ctx context.Context) iter.Seq2[*transfer.Item, error] {
	return func(yield func(*transfer.Item, error) bool) {
		f := &secretFilter{prefix: e.prefix}
		err := e.o.each(f, func(l *listedSecret) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if l.version.Kind == vault.KindSigningKeys && l.full() != f.prefix {
				e.leftOut++
				return nil
			}
			item, arena, err := e.o.exportItem(ctx, l)
			if err != nil {
				return err
			}
			defer arena.Wipe()
			e.count++
			if !yield(item, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// exportItem is a secret as other stores see it. The caller wipes the arena with its values.
func (o *openedVault) exportItem(ctx context.Context, l *listedSecret) (*transfer.Item, *transfer.Arena, error) {
	list, buf, err := o.value(ctx, l.space, l.version)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.full(), err)
	}
	defer buf.Wipe()
	arena, v := &transfer.Arena{}, l.version
	item := &transfer.Item{
		Namespace: l.space.Name(), Path: v.Path, Kind: v.Kind, Tags: v.Tags,
		Created: unixTime(v.Created), Updated: unixTime(v.Updated), Expires: unixTime(v.NotAfter),
		Vault: &transfer.VaultItem{
			Public: v.Public, Module: v.Scope.Module, Service: v.Scope.Service, Agent: v.Scope.Agent,
			RotateEvery: time.Duration(v.RotateEvery) * time.Second, RotateWith: v.RotateWith, Retain: v.Retain,
			LastRotated: unixTime(v.LastRotated), CompromisedSince: unixTime(v.CompromisedSince),
		},
	}
	for _, one := range list {
		item.Fields = append(item.Fields, transfer.Field{Name: one.Name, Value: arena.Copy(one.Value)})
	}
	return item, arena, nil
}

// unixTime is a time of meta data, where 0 is none.
func unixTime(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
