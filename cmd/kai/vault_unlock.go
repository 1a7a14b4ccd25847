package main

import (
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
	"kai/internal/vault/session"
)

// sessionFlags say how long a session lasts.
func sessionFlags(flags ...cli.Flag) []cli.Flag {
	return append(flags,
		&cli.StringFlag{Name: "ttl", Usage: "lock after `D`, used or not: 90s, 15m, 8h (default: 8h)"},
		&cli.StringFlag{Name: "idle", Usage: "lock after `D` without use (default: 15m)"},
	)
}

// sessionOptions say how long a session lasts, and what it may do.
type sessionOptions struct {
	ttl, idle time.Duration
	limits    vault.Limits
	print     bool
	accept    bool // of a vault that is older than what was seen
}

func sessionOptionsOf(c *cli.Context) (o sessionOptions, err error) {
	o.ttl, o.idle = session.DefaultLife, session.DefaultIdle
	for name, d := range map[string]*time.Duration{"ttl": &o.ttl, "idle": &o.idle} {
		if text := c.String(name); text != "" {
			if *d, err = parseDuration(text); err != nil {
				return o, usagef("--%s: %w", name, err)
			}
		}
	}
	return o, nil
}

// passwordNotArgument is said to who types a password after the command.
const passwordNotArgument = "a password comes from a prompt or a file, not from the command line, which others can read"

func vaultUnlockCommand() command {
	return command{
		name:    "unlock",
		summary: "open the vault for a time",
		examples: []example{
			{"kai vault unlock", "with the password"},
			{"kai vault unlock --ns ci --service github --ttl 10m", "only what belongs to one service, for ten minutes"},
			{"KAI_SESSION=$(kai vault unlock --print) kai vault get ci/github", "for one process and its children"},
			{"kai vault unlock --slot recovery --share 1.txt --share 2.txt --share 3.txt", "with shares"},
			{"kai vault unlock --as file:bot.key --ns ci --ttl 10m", "what was granted to a key"},
		},
		about: "The session lies in the kernel's user keyring, and ends with --ttl, --idle, the login, or\n" +
			"kai vault lock. A limited session holds only the keys it needs: what it cannot open, no\n" +
			"program can make it open. Secrets of kind credentials open for five minutes after the\n" +
			"factor was given. Other processes of the same user that may use ptrace or keyctl can take\n" +
			"the session: run what you do not trust in kai sandbox.",
		surplus: passwordNotArgument,
		flags: sessionFlags(
			&cli.StringFlag{Name: "slot", Usage: "open the slot with the `ID`, or of the TYPE"},
			&cli.StringSliceFlag{Name: "ns", Usage: "only the namespace `NS`; may be repeated"},
			&cli.StringFlag{Name: "module", Usage: "only what belongs to the module `M`, or to none"},
			&cli.StringFlag{Name: "service", Usage: "only what belongs to the service `S`, or to none"},
			&cli.StringFlag{Name: "agent", Usage: "only what belongs to the agent `A`, or to none"},
			&cli.BoolFlag{Name: "read-only", Usage: "a session that cannot write"},
			&cli.BoolFlag{Name: "no-user", Usage: "a session that opens no credentials"},
			&cli.BoolFlag{Name: "accept-rollback", Usage: "unlock a vault that is older than what was seen of it here"},
			&cli.BoolFlag{Name: "print", Usage: "print the session for KAI_SESSION, and keep it nowhere else"},
			&cli.StringFlag{Name: "as", Usage: "open what was granted to the key `KEYREF`"},
			&cli.StringSliceFlag{Name: "identity", Usage: "open a slot of type age with the key in `FILE`", TakesFile: true},
			&cli.StringSliceFlag{Name: "share", Usage: "open a slot of type recovery with the share in `FILE`", TakesFile: true},
		),
		schema:   "kai.vault.status/1",
		recorded: inVault(recordsAs("vault_unlock_attempt", "vault_unlocked", "vault_unlock_failed")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			s, err := sessionOptionsOf(c)
			if err != nil {
				return err
			}
			s.print, s.accept = c.Bool("print"), c.Bool("accept-rollback")
			s.limits = vault.Limits{
				Namespaces: c.StringSlice("ns"), ReadOnly: c.Bool("read-only"), NoUser: c.Bool("no-user"),
				Scope: vault.Scope{Module: c.String("module"), Service: c.String("service"), Agent: c.String("agent")},
			}
			return unlockVault(ctx, env, s, c.String("as"), slotChoice{c.String("slot"), c.StringSlice("identity"), c.StringSlice("share")})
		},
	}
}

func unlockVault(ctx context.Context, env *env, s sessionOptions, as string, choice slotChoice) error {
	options := env.homeVaultOptions()
	if s.accept {
		options.Accept = env.acceptRollback
	}
	o, err := env.openVaultWith(options)
	if err != nil {
		return err
	}
	defer o.close()
	if as != "" {
		err = o.unlockAs(ctx, as)
	} else {
		o.keys, err = o.openSlot(ctx, choice)
	}
	if err != nil {
		return rolledBack(err)
	}
	if err := o.begin(ctx, s); err != nil {
		return err
	}
	env.keepLogUnlocked(ctx)
	if s.print {
		text := o.session.Token().Text()
		defer text.Wipe()
		_, err := env.stdout.Write(append(text.Expose(), '\n'))
		return err
	}
	if env.json {
		return env.printJSON(o.status(ctx, env.sessionNow()))
	}
	env.note("unlocked until %s, or %s without use", o.session.NotAfter.Local().Format(time.DateTime), printDuration(s.idle))
	return nil
}

// unlockAs opens what was granted to a key.
func (o *openedVault) unlockAs(ctx context.Context, ref string) error {
	recipient, who, err := o.env.openIdentity(ctx, ref)
	if err != nil {
		return err
	}
	o.env.fact("method", "as")
	o.keys, err = o.UnlockAs(recipient, who)
	return err
}

// begin makes a session of the keys.
func (o *openedVault) begin(ctx context.Context, s sessionOptions) error {
	keys, err := o.Limit(o.keys, s.limits)
	if err != nil {
		return err
	}
	o.keys = keys
	blob, user := o.keys.Encode()
	defer blob.Wipe()
	defer user.Wipe()
	var keeper session.Keeper = session.Keyring{}
	if s.print {
		keeper = nil
	}
	options := session.Options{Idle: s.idle, Life: s.ttl, Device: o.keys.DeviceID()}
	o.session, err = o.sessions.Begin(ctx, o.env.sessionNow(), options, blob, user, keeper)
	if errors.Is(err, session.ErrUnavailable) {
		return withHint(fail(exitLocked, "no_keyring", err), "KAI_SESSION=$(kai vault unlock --print), or --as KEYREF without a session")
	}
	return err
}
