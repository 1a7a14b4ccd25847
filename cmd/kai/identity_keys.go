package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"filippo.io/age"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/secret"
	"kai/internal/sig"
	"kai/internal/trust/store"
	"kai/internal/vault"
	"kai/internal/vault/fields"
)

// Fields of the secret that holds the keys of an identity.
const (
	signField   = "sign"
	signPQField = "sign-pq"
	sealField   = "seal"
	deriveField = "derive"
	auditField  = "audit" // the log's own key, of the default identity
)

// vaultScheme begins the references of keys in the vault.
const vaultScheme = "vault:"

// sessionOnly is access to the vault by the session that is open.
func sessionOnly() vaultAccess { return vaultAccess{sessionFD: notGiven} }

// vaultSecret opens a field of a secret, for the holder of keys in the vault.
func (e *env) vaultSecret(ctx context.Context, name string) (*secret.Bytes, error) {
	o, err := e.unlockedVault(ctx, sessionOnly())
	if err != nil {
		return nil, err
	}
	defer o.close()
	ref, err := parseSecretName(name)
	if err != nil {
		return nil, err
	}
	found, err := o.keySecret(ctx, name)
	if err != nil {
		return nil, err
	}
	defer found.buf.Wipe()
	field := ref.Field
	if _, ok := fields.Find(found.fields, signField); ok && field == "" {
		field = signField
	}
	value, err := found.field(field)
	if err != nil {
		return nil, err
	}
	copied := secret.New(len(value))
	copy(copied.Expose(), value)
	return copied, nil
}

// keySecret opens the secret of a reference, whatever its field. The caller wipes buf.
func (o *openedVault) keySecret(ctx context.Context, name string) (*foundSecret, error) {
	s, ref, path, err := o.path(name)
	if err != nil {
		return nil, err
	}
	v, err := s.Find(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref.Full, err)
	}
	if v.Expired(o.env.now()) {
		return nil, failf(exitUntrusted, expiredIdent, "%s has expired at %s", ref.Full, time.Unix(v.NotAfter, 0).UTC().Format(time.RFC3339))
	}
	list, buf, err := o.value(ctx, s, v)
	if err != nil {
		return nil, err
	}
	return &foundSecret{s, v, list, buf}, nil
}

// heldIdentity is an own identity with its private keys.
type heldIdentity struct {
	*identity.Identity
	entry   *store.Entry
	fields  map[string]*key.Private
	derive  *secret.Bytes
	signers []sig.Signer // made of the keys in force
}

// close wipes the keys.
func (h *heldIdentity) close() {
	for _, p := range h.fields {
		p.Wipe()
	}
	h.derive.Wipe()
}

// holdIdentity opens the private keys of an own identity with the session.
func (e *env) holdIdentity(ctx context.Context, entry *store.Entry) (*heldIdentity, error) {
	o, err := e.unlockedVault(ctx, sessionOnly())
	if err != nil {
		return nil, err
	}
	defer o.close()
	return o.hold(ctx, entry)
}

// hold opens the private keys of an own identity. It is recorded before they are given out.
func (o *openedVault) hold(ctx context.Context, entry *store.Entry) (*heldIdentity, error) {
	h, err := o.holdUnrecorded(ctx, entry)
	if err != nil {
		return nil, err
	}
	if h.signers, err = h.inForce(o.env.now()); err == nil {
		err = o.env.recordNow(ctx, h.retrieved()...)
	}
	if err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (o *openedVault) holdUnrecorded(ctx context.Context, entry *store.Entry) (*heldIdentity, error) {
	id, err := entry.Identity()
	if err != nil {
		return nil, err
	}
	name, ok := strings.CutPrefix(entry.Local().Own, vaultScheme)
	if !ok {
		return nil, failf(exitBackend, "unsupported_by_holder", "identity %s: its keys are held by %s", entry.Local().Name, entry.Local().Own)
	}
	found, err := o.keySecret(ctx, name)
	if errors.Is(err, vault.ErrNotFound) {
		return nil, fail(exitNotFound, "no_such_key", fmt.Errorf("identity %s: the keys are not in this vault: %w", entry.Local().Name, err))
	}
	if err != nil {
		return nil, err
	}
	defer found.buf.Wipe()
	h := &heldIdentity{Identity: id, entry: entry, fields: map[string]*key.Private{}}
	for _, f := range found.fields {
		if err := h.take(f); err != nil {
			h.close()
			return nil, fmt.Errorf("%s#%s: %w", name, f.Name, err)
		}
	}
	return h, nil
}

// take reads one field.
func (h *heldIdentity) take(f fields.Field) error {
	if f.Name == deriveField {
		h.derive = secret.New(len(f.Value))
		copy(h.derive.Expose(), f.Value)
		return nil
	}
	parsed, err := keyfile.Parse(f.Value)
	if err != nil {
		return err
	}
	if len(parsed.Entries) != 1 || parsed.Entries[0].Private == nil {
		parsed.Wipe()
		return key.ErrNoSecret
	}
	h.fields[f.Name] = parsed.Entries[0].Private
	return nil
}

// private finds the secret of a key, nil if the vault does not have it.
func (h *heldIdentity) private(public key.Public) *key.Private {
	for _, p := range h.fields {
		if p.Public() == public {
			return p
		}
	}
	return nil
}

// inForce makes signers of the signing keys that the document names now: the ML-DSA-65 key is the
// companion of the classical one before it.
func (h *heldIdentity) inForce(now time.Time) ([]sig.Signer, error) {
	if ended, ok := h.Revoked(); ok {
		return nil, fmt.Errorf("%s: %w: %s at %s", h.entry.Local().Name, identity.ErrRevoked, ended.Reason, ended.At.UTC().Format(time.RFC3339))
	}
	list := &signers{}
	for _, public := range h.Keys().Sign {
		if t, ok := h.Tenure(public.Fingerprint()); ok && t.Void {
			continue
		}
		p := h.private(public)
		if p == nil {
			continue
		}
		s, err := p.Signer()
		if err != nil {
			return nil, err
		}
		list.add(sig.Signer{Public: public, Signer: s}, false)
	}
	if len(list.list) == 0 {
		return nil, failf(exitNotFound, "no_such_key", "identity %s: no signing key of its document is in the vault", h.entry.Local().Name)
	}
	return list.list, nil
}

// retrieved are the events of keys that are opened to sign.
func (h *heldIdentity) retrieved() []audit.Draft {
	var drafts []audit.Draft
	for _, s := range h.signers {
		drafts = append(drafts, vaultKeyRetrieved(s.Public))
		if s.PQ != nil {
			drafts = append(drafts, vaultKeyRetrieved(s.PQ.Public))
		}
	}
	return drafts
}

// vaultKeyRetrieved is the event of a signing key of the vault, which is of a higher severity.
func vaultKeyRetrieved(public key.Public) audit.Draft {
	d := keyRetrieved("vault", public, "")
	if public.Type().Signs() {
		d.Severity = event.Medium
	}
	return d
}

// sealIdentities are the age identities of all own identities whose keys the session opens.
func (e *env) sealIdentities(ctx context.Context) ([]age.Identity, error) {
	s, err := e.trustStore()
	if err != nil || len(s.Entries()) == 0 {
		return nil, err
	}
	o, err := e.unlockedVault(ctx, sessionOnly())
	if err != nil {
		return nil, err
	}
	defer o.close()
	var list []age.Identity
	for _, entry := range s.Entries() {
		if entry.Local().Own == "" {
			continue
		}
		h, err := o.holdUnrecorded(ctx, entry)
		if err != nil {
			e.warn("identity %s: %v", entry.Local().Name, err)
			continue
		}
		for _, public := range h.Keys().Seal {
			if p := h.private(public); p != nil {
				who, err := p.Identity()
				if err != nil {
					h.close()
					return nil, err
				}
				list = append(list, who)
			}
		}
		h.close()
	}
	return list, nil
}
