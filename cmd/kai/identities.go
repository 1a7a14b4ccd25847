package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/durable"
	"kai/internal/home"
	"kai/internal/identity"
	"kai/internal/key/did"
	"kai/internal/sig"
	"kai/internal/trust/store"
)

// identityVariable names the identity that is used when none is named.
const identityVariable = "KAI_IDENTITY"

// trustStore reads the trust store of the home, once. nil, which has no identities: there is none.
// What is older than something seen is an error, and so is one that its owner has not sealed.
func (e *env) trustStore() (*store.Store, error) {
	if !e.storeRead {
		e.storeRead = true
		e.storeValue, e.storeError = e.readTrustStore()
	}
	return e.storeValue, e.storeError
}

func (e *env) readTrustStore() (*store.Store, error) {
	h, err := e.openHome()
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, home.ErrNoPlace):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return loadTrustStore(h)
}

// loadTrustStore reads the store of an open home, and holds it against what was seen.
func loadTrustStore(h *home.Home) (s *store.Store, err error) {
	text, err := h.Dir().ReadFile(home.TrustStore, store.MaxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("trust store: %w", err)
	default:
		if s, err = store.Parse(text); err != nil {
			return nil, storeHint(err)
		}
	}
	root, err := h.OpenLocal()
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := (store.Memory{Dir: durable.NewDir(root)}).Check(s); err != nil {
		return nil, storeHint(err)
	}
	return s, nil
}

// storeHint says where a good copy may be.
func storeHint(err error) error {
	if errors.Is(err, store.ErrTampered) || errors.Is(err, store.ErrRollback) {
		return withHint(err, "put the newest %s back; kai audit query --act truststore_updated says which that is", home.TrustStore)
	}
	return err
}

// storeLockPatience is how long a change of the trust store waits for others, and storeLockPoll how
// often it asks where the system does not tell.
const (
	storeLockPatience = 10 * time.Second
	storeLockPoll     = 50 * time.Millisecond
)

// storeOwner seals a store: an own identity and what signs for it.
type storeOwner func(ctx context.Context, s *store.Store) (identity.ID, []sig.Signer, error)

// changeTrustStore changes the store under the lock of the home, and seals it. The command's event
// is followed by one that says which head there is now.
func (e *env) changeTrustStore(ctx context.Context, owner storeOwner, change func(*store.Change) error) (*store.Store, error) {
	h, err := e.createHome()
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, storeLockPatience)
	defer cancel()
	held, err := h.Lock(waiting, storeLockPoll)
	if err != nil {
		return nil, err
	}
	defer func() { _ = held.Unlock() }() // it ends with the process at the latest
	before, err := loadTrustStore(h)
	if err != nil {
		return nil, err
	}
	c, err := before.Change()
	if err != nil {
		return nil, err
	}
	if err := change(c); err != nil {
		return nil, err
	}
	id, signers, err := owner(ctx, before)
	if err != nil {
		return nil, err
	}
	after, err := c.Seal(e.random, e.now(), id, signers...)
	if err != nil {
		return nil, err
	}
	if err := h.Dir().WriteFile(home.TrustStore, after.Bytes(), 0o600); err != nil {
		return nil, err
	}
	e.storeRead, e.storeValue, e.storeError = true, after, nil
	root, err := h.CreateLocal()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := (store.Memory{Dir: durable.NewDir(root)}).Remember(after); err != nil {
		return nil, err
	}
	number, digest, _ := after.Head()
	e.alsoRecord(audit.Draft{Act: "truststore_updated", Outcome: event.OK, Details: event.Details{
		{Name: "number", Value: number}, {Name: "digest", Value: digest.String()},
	}})
	return after, nil
}

// storeRecorded adds how a trust store that is not to be believed is recorded.
func storeRecorded(r recorded) recorded {
	tampered := insteadOf{"truststore_tampered", event.Fail}
	r.instead = map[string]insteadOf{
		"truststore_tampered": tampered,
		"store_rollback":      tampered,
		"vault_tampered":      {"vault_tampered", event.Fail},
		"vault_rollback":      {"vault_rollback_detected", event.Fail},
		"vault_fork":          {"vault_fork_detected", event.Fail},
	}
	return r
}

// minPrefix is how much of an id or fingerprint names somebody.
const minPrefix = 8

// findIdentity finds whom a word means: a name, an id, a fingerprint or did:key of a key in force, or
// the beginning of an id or fingerprint. The error is store.ErrNotFound when there is nobody.
func (e *env) findIdentity(who string) (*store.Entry, error) {
	s, err := e.trustStore()
	if err != nil {
		return nil, err
	}
	if found, ok := s.ByName(who); ok {
		return found, nil
	}
	var fit []*store.Entry
	for _, one := range s.Entries() {
		ok, err := isMeant(one, who)
		if err != nil {
			e.warn("%s: %v", one.Local().Name, err)
			continue
		}
		if ok {
			fit = append(fit, one)
		}
	}
	switch len(fit) {
	case 0:
		return nil, fmt.Errorf("%s: %w", who, store.ErrNotFound)
	case 1:
		return fit[0], nil
	}
	var names []string
	for _, one := range fit {
		names = append(names, one.Local().Name)
	}
	return nil, withHint(usagef("%s is the beginning of %d identities", who, len(fit)), "one of %s", strings.Join(names, ", "))
}

func isMeant(e *store.Entry, who string) (bool, error) {
	if len(who) < minPrefix {
		return false, nil
	}
	if strings.HasPrefix(e.ID().String(), who) {
		return true, nil
	}
	digest, isPrint := strings.CutPrefix(who, "SHA256:")
	if !isPrint && !strings.HasPrefix(who, "did:key:") {
		return false, nil
	}
	id, err := e.Identity()
	if err != nil {
		return false, err
	}
	keys := id.Keys()
	for _, k := range append(keys.Sign, keys.Seal...) {
		if isPrint && len(digest) >= minPrefix && strings.HasPrefix(k.Fingerprint(), who) {
			return true, nil
		}
		if text, err := did.Of(k); err == nil && text == who {
			return true, nil
		}
	}
	return false, nil
}

// ownIdentity finds an own identity, and its document. Without a word it is the default one.
func (e *env) ownIdentity(who string) (*store.Entry, *identity.Identity, error) {
	if who == "" {
		who = e.defaultIdentity()
	}
	var found *store.Entry
	var err error
	if who != "" {
		found, err = e.findIdentity(who)
	} else {
		var s *store.Store
		s, err = e.trustStore()
		if found = s.Owner(); err == nil && found == nil {
			err = noIdentities()
		}
	}
	switch s, _ := e.trustStore(); {
	case errors.Is(err, store.ErrNotFound) && len(s.Entries()) == 0:
		return nil, nil, noIdentities()
	case errors.Is(err, store.ErrNotFound):
		return nil, nil, withHint(err, "kai id list")
	case err != nil:
		return nil, nil, err
	case found.Local().Own == "":
		return nil, nil, failf(exitNotFound, "not_own", "%s is not an own identity: its private keys are elsewhere", found.Local().Name)
	}
	id, err := found.Identity()
	return found, id, err
}

// defaultIdentity is what the environment or the configuration say, "" when nothing does: then it is
// the owner of the trust store.
func (e *env) defaultIdentity() string {
	if name := e.getenv(identityVariable); name != "" {
		return name
	}
	if c, err := e.config(); err == nil {
		return c.Identity
	}
	return ""
}

// noIdentities is the answer to everything that needs an identity of the home.
func noIdentities() error {
	return withHint(failf(exitLocked, "no_identity", "this home has no identity"),
		"kai vault init, then kai keygen NAME; or kai keygen -o FILE for a key without an identity")
}
