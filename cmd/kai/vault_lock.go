package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
	"kai/internal/vault/session"
)

func vaultLockCommand() command {
	return command{
		name:     "lock",
		summary:  "close the vault",
		examples: []example{{"kai vault lock", "end the session"}, {"kai vault lock --all", "and those that were printed, wherever they are"}},
		about: "Works whatever else does not: a full disk, a log that cannot be written. --systemd prints a\n" +
			"unit that locks when the machine goes to sleep:\n" +
			"  kai vault lock --systemd | sudo tee /etc/systemd/system/kai-lock@.service\n" +
			"  sudo systemctl enable kai-lock@$USER",
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "end all sessions of the vault, also printed ones"},
			&cli.BoolFlag{Name: "systemd", Usage: "lock nothing, but print the unit kai-lock@.service"},
			&cli.IntFlag{Name: "session-fd", Value: notGiven, DefaultText: "none", Usage: "end the session from file descriptor `N`"},
		},
		recorded: inVault(alwaysRecords("vault_locked")).when(func(c *cli.Context) bool { return !c.Bool("systemd") }),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			if c.Bool("systemd") {
				return printLockUnit(env)
			}
			o, err := env.openVault()
			if err != nil {
				return err
			}
			defer o.close()
			if env.trail != nil {
				env.keepLog(ctx, env.trail.log)
			}
			if c.Bool("all") {
				if err := o.sessions.EndAll(session.Keyring{}); err != nil {
					return err
				}
				return env.done()
			}
			carriers, err := o.carriers(c.Int("session-fd"))
			if err != nil {
				return err
			}
			ended, err := o.sessions.End(carriers...)
			if err != nil {
				return err
			}
			if !ended {
				env.note("it was locked already")
			}
			return env.done()
		},
	}
}

// lockUnit is run as the user whose name follows the @. Sessions lie in that user's runtime directory,
// which only a login sets.
const lockUnit = `[Unit]
Description=Lock the vault of %%i before the machine sleeps
Before=sleep.target

[Service]
Type=oneshot
User=%%i
ExecStart=/bin/sh -c 'XDG_RUNTIME_DIR=/run/user/$$(id -u) exec %s vault lock --all'

[Install]
WantedBy=sleep.target
`

func printLockUnit(env *env) error {
	program, err := env.sys.executable()
	if err != nil {
		return err
	}
	if strings.ContainsFunc(program, func(r rune) bool {
		return !strings.ContainsRune("/._+-", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return withHint(failf(exitUndecidable, "program_name", "the path of kai, %s, cannot stand in a unit", printable(program)), "install kai to /usr/local/bin")
	}
	return env.printf(lockUnit, program)
}

func vaultStatusCommand() command {
	return command{
		name:     "status",
		summary:  "whether the vault is open, and for how long",
		examples: []example{{"kai vault status", "exit 0 unlocked, 7 locked, 6 no vault"}},
		flags:    vaultFlags(),
		schema:   "kai.vault.status/1",
		recorded: readsOnly("says what state the vault is in, and opens nothing"),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return vaultStatus(ctx, env, vaultAccessOf(c))
		},
	}
}

// vaultStatusJSON is kai.vault.status/1.
type vaultStatusJSON struct {
	head
	VaultID     string          `json:"vault_id"`
	Fingerprint string          `json:"fingerprint"`
	Locked      bool            `json:"locked"`
	Session     *string         `json:"session"`
	Scope       *vaultScopeJSON `json:"scope"`
	Expires     *string         `json:"expires"`
	Idle        *string         `json:"idle"`
	UserUntil   *string         `json:"user_until"`
	Carrier     *string         `json:"carrier"`
	Rev         uint64          `json:"rev"`
	Epoch       uint32          `json:"epoch"`
	Heads       int             `json:"heads"`
}

type vaultScopeJSON struct {
	Principal  string   `json:"principal"`
	Namespaces []string `json:"namespaces,omitempty"`
	Module     string   `json:"module,omitempty"`
	Service    string   `json:"service,omitempty"`
	Agent      string   `json:"agent,omitempty"`
	ReadOnly   bool     `json:"read_only"`
}

// status describes the vault, and the session if there is one.
func (o *openedVault) status(ctx context.Context, now session.Now) vaultStatusJSON {
	m := o.Manifest()
	j := vaultStatusJSON{
		head: o.env.head(true), VaultID: o.ID().String(), Fingerprint: o.Fingerprint(), Locked: o.session == nil,
		Rev: m.Rev, Epoch: m.Last().E, Heads: len(o.Heads()),
	}
	s := o.session
	if s == nil {
		return j
	}
	text := func(t string) *string { return &t }
	at := func(t time.Time) *string { return text(t.UTC().Format(time.RFC3339)) }
	if user, until, err := s.User(ctx, now); err == nil {
		user.Wipe()
		j.UserUntil = at(until)
	}
	j.Session, j.Expires, j.Idle = text(s.ID.String()), at(s.NotAfter), at(s.IdleUntil())
	if name := s.Carrier(); name != "" {
		j.Carrier = text(name)
	}
	if o.keys != nil {
		scope := &vaultScopeJSON{
			Principal: string(o.keys.Principal), Module: o.keys.Scope.Module, Service: o.keys.Scope.Service, Agent: o.keys.Scope.Agent, ReadOnly: !o.keys.CanWrite(),
		}
		if o.keys.Limited {
			scope.Namespaces, _ = o.Namespaces(o.keys)
		}
		j.Scope = scope
	}
	return j
}

func vaultStatus(ctx context.Context, env *env, a vaultAccess) error {
	o, err := env.openVault()
	if err != nil {
		return err
	}
	defer o.close()
	carriers, err := o.carriers(a.sessionFD)
	if err != nil {
		return err
	}
	now := env.sessionNow()
	s, locked := o.sessions.Peek(now, carriers...)
	if locked != nil && !errors.Is(locked, session.ErrLocked) {
		return locked
	}
	if locked == nil {
		o.session = s
		if o.keys, err = vault.DecodeKeys(s.Keys, nil); err != nil {
			return err
		}
	}
	j := o.status(ctx, now)
	if env.json {
		if err := env.printJSON(j); err != nil {
			return err
		}
	} else if err := printVaultStatus(env, &j); err != nil {
		return err
	}
	if locked != nil {
		return reported(exitLocked)
	}
	return nil
}

func printVaultStatus(env *env, j *vaultStatusJSON) error {
	state := "unlocked"
	if j.Locked {
		state = "locked"
	}
	if err := env.printf("vault        %s\nfingerprint  %s\nstate        %s\n", j.VaultID, j.Fingerprint, state); err != nil || j.Locked {
		return err
	}
	if err := env.printf("expires      %s\nidle until   %s\n", *j.Expires, *j.Idle); err != nil {
		return err
	}
	credentials := "locked"
	if j.UserUntil != nil {
		credentials = "open until " + *j.UserUntil
	}
	if err := env.printf("credentials  %s\n", credentials); err != nil {
		return err
	}
	if j.Heads > 1 {
		env.warn("two devices changed who may do what at once: kai vault resolve --admin")
	}
	return nil
}
