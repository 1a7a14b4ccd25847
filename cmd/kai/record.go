package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/durable"
	"kai/internal/home"
)

// recorded says what a command leaves in the audit log. Each command says so, and a test asks
// it; the zero value is an answer that was forgotten.
type recorded struct {
	mode recordMode
	// begin, done and failed are acts: of the intent, of success, and of failure or refusal.
	begin, done, failed string
	// why a command leaves nothing.
	why string
	// always: it runs even when nothing can be recorded, and is counted.
	always bool
	// instead are acts that stand for failed, by the word of the failure; it is the outcome too.
	instead map[string]insteadOf
	// answers: exits 3 and 4 are answers of the command, not failures of it.
	answers bool
	// applies says whether this command line is recorded at all; nil: each is.
	applies func(*cli.Context) bool
}

// insteadOf is how a failure of a certain kind is recorded.
type insteadOf struct {
	act     string
	outcome event.Outcome
}

// when limits a record to the command lines for which applies is true; the others read only.
func (r recorded) when(applies func(*cli.Context) bool) recorded {
	r.applies = applies
	return r
}

type recordMode int

const (
	undecided  recordMode = iota
	readOnly              // leaves nothing
	observing             // judges: the outcome is recorded, and a failed append is a warning
	privileged            // uses a secret or changes something: intent, run, outcome
	ownRecords            // appends events of its own: the commands about the log
)

// records is a privileged command, of one act.
func records(act string) recorded {
	return recorded{mode: privileged, begin: act, done: act, failed: act}
}

// recordsAs is a privileged command whose intent, success and failure are acts of their own.
func recordsAs(begin, done, failed string) recorded {
	return recorded{mode: privileged, begin: begin, done: done, failed: failed}
}

// alwaysRecords is records for what must not be kept from running.
func alwaysRecords(act string) recorded {
	r := records(act)
	r.always = true
	return r
}

// observes is a command that judges.
func observes(act string) recorded { return recorded{mode: observing, done: act, failed: act} }

// readsOnly is a command that leaves nothing, because of why.
func readsOnly(why string) recorded { return recorded{mode: readOnly, why: why} }

// recordsItself is a command of the log.
func recordsItself() recorded { return recorded{mode: ownRecords, always: true} }

// maxFailures bounds the events that a batch leaves for single failures.
const maxFailures = 1000

// trail is what the running command leaves in the log. A nil trail records nothing.
type trail struct {
	env      *env
	recorded recorded
	log      *openedLog
	head     audit.Head // of the log after the last event
	ref      uint64     // the begin event
	begun    bool
	details  event.Details
	inputs   [event.Deny + 1]int64 // judged, by outcome
	failures []audit.Draft         // of single inputs
	also     []audit.Draft         // what happened on the way
}

// record runs a command and records it. This is the only place from which the running of
// commands gets into the log.
//
// A privileged command runs only when its intent is durable, and its answer is given out only
// when its outcome is.
func record(ctx context.Context, env *env, r recorded, c *cli.Context, run func() error) error {
	if r.mode == readOnly || r.mode == ownRecords || r.applies != nil && !r.applies(c) {
		return run()
	}
	t, err := startTrail(ctx, env, r)
	if err != nil {
		return err
	}
	if t == nil {
		return run()
	}
	defer t.log.close()
	env.trail = t
	defer func() { env.trail = nil }()
	if r.mode == observing {
		return t.observe(ctx, run)
	}
	return t.perform(ctx, run)
}

// startTrail opens the log and, for a privileged command, appends the intent. Without a home
// there is no trail, and nothing is recorded.
func startTrail(ctx context.Context, env *env, r recorded) (*trail, error) {
	t := &trail{env: env, recorded: r}
	var err error
	t.log, err = env.createLog(ctx)
	switch {
	case errors.Is(err, home.ErrNotExist), errors.Is(err, home.ErrNoPlace):
		return nil, nil
	case err != nil:
		return nil, env.unrecorded(ctx, r, nil, err)
	}
	if r.mode != privileged {
		return t, nil
	}
	if err := t.append(ctx, audit.Draft{Act: r.begin, Outcome: event.Begin}); err != nil {
		err = env.unrecorded(ctx, r, t.log, err)
		t.log.close()
		return nil, err
	}
	return t, nil
}

// unrecorded decides what happens to a command that cannot be recorded: nil lets it run.
func (e *env) unrecorded(ctx context.Context, r recorded, log *openedLog, cause error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e.alertTampering(ctx, log, cause)
	if r.mode == observing {
		e.warn("not recorded: %v", cause)
		return nil
	}
	config, err := e.config()
	if !r.always && (err != nil || config.Audit.OnFailure != home.FailureWarn) {
		return unavailable(cause)
	}
	e.warn("runs unrecorded: %v", cause)
	if log != nil && log.local != nil {
		if err := log.gap.Add(e.now()); err != nil {
			e.warn("not even counted: %v", err)
		}
	}
	return nil
}

// unavailable is the refusal of a command that cannot be recorded.
func unavailable(err error) error {
	var f *failure
	switch {
	case errors.Is(err, audit.ErrTampered), errors.Is(err, audit.ErrRollback), errors.Is(err, audit.ErrPermission), errors.As(err, &f):
		return err // these have codes of their own
	case errors.Is(err, audit.ErrDiskFull):
		return withHint(fail(exitFailure, "audit_unavailable", err), "make room, then try again; kai audit status shows what the log takes")
	case errors.Is(err, durable.ErrLocked):
		return withHint(fail(exitFailure, "audit_unavailable", fmt.Errorf("audit log: %w", err)), "try again: another command holds the log for longer than five seconds")
	}
	err = fail(exitFailure, "audit_unavailable", fmt.Errorf("cannot be recorded, so it does not run: %w", err))
	if h := (interface{ Hint() string })(nil); errors.As(err, &h) { // of the home
		return err
	}
	return withHint(err, "kai audit verify")
}

// append appends events and does what follows from them.
func (t *trail) append(ctx context.Context, drafts ...audit.Draft) error {
	// What has happened is recorded although the user has lost patience.
	receipt, err := t.log.Append(context.WithoutCancel(ctx), drafts...)
	if err != nil {
		return err
	}
	t.head = receipt.Head
	if !t.begun && t.recorded.mode == privileged {
		t.ref, t.begun = receipt.Events[0].Event.N, true
	}
	t.env.follow(ctx, t.log, receipt)
	if receipt.Events[0].Event.N/signEvery != receipt.Head.N/signEvery {
		t.env.keepLog(ctx, t.log)
	}
	return nil
}

// observe runs a command and then records how it went.
func (t *trail) observe(ctx context.Context, run func() error) error {
	err := run()
	if failed := t.append(ctx, append(t.batch(), t.outcome(ctx, err))...); failed != nil {
		t.env.warn("not recorded: %v", failed)
	}
	return err
}

// perform runs a command and holds its answer back until its outcome is durable.
func (t *trail) perform(ctx context.Context, run func() error) error {
	held := &heldOutput{w: t.env.stdout}
	held.buf = *bytes.NewBuffer(make([]byte, 0, 64<<10)) // what fits leaves no copies behind
	t.env.stdout = held
	err := run()
	t.env.stdout = held.w
	t.env.wipe() // who waits for the answer may wait for long: no passphrase is in memory meanwhile
	if failed := t.append(ctx, append(slices.Concat(t.batch(), t.also), t.outcome(ctx, err))...); failed != nil {
		if refused := t.env.unrecorded(context.WithoutCancel(ctx), t.recorded, t.log, failed); refused != nil {
			return refused
		}
	}
	if _, written := held.release(); err == nil {
		return written
	}
	return err
}

// outcome is the last event of the command.
func (t *trail) outcome(ctx context.Context, err error) audit.Draft {
	d := audit.Draft{Act: t.recorded.done, Outcome: event.OK, Details: t.details, Ref: t.ref, HasRef: t.begun}
	o := judge(ctx, err)
	var child childExit
	if o.code == exitDone || errors.As(err, &child) || t.recorded.answers && o.silent && (o.code == exitBad || o.code == exitUntrusted) {
		return d
	}
	d.Act, d.Outcome = t.recorded.failed, t.recorded.outcomeOf(o.code)
	if t.details.Get("error") == nil {
		d.Details = d.Details.With("error", cmp.Or(o.ident, fmt.Sprintf("exit_%d", o.code)))
	}
	return t.ending(d, o.ident, err)
}

// outcomeOf is the outcome of an exit code: what is valid and not allowed is denied. Who judges fails
// nothing but what is proven bad: a file that is not there, or has no signature, is no attack.
func (r *recorded) outcomeOf(code int) event.Outcome {
	switch {
	case code == exitDone:
		return event.OK
	case code == exitDenied, code == exitUntrusted, r.mode == observing && code != exitBad:
		return event.Deny
	}
	return event.Fail
}

// batch adds what was judged one by one: the details of a single input to the outcome, of
// several only their numbers, with an event for each that was not good.
func (t *trail) batch() []audit.Draft {
	total := int64(0)
	for _, n := range t.inputs {
		total += n
	}
	if total < 2 {
		for _, f := range t.failures {
			for _, m := range f.Details {
				t.details = t.details.With(m.Name, m.Value)
			}
		}
		return nil
	}
	t.details = t.details.With("count", total)
	for outcome, name := range map[event.Outcome]string{event.OK: "ok_count", event.Fail: "fail_count", event.Deny: "deny_count"} {
		if n := t.inputs[outcome]; n > 0 {
			t.details = t.details.With(name, n)
		}
	}
	return t.failures
}

// fact adds a member to the details of the outcome. Only names of the catalogue can be recorded,
// and never values that are secret.
func (e *env) fact(name string, value any) {
	if e.trail != nil {
		e.trail.details = e.trail.details.With(name, value)
	}
}

// alsoRecord adds an event that is appended together with the outcome, and before it.
func (e *env) alsoRecord(d audit.Draft) {
	if t := e.trail; t != nil {
		d.Ref, d.HasRef = t.ref, t.begun
		t.also = append(t.also, d)
	}
}

// judged counts one input of several, with what is to be said of it if it was not good.
func (e *env) judged(code int, details event.Details) {
	t := e.trail
	if t == nil {
		return
	}
	outcome := t.recorded.outcomeOf(code)
	t.inputs[outcome]++
	if outcome != event.OK && len(t.failures) < maxFailures {
		t.failures = append(t.failures, audit.Draft{Act: t.recorded.failed, Outcome: outcome, Details: details, Ref: t.ref, HasRef: t.begun})
	}
}

// recordNow appends events that must be durable before the command goes on, such as the
// opening of a private key. Where nothing is recorded it does nothing.
func (e *env) recordNow(ctx context.Context, drafts ...audit.Draft) error {
	t := e.trail
	if e.ownLog != nil {
		return e.appendOwn(ctx, e.ownLog, drafts...)
	}
	if t == nil {
		return nil
	}
	for i := range drafts {
		drafts[i].Ref, drafts[i].HasRef = t.ref, t.begun
	}
	if err := t.append(ctx, drafts...); err != nil {
		return e.unrecorded(ctx, t.recorded, t.log, err)
	}
	return nil
}

// heldOutput keeps an answer until it may be given out. An answer that is larger than memory
// should hold, which is none that holds a secret, is given out as it comes.
type heldOutput struct {
	w   io.Writer
	buf bytes.Buffer
}

// maxHeld bounds what is held back.
const maxHeld = 16 << 20

func (h *heldOutput) Write(p []byte) (int, error) {
	if h.buf.Len()+len(p) <= maxHeld {
		return h.buf.Write(p)
	}
	if _, err := h.release(); err != nil {
		return 0, err
	}
	return h.w.Write(p)
}

// release writes what was held back.
func (h *heldOutput) release() (int64, error) {
	defer clear(h.buf.Bytes())
	return h.buf.WriteTo(h.w)
}
