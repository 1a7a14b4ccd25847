package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/sig"
	"kai/internal/sig/jws"
	"kai/internal/sig/note"
	"kai/internal/trust/store"
	"kai/internal/verdict"
)

// keyring is a sig.KeySource of the keys that the caller named, with what the
// formats call them.
type keyring struct {
	keys []namedKey
	// only is the key of --key, which wins over everything else.
	only *namedKey
}

// namedKey is a key and what it came with.
type namedKey struct {
	public    key.Public
	id        *[8]byte // of a minisign or signify key
	algorithm string   // that a JWK ties it to
	note      string   // the name that a verifier key of signed-note ties it to
}

func newNamedKey(e key.Entry) namedKey {
	n := namedKey{public: e.Public, id: e.ID, algorithm: e.Algorithm}
	if e.Form == key.FormVKey {
		n.note = e.Comment
	}
	return n
}

// mayHaveMade reports whether the key is one that a claim can mean. The name in
// a note's signature line is not signed: only the verifier key vouches for it.
func (n namedKey) mayHaveMade(c *sig.Claim) bool {
	if c.Format == (note.Format{}).Name() && n.note != "" && c.Namespace != note.Namespace(n.note) {
		return false
	}
	return c.NamesKey == nil || c.NamesKey(n.public, n.id)
}

// readKeys reads a file of public keys. Of a private key the public half is
// taken, and only where the file tells it in the clear: nobody who checks is
// asked for a passphrase.
func readKeys(ctx context.Context, env *env, name string) ([]key.Entry, error) {
	in, err := env.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, key.MaxFile+1))
	defer func() { clear(data) }()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	parsed, err := keyfile.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	warnOfSkipped(env, name, parsed)
	entries := publicHalves(parsed)
	if len(entries) == 0 {
		return nil, failf(exitUndecidable, "no_key", "%s: holds no public key", name)
	}
	return entries, nil
}

// publicHalves destroys the secrets of a file and returns its keys, except those
// that are hidden with their secret and those that sign nothing but certificates.
func publicHalves(f keyfile.File) []key.Entry {
	f.Wipe()
	return slices.DeleteFunc(f.Entries, func(e key.Entry) bool { return e.Public.IsZero() || e.Authority })
}

// add puts the keys of a file on the ring.
func (k *keyring) add(entries []key.Entry) {
	for _, e := range entries {
		k.keys = append(k.keys, newNamedKey(e))
	}
}

// Candidates implements sig.KeySource. Hints choose among the keys that the
// caller named; they never bring a key in.
func (k *keyring) Candidates(c *sig.Claim) ([]key.Public, error) {
	ring := k.keys
	if k.only != nil {
		ring = []namedKey{*k.only}
	}
	var fit []namedKey
	for _, n := range ring {
		if c.Accepts(n.public.Type()) && jws.Allows(n.algorithm, c) {
			fit = append(fit, n)
		}
	}
	switch {
	case len(ring) == 0:
		return nil, fmt.Errorf("%w: none was given", sig.ErrNoKey)
	case len(fit) == 0:
		return nil, fmt.Errorf("%w: none that was given is of a type for %s", sig.ErrNoKey, c.Format)
	case c.NeedsOneKey && len(ring) > 1:
		return nil, fmt.Errorf("%w: %s names no key: give one with --key", sig.ErrNoKey, c.Format)
	}
	var chosen []key.Public
	for _, n := range fit {
		if n.mayHaveMade(c) {
			chosen = append(chosen, n.public)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%w: %s", sig.ErrWrongKeyID, c.KeyHint)
	}
	return chosen, nil
}

// ruleOptions say whom to trust.
type ruleOptions struct {
	signers   []string
	key       string
	allowed   string
	principal string
	krl       string
}

// files are the files that are read.
func (o *ruleOptions) files() []string {
	return slices.Concat([]string{o.key, o.allowed, o.krl}, o.signers)
}

// readRule builds the rule and the ring from the command line and the trust store.
// Without any the rule is nil: then nobody is trusted. What the trust store says
// against a signer counts under every rule.
func readRule(ctx context.Context, env *env, o ruleOptions) (verdict.Rule, *keyring, error) {
	known, err := env.knownSigners()
	if err != nil {
		return nil, nil, err
	}
	rule, ring, err := readInnerRule(ctx, env, o, known)
	if err != nil || len(known.list) == 0 {
		return rule, ring, err
	}
	if rule == nil {
		ring.keys = append(ring.keys, known.keys()...)
	}
	return identityRule{known, rule}, ring, nil
}

func readInnerRule(ctx context.Context, env *env, o ruleOptions, known *knownSigners) (verdict.Rule, *keyring, error) {
	ring := &keyring{}
	if o.key != "" {
		entries, err := readKeys(ctx, env, o.key)
		if err != nil {
			return nil, nil, err
		}
		if len(entries) != 1 {
			return nil, nil, usagef("--key %s: holds %d keys, want one", o.key, len(entries))
		}
		only := newNamedKey(entries[0])
		ring.only = &only
	}
	switch {
	case o.allowed != "" && len(o.signers) > 0:
		return nil, nil, usagef("--signer and --allowed-signers exclude each other")
	case o.allowed == "" && (o.principal != "" || o.krl != ""):
		return nil, nil, usagef("-I and --krl belong to --allowed-signers")
	case o.allowed != "":
		rule, err := readAllowedSigners(ctx, env, o, ring)
		return rule, ring, err
	case len(o.signers) == 0:
		return nil, ring, nil
	}
	var named []verdict.Signer
	for _, name := range o.signers {
		s, entries, err := readSigner(ctx, env, name, known)
		if err != nil {
			return nil, nil, err
		}
		ring.add(entries)
		for _, e := range entries {
			s.Keys = append(s.Keys, e.Public)
		}
		named = append(named, s)
	}
	return verdict.NewSigners(named...), ring, nil
}

// readSigner reads --signer: an identity, a file of keys, or a key or fingerprint written out. A
// name that the trust store knows means nobody else, whatever files there are.
func readSigner(ctx context.Context, env *env, who string, known *knownSigners) (verdict.Signer, []key.Entry, error) {
	if found, err := env.findIdentity(who); err == nil {
		for _, one := range known.list {
			if one.ID() == found.ID() {
				s := verdict.Signer{Name: one.Name}
				var entries []key.Entry
				for _, p := range signKeys(one.Identity) {
					entries = append(entries, key.Entry{Public: p, Form: key.FormText})
				}
				return s, entries, nil
			}
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return verdict.Signer{}, nil, err
	}
	entries, err := readKeys(ctx, env, who)
	if err == nil || judge(ctx, err).code != exitNotFound {
		return verdict.Signer{Name: signerName(who)}, entries, err
	}
	if key.IsFingerprint(who) {
		return verdict.Signer{Name: who, Fingerprints: []string{who}}, nil, nil
	}
	if strings.ContainsAny(who, ": ") { // TYPE:BASE64URL, did:key:… or a line of OpenSSH
		if parsed, parseErr := keyfile.Parse([]byte(who + "\n")); parseErr == nil {
			if written := publicHalves(parsed); len(written) == 1 {
				return verdict.Signer{Name: writtenName(who, written[0])}, written, nil
			}
		}
	}
	return verdict.Signer{}, nil, withHint(err, "--signer takes a name of kai id list, a public-key file, a fingerprint SHA256:…, a did:key or TYPE:KEY")
}

// writtenName is what stands for a key that was written out: itself, if it is
// a short word.
func writtenName(who string, e key.Entry) string {
	if len(who) <= 100 && !strings.Contains(who, " ") {
		return who
	}
	return cmp.Or(e.Comment, e.Public.Fingerprint())
}

// signerName is the last part of a path: what a person calls the signer.
func signerName(who string) string {
	if who == "-" {
		return "standard input"
	}
	return filepath.Base(who)
}
