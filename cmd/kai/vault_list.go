package main

import (
	"bufio"
	"cmp"
	"context"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
	"kai/internal/vault/reference"
)

func vaultListCommand() command {
	return command{
		name:    "list",
		summary: "what is kept, without the values",
		examples: []example{
			{"kai vault list", "everything that this session opens"},
			{"kai vault list ci --service github", "what belongs to one service"},
			{"kai vault list --expired --json", "one object a line"},
		},
		args: "[PREFIX]", maxArgs: 1,
		flags: vaultFlags(
			choiceFlag("kind", "only of the `KIND`", "", vault.Kinds()...),
			&cli.StringFlag{Name: "tag", Usage: "only with the tag `T`"},
			&cli.StringFlag{Name: "module", Usage: "only of the module `M`"},
			&cli.StringFlag{Name: "service", Usage: "only of the service `S`"},
			&cli.StringFlag{Name: "agent", Usage: "only of the agent `A`"},
			&cli.BoolFlag{Name: "expired", Usage: "only what has expired"},
			&cli.BoolFlag{Name: "deleted", Usage: "only what was deleted"},
		),
		schema:   "kai.vault.secret/1",
		recorded: inVault(records("secret_listed")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			f := secretFilter{
				prefix: c.Args().First(), kind: c.String("kind"), tag: c.String("tag"),
				scope:   vault.Scope{Module: c.String("module"), Service: c.String("service"), Agent: c.String("agent")},
				expired: c.Bool("expired"), deleted: c.Bool("deleted"),
			}
			return listSecrets(ctx, env, vaultAccessOf(c), &f)
		},
	}
}

// secretFilter says which secrets are meant.
type secretFilter struct {
	prefix           string
	kind, tag        string
	scope            vault.Scope
	expired, deleted bool
}

func (f *secretFilter) matches(l *listedSecret, now time.Time) bool {
	v := l.version
	within := func(want, have string) bool { return want == "" || want == have }
	return (f.prefix == "" || l.full() == f.prefix || strings.HasPrefix(l.full(), f.prefix+"/")) &&
		within(f.kind, v.Kind) && (f.tag == "" || slices.Contains(v.Tags, f.tag)) &&
		within(f.scope.Module, v.Scope.Module) && within(f.scope.Service, v.Scope.Service) && within(f.scope.Agent, v.Scope.Agent) &&
		(!f.expired || v.Expired(now)) && v.Deleted == f.deleted
}

// listedSecret is one secret of several namespaces.
type listedSecret struct {
	space   *vault.Space
	version *vault.Version
}

func (l *listedSecret) full() string { return l.space.Name() + "/" + l.version.Path }

// each gives the secrets that match, by namespace and path.
func (o *openedVault) each(f *secretFilter, visit func(*listedSecret) error) error {
	names, err := o.Namespaces(o.keys)
	if err != nil {
		return err
	}
	if f.prefix != "" {
		if f.prefix, err = reference.ParseName(f.prefix); err != nil {
			return usagef("%w", err)
		}
	}
	now := o.env.now()
	for _, name := range names {
		if f.prefix != "" && name != f.prefix && !strings.HasPrefix(name, f.prefix+"/") && !strings.HasPrefix(f.prefix, name+"/") {
			continue
		}
		s, err := o.Space(o.keys, name)
		if err != nil {
			return err
		}
		list, err := s.List(f.deleted)
		if err != nil {
			return err
		}
		for _, v := range list {
			one := &listedSecret{s, v}
			if !f.matches(one, now) {
				continue
			}
			if err := visit(one); err != nil {
				return err
			}
		}
	}
	return nil
}

func listSecrets(ctx context.Context, env *env, a vaultAccess, f *secretFilter) error {
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	count := int64(0)
	defer func() { env.fact("secret_count", count) }()
	w := bufio.NewWriterSize(env.stdout, 64<<10)
	var rows []listedSecret
	width := 0
	err = o.each(f, func(l *listedSecret) error {
		count++
		if env.json {
			return writeJSON(w, o.describe(l.space, l.version))
		}
		rows = append(rows, *l)
		width = max(width, l.width())
		return nil
	})
	if err == nil {
		printRows(w, rows, width, env.now())
	}
	return cmp.Or(err, w.Flush())
}

// width is how many characters the name has.
func (l *listedSecret) width() int {
	return utf8.RuneCountInString(printable(l.space.Name())) + 1 + utf8.RuneCountInString(printable(l.version.Path))
}

// kindWidth is that of the longest kind.
const kindWidth = len(vault.KindCertificate)

// printRows aligns the columns itself: a table of package tabwriter holds every cell of a hundred
// thousand rows. Errors are w's, which keeps them.
func printRows(w *bufio.Writer, rows []listedSecret, width int, now time.Time) {
	spaces := strings.Repeat(" ", width+kindWidth+2)
	for i := range rows {
		l := &rows[i]
		w.WriteString(printable(l.space.Name()))
		w.WriteByte('/')
		w.WriteString(printable(l.version.Path))
		w.WriteString(spaces[:width-l.width()+2])
		w.WriteString(l.version.Kind)
		if state := stateText(l.version, now); state != "" {
			w.WriteString(spaces[:max(kindWidth-len(l.version.Kind), 0)+2])
			w.WriteString(state)
		}
		w.WriteByte('\n')
	}
}

// stateText is the state of a secret, with the time it is about.
func stateText(v *vault.Version, now time.Time) string {
	state := v.State(now)
	switch {
	case state == vault.StateExpired, state == vault.StateOK && v.NotAfter != 0:
		verb := "until "
		if state == vault.StateExpired {
			verb = "expired "
		}
		return verb + time.Unix(v.NotAfter, 0).UTC().Format(time.DateOnly)
	case state == vault.StateOK:
		return ""
	}
	return string(state)
}

func vaultHistoryCommand() command {
	return command{
		name:     "history",
		summary:  "the versions of a secret",
		examples: []example{{"kai vault history ci/github", "number, time, device, and which counts"}},
		args:     "PATH", minArgs: 1, maxArgs: 1,
		flags:    vaultFlags(),
		schema:   "kai.vault.secret/1",
		recorded: inVault(records("secret_listed")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return withVault(ctx, env, c, func(o *openedVault) error { return printHistory(env, o, c.Args().First()) })
		},
	}
}

func printHistory(env *env, o *openedVault, name string) error {
	s, _, path, err := o.path(name)
	if err != nil {
		return err
	}
	o.recordSecret(s, path, "")
	list, err := s.History(path)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(env.stdout, 0, 8, 2, ' ', 0)
	for _, v := range list {
		if env.json {
			if err := env.printJSON(o.describe(s, v)); err != nil {
				return err
			}
			continue
		}
		what := string(v.State(env.now()))
		line := strings.Join([]string{printVersion(v.Version), time.Unix(v.Updated, 0).UTC().Format(time.RFC3339), v.Record.Device.String()[:8], what}, "\t")
		if _, err := w.Write([]byte(line + "\n")); err != nil {
			return err
		}
	}
	return w.Flush()
}
