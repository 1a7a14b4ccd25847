package main

import (
	"errors"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/vault"
)

// expiredIdent is the word of the refusal of a secret that has ended.
const expiredIdent = "expired"

// ending is how a command that failed ends in the log. A failure of a kind that has an act of its own
// ends in that, and names the act that was wanted.
func (t *trail) ending(d audit.Draft, ident string, err error) audit.Draft {
	as, ok := t.recorded.instead[ident]
	if !ok && d.Outcome == event.Deny {
		as, ok = t.recorded.instead["deny"]
	}
	if !ok {
		return d
	}
	d.Details = d.Details.With("wanted", d.Act)
	if at := (*vault.FileError)(nil); errors.As(err, &at) {
		d.Details = d.Details.With("file", at.File)
	}
	d.Act, d.Outcome = as.act, as.outcome
	return d
}
