package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/alert"
	"kai/internal/audit/event"
	"kai/internal/audit/export"
	"kai/internal/audit/ulid"
	"kai/internal/durable"
	"kai/internal/home"
)

// flushLimit bounds how long alerts are sent for.
const flushLimit = 30 * time.Second

// alert raises alerts for the events that need attention: those of severity high or above, and
// violations, of which a sink may want the milder ones too. They are durable when it returns, and
// are sent by another process, so that no command waits for a receiver.
//
// Under a program that was started by an alert nothing is raised, or alerts would raise alerts.
func (e *env) alert(ctx context.Context, log *openedLog, appended []audit.Appended, head audit.Head) {
	if e.getenv(alert.InHook) != "" {
		return
	}
	sinks, err := e.sinks(log.config)
	if err != nil {
		e.warn("alerts: %v", err)
		return
	}
	raised := slices.Clone(appended)
	raised = slices.DeleteFunc(raised, func(a audit.Appended) bool {
		return a.Event.Severity < event.High && a.Event.Act != "audit.violation"
	})
	if len(sinks) == 0 {
		e.showAlerts(raised)
		return
	}
	o, err := openOutbox(log, len(raised) > 0)
	if o == nil || err != nil {
		if err != nil {
			e.warn("alerts: %v", err)
		}
		return
	}
	fresh := false
	for _, a := range raised {
		root := ""
		if a.Event.N+1 == head.N {
			root = base64.StdEncoding.EncodeToString(head.Root[:])
		}
		kept, err := e.put(ctx, log, o, sinks, &a.Event, securityEvent(log, &a), log.Info().LogID, root)
		if err != nil {
			e.warn("alert not raised: %v: %s", err, alert.Text(&a.Event))
		}
		fresh = fresh || kept
	}
	e.send(ctx, log, o, sinks, fresh)
}

// showAlerts is what is done where no sink is named: a line each, and not a thousand of a batch.
func (e *env) showAlerts(raised []audit.Appended) {
	shown, more := 0, 0
	for _, a := range raised {
		switch {
		case a.Event.Severity < event.High:
		case shown < alert.MaxPerMinute || a.Event.Act == "audit.violation":
			e.note("alert: %s", alert.Text(&a.Event))
			shown++
		default:
			more++
		}
	}
	if more > 0 {
		e.note("alert: and %d more", more)
	}
}

// openOutbox opens the outbox; nil while there is none and none is to be made.
func openOutbox(log *openedLog, create bool) (*alert.Outbox, error) {
	if _, err := log.dir.Lstat("outbox"); errors.Is(err, fs.ErrNotExist) && !create {
		return nil, nil
	}
	return alert.Open(log.dir)
}

// put writes an alert into the outbox, for each sink that wants it. kept is false when nothing is
// new to them.
func (e *env) put(ctx context.Context, log *openedLog, o *alert.Outbox, sinks []alert.Sink, one *event.Event, object json.RawMessage, logID, root string) (kept bool, err error) {
	names := alert.For(sinks, one.Severity)
	if len(names) == 0 {
		return false, nil
	}
	now := e.now()
	id, err := ulid.New(now, e.random)
	if err != nil {
		return false, err
	}
	a, err := alert.New(id, one, object, logID, root)
	if err != nil {
		return false, err
	}
	fate, dropped, err := o.Put(context.WithoutCancel(ctx), a, names, now)
	e.recordDropped(ctx, log, dropped)
	return fate == alert.Kept, err
}

// recordDropped records alerts that nobody will get. Nothing follows from that: alerts about
// alerts would be in the way of the others. A log that cannot be opened records nothing.
func (e *env) recordDropped(ctx context.Context, log *openedLog, dropped []alert.Dropped) {
	if log.Log == nil {
		return
	}
	var drafts []audit.Draft
	for _, d := range dropped {
		drafts = append(drafts, audit.Draft{Act: "audit.alert_failed", Outcome: event.Fail, Details: d.Details()})
	}
	for part := range slices.Chunk(drafts, audit.MaxBatch) {
		if _, err := log.Append(context.WithoutCancel(ctx), part...); err != nil {
			e.warn("not recorded: %d alerts were dropped: %v", len(part), err)
		}
	}
}

// send has what is due sent: by a process of its own for which nobody waits, or with mode =
// "inline", and in CI, where such a process would not outlive the job, by this one.
//
// What is not fresh, and failed before, is tried once by a process.
func (e *env) send(ctx context.Context, log *openedLog, o *alert.Outbox, sinks []alert.Sink, fresh bool) {
	if log.sending && !fresh {
		return
	}
	due, err := anyDue(o, sinks, e.now())
	if err != nil {
		e.warn("alerts: %v", err)
		return
	}
	if !due {
		return
	}
	log.sending = true
	if log.config.Mode == home.ModeInline || e.getenv("CI") != "" {
		if _, err := e.flushAlerts(context.WithoutCancel(ctx), log, o, sinks); err != nil {
			e.warn("alerts: %v", err)
		}
		return
	}
	if err := e.detachFlush(); err != nil {
		e.warn("alerts wait to be sent: %v", err)
	}
}

// anyDue reports whether something waits that one of the sinks may be given now.
func anyDue(o *alert.Outbox, sinks []alert.Sink, now time.Time) (bool, error) {
	list, err := o.List()
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(list, func(p alert.Pending) bool {
		known := slices.ContainsFunc(sinks, func(s alert.Sink) bool { return s.Name() == p.Sink })
		return p.Malformed || known && (!p.NotBefore.After(now) || p.NotBefore.Sub(now) > alert.MaxRetry)
	}), nil
}

// flushAlerts sends what is due, and records what is given up.
func (e *env) flushAlerts(ctx context.Context, log *openedLog, o *alert.Outbox, sinks []alert.Sink) (alert.Report, error) {
	report, err := o.Flush(ctx, sinks, e.now, flushLimit)
	e.recordDropped(ctx, log, report.Dropped)
	if failed := e.countAlerts(ctx, log, &report); failed != nil && !errors.Is(failed, audit.ErrTampered) {
		e.warn("audit metrics: %v", failed)
	}
	return report, err
}

// detachFlush starts "kai audit alert flush" and does not wait for it.
func (e *env) detachFlush() error {
	program, err := e.sys.executable()
	if err != nil {
		return err
	}
	dir, err := e.homeDir()
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	return startDetached(program, []string{"--home", dir, "--no-input", "audit", "alert", "flush"}, dir, e.childEnviron())
}

// alertTampering raises an alert for what keeps an event from being recorded: a log that is not as
// it was written, or is older than what is remembered of it. Such an event cannot be appended, so
// it has no leaf and no MAC; its number is that of the event that would have been next.
func (e *env) alertTampering(ctx context.Context, log *openedLog, cause error) {
	var act string
	switch {
	case errors.Is(cause, audit.ErrRollback):
		act = "audit.rollback"
	case errors.Is(cause, audit.ErrTampered):
		act = "audit.tamper"
	default:
		return
	}
	if e.getenv(alert.InHook) != "" {
		return
	}
	if log == nil {
		found, err := e.openForAlerts()
		if err != nil {
			e.note("alert: critical: %s", act)
			return
		}
		defer found.close()
		log = found
	}
	one := event.Event{
		Time: e.now().UTC().Truncate(event.Precision), Severity: event.Critical, Type: event.SecurityViolation, Act: act, Outcome: event.Fail,
		Source: e.eventSource(true), Context: event.Context{Cmd: e.commandName, CI: e.getenv("CI") != ""},
	}
	logID := ""
	if log.Log != nil {
		logID = log.Info().LogID
		if n, err := log.Size(); err == nil {
			one.N = n
		}
	}
	if err := e.alertUnrecorded(ctx, log, &one, logID); err != nil {
		e.warn("alert not raised: %v: %s", err, alert.Text(&one))
	}
}

// alertUnrecorded raises an alert for an event that is not in the log.
func (e *env) alertUnrecorded(ctx context.Context, log *openedLog, one *event.Event, logID string) error {
	sinks, err := e.sinks(log.config)
	if err != nil {
		return err
	}
	if len(sinks) == 0 {
		e.note("alert: %s", alert.Text(one))
		return nil
	}
	object, err := unrecordedEvent(one, logID)
	if err != nil {
		return err
	}
	o, err := alert.Open(log.dir)
	if err != nil {
		return err
	}
	fresh, err := e.put(ctx, log, o, sinks, one, object, logID, "")
	if err != nil {
		return err
	}
	e.send(ctx, log, o, sinks, fresh)
	return nil
}

// unrecordedEvent is the object of an event that has no line in the log.
func unrecordedEvent(one *event.Event, logID string) (json.RawMessage, error) {
	line, err := one.AppendLine(nil)
	if err != nil {
		return nil, err
	}
	var v event.View
	if err := event.Scan(line, &v); err != nil {
		return nil, err
	}
	if logID == "" {
		logID = "unknown"
	}
	return export.AppendSecurityEvent(nil, logID, &v, audit.LineHash(line)), nil
}

// openForAlerts opens what alerts need of a log that itself cannot be opened.
func (e *env) openForAlerts() (*openedLog, error) {
	h, err := e.openHome()
	if err != nil {
		return nil, err
	}
	config, err := e.config()
	if err != nil {
		return nil, err
	}
	root, err := h.OpenArea(home.Audit)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	o := &openedLog{config: config.Audit, dir: durable.NewDir(root)}
	o.roots = append(o.roots, root)
	return o, nil
}
