package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/audit/memory"
	"kai/internal/audit/rule"
	"kai/internal/durable"
	"kai/internal/home"
	"kai/internal/key"
)

// openedLog is the audit log of the home, and what belongs to it.
type openedLog struct {
	*audit.Log
	dir    *durable.Dir // the log's
	local  *durable.Dir // vault/local; nil where it is not there
	gap    memory.Gap
	config home.AuditConfig
	roots  []*os.Root

	sending bool // another process was started that sends alerts
}

// close lets go of the directories.
func (o *openedLog) close() {
	for _, r := range o.roots {
		_ = r.Close()
	}
}

// logAccess is what a log is opened for.
type logAccess int

const (
	reading   logAccess = iota
	appending           // events of its own
	creating            // and it is made first if there is none
)

// openLog opens the log of the home for reading: events would lack the hash of the parent's
// executable, which takes longer than many a question. The errors are those of openHome, and
// audit.ErrNotExist while nothing was recorded.
func (e *env) openLog(ctx context.Context) (*openedLog, error) { return e.findLog(ctx, reading) }

// appendLog opens the log for appending. The errors are those of openLog.
func (e *env) appendLog(ctx context.Context) (*openedLog, error) { return e.findLog(ctx, appending) }

// createLog opens the log for appending, and makes it first if there is none. The home must be
// there.
func (e *env) createLog(ctx context.Context) (*openedLog, error) { return e.findLog(ctx, creating) }

func (e *env) findLog(ctx context.Context, access logAccess) (_ *openedLog, err error) {
	create := access == creating
	h, err := e.openHome()
	if errors.Is(err, home.ErrNotExist) && !create {
		return nil, withHint(err, "kai audit init")
	}
	if err != nil {
		return nil, err
	}
	config, err := e.config()
	if err != nil {
		return nil, err
	}
	o := &openedLog{config: config.Audit}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	if o.dir, err = o.area(create, h.OpenArea, h.CreateArea, home.Audit); err != nil {
		if errors.Is(err, home.ErrNotExist) {
			err = noLog()
		}
		return nil, err
	}
	openLocal := func(home.Area) (*os.Root, error) { return h.OpenLocal() }
	createLocal := func(home.Area) (*os.Root, error) { return h.CreateLocal() }
	o.local, err = o.area(create, openLocal, createLocal, home.Vault)
	if err != nil && (create || !errors.Is(err, home.ErrNotExist)) {
		return nil, err
	}
	if err := o.checkFileSystem(); err != nil {
		return nil, err
	}
	options, err := e.logOptions(o, access)
	if err != nil {
		return nil, err
	}
	if create {
		o.Log, err = audit.Create(ctx, options)
	} else {
		o.Log, err = audit.Open(options)
	}
	if errors.Is(err, audit.ErrNotExist) {
		err = noLog()
	}
	return o, err
}

// noLog is a home in which nothing was recorded.
func noLog() error {
	return withHint(fail(exitNotFound, "no_log", audit.ErrNotExist), "kai audit init")
}

// area opens a directory of the home.
func (o *openedLog) area(create bool, open, make func(home.Area) (*os.Root, error), a home.Area) (*durable.Dir, error) {
	if create {
		open = make
	}
	root, err := open(a)
	if err != nil {
		return nil, err
	}
	o.roots = append(o.roots, root)
	return durable.NewDir(root), nil
}

// checkFileSystem refuses network file systems, where locks and syncs may not mean what the log
// needs them to.
func (o *openedLog) checkFileSystem() error {
	if o.config.AllowNetworkFS {
		return nil
	}
	kind, remote, err := durable.Network(o.roots[0])
	if err != nil || !remote {
		return nil //nolint:nilerr // an unknown file system is taken for a local one
	}
	return withHint(failf(exitDenied, "network_file_system", "audit log: on the network file system %s", kind),
		"a home on a local disk, or allow_network_fs = true under [audit] in config.toml")
}

func (e *env) logOptions(o *openedLog, access logAccess) (audit.Options, error) {
	options := audit.Options{Dir: o.dir, Now: e.now, Random: e.random}
	if o.local != nil {
		o.gap = memory.Gap{Dir: o.local}
		options.Gap = o.gap
		options.Memories = append(options.Memories, memory.Local{Dir: o.local})
	}
	if e.sys.keyring != nil {
		options.Memories = append(options.Memories, e.sys.keyring)
	}
	var auditors []audit.Recipient
	for _, text := range o.config.Auditors {
		public, err := key.ParseAge(text)
		if err != nil {
			return audit.Options{}, fail(exitUsage, "config", fmt.Errorf("config.toml: auditors: %w", err))
		}
		recipient, err := public.Recipient()
		if err != nil {
			return audit.Options{}, fail(exitUsage, "config", fmt.Errorf("config.toml: auditors: %w", err))
		}
		auditors = append(auditors, audit.Recipient{Text: text, Recipient: recipient})
	}
	options.Recipients = func() ([]audit.Recipient, error) {
		owner, err := e.ownerRecipients()
		return mixedRecipients(slices.Concat(auditors, owner)), err
	}
	var err error
	options.Source = e.eventSource(access != reading)
	options.Context, err = e.eventContext(o.dir)
	return options, err
}

// eventSource says where events of this process come from. The parent is for events that are
// appended, or are shown as if they were.
func (e *env) eventSource(withParent bool) event.Source {
	p := e.sys.process()
	parent := ""
	if withParent && p.parent != nil {
		parent = p.parent()
	}
	agent := e.getenv("KAI_IDENTITY")
	if c, err := e.config(); agent == "" && err == nil {
		agent = c.Identity
	}
	if agent == "" && withParent {
		agent = e.ownerName()
	}
	return event.Source{
		Agent: agent, UID: p.uid, HasUID: p.hasUID, PID: int64(p.pid), Parent: parent,
		TTY: p.tty, Host: p.host, Ver: kaiVersion(),
	}
}

func (e *env) eventContext(log *durable.Dir) (event.Context, error) {
	sum, err := configSum(log, e.opened.configSum)
	return event.Context{Cmd: e.commandName, CI: e.getenv("CI") != "", Config: sum}, err
}

// configSum tells configurations apart: 8 hexadecimal digits of the SHA-256 of the hash of
// config.toml and of the names and hashes of the rules.
func configSum(log *durable.Dir, config [sha256.Size]byte) (string, error) {
	sum := sha256.New()
	sum.Write(config[:])
	rules, err := ruleFiles(log)
	if err != nil {
		return "", err
	}
	for _, name := range rules {
		data, err := log.ReadFile(name, rule.MaxFile)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s\x00%x\n", name, sha256.Sum256(data))
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:4]), nil
}

// ruleFiles lists the owner's rules, in the order of their names.
func ruleFiles(log *durable.Dir) ([]string, error) {
	entries, err := log.ReadDir("rules")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".yml") {
			names = append(names, "rules/"+e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}
