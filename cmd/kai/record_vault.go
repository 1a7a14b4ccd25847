package main

import (
	"errors"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/vault"
)

// vaultViolations are the acts of what is wrong with a vault, by the word of the error.
var vaultViolations = map[string]string{
	"vault_rollback": "vault_rollback_detected",
	"vault_fork":     "vault_fork_detected",
	"vault_tampered": "vault_tampered",
}

// expiredIdent is the word of the refusal of a secret that has ended.
const expiredIdent = "expired"

// ending is how a privileged command that failed ends in the log: what is wrong with the vault is an
// event before the last, a denial of the vault has an act of its own, which names the wanted one, and
// so has a secret that has expired.
func (t *trail) ending(d audit.Draft, ident string, err error) []audit.Draft {
	if t.recorded.mode != privileged {
		return []audit.Draft{d}
	}
	var events []audit.Draft
	if act, ok := vaultViolations[ident]; ok {
		v := audit.Draft{Act: act, Outcome: event.Fail, Details: event.Details{{Name: "error", Value: ident}}, Ref: d.Ref, HasRef: d.HasRef}
		if at := (*vault.FileError)(nil); errors.As(err, &at) {
			v.Details = v.Details.With("file", at.File)
		}
		events = append(events, v)
	}
	row, _ := event.Lookup(d.Act)
	switch {
	case ident == expiredIdent && row.Type == event.DataAccess:
		d.Act, d.Outcome = "secret_expired_access", event.Fail
	case d.Outcome == event.Deny && row.By[event.Deny] == 0:
		d.Details = d.Details.With("wanted", d.Act)
		d.Act = "vault_access_denied"
	}
	return append(events, d)
}
