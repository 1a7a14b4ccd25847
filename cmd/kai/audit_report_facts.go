package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"kai/internal/audit"
	"kai/internal/audit/event"
	summary "kai/internal/audit/report"
)

func uintText(n int64) string { return strconv.FormatInt(n, 10) }

// integrity verifies the log: with the keys that lie beside it, or else without MACs.
func (o *openedLog) integrity(ctx context.Context, env *env) (summary.Integrity, error) {
	witnesses, err := o.witnesses()
	if err != nil {
		return summary.Integrity{}, err
	}
	options := audit.VerifyOptions{Quick: true, Witnesses: verifiers(witnesses), Workers: env.cpus}
	scope := "quick"
	v, err := o.verify(ctx, env, options)
	if errors.Is(err, audit.ErrNoKey) {
		options.Public, scope = true, "public"
		v, err = o.verify(ctx, env, options)
	}
	if err != nil {
		return summary.Integrity{}, err
	}
	i := summary.Integrity{
		Verdict: reportVerdict(v, options.Public), Scope: scope, Size: v.Size, Root: base64.StdEncoding.EncodeToString(v.Root[:]),
		SignedTo: v.Coverage.SignedTo, CosignedTo: v.Coverage.CosignedTo, AnchoredTo: v.Coverage.AnchoredTo,
		NewestCheckpoint: v.Coverage.CheckpointTime, NewestAnchor: v.Coverage.NewestAnchor,
		Auditors: len(o.config.Auditors), Acknowledged: v.Acknowledged,
	}
	if i.NewestCheckpoint.IsZero() {
		i.NewestCheckpoint = o.checkpointTime(v.Coverage.SignedTo)
	}
	for _, f := range v.Findings {
		if !f.Acknowledged {
			i.Findings = append(i.Findings, reportFinding(f))
		}
	}
	for _, e := range v.Epochs {
		i.Epoch, i.Sealed = e.Epoch, e.Sealed
	}
	full, found, err := o.lastVerified()
	if err != nil {
		return i, err
	}
	if found {
		i.NewestVerify = full.Time()
	}
	return i, nil
}

// reportVerdict is the verdict in the words of reports, which know that keys can be missing.
func reportVerdict(v *audit.Verification, public bool) summary.Verdict {
	switch {
	case v.Verdict == audit.VerdictTampered:
		return summary.Tampered
	case v.Verdict == audit.VerdictIncomplete:
		return summary.Incomplete
	case public:
		return summary.Locked
	}
	return summary.Intact
}

func reportFinding(f audit.Finding) summary.Finding {
	r := summary.Finding{Check: string(f.Check), Text: f.Text}
	if r.Text == "" {
		r.Text = f.String()
	}
	if f.Place {
		r.N, r.Segment, r.Line = &f.N, fmt.Sprintf("seg/%012d.jsonl", f.Segment), f.Line
	}
	return r
}

// environment is what events do not tell of the home.
func (o *openedLog) environment() (summary.Environment, error) {
	var facts summary.Environment
	var err error
	if facts.OutboxPending, facts.OutboxOldest, err = o.outboxState(); err != nil {
		return facts, err
	}
	if free, ok := freeBytes(o.roots[0]); ok {
		facts.Disk = &summary.Disk{FreeBytes: free}
	}
	return facts, nil
}

// tolerant gives the events of a range. A line that is none ends them without an error: verifying
// the log has found it, and a report of a damaged log is worth having.
func (o *openedLog) tolerant(ctx context.Context, from, to uint64) iter.Seq2[*event.View, error] {
	return func(yield func(*event.View, error) bool) {
		for v, err := range o.Views(ctx, from, to) {
			if errors.Is(err, audit.ErrTampered) {
				return
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// counted shows how far reading has come.
func counted(events iter.Seq2[*event.View, error], bar *progress) iter.Seq2[*event.View, error] {
	if bar == nil {
		return events
	}
	return func(yield func(*event.View, error) bool) {
		for v, err := range events {
			if err == nil {
				bar.add(int64(len(v.Line)))
			}
			if !yield(v, err) {
				return
			}
		}
	}
}
