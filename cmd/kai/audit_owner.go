package main

import (
	"context"
	"slices"
	"strings"

	"filippo.io/age"

	"kai/internal/audit"
)

// ownerRecipients are the sealing keys of the default identity, to which the keys of the log are
// sealed besides the auditors. While the trust store cannot be believed nobody is: then events are
// recorded in the epoch that there is, and none is opened.
func (e *env) ownerRecipients() []audit.Recipient {
	s, err := e.trustStore()
	if err != nil {
		return []audit.Recipient{{Text: "unknown", Recipient: unknownOwner{err}}}
	}
	owner := s.Owner()
	if owner == nil {
		return nil
	}
	id, err := owner.Identity()
	if err != nil {
		return []audit.Recipient{{Text: "unknown", Recipient: unknownOwner{err}}}
	}
	var list []audit.Recipient
	for _, k := range id.Keys().Seal {
		text, err := k.AgeText()
		if err != nil {
			continue // of a kind that age does not seal to
		}
		if r, err := k.Recipient(); err == nil {
			list = append(list, audit.Recipient{Text: text, Recipient: r})
		}
	}
	return list
}

// unknownOwner stands for an owner that cannot be found out: nothing is sealed to others alone.
type unknownOwner struct{ err error }

// Wrap fails.
func (u unknownOwner) Wrap([]byte) ([]*age.Stanza, error) { return nil, u.err }

// mixedRecipients lets post-quantum and classical recipients open the same file. age refuses that,
// since it is then only as strong as the weaker ones; but who names a classical auditor has decided
// so, and the owner must not be locked out by it.
func mixedRecipients(list []audit.Recipient) []audit.Recipient {
	quantum := func(r audit.Recipient) bool { return strings.HasPrefix(r.Text, "age1pq1") }
	if !slices.ContainsFunc(list, quantum) || !slices.ContainsFunc(list, func(r audit.Recipient) bool { return !quantum(r) }) {
		return list
	}
	mixed := slices.Clone(list)
	for i := range mixed {
		mixed[i].Recipient = plainRecipient{mixed[i].Recipient}
	}
	return mixed
}

// plainRecipient is a recipient without its labels.
type plainRecipient struct{ r age.Recipient }

// Wrap implements age.Recipient.
func (p plainRecipient) Wrap(fileKey []byte) ([]*age.Stanza, error) { return p.r.Wrap(fileKey) }

// sealLog opens an epoch whose keys the default identity of now can open.
func (e *env) sealLog(ctx context.Context) error {
	log, err := e.appendLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	r, err := log.NewEpoch(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	e.follow(ctx, log, r)
	return nil
}
