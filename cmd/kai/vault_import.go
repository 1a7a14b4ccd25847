package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/urfave/cli/v2"

	"kai/internal/key/keyfile"
	"kai/internal/secret"
	"kai/internal/vault"
	"kai/internal/vault/reference"
	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/formats"
)

func vaultImportCommand() command {
	about := "FORMAT is one of\n"
	var words []string
	for _, f := range formats.All() {
		words = append(words, f.Name)
		about += fmt.Sprintf("  %-15s %s\n", f.Name, f.Sentence)
	}
	return command{
		name:    "import",
		summary: "take secrets over from another store",
		examples: []example{
			{"kai vault import pass ~/.password-store --dry-run", "what would come of it"},
			{"kai vault import bitwarden-json export.json --to personal", "below the namespace personal"},
			{"kai vault import dotenv .env --to app/dev --kind apiKeys --service web", "each variable is a secret"},
			{"kai vault import passage ~/.passage/store --identity ~/.passage/identities", "what age has sealed"},
			{"kai vault import kai all.age --on-conflict version", "an export of kai's own"},
		},
		about: about +
			"Everything is read and checked first; then there is one commit in each namespace, or none.\n" +
			"Without --to the secrets go to the namespace default, and those of kai's own export to theirs;\n" +
			"folders stay. A secret that exists is a conflict, unless --on-conflict says skip or version.\n" +
			"What cannot be taken over as it is is told.",
		args: "FORMAT FILE|DIR", minArgs: 2, maxArgs: 2, argWords: words,
		flags: vaultFlags(
			&cli.StringFlag{Name: "to", Usage: "put them below `PREFIX`"},
			choiceFlag("kind", "they are of the `KIND` (default: what each looks like)", "", vault.Kinds()...),
			&cli.StringSliceFlag{Name: "tag", Usage: "tag them `T`; may be repeated"},
			&cli.StringFlag{Name: "module", Usage: "they belong to the module `M`"},
			&cli.StringFlag{Name: "service", Usage: "they belong to the service `S`"},
			&cli.StringFlag{Name: "agent", Usage: "they belong to the agent `A`"},
			choiceFlag("on-conflict", "`WORD` on what exists already: fail, skip it, or make a new version", "fail", "fail", "skip", "version"),
			&cli.BoolFlag{Name: "dry-run", Usage: "only say what would be done"},
			&cli.StringSliceFlag{Name: "identity", Usage: "open what age has sealed with the keys in `FILE`; may be repeated", TakesFile: true},
			exportPassphraseFlag(),
		),
		schema:   "kai.vault.import/1",
		recorded: inVault(records("vault_imported")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return importSecrets(ctx, env, vaultAccessOf(c), &importOptions{
				format: c.Args().Get(0), source: c.Args().Get(1), to: c.String("to"), kind: c.String("kind"), tags: c.StringSlice("tag"),
				scope:      vault.Scope{Module: c.String("module"), Service: c.String("service"), Agent: c.String("agent")},
				onConflict: c.String("on-conflict"), dryRun: c.Bool("dry-run"),
				identities: c.StringSlice("identity"), passphraseFile: c.Path("export-passphrase-file"),
			})
		},
	}
}

type importOptions struct {
	format, source string
	to             string
	kind           string
	tags           []string
	scope          vault.Scope
	onConflict     string
	dryRun         bool
	identities     []string
	passphraseFile string
}

// importGC makes the collector run more often: a store of secrets is large, and all of it is needed
// until the end.
const importGC = 20

func importSecrets(ctx context.Context, env *env, a vaultAccess, x *importOptions) error {
	format, err := formats.ByName(x.format)
	if err != nil {
		return withHint(fail(exitUsage, "usage", err), "kai vault import --help")
	}
	if x.to != "" {
		if x.to, err = reference.ParseName(x.to); err != nil {
			return usagef("--to: %w", err)
		}
	}
	if x.kind == vault.KindAPIKeys && x.scope.Service == "" {
		return usagef("apiKeys belong to a service: --service S")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(importGC))
	store, err := x.read(ctx, env, &format)
	if err != nil {
		return importError(err)
	}
	defer store.Wipe()
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	p := &importPlan{o: o, options: x, store: store}
	if err := p.make(); err != nil {
		return err
	}
	if x.dryRun {
		if err := p.show(); err != nil {
			return err
		}
	} else if err := p.commit(ctx); err != nil {
		return err
	}
	env.fact("secret_count", int64(p.count(importNew)+p.count(importVersion)))
	return p.report()
}

// importError gives what can be wrong with a source its exit code and advice.
func importError(err error) error {
	switch {
	case errors.Is(err, transfer.ErrEncrypted):
		return withHint(fail(exitUndecidable, "encrypted", err), "export again, unencrypted, into a directory in memory")
	case errors.Is(err, transfer.ErrNoKey):
		return withHint(fail(exitLocked, "no_key", err), "--identity FILE for what age has sealed; gpg's own keys for pass")
	case errors.Is(err, transfer.ErrTampered):
		return fail(exitBad, "tampered", err)
	case errors.Is(err, transfer.ErrLimit):
		return fail(exitUndecidable, "too_large", err)
	case errors.Is(err, transfer.ErrMalformed), errors.Is(err, transfer.ErrPath), errors.Is(err, transfer.ErrNotRegular), errors.Is(err, transfer.ErrNotText):
		return fail(exitUndecidable, "malformed", err)
	}
	return err
}

// read reads and checks the source.
func (x *importOptions) read(ctx context.Context, env *env, format *formats.Format) (store *transfer.Store, err error) {
	opts := transfer.Options{Run: env.runSecretProgram}
	if opts.Identities, err = env.importIdentities(ctx, x.identities); err != nil {
		return nil, err
	}
	asked := &askedIdentity{ctx: ctx, env: env, file: x.passphraseFile}
	defer func() {
		if asked.err != nil { // which the reader takes for a fault of the file
			err = asked.err
		}
	}()
	if format.Name == "kai" {
		opts.Identities = append(opts.Identities, asked)
	} else if x.passphraseFile != "" {
		return nil, usagef("--export-passphrase-file is for exports of kai")
	}
	source := transfer.Source{Name: x.source}
	if format.Directory {
		if info, err := os.Stat(env.path(x.source)); err == nil && !info.IsDir() {
			return nil, usagef("%s is no directory, as a store of %s is", x.source, format.Name)
		}
		if source.Root, err = os.OpenRoot(env.path(x.source)); err != nil {
			return nil, err
		}
		defer source.Root.Close()
		return format.Read(ctx, source, opts)
	}
	in, err := env.open(ctx, x.source)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := statOf(in)
	switch {
	case err != nil:
		return nil, err
	case info != nil && info.IsDir():
		return nil, usagef("%s is a directory, and %s a file", x.source, format.Name)
	case info != nil && info.Mode().IsRegular():
		source.Size = info.Size()
	}
	source.Reader = in
	return format.Read(ctx, source, opts)
}

// importIdentities opens key files, which may hold several keys each.
func (e *env) importIdentities(ctx context.Context, files []string) (list []age.Identity, err error) {
	for _, name := range files {
		data, err := e.readKeyFile(name)
		if err != nil {
			return nil, err
		}
		file, err := keyfile.Parse(data)
		clear(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		defer file.Wipe()
		for i := 0; i < len(file.Entries); i++ {
			if file.Entries[i].Locked != nil {
				if err := e.unlockEntry(ctx, &file, i, name); err != nil {
					return nil, err
				}
			}
			if file.Entries[i].Private == nil {
				continue
			}
			who, err := file.Entries[i].Private.Identity()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			list = append(list, who)
		}
	}
	return list, nil
}

// unlockEntry asks for the passphrase of a key.
func (e *env) unlockEntry(ctx context.Context, file *keyfile.File, i int, name string) error {
	if err := e.afford(name, file.Entries[i].Locked.Memory()); err != nil {
		return err
	}
	pass, err := e.passphrase(ctx, name)
	if err != nil {
		return err
	}
	defer pass.Wipe()
	_, err = file.Unlock(i, pass)
	return err
}

// maxExportWork bounds what a file may make scrypt cost: 2²⁰ takes 1 GiB. age writes 2¹⁸.
const maxExportWork = 20

// askedIdentity opens an export that is under a passphrase. Nobody is asked before there is one.
type askedIdentity struct {
	ctx  context.Context // of the command
	env  *env
	file string
	err  error // of asking
}

func (a *askedIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != "scrypt" {
		return nil, age.ErrIncorrectIdentity
	}
	pass, err := a.env.exportPassphrase(a.ctx, a.file, func(t terminal) (*secret.Bytes, error) {
		return t.readSecret(a.ctx, "Passphrase for the export:")
	})
	if err != nil {
		a.err = err
		return nil, err
	}
	defer pass.Wipe()
	who, err := age.NewScryptIdentity(string(pass.Expose()))
	if err != nil {
		return nil, err
	}
	who.SetMaxWorkFactor(maxExportWork)
	return who.Unwrap(stanzas)
}

// What becomes of an item.
type importFate uint8

const (
	importNew importFate = iota
	importVersion
	importSkip
)

var importWords = [...]string{"new", "version", "skip"}

// importTarget is where an item goes.
type importTarget struct {
	path  string
	space int32 // in importPlan.spaces
	fate  importFate
}

// importPlan is what an import will do.
type importPlan struct {
	o       *openedVault
	options *importOptions
	store   *transfer.Store
	spaces  []*vault.Space
	names   []string
	targets []importTarget // of each item
}

func (p *importPlan) count(fate importFate) (n int) {
	for i := range p.targets {
		if p.targets[i].fate == fate {
			n++
		}
	}
	return n
}

// maxConflicts is how many conflicts are named.
const maxConflicts = 10

// make finds the place of each item. Nothing changes.
func (p *importPlan) make() error {
	names, err := p.o.Namespaces(p.o.keys)
	if err != nil {
		return err
	}
	p.targets = make([]importTarget, p.store.Len())
	for i := range p.targets {
		item := p.store.At(i)
		full := p.full(item)
		ref, err := reference.ParsePath(full)
		if err != nil {
			return fail(exitUndecidable, "bad_path", fmt.Errorf("%s: %w", printable(full), err))
		}
		ns, rest, ok := ref.Split(names)
		if !ok {
			return noNamespace(ref, fmt.Errorf("namespace of %s: %w", printable(full), vault.ErrNotFound))
		}
		at := slices.Index(p.names, ns)
		if at < 0 {
			s, err := p.o.Space(p.o.keys, ns)
			if err != nil {
				return err
			}
			at = len(p.names)
			p.names, p.spaces = append(p.names, ns), append(p.spaces, s)
		}
		if rest == item.Path {
			rest = item.Path // one of the two is enough
		}
		p.targets[i] = importTarget{space: int32(at), path: rest}
	}
	return p.conflicts()
}

// full is the name that an item gets.
func (p *importPlan) full(item *transfer.Item) string {
	switch {
	case p.options.to != "":
		return p.options.to + "/" + transfer.FullPath(item)
	case item.Namespace != "":
		return transfer.FullPath(item)
	}
	return vault.DefaultNamespace + "/" + item.Path
}

// conflicts finds what exists, and what would be written twice.
func (p *importPlan) conflicts() error {
	var there []string
	for at, s := range p.spaces {
		list, err := s.List(false)
		if err != nil {
			return err
		}
		// The paths that there are; true once an item is to be that secret.
		known := make(map[string]bool, len(list))
		for _, v := range list {
			known[v.Path] = false
		}
		for i := range p.targets {
			t := &p.targets[i]
			if int(t.space) != at {
				continue
			}
			switch wanted, exists := known[t.path]; {
			case wanted:
				return failf(exitUndecidable, "bad_path", "%s/%s: two items of the source would be this secret", p.names[at], printable(t.path))
			case !exists:
			case p.options.onConflict == "skip":
				t.fate = importSkip
				continue
			default:
				t.fate = importVersion
				if p.options.onConflict == "fail" {
					there = append(there, p.names[at]+"/"+t.path)
				}
			}
			known[t.path] = true
		}
	}
	if len(there) == 0 || p.options.dryRun {
		return nil
	}
	slices.Sort(there)
	text := strings.Join(there[:min(len(there), maxConflicts)], ", ")
	if len(there) > maxConflicts {
		text += fmt.Sprintf(" and %d more", len(there)-maxConflicts)
	}
	return withHint(failf(exitConflict, "exists", "%d secrets exist: %s", len(there), printable(text)), "--on-conflict skip or version")
}
