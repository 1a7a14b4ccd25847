package main

import (
	"context"

	"kai/internal/audit/event"
	"kai/internal/verdict"
)

// facts are what the audit log says of an answer: why it is not a good one, and about whose
// signature it is.
func (j *judged) facts(ctx context.Context) event.Details {
	if j.err != nil {
		return event.Details{{Name: "error", Value: judge(ctx, j.err).ident}}
	}
	return verdictFacts(j.verdict)
}

// verdictFacts are those of a verdict. Only codes, formats and fingerprints can be recorded.
func verdictFacts(v verdict.Verdict) event.Details {
	var d event.Details
	reasons := v.Reasons
	if len(v.Signatures) > 0 {
		first := v.Signatures[0]
		reasons = append(reasons, first.Reasons...)
		if c := first.Result.Claim; c != nil {
			d = d.With("format", c.Format)
		}
		if first.Result.Good() {
			key := first.Result.Verified.Key()
			d = d.With("key_id", key.Fingerprint()).With("key_type", string(key.Type()))
		}
	}
	if v.Word != verdict.Trusted && len(reasons) > 0 {
		d = d.With("error", reasons[0].Code)
	}
	return d
}
