package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
	"kai/internal/vault/reference"
	"kai/internal/vault/vlog"
)

func vaultRotateCommand() command {
	return command{
		name:    "rotate",
		summary: "give secrets their next value",
		examples: []example{
			{"kai vault rotate ci/db", "as its rotator says; the old version stays in the history"},
			{"kai vault rotate ci/db --rotate-with random:40", "with that rotator, now and from now on"},
			{"kai vault rotate --due", "everything that is due and has a rotator: for a timer"},
			{"kai vault rotate --compromised ci/github", "somebody has seen it: the old version ends at once"},
			{"kai vault rotate --ns ci", "a new key for the namespace; the secrets stay as they are"},
		},
		about: "Rotators are\n" +
			"  random[:LEN]            letters and digits, 32 of them unless said\n" +
			"  key                     a private key of the same type, written in the same form\n" +
			"  csr                     fields next_key and csr; the key changes when the certificate is set\n" +
			"  exec:[\"/path\",\"arg\"]    a program: the old fields on its standard input, the new ones on\n" +
			"                          its standard output, in the field codec of kai-vault(5); no shell,\n" +
			"                          60 seconds\n" +
			"When a rotator fails nothing has changed. The old version of apiKeys can be used for another\n" +
			"24 hours, then only with --allow-expired. With --due, what is due and has no rotator is named,\n" +
			"and the exit code is 4.",
		args: "[PATH...]", maxArgs: anyNumber,
		flags: vaultFlags(
			&cli.BoolFlag{Name: "due", Usage: "everything that is due, expired or compromised"},
			&cli.StringFlag{Name: "ns", Usage: "the key of the namespace `NS`"},
			&cli.StringSliceFlag{Name: "compromised", Usage: "the secret `PATH`, without an overlap; may be repeated"},
			&cli.StringFlag{Name: "rotate-with", Usage: "use and keep the `ROTATOR`"},
		),
		schema:   "kai.vault.secret/1",
		recorded: inVaultAnswering(records("secret_rotated")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			r := rotateOptions{
				paths: c.Args().Slice(), due: c.Bool("due"), ns: c.String("ns"), compromised: c.StringSlice("compromised"), with: c.String("rotate-with"),
			}
			if err := r.check(); err != nil {
				return err
			}
			return withVault(ctx, env, c, func(o *openedVault) error {
				if r.ns != "" {
					return rotateNamespace(ctx, o, r.ns)
				}
				return rotateSecrets(ctx, o, &r)
			})
		},
	}
}

type rotateOptions struct {
	paths       []string
	due         bool
	ns          string
	compromised []string
	with        string // a rotator, instead of the one that is kept
}

func (r *rotateOptions) check() error {
	ways := 0
	for _, given := range []bool{len(r.paths) > 0, r.due, r.ns != "", len(r.compromised) > 0} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return usagef("want one of PATH..., --due, --ns NS and --compromised PATH")
	}
	if r.with == "" {
		return nil
	}
	if r.due || r.ns != "" {
		return usagef("--rotate-with is for secrets that are named")
	}
	if _, err := vault.ParseRotator(r.with); err != nil {
		return usagef("--rotate-with: %w", err)
	}
	return nil
}

// rotateNamespace changes the key of a namespace.
func rotateNamespace(ctx context.Context, o *openedVault, name string) error {
	name, err := reference.ParseName(name)
	if err != nil {
		return usagef("--ns: %w", err)
	}
	epoch, err := o.RotateNamespace(ctx, o.keys, name)
	if err != nil {
		return err
	}
	s, err := o.Space(o.keys, name)
	if err != nil {
		return err
	}
	o.env.recordRekeyed(s.ID())
	if err := o.renewSession(ctx); err != nil {
		return err
	}
	if o.env.json {
		return o.env.printJSON(rotatedNamespaceJSON{head{"kai.vault.ns/1", true}, name, s.ID().String(), epoch})
	}
	return o.env.printf("%s  epoch %d\n", name, epoch)
}

type rotatedNamespaceJSON struct {
	head
	Name  string `json:"name"`
	ID    string `json:"id"`
	Epoch uint32 `json:"epoch"`
}

// rotateSecrets gives secrets their next values, one commit each: one that fails keeps no other from
// being rotated.
func rotateSecrets(ctx context.Context, o *openedVault, r *rotateOptions) error {
	list, err := o.toRotate(r)
	if err != nil {
		return err
	}
	failed, without, worst := 0, 0, exitDone
	var tags []any
	for _, l := range list {
		err := o.rotate(ctx, l, r)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errWaits) && r.due, errors.Is(err, errNoRotator) && r.due:
			o.env.warn("%s: %v", l.full(), err)
			without++
		case err != nil && len(list) == 1:
			return err
		case err != nil:
			o.env.warn("%s: %v", l.full(), err)
			failed, worst = failed+1, worstExit(worst, judge(ctx, err).code)
		case len(tags) < maxTags:
			tags = append(tags, l.space.PathTag(l.version.Path))
		}
	}
	o.env.fact("secret_count", int64(len(list)-failed-without))
	o.env.fact("path", tags)
	switch {
	case failed > 0:
		return failf(worst, "rotation_failed", "%d of %d secrets were not rotated", failed, len(list))
	case without > 0:
		return reported(exitUntrusted)
	}
	return nil
}

var (
	errNoRotator = errors.New("it has no rotator")
	errWaits     = errors.New("it waits for the certificate of its field csr")
)

// toRotate finds what is meant, all of it before anything changes.
func (o *openedVault) toRotate(r *rotateOptions) (list []*listedSecret, err error) {
	if r.due {
		now := o.env.now()
		err = o.each(&secretFilter{}, func(l *listedSecret) error {
			switch l.version.State(now) {
			case vault.StateDue, vault.StateExpired, vault.StateCompromised:
				list = append(list, l)
			}
			return nil
		})
		return list, err
	}
	for _, name := range append(r.paths, r.compromised...) {
		s, ref, path, err := o.path(name)
		if err != nil {
			return nil, err
		}
		if ref.Field != "" || ref.Version != 0 {
			return nil, usagef("a secret is rotated as a whole: name it without field and version")
		}
		v, err := s.Find(path)
		if err != nil {
			return nil, err
		}
		list = append(list, &listedSecret{s, v})
	}
	return list, nil
}

// rotate gives one secret its next value.
func (o *openedVault) rotate(ctx context.Context, l *listedSecret, r *rotateOptions) error {
	env, s, v := o.env, l.space, l.version
	with := v.RotateWith
	if r.with != "" {
		with = r.with
	}
	if with == "" {
		return withHint(fail(exitUsage, "no_rotator", fmt.Errorf("%s: %w", l.full(), errNoRotator)),
			"kai vault rotate %s --rotate-with ROTATOR, or kai vault set %s", shellWord(l.full()), shellWord(l.full()))
	}
	rotator, err := vault.ParseRotator(with)
	if err != nil {
		return fail(exitUndecidable, "bad_rotator", fmt.Errorf("%s: %w", l.full(), err))
	}
	if v.Kind == vault.KindCredentials {
		if err := o.user(ctx); err != nil {
			return err
		}
	}
	list, buf, err := o.value(ctx, s, v)
	if err != nil {
		return err
	}
	defer buf.Wipe()
	next := &rotation{secret: l, fields: list, public: v.Public}
	defer next.wipe()
	if err := next.make(ctx, env, rotator, r.due); err != nil {
		return fmt.Errorf("%s: %w", l.full(), err)
	}
	now := env.now()
	meta := rotatedMeta(v, next, now)
	meta.RotateWith = with
	if !next.waits {
		if next.fields, err = settleCertificate(next.fields, &meta); err != nil {
			return fmt.Errorf("%s: %w", l.full(), err)
		}
	}
	var changes []vault.Change
	if old, ends := endingMeta(v, len(r.compromised) > 0, now); ends && !next.waits {
		changes = append(changes, vault.Change{Type: vlog.Meta, Meta: old, Of: v})
	}
	changes = append(changes, vault.Change{Type: vlog.Put, Meta: meta, Fields: next.fields, IfVersion: v.Version})
	if _, err := s.Commit(ctx, changes); err != nil {
		return err
	}
	if next.waits {
		env.note("%s: when the certificate is there: kai vault set %s < FILE", l.full(), shellWord(l.full()+"#"+next.certificate))
	}
	if env.json {
		fresh, err := s.Find(v.Path)
		if err != nil {
			return err
		}
		return env.printJSON(o.describe(s, fresh))
	}
	return env.printf("%s  version %d\n", l.full(), v.Version+1)
}

// rotatedMeta is what is said of the next version: what was said of the old one, with new times.
func rotatedMeta(v *vault.Version, next *rotation, now time.Time) vault.Meta {
	m := v.Meta
	m.Of, m.Was, m.From = "", "", ""
	m.Public = next.public
	if next.waits {
		return m // nothing has been replaced yet
	}
	from := v.LastRotated
	if from == 0 {
		from = v.Created
	}
	if m.NotAfter != 0 {
		// As long as the old one was good for. One that ends with its certificate has its time from that.
		if life := m.NotAfter - from; life > 0 {
			m.NotAfter = now.Unix() + life
		} else {
			m.NotAfter = 0
		}
	}
	m.LastRotated, m.CompromisedSince, m.OverlapUntil = now.Unix(), 0, 0
	vault.Defaults(&m, now)
	return m
}

// endingMeta is what is said of the version that was replaced, when it ends.
func endingMeta(v *vault.Version, compromised bool, now time.Time) (m vault.Meta, ends bool) {
	m = v.Meta
	until := now.Add(vault.Overlap(v.Kind)).Unix()
	switch {
	case compromised || v.CompromisedSince != 0:
		until = now.Unix()
		if m.CompromisedSince == 0 {
			m.CompromisedSince = until
		}
	case vault.Overlap(v.Kind) == 0:
		return m, false
	}
	if m.NotAfter != 0 {
		until = min(until, m.NotAfter)
	}
	m.NotAfter, m.OverlapUntil = until, until
	return m, true
}
