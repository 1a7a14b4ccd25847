package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/audit/rule"
)

// follow does what follows from events that are durable: rules are judged, violations recorded,
// alerts raised. Nothing of it can fail the command: what goes wrong is a warning.
func (e *env) follow(ctx context.Context, log *openedLog, r audit.Receipt) {
	appended := slices.Concat(r.Own, r.Events)
	head := r.Head
	violations, err := e.violations(ctx, log, appended)
	if err != nil {
		e.warn("audit rules: %v", err)
	}
	if len(violations) > 0 {
		e.react(&log.config, violations)
		more, err := log.Append(context.WithoutCancel(ctx), violations...)
		if err != nil {
			e.warn("violations not recorded: %v", err)
		}
		appended = append(appended, slices.Concat(more.Own, more.Events)...)
		if err == nil {
			head = more.Head
		}
	}
	e.alert(ctx, log, appended, head)
	if err := e.updateMetrics(ctx, log, appended); err != nil {
		e.warn("audit metrics: %v", err)
	}
}

// mayViolate reports whether one of the built-in rules can fire at an event.
func (o *openedLog) mayViolate(e *event.Event) bool {
	return rule.BuiltinMayMatch(e, func(before uint64) (time.Time, bool) {
		if before > e.N {
			return time.Time{}, false
		}
		earlier, err := o.Event(e.N - before)
		if err != nil { // unknown: then the rules are asked
			return e.Time, true
		}
		return earlier.Event.Time, true
	})
}

// violations judges the new events by the rules.
func (e *env) violations(ctx context.Context, log *openedLog, appended []audit.Appended) ([]audit.Draft, error) {
	own, err := ruleFiles(log.dir)
	if err != nil {
		return nil, err
	}
	if len(own) == 0 && !slices.ContainsFunc(appended, func(a audit.Appended) bool { return log.mayViolate(&a.Event) }) {
		return nil, nil // reading the rules takes longer than everything else here
	}
	set, err := log.rules(own)
	if err != nil {
		return nil, err
	}
	alone, err := singles(set)
	if err != nil {
		return nil, err
	}
	// Of events of a batch that say the same only the last one is held against what happened
	// before: it sees the others there.
	last := map[string]uint64{}
	for _, a := range appended {
		last[sameness(&a.Event)] = a.Event.N
	}
	var drafts []audit.Draft
	for _, a := range appended {
		rules := set
		if last[sameness(&a.Event)] != a.Event.N {
			rules = alone
		}
		found, judged := rule.Evaluate(rules, a.Event, func() iter.Seq2[*event.Event, error] { return before(ctx, log, a.Event.N) })
		err = errors.Join(err, judged)
		for _, v := range found {
			if v.Window > 0 && slices.ContainsFunc(drafts, func(d audit.Draft) bool {
				return d.Details.Text("rule") == v.Rule && d.Details.Text("group") == v.Group
			}) {
				continue // of several that say different things, too, a rule and group has one
			}
			drafts = append(drafts, audit.Draft{Act: "audit.violation", Outcome: event.OK, Severity: v.Level, Details: v.Details()})
		}
	}
	return drafts, err
}

// singles are the rules that look at one event alone.
func singles(set rule.Set) (rule.Set, error) {
	return rule.NewSet(slices.DeleteFunc(set.Rules(), func(r rule.Rule) bool { return r.Correlation != nil }))
}

// sameness is equal for events that differ only in where they stand.
func sameness(e *event.Event) string {
	details, err := e.Details.Encode()
	if err != nil {
		return "" // it was appended, so it can be encoded
	}
	return e.Act + " " + e.Outcome.String() + " " + string(details)
}

// before gives the events before number n, the latest first.
func before(ctx context.Context, log *openedLog, n uint64) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		for v, err := range log.Backward(ctx, n) {
			if err != nil {
				yield(nil, err)
				return
			}
			if one := v.Event(); !yield(&one, nil) {
				return
			}
		}
	}
}

// rules are the built-in ones and those of the owner's files.
func (o *openedLog) rules(names []string) (rule.Set, error) {
	files := [][]rule.Rule{rule.Builtin()}
	for _, name := range names {
		data, err := o.dir.ReadFile(name, rule.MaxFile)
		if err != nil {
			return rule.Set{}, err
		}
		rules, err := rule.Parse(data)
		if err != nil {
			return rule.Set{}, fmt.Errorf("%s: %w", name, err)
		}
		files = append(files, rules)
	}
	return rule.NewSet(files...)
}
