package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"filippo.io/age"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/home"
	"kai/internal/key"
	"kai/internal/trust/store"
	"kai/internal/vault"
	"kai/internal/vault/fields"
	"kai/internal/vault/vlog"
)

// ownerName is what the default identity is called, "" while there is none or the trust store cannot be
// believed. Each recorded command asks: the store is not read for it, unless it is unusual.
func (e *env) ownerName() string {
	const enough = 64 << 10 // an owner stands before those who were added later
	if h, err := e.openHome(); err == nil && !e.storeRead {
		f, err := h.Dir().OpenFile(home.TrustStore, os.O_RDONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return ""
		}
		if err == nil {
			defer f.Close()
			start, err := io.ReadAll(io.LimitReader(f, enough))
			if name, ok := store.OwnerName(start); err == nil && ok {
				return name
			}
		}
	}
	if s, err := e.trustStore(); err == nil && s.Owner() != nil {
		return s.Owner().Local().Name
	}
	return ""
}

// ownerRecipients are the sealing keys of the default identity, to which the keys of the log are
// sealed besides the auditors. While the trust store cannot be believed no epoch is opened, and events
// are recorded in the one that there is.
func (e *env) ownerRecipients() ([]audit.Recipient, error) {
	s, err := e.trustStore()
	if err != nil {
		return nil, err
	}
	owner := s.Owner()
	if owner == nil {
		return nil, nil
	}
	id, err := owner.Identity()
	if err != nil {
		return nil, err
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
	return list, nil
}

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

// openOwners are what opens epochs that are sealed to own identities, none while the vault is locked.
// Nothing of that is recorded: a log that is looked at stays as it is.
func (e *env) openOwners(ctx context.Context) []age.Identity {
	list, err := e.sealIdentities(ctx)
	if o := judge(ctx, err); err != nil && o.code != exitLocked && o.code != exitNotFound {
		e.warn("keys of the log: %v", err)
	}
	return list
}

// logKey is the reference of the log's own key, which lies beside the keys of the default identity and
// is for nothing else: a checkpoint signs bare text. It is made when it is needed for the first time.
// "" without a default identity.
func (e *env) logKey(ctx context.Context) (string, error) {
	s, err := e.trustStore()
	if err != nil || s.Owner() == nil {
		return "", err
	}
	name, ok := strings.CutPrefix(s.Owner().Local().Own, vaultScheme)
	if !ok {
		return "", nil
	}
	o, err := e.unlockedVault(ctx, sessionOnly())
	if err != nil {
		return "", err
	}
	defer o.close()
	ref := vaultScheme + name + "#" + auditField
	found, err := o.keySecret(ctx, name)
	if err != nil {
		return "", err
	}
	defer found.buf.Wipe()
	if _, ok := fields.Find(found.fields, auditField); ok {
		return ref, nil
	}
	p, err := key.Generate(key.MLDSA44Ed25519, e.random)
	if err != nil {
		return "", err
	}
	defer p.Wipe()
	list, err := keyFields(e, []namedPrivate{{auditField, p}}, auditField)
	defer wipeFields(list)
	if err != nil {
		return "", err
	}
	values := append(slices.Clone(found.fields), fields.Field{Name: auditField, Value: list[0].value.Expose()})
	meta := found.version.Meta
	if _, err := found.space.Commit(ctx, []vault.Change{{Type: vlog.Put, Meta: meta, Fields: values, IfVersion: found.version.Version}}); err != nil {
		return "", err
	}
	return ref, e.recordNow(ctx, audit.Draft{Act: "key_stored", Outcome: event.OK, Details: event.Details{
		{Name: "backend", Value: "vault"}, {Name: "key_id", Value: p.Public().Fingerprint()},
		{Name: "key_type", Value: string(p.Public().Type())}, {Name: "purpose", Value: auditField},
	}})
}
