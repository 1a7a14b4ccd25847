package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/home"
	"kai/internal/vault"
	"kai/internal/vault/objectid"
)

// vaultEvents is the log of events as the vault of the home knows it.
type vaultEvents struct{ env *env }

var _ vault.EventLog = vaultEvents{}

// Head implements vault.EventLog: the end after the last event of this command.
func (l vaultEvents) Head() (h vault.LogHead, ok bool) {
	t := l.env.trail
	if t == nil || t.head.N == 0 || copy(h.ID[:], t.head.LogID) != len(t.head.LogID) {
		return h, false
	}
	h.N, h.Root = t.head.N, t.head.Root
	return h, true
}

// Check implements vault.EventLog. What is not recorded has nothing to compare with.
func (l vaultEvents) Check(h vault.LogHead) error {
	if l.env.trail == nil {
		return nil
	}
	return l.env.trail.log.Compare("seen.log", audit.Head{LogID: string(h.ID[:]), N: h.N, Root: h.Root})
}

// Committed implements vault.EventLog.
func (l vaultEvents) Committed(c *vault.Committed) {
	l.env.alsoRecord(audit.Draft{Act: "vault_committed", Outcome: event.OK, Details: event.Details{
		{Name: "chain", Value: fmt.Sprintf("%x", c.Chain)},
		{Name: "dev", Value: c.Record.Device.String()},
		{Name: "gen", Value: int64(c.Gen)},
		{Name: "ns", Value: c.Namespace.String()},
		{Name: "seq", Value: int64(c.Record.Sequence)},
	}})
	if c.Epoch != 0 {
		l.env.recordRekeyed(c.Namespace)
	}
}

// Lost implements vault.EventLog.
func (l vaultEvents) Lost(v *vault.Vault, wrote bool) error {
	const gone = "what this machine has seen of the vault (vault/local/seen.log) is gone"
	log := (*openedLog)(nil)
	if t := l.env.trail; t != nil {
		log = t.log
	} else {
		opened, err := l.env.openLog(context.Background())
		if err != nil && !errors.Is(err, home.ErrNotExist) && !errors.Is(err, audit.ErrNotExist) {
			return err
		}
		if log = opened; log != nil {
			defer log.close()
		}
	}
	known := 0
	if log != nil {
		for c, err := range log.commits(context.Background()) {
			if err != nil {
				return err
			}
			is, err := c.missingIn(v)
			if err != nil {
				return err
			}
			if is != "" {
				return fmt.Errorf("%s, and %s: %w", gone, is, vault.ErrRollback)
			}
			known++
		}
	}
	switch {
	case known > 0:
		l.env.warn("%s; the audit log knows of nothing newer", gone)
	case wrote:
		l.env.warn("%s, and no audit log knows of it: an older copy would not be noticed", gone)
	}
	return nil
}

// loggedCommit is the newest commit of a device to a namespace that the log of events knows.
type loggedCommit struct {
	ns, dev  objectid.ID
	gen, seq uint64
	chain    string // hexadecimal
}

// missingIn says what a vault lacks of a commit, "" when it lacks nothing: it may have more, and what
// belonged to a namespace or device that is no more does not count.
func (c *loggedCommit) missingIn(v *vault.Vault) (string, error) {
	text := fmt.Sprintf("record %d of device %s in namespace %s is in the audit log and not in the vault", c.seq, c.dev, c.ns)
	l, err := v.LogOf(c.ns, c.dev)
	switch {
	case errors.Is(err, vault.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case l == nil:
		for _, name := range v.LogFiles(c.ns) {
			if f, ok := vault.ParseFile(name); ok && f.Dev == c.dev {
				return "", nil // it is there, and does not count any more
			}
		}
		return text, nil
	case l.Limited, l.Generation > c.gen:
		return "", nil
	case l.Generation < c.gen, l.Next-1 < c.seq:
		return text, nil
	case l.Next-1 == c.seq && fmt.Sprintf("%x", l.Chain) != c.chain:
		return fmt.Sprintf("record %d of device %s in namespace %s is another than the audit log knows", c.seq, c.dev, c.ns), nil
	}
	return "", nil
}

// commits are the newest commits to the vault that the log knows, one a namespace and device.
func (o *openedLog) commits(ctx context.Context) iter.Seq2[*loggedCommit, error] {
	return func(yield func(*loggedCommit, error) bool) {
		size, err := o.Size()
		if err != nil {
			yield(nil, err)
			return
		}
		seen := map[[2]objectid.ID]bool{}
		for v, err := range o.Backward(ctx, size) {
			if errors.Is(err, audit.ErrPruned) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if string(v.Act) != "vault_committed" {
				continue
			}
			ev := v.Event()
			c, ok := commitOf(&ev)
			if !ok || seen[[2]objectid.ID{c.ns, c.dev}] {
				continue
			}
			seen[[2]objectid.ID{c.ns, c.dev}] = true
			if !yield(c, nil) {
				return
			}
		}
	}
}

func commitOf(e *event.Event) (*loggedCommit, bool) {
	text := func(name string) string { s, _ := e.Details.Get(name).(string); return s }
	number := func(name string) uint64 { n, _ := e.Details.Get(name).(int64); return uint64(max(n, 0)) }
	c := &loggedCommit{gen: number("gen"), seq: number("seq"), chain: text("chain")}
	var nsErr, devErr error
	c.ns, nsErr = objectid.Parse(text("ns"))
	c.dev, devErr = objectid.Parse(text("dev"))
	return c, nsErr == nil && devErr == nil && c.seq > 0
}

// acceptRollback lets a vault be unlocked that is older than what was seen of it, and records that.
func (e *env) acceptRollback(err error) bool {
	if !errors.Is(err, vault.ErrRollback) && !errors.Is(err, audit.ErrRollback) {
		return false
	}
	e.warn("%v; accepted", err)
	if errors.Is(err, vault.ErrRollback) {
		e.note("if the vault is synced with others, go on as another device: kai vault device new")
	}
	e.alsoRecord(audit.Draft{Act: "vault_rollback_detected", Outcome: event.Fail, Details: event.Details{{Name: "wanted", Value: "vault_unlocked"}}})
	return true
}

// rolledBack says what to do about a vault that is older than what was seen of it.
func rolledBack(err error) error {
	if errors.Is(err, vault.ErrRollback) || errors.Is(err, audit.ErrRollback) {
		return withHint(err, "a newer copy; if the older one was put back on purpose: kai vault unlock --accept-rollback")
	}
	return err
}
