package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/durable"
	"kai/internal/home"
	"kai/internal/key"
	"kai/internal/key/openssh"
	"kai/internal/vault"
	"kai/internal/vault/objectid"
	"kai/internal/vault/reference"
	"kai/internal/vault/session"
)

// sessionVariable carries a session that was printed.
const sessionVariable = "KAI_SESSION"

// openedVault is the vault of the home and, once it is unlocked, its keys.
type openedVault struct {
	*vault.Vault
	env      *env
	dir      *durable.Dir
	roots    []*os.Root
	sessions *session.Sessions
	session  *session.Session // nil with --as, and right after a slot was opened
	keys     *vault.Keys
}

// close wipes the keys and lets go of the directories. The session goes on.
func (o *openedVault) close() {
	o.keys.Wipe()
	if o.session != nil {
		o.session.Wipe()
	}
	for _, r := range o.roots {
		_ = r.Close()
	}
}

// vaultOptions are those of a vault wherever it lies.
func (e *env) vaultOptions() vault.Options {
	return vault.Options{
		Now: e.now, Random: e.random, Recipient: parseRecipient,
		Warn: func(text string) { e.warn("%s", text) },
	}
}

// homeVaultOptions are those of the vault of the home: it and the log of events watch each other.
func (e *env) homeVaultOptions() vault.Options {
	o := e.vaultOptions()
	o.Log = vaultEvents{e}
	return o
}

// recipientKey reads the text of a key that things can be sealed to: age1…, age1pq1… or a line of ssh.
func recipientKey(text string) (key.Public, error) {
	if strings.HasPrefix(text, "ssh-") {
		entry, err := openssh.ParsePublic(text)
		return entry.Public, err
	}
	return key.ParseAge(text)
}

// parseRecipient reads whom keys can be wrapped to.
func parseRecipient(text string) (age.Recipient, error) {
	p, err := recipientKey(text)
	if err != nil {
		return nil, err
	}
	return p.Recipient()
}

// vaultDir opens the directory of the vault, and makes it when create is set.
func (e *env) vaultDir(create bool) (o *openedVault, err error) {
	open := e.openHome
	if create {
		open = e.createHome
	}
	h, err := open()
	if err != nil {
		return nil, noVault(err)
	}
	area := h.OpenArea
	if create {
		area = h.CreateArea
	}
	root, err := area(home.Vault)
	if err != nil {
		return nil, noVault(err)
	}
	o = &openedVault{env: e, dir: durable.NewDir(root), roots: []*os.Root{root}}
	if err := o.checkFileSystem(); err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

// checkFileSystem refuses network file systems, where locks and syncs may not mean what the vault
// needs them to.
func (o *openedVault) checkFileSystem() error {
	kind, remote, err := durable.Network(o.roots[0])
	if err != nil || !remote {
		return nil //nolint:nilerr // an unknown file system is taken for a local one
	}
	config, err := o.env.config()
	if err != nil || config.Vault.AllowNetworkFS {
		return err
	}
	return withHint(failf(exitDenied, "network_file_system", "vault: on the network file system %s", kind),
		"kai vault sync shares a vault between machines; or allow_network_fs = true under [vault] in config.toml")
}

// noVault adds the next command to what says that there is none.
func noVault(err error) error {
	if errors.Is(err, home.ErrNotExist) || errors.Is(err, vault.ErrNoVault) {
		return withHint(fail(exitNotFound, "no_vault", vault.ErrNoVault), "kai vault init")
	}
	return err
}

// openVault opens the vault of the home, locked. The caller closes it.
func (e *env) openVault() (*openedVault, error) { return e.openVaultWith(e.homeVaultOptions()) }

func (e *env) openVaultWith(options vault.Options) (*openedVault, error) {
	o, err := e.vaultDir(false)
	if err != nil {
		return nil, err
	}
	if o.Vault, err = vault.Open(o.dir, options); err != nil {
		o.close()
		return nil, noVault(err)
	}
	if err := o.openSessions(); err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

// openSessions finds where sessions of this user lie: the runtime directory, which is memory and
// ends with the login, or, where there is none, the vault's own.
func (o *openedVault) openSessions() error {
	root, err := o.env.runtimeRoot()
	if err != nil {
		return err
	}
	if root == nil {
		for _, name := range []string{"local", "local/run"} {
			if err := o.roots[0].Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
		}
		if root, err = o.roots[0].OpenRoot("local/run"); err != nil {
			return err
		}
	} else {
		sweepRunDirs(root)
	}
	o.roots = append(o.roots, root)
	o.sessions = &session.Sessions{Vault: o.ID(), Dir: durable.NewDir(root), Chtimes: root.Chtimes, Random: o.env.random}
	return nil
}

// runtimeRoot opens $XDG_RUNTIME_DIR/kai. It is nil where there is no runtime directory of this user.
func (e *env) runtimeRoot() (*os.Root, error) {
	dir := e.getenv("XDG_RUNTIME_DIR")
	if !filepath.IsAbs(dir) {
		return nil, nil
	}
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() || openToOthers(info) {
		return nil, nil //nolint:nilerr // without it the vault's own directory serves
	}
	path := filepath.Join(dir, "kai")
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.OpenRoot(path)
}

func (e *env) sessionNow() session.Now {
	n := session.Now{Wall: e.now()}
	if e.sys.boot != nil {
		n.Boot = e.sys.boot()
	}
	return n
}

// carriers are where a session may come from, in order: given to this process, then the keyring.
func (o *openedVault) carriers(fd int) ([]session.Carrier, error) {
	e := o.env
	var list []session.Carrier
	if fd != notGiven {
		if fd < 0 || fd == 1 || fd == 2 {
			return nil, usagef("--session-fd %d: not a descriptor to read from", fd)
		}
		f, err := e.sys.openFD(fd)
		if err != nil {
			return nil, usagef("--session-fd %d: %w", fd, err)
		}
		t, err := session.ReadToken(f)
		if err != nil {
			// Not closed: with a wrong number this may be a descriptor of kai's own.
			return nil, usagef("--session-fd %d: %w", fd, err)
		}
		defer f.Close()
		return append(list, session.Given{From: "--session-fd", Token: t}), nil
	}
	given := session.Given{From: sessionVariable}
	if e.session != nil {
		t, err := session.ReadToken(bytes.NewReader(e.session.Expose()))
		if err != nil {
			return nil, fail(exitLocked, "session", fmt.Errorf("%s: %w", sessionVariable, err))
		}
		given.Token = t
	}
	list = append(list, given)
	if dir := e.getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		given := session.Given{From: "kai.session"}
		f, err := os.Open(filepath.Join(dir, "kai.session"))
		if err == nil {
			defer f.Close()
			if given.Token, err = session.ReadToken(f); err != nil {
				return nil, fail(exitLocked, "session", fmt.Errorf("kai.session: %w", err))
			}
		}
		list = append(list, given)
	}
	return append(list, session.Keyring{}), nil
}

// unlockedVault opens the vault with its session, or as the key that is named. The caller closes it.
func (e *env) unlockedVault(ctx context.Context, a vaultAccess) (*openedVault, error) {
	o, err := e.openVault()
	if err != nil {
		return nil, err
	}
	if a.as != "" {
		err = o.unlockAs(ctx, a.as)
	} else {
		err = o.resume(ctx, a.sessionFD)
	}
	if err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

// resume takes the keys from the session.
func (o *openedVault) resume(_ context.Context, fd int) error {
	carriers, err := o.carriers(fd)
	if err != nil {
		return err
	}
	s, err := o.sessions.Open(o.env.sessionNow(), carriers...)
	if err != nil {
		if errors.Is(err, session.ErrExpired) {
			o.env.alsoRecord(audit.Draft{Act: "session_expired", Outcome: event.OK})
		}
		return lockedError(err)
	}
	o.session = s
	if o.keys, err = vault.DecodeKeys(s.Keys, nil); err != nil {
		return err
	}
	return rolledBack(o.CheckMemory(o.keys))
}

// lockedError says how to unlock.
func lockedError(err error) error {
	if errors.Is(err, session.ErrLocked) {
		return withHint(fail(exitLocked, "vault_locked", err), "kai vault unlock; in CI: --as KEYREF")
	}
	return err
}

// user opens the user key, which credentials need: from the session if a factor was given within the
// last minutes, else by asking for one again.
func (o *openedVault) user(ctx context.Context) error {
	if o.keys.HasUser() || o.session == nil {
		return nil
	}
	user, _, err := o.session.User(ctx, o.env.sessionNow())
	if err == nil {
		defer user.Wipe()
		return o.keys.AddUser(user)
	}
	if !errors.Is(err, session.ErrNoUser) {
		return err
	}
	if !o.session.HasUser {
		return withHint(fail(exitDenied, "no_user_key", fmt.Errorf("this session opens no credentials: %w", vault.ErrNeedsUser)), "kai vault unlock without --no-user, --service or --agent")
	}
	return o.freshFactor(ctx)
}

// withoutUser says of who was granted a namespace without credentials that no factor would help.
func (o *openedVault) withoutUser(err error) error {
	if errors.Is(err, vault.ErrNeedsUser) && o.session == nil {
		return withHint(fail(exitDenied, "no_user_key", fmt.Errorf("credentials: %w", vault.ErrDenied)), "an owner may: kai vault grant PRINCIPAL NS --user")
	}
	return err
}

// freshFactor asks for the factors of a slot and takes the user key from it.
func (o *openedVault) freshFactor(ctx context.Context) error {
	fresh, err := o.openSlot(ctx, slotChoice{})
	if err != nil {
		var f *failure
		if errors.As(err, &f) && f.ident == "input_needed" {
			return withHint(fail(exitLocked, "factor_needed", fmt.Errorf("credentials: %w", vault.ErrNeedsUser)), "kai vault unlock, then the same within five minutes")
		}
		return err
	}
	defer fresh.Wipe()
	_, user := fresh.Encode()
	if user == nil {
		return vault.ErrNeedsUser
	}
	defer user.Wipe()
	if err := o.keys.AddUser(user); err != nil {
		return err
	}
	if o.session == nil {
		return nil
	}
	if err := o.session.GrantUser(ctx, o.env.sessionNow(), user); err != nil && !errors.Is(err, session.ErrNoUser) {
		return err
	}
	return nil
}

// path reads NAMESPACE/PATH[#FIELD] or a kai:// reference, and opens the namespace.
func (o *openedVault) path(text string) (*vault.Space, reference.Reference, string, error) {
	ref, err := parseSecretName(text)
	if err != nil {
		return nil, ref, "", err
	}
	s, rest, err := o.Resolve(o.keys, ref.Path)
	return s, ref, rest, err
}

func parseSecretName(text string) (ref reference.Reference, err error) {
	if strings.HasPrefix(text, reference.Scheme) {
		ref, err = reference.ParseURI(text)
	} else {
		ref.Path, err = reference.ParsePath(text)
	}
	if err != nil {
		return ref, usagef("name of a secret: %w", err)
	}
	return ref, nil
}

// recordSecret says which secret a command is about, without its name.
func (o *openedVault) recordSecret(s *vault.Space, path, kind string) {
	o.env.fact("ns", s.ID().String())
	o.env.fact("path", s.PathTag(path))
	if kind != "" {
		o.env.fact("secret_type", kind)
	}
}

// recordRekeyed says that a namespace has a new key.
func (e *env) recordRekeyed(ns objectid.ID) {
	e.alsoRecord(audit.Draft{Act: "vault_rekeyed", Outcome: event.OK, Details: event.Details{{Name: "ns", Value: ns.String()}}})
}
