package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/key/openssh"
	"kai/internal/secret"
	"kai/internal/sig"
	"kai/internal/signed"
	"kai/internal/trust/store"
	"kai/internal/vault"
	"kai/internal/vault/fields"
	"kai/internal/vault/vlog"
)

// Namespaces of the vault. The keys that come next have one of their own, so that who is granted the
// present keys cannot rotate them away.
const (
	identityNS = "identity"
	nextNS     = "keys-next"
)

// defaultName is that of an identity that nobody has named.
const defaultName = "default"

// deriveSize is the length of the secret from which keys of other identities are derived.
const deriveSize = 32

// rootKeyDue and the vault's own default are when keys are due to be changed.
const rootKeyDue = 365 * 24 * time.Hour

// newIdentity are the keys of an identity that is being made.
type newIdentity struct {
	name string
	// fields and next are the present keys and those that come after them.
	fields, next []namedPrivate
	derive       *secret.Bytes
	document     *identity.Identity
	revocation   *signed.Envelope // signed in advance
	signers      []sig.Signer
}

type namedPrivate struct {
	field string
	*key.Private
}

func (n *newIdentity) wipe() {
	for _, list := range [][]namedPrivate{n.fields, n.next} {
		for _, p := range list {
			p.Wipe()
		}
	}
	n.derive.Wipe()
}

// makeIdentity makes an identity: keys in the vault, a document in the trust store.
func makeIdentity(ctx context.Context, env *env, o makeKeyOptions) error {
	if o.name == "" {
		o.name = defaultName
	}
	if err := o.checkIdentity(); err != nil {
		return err
	}
	s, err := env.trustStore()
	if err != nil {
		return err
	}
	if _, ok := s.ByName(o.name); ok {
		return withHint(fail(exitConflict, "exists", fmt.Errorf("identity %s %w", o.name, store.ErrExists)), "kai id show %s", o.name)
	}
	owner, err := env.ownerID(o.owner)
	if err != nil {
		return err
	}
	vault, err := env.unlockedVault(ctx, sessionOnly())
	if err != nil {
		return err
	}
	defer vault.close()
	n := &newIdentity{name: o.name}
	defer n.wipe()
	root, err := vault.derivationOf(ctx, o.deriveFrom)
	if err != nil {
		return err
	}
	defer root.Wipe()
	if err := n.generate(env, &o, root); err != nil {
		return err
	}
	facts := identity.Facts{Name: o.name, Kind: identity.Kind(o.kind), Owner: owner, Capabilities: o.capabilities}
	if o.comment != "" {
		facts.Meta = map[string]string{"comment": o.comment}
	}
	if err := n.describe(env, facts); err != nil {
		return err
	}
	if err := vault.keepIdentity(ctx, n); err != nil {
		return err
	}
	return n.announce(ctx, env, &o)
}

func (o *makeKeyOptions) checkIdentity() error {
	t := o.keyType()
	switch {
	case !identity.IsName(o.name):
		return usagef("name %q: want [a-z0-9][a-z0-9._-]{0,63}", o.name)
	case o.noPassphrase:
		return usagef("--no-passphrase belongs to -o FILE: the vault encrypts the keys of an identity")
	case o.classical && t.PostQuantum():
		return usagef("--classical and --type %s exclude each other", o.typ)
	case o.deriveFrom != "" && t != key.Ed25519 && t != key.MLDSA65:
		return usagef("--derive-from makes keys of 32 bytes: --type ed25519 or ml-dsa-65")
	}
	return key.CheckComment(o.comment)
}

// ownerID is whom --owner means: somebody who is known, or an id.
func (e *env) ownerID(who string) (identity.ID, error) {
	if who == "" {
		return identity.ID{}, nil
	}
	if id, err := identity.ParseID(who); err == nil {
		return id, nil
	}
	found, err := e.findIdentity(who)
	if err != nil {
		return identity.ID{}, withHint(err, "--owner takes a name of kai id list, or a whole id kai1…")
	}
	return found.ID(), nil
}

// derivationOf is the secret that keys are derived from, nil without a root.
func (o *openedVault) derivationOf(ctx context.Context, root string) (*secret.Bytes, error) {
	if root == "" {
		return nil, nil
	}
	entry, _, err := o.env.ownIdentity(root)
	if err != nil {
		return nil, err
	}
	h, err := o.hold(ctx, entry)
	if err != nil {
		return nil, err
	}
	defer h.close()
	if h.derive.Wiped() || h.derive.Len() != deriveSize {
		return nil, failf(exitNotFound, "no_such_key", "identity %s has no secret to derive from", root)
	}
	return h.derive.Clone(), nil
}

// generate makes the keys: random, or, with a root, from its secret.
func (n *newIdentity) generate(env *env, o *makeKeyOptions, root *secret.Bytes) (err error) {
	given := func(field string, epoch int) bool {
		if o.imported == nil || epoch > 0 {
			return false
		}
		return o.imported.Public().Type().Signs() && field == signField || !o.imported.Public().Type().Signs() && field == sealField
	}
	make := func(field string, t key.Type, epoch int) (*key.Private, error) {
		if given(field, epoch) {
			return key.NewPrivate(o.imported.Public().Type(), o.imported.Stored().Clone())
		}
		if root == nil {
			return key.Generate(t, env.random)
		}
		return deriveKey(root, t, n.name, epoch)
	}
	type wanted struct {
		field string
		typ   key.Type
		to    *[]namedPrivate
		epoch int
	}
	list := []wanted{{signField, o.keyType(), &n.fields, 0}, {signField, o.keyType(), &n.next, 1}}
	if !o.classical && !o.keyType().PostQuantum() {
		list = append(list, wanted{signPQField, key.MLDSA65, &n.fields, 0}, wanted{signPQField, key.MLDSA65, &n.next, 1})
	}
	sealing := key.MLKEM768X25519
	if o.classical {
		sealing = key.X25519
	}
	list = append(list, wanted{sealField, sealing, &n.fields, 0})
	for _, one := range list {
		p, err := make(one.field, one.typ, one.epoch)
		if err != nil {
			return err
		}
		*one.to = append(*one.to, namedPrivate{one.field, p})
	}
	if root != nil {
		n.derive, err = derived(root, deriveField, n.name, 0)
		return err
	}
	n.derive = secret.New(deriveSize)
	_, err = io.ReadFull(env.random, n.derive.Expose())
	return err
}

// deriveKey makes a key whose stored secret is 32 bytes.
func deriveKey(root *secret.Bytes, t key.Type, name string, epoch int) (*key.Private, error) {
	s, err := derived(root, string(t), name, epoch)
	if err != nil {
		return nil, err
	}
	return key.NewPrivate(t, s)
}

// derived is HKDF-SHA256(root, no salt, "kai derive/1" 0 TYPE 0 NAME 0 EPOCH), where the epoch is in
// decimal digits: 0 for the first keys, 1 for those that come next.
func derived(root *secret.Bytes, typ, name string, epoch int) (*secret.Bytes, error) {
	info := "kai derive/1\x00" + typ + "\x00" + name + "\x00" + strconv.Itoa(epoch)
	out, err := hkdf.Key(sha256.New, root.Expose(), nil, info, deriveSize)
	if err != nil {
		return nil, err
	}
	return secret.Take(out), nil
}

// describe signs the document, and a revocation to be kept for the day on which it is needed.
func (n *newIdentity) describe(env *env, facts identity.Facts) error {
	var next []string
	var err error
	if n.signers, err = signersFor(n.fields); err != nil {
		return err
	}
	nextSigners, err := signersFor(n.next)
	if err != nil {
		return err
	}
	var reveal []key.Public
	for _, p := range n.next {
		next, reveal = append(next, p.Public().Fingerprint()), append(reveal, p.Public())
	}
	var seal []key.Public
	for _, p := range n.fields {
		if p.field == sealField {
			seal = append(seal, p.Public())
		}
	}
	now := env.now()
	n.document, err = identity.New(env.random, now, identity.Inception{
		Facts: facts, Keys: identity.Keys{Next: next, NextThreshold: len(next), Seal: seal},
	}, n.signers...)
	if err != nil {
		return err
	}
	n.revocation, err = n.document.SignRevocation(env.random, identity.RevocationStatement{
		Target: identity.Target{Kind: identity.TargetIdentity, Ref: n.document.ID().String()},
		Reason: identity.Compromised, Created: now, Reveal: reveal,
	}, nextSigners...)
	return err
}

// signersFor are the signing keys among some, the post-quantum one as the companion of the other.
func signersFor(list []namedPrivate) ([]sig.Signer, error) {
	s := &signers{}
	for _, p := range list {
		if p.field == sealField {
			continue
		}
		one, err := p.Signer()
		if err != nil {
			return nil, err
		}
		s.add(sig.Signer{Public: p.Public(), Signer: one}, false)
	}
	return s.list, nil
}

// keepIdentity puts the keys into the vault: first those that come next, which nothing names before
// the others are there.
func (o *openedVault) keepIdentity(ctx context.Context, n *newIdentity) error {
	next, err := keyFields(o.env, n.next, n.name)
	defer wipeFields(next)
	if err != nil {
		return err
	}
	next = append(next, secretField{"revocation", secret.Take(n.revocation.Bytes())})
	present, err := keyFields(o.env, n.fields, n.name)
	defer wipeFields(present)
	if err != nil {
		return err
	}
	present = append(present, secretField{deriveField, n.derive.Clone()})
	for _, one := range []struct {
		ns   string
		list []secretField
	}{{nextNS, next}, {identityNS, present}} {
		defer wipeFields(one.list[len(one.list)-1:])
		if err := o.keepKeys(ctx, one.ns, n.name, one.list, n.document); err != nil {
			return err
		}
	}
	for _, p := range n.fields {
		d := audit.Draft{Act: "key_stored", Outcome: event.OK, Details: event.Details{
			{Name: "key_id", Value: p.Public().Fingerprint()}, {Name: "key_type", Value: string(p.Public().Type())},
			{Name: "backend", Value: "vault"}, {Name: "purpose", Value: p.field},
		}}
		o.env.alsoRecord(d)
	}
	return nil
}

// keyFields writes keys as fields of a secret, each in the form in which a file would have it.
func keyFields(env *env, list []namedPrivate, name string) ([]secretField, error) {
	var out []secretField
	for _, p := range list {
		text, err := keyfile.MarshalPrivate(keyfile.PrivateForms(p.Public().Type())[0], p.Private, keyfile.Named{Name: name}, nil, env.random)
		if err != nil {
			return out, err
		}
		out = append(out, secretField{p.field, text})
	}
	return out, nil
}

// keepKeys makes a secret of signing keys, which must not be there. The namespace is made when it is
// missing.
func (o *openedVault) keepKeys(ctx context.Context, ns, name string, list []secretField, id *identity.Identity) error {
	s, err := o.ensureSpace(ctx, ns)
	if err != nil {
		return err
	}
	meta := vault.Meta{Path: name, Kind: vault.KindSigningKeys, Public: map[string]string{"id": id.ID().String()}}
	if id.Facts().Kind == identity.Root {
		meta.RotateEvery = int64(rootKeyDue.Seconds())
	}
	vault.Defaults(&meta, o.env.now())
	var values []fields.Field
	for _, f := range list {
		values = append(values, fields.Field{Name: f.name, Value: f.value.Expose()})
	}
	_, err = s.Commit(ctx, []vault.Change{{Type: vlog.Put, Meta: meta, Fields: values, New: true}})
	if errors.Is(err, vault.ErrExists) {
		return withHint(fail(exitConflict, "exists", fmt.Errorf("vault:%s/%s: %w", ns, name, err)),
			"another NAME; or kai vault mv %s/%s %s/%s.old", ns, name, ns, name)
	}
	return err
}

// ensureSpace opens a namespace, and makes it first if there is none.
func (o *openedVault) ensureSpace(ctx context.Context, name string) (*vault.Space, error) {
	s, err := o.Space(o.keys, name)
	if !errors.Is(err, vault.ErrNotFound) {
		return s, err
	}
	if err := o.AddNamespace(ctx, o.keys, name, true); err != nil {
		return nil, err
	}
	if err := o.renewSession(ctx); err != nil {
		return nil, err
	}
	return o.Space(o.keys, name)
}

// announce puts the document into the trust store, and says what was made.
func (n *newIdentity) announce(ctx context.Context, env *env, o *makeKeyOptions) error {
	first := false
	owner := func(ctx context.Context, s *store.Store) (identity.ID, []sig.Signer, error) {
		if first = s.Owner() == nil; first {
			return n.document.ID(), n.signers, nil
		}
		return env.presentOwner(ctx, s)
	}
	local := store.Local{Class: store.System, Name: n.name, Own: vaultScheme + identityNS + "/" + n.name}
	if _, err := env.changeTrustStore(ctx, owner, func(c *store.Change) error { return c.Put(n.document, local) }); err != nil {
		return fmt.Errorf("the keys are in the vault, and their identity is not made: %w", err)
	}
	env.alsoRecord(audit.Draft{Act: "identity_created", Outcome: event.OK, Details: event.Details{
		{Name: "agent_id", Value: n.document.ID().String()}, {Name: "kind", Value: o.kind},
	}})
	sign := n.fields[0].Public()
	env.fact("key_id", sign.Fingerprint())
	env.fact("key_type", string(sign.Type()))
	env.fact("backend", "vault")
	if first {
		if err := env.sealLog(ctx); err != nil {
			env.warn("the log is not sealed to this identity yet: %v", err)
		}
	}
	return n.print(env, o, first)
}

// presentOwner is the owner of a store, with its keys.
func (e *env) presentOwner(ctx context.Context, s *store.Store) (identity.ID, []sig.Signer, error) {
	h, err := e.holdIdentity(ctx, s.Owner())
	if err != nil {
		return identity.ID{}, nil, err
	}
	defer h.close() // signers keep their own copy
	return h.ID(), h.signers, nil
}

func (n *newIdentity) print(env *env, o *makeKeyOptions, first bool) error {
	for _, p := range n.fields {
		env.note("%s  %s  %s", p.Public().Fingerprint(), p.Public().Type(), p.field)
	}
	if o.visual {
		if _, err := fmt.Fprint(env.stderr, openssh.Picture(n.fields[0].Public())); err != nil {
			return err
		}
	}
	if first {
		env.note("%s is the default identity", n.name)
	}
	env.note("its next keys and a revocation lie in vault:%s/%s: keep a copy elsewhere", nextNS, n.name)
	if !env.json {
		return env.printf("%s\n", n.document.ID())
	}
	id, name, kind := n.document.ID().String(), n.name, o.kind
	answer := keygenJSON{head: env.head(true), ID: &id, Name: &name, Kind: &kind, Created: n.document.Created().UTC().Format(time.RFC3339)}
	for _, p := range n.fields {
		usage := identity.ForSigning
		if p.field == sealField {
			usage = identity.ForSealing
		}
		answer.Keys = append(answer.Keys, keygenKeyJSON{
			Usage: string(usage), Type: p.Public().Type(), Public: p.Public().String(), Fingerprint: p.Public().Fingerprint(),
			Ref: vaultScheme + identityNS + "/" + n.name + "#" + p.field, DID: didOf(p.Public()),
		})
	}
	return env.printJSON(answer)
}
