package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/mldsa"

	"kai/internal/audit/checkpoint"
	"kai/internal/backend"
	"kai/internal/backend/all"
	"kai/internal/key"
	"kai/internal/sig"
)

// noteSigners are opened keys that sign checkpoints, under one name.
type noteSigners struct {
	list []*checkpoint.Signer
	keys []backend.Key
}

// close lets go of the keys.
func (s *noteSigners) close() {
	for _, k := range s.keys {
		_ = k.Close() // nothing is lost with a connection that does not close
	}
}

// vkeys are the verifier keys.
func (s *noteSigners) vkeys() []string {
	var list []string
	for _, one := range s.list {
		list = append(list, one.Verifier().String())
	}
	return list
}

// privateHolder is a key whose secret can be had, such as one in a file.
type privateHolder interface {
	backend.Key
	Private(ctx context.Context) (*key.Private, error)
}

// openNoteSigners opens keys of a log or of a witness. name is asked for the name of the first
// key; all sign under it. An Ed25519 key signs with the type that is given; a key of type
// mldsa44-ed25519 makes two lines, one with each half: the halves sign nothing that looks alike.
func openNoteSigners(ctx context.Context, env *env, refs []string, classical checkpoint.Type, name func(key.Public) string) (*noteSigners, error) {
	s := &noteSigners{}
	common := ""
	for _, text := range refs {
		k, signer, err := openSigner(ctx, env, text)
		if err != nil {
			s.close()
			return nil, err
		}
		s.keys = append(s.keys, k)
		if common == "" {
			common = name(signer.Public)
		}
		if err := s.add(ctx, k, signer, text, common, classical, env.now); err != nil {
			s.close()
			return nil, err
		}
	}
	for i, one := range s.list {
		same := func(o *checkpoint.Signer) bool { return o.Verifier().Type() == one.Verifier().Type() }
		if slices.ContainsFunc(s.list[:i], same) {
			s.close()
			return nil, usagef("two keys of type %s: one of each type signs", one.Verifier().Type())
		}
	}
	return s, nil
}

func (s *noteSigners) add(ctx context.Context, k backend.Key, signer sig.Signer, text, name string, classical checkpoint.Type, now func() time.Time) error {
	var halves []noteHalf
	switch signer.Public.Type() {
	case key.Ed25519:
		halves = []noteHalf{{classical, plainKey{signer.Signer, ed25519.PublicKey(signer.Public.Raw())}}}
	case key.MLDSA44Ed25519:
		holder, ok := k.(privateHolder)
		if !ok {
			return failf(exitBackend, "unsupported_by_holder", "key %s: its holder does not sign with the halves one by one", text)
		}
		private, err := holder.Private(ctx)
		if err != nil {
			return err
		}
		if halves, err = splitKey(private, classical); err != nil {
			return err
		}
	default:
		return withHint(usagef("key %s: %s keys do not sign checkpoints", text, signer.Public.Type()),
			"kai keygen --type ed25519 -o FILE, or --type mldsa44-ed25519 for a post-quantum line too")
	}
	for _, h := range halves {
		one, err := checkpoint.NewSigner(name, h.typ, h.key, now)
		if err != nil {
			return err
		}
		s.list = append(s.list, one)
	}
	return nil
}

// noteHalf is a key and what it signs with.
type noteHalf struct {
	typ checkpoint.Type
	key crypto.Signer
}

// plainKey is a signer whose public key has the type of the standard library.
type plainKey struct {
	crypto.Signer
	public ed25519.PublicKey
}

func (k plainKey) Public() crypto.PublicKey { return k.public }

// splitKey are the halves of a composite key, the classical one first.
func splitKey(private *key.Private, classical checkpoint.Type) ([]noteHalf, error) {
	seeds := private.Stored().Expose() // of ML-DSA-44, then of Ed25519: 32 bytes each
	pq, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seeds[:32])
	if err != nil {
		return nil, fmt.Errorf("composite private key: %w", key.ErrMalformed)
	}
	return []noteHalf{{classical, ed25519.NewKeyFromSeed(seeds[32:])}, {checkpoint.MLDSA44, pq}}, nil
}

// readVerifiers reads verifier keys from the command line: each is written out, or a file that
// holds some, one a line.
func readVerifiers(env *env, flag string, texts []string) ([]*checkpoint.Verifier, error) {
	var list []*checkpoint.Verifier
	for _, text := range texts {
		k, err := checkpoint.ParseVerifier(text)
		if err == nil {
			list = append(list, k)
			continue
		}
		data, fileErr := readBounded(env.path(text), checkpoint.MaxNote)
		if fileErr != nil {
			return nil, fail(exitUsage, "usage", fmt.Errorf("%s: %w, and no file of that name", flag, err))
		}
		for line := range strings.Lines(string(data)) {
			if k, err = checkpoint.ParseVerifier(strings.TrimSuffix(line, "\n")); err != nil {
				return nil, fmt.Errorf("%s %s: %w", flag, text, err)
			}
			list = append(list, k)
		}
	}
	return list, nil
}

// auditorKey is an opened key that epochs are sealed to. A nil one is none.
type auditorKey struct {
	identity age.Identity // valid until close
	key      backend.Key
	holder   string // its scheme
}

// close lets go of the key.
func (a *auditorKey) close() {
	if a != nil {
		_ = a.key.Close() // nothing is lost with a connection that does not close
	}
}

// record says in a log which key was used on it. That is only for who writes to the log anyway: one
// that is just looked at stays as it is, for it may be a copy, a backup or the copy that an auditor
// was given, and with an event of its own a copy is another history, which the memories would take
// for tampering.
func (a *auditorKey) record(ctx context.Context, env *env, log *openedLog) error {
	if a == nil {
		return nil
	}
	return env.appendOwn(ctx, log, keyRetrieved(a.holder, a.key.Public(), ""))
}

// openAuditor opens the key that epochs are sealed to.
func openAuditor(ctx context.Context, env *env, text string) (*auditorKey, error) {
	ref, err := backend.ParseRef(text, all.Syntaxes())
	if err != nil {
		return nil, withHint(fail(exitUsage, "usage", err), "--auditor file:KEY")
	}
	k, err := all.Open(ctx, ref, env.keyHolders())
	if err != nil {
		return nil, err
	}
	holder, ok := k.(privateHolder)
	if !ok {
		k.Close()
		return nil, withHint(failf(exitBackend, "unsupported_by_holder", "key %s: its holder opens nothing that age has sealed", text), "--auditor file:KEY")
	}
	a := &auditorKey{key: k, holder: ref.Scheme}
	private, err := holder.Private(ctx)
	if err == nil {
		a.identity, err = private.Identity()
	}
	if err != nil {
		k.Close()
		return nil, err
	}
	return a, nil
}
