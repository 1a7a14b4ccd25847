package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/backend"
	"kai/internal/backend/all"
	"kai/internal/key"
	"kai/internal/sig"
)

// signerFlags say who signs; kai sign and kai attest share them.
func signerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "identity", Aliases: []string{"i"}, Usage: "sign as the own `IDENTITY` (default: the one of kai id default); may be repeated"},
		&cli.StringSliceFlag{Name: "key", Usage: "sign with the key `REF`, file:PATH, agent:FINGERPRINT or vault:NS/PATH; may be repeated"},
		&cli.BoolFlag{Name: "classical", Usage: "leave the post-quantum half out"},
	}
}

type signerOptions struct {
	identities []string
	keys       []string
	classical  bool
}

func readSignerOptions(c *cli.Context) signerOptions {
	return signerOptions{identities: c.StringSlice("identity"), keys: c.StringSlice("key"), classical: c.Bool("classical")}
}

// files are the key files that are read.
func (o *signerOptions) files() []string {
	var names []string
	for _, text := range o.keys {
		if ref, err := backend.ParseRef(text, all.Syntaxes()); err == nil && ref.Scheme == "file" {
			names = append(names, ref.Get("path"))
		}
	}
	return names
}

// signers are opened keys, ready to sign.
type signers struct {
	list []sig.Signer
	keys []backend.Key
	held []*heldIdentity
	// of are the ids of identities, by the fingerprint of the key that signs for them.
	of map[string]string
}

// close lets go of the keys.
func (s *signers) close() {
	for _, k := range s.keys {
		_ = k.Close() // nothing is lost with a connection that does not close
	}
	for _, h := range s.held {
		h.close()
	}
}

// openSigners opens identities and keys in the order given; without any it is the default identity.
// An ML-DSA-65 key right after a classical one is its post-quantum half.
func openSigners(ctx context.Context, env *env, o signerOptions) (*signers, error) {
	s := &signers{of: map[string]string{}}
	if err := s.open(ctx, env, o); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *signers) open(ctx context.Context, env *env, o signerOptions) error {
	identities := o.identities
	if len(identities) == 0 && len(o.keys) == 0 {
		identities = []string{""}
	}
	for _, who := range identities {
		if err := s.openIdentity(ctx, env, who, o.classical); err != nil {
			return err
		}
	}
	for _, text := range o.keys {
		k, signer, err := openSigner(ctx, env, text)
		if err != nil {
			return err
		}
		s.keys = append(s.keys, k)
		s.add(signer, o.classical)
		if owner := env.ownerOfKey(signer.Public); owner != "" {
			s.of[signer.Public.Fingerprint()] = owner
		}
	}
	return nil
}

// openIdentity opens the keys of an own identity, which the vault holds.
func (s *signers) openIdentity(ctx context.Context, env *env, who string, classical bool) error {
	entry, _, err := env.ownIdentity(who)
	if err != nil {
		return err
	}
	h, err := env.holdIdentity(ctx, entry)
	if err != nil {
		return err
	}
	s.held = append(s.held, h)
	for _, one := range h.signers {
		if classical {
			one.PQ = nil
		}
		s.list = append(s.list, one)
		s.of[one.Public.Fingerprint()] = h.ID().String()
	}
	return nil
}

func (s *signers) add(signer sig.Signer, classical bool) {
	if last := len(s.list) - 1; last >= 0 && signer.Public.Type() == key.MLDSA65 &&
		s.list[last].PQ == nil && !s.list[last].Public.Type().PostQuantum() {
		if !classical {
			s.list[last].PQ = &signer
		}
		return
	}
	s.list = append(s.list, signer)
}

// warnOfHalves says once that post-quantum halves were given to a format that
// has no place for them.
func (s *signers) warnOfHalves(env *env, o signOptions) {
	if o.format == "" || signFormatNamed(o.format).hybrid {
		return
	}
	if slices.ContainsFunc(s.list, func(one sig.Signer) bool { return one.PQ != nil }) {
		env.warn("%s holds no post-quantum half: it is left out", o.format)
	}
}

// facts tells the audit log who signs.
func (s *signers) facts(env *env) {
	if len(s.list) > 0 {
		first := s.list[0].Public
		env.fact("key_id", first.Fingerprint())
		env.fact("key_type", string(first.Type()))
		if id := s.of[first.Fingerprint()]; id != "" {
			env.fact("agent_id", id)
		}
	}
}

// findKey opens the key of a reference in its holder.
func (e *env) findKey(ctx context.Context, text string) (backend.Ref, backend.Key, error) {
	ref, err := backend.ParseRef(text, all.Syntaxes())
	if err != nil {
		if _, statErr := os.Stat(e.path(text)); statErr == nil {
			return ref, nil, withHint(fail(exitUsage, "usage", err), "--key file:%s", shellWord(text))
		}
		return ref, nil, withHint(fail(exitUsage, "usage", err), "--key %s", strings.Join(refExamples(), " or "))
	}
	k, err := all.Open(ctx, ref, e.keyHolders())
	if err != nil {
		_ = e.recordNow(ctx, keyRetrieved(ref.Scheme, key.Public{}, judge(ctx, err).ident)) // nothing is used: the error is what counts
		return ref, nil, hintOfPrivate(e, ref, err)
	}
	return ref, k, nil
}

// openSigner opens one key reference. The public key is at hand at once; the
// secret is asked for by the holder when it is needed.
func openSigner(ctx context.Context, env *env, text string) (backend.Key, sig.Signer, error) {
	ref, k, err := env.findKey(ctx, text)
	if err != nil {
		return nil, sig.Signer{}, err
	}
	holder, ok := k.(backend.Signer)
	if !ok || !k.Public().Type().Signs() {
		k.Close()
		return nil, sig.Signer{}, failf(exitUsage, "usage", "key %s: %s keys do not sign", text, k.Public().Type())
	}
	signer, err := holder.Signer(ctx)
	if err == nil {
		d := keyRetrieved(ref.Scheme, k.Public(), "")
		if ref.Scheme == "vault" {
			d = vaultKeyRetrieved(k.Public())
		}
		err = env.recordNow(ctx, d)
	}
	if err != nil {
		k.Close()
		return nil, sig.Signer{}, err
	}
	made := sig.Signer{Public: k.Public(), Signer: signer}
	if identified, ok := k.(backend.Identified); ok {
		made.KeyID = identified.KeyID()
	}
	return k, made, nil
}

// keyRetrieved is the event of a private key that is opened for use, or, with why, of one that is
// not.
func keyRetrieved(backend string, public key.Public, why string) audit.Draft {
	d := audit.Draft{Act: "key_retrieved", Outcome: event.OK, Details: event.Details{{Name: "backend", Value: backend}}}
	if !public.IsZero() {
		d.Details = d.Details.With("key_id", public.Fingerprint()).With("key_type", string(public.Type()))
	}
	if why != "" {
		d.Outcome, d.Details = event.Fail, d.Details.With("error", why)
	}
	return d
}

// refExamples are references of the holders there are.
func refExamples() []string {
	var list []string
	for _, syntax := range all.Syntaxes() {
		list = append(list, syntax.Scheme+":"+strings.ToUpper(syntax.Main))
	}
	return list
}

// hintOfPrivate points at the private key beside a public one that no agent
// knows.
func hintOfPrivate(env *env, ref backend.Ref, err error) error {
	private, ok := strings.CutSuffix(ref.Get("path"), ".pub")
	if _, statErr := os.Stat(env.path(private)); !ok || statErr != nil {
		return err
	}
	return withHint(err, "--key file:%s", shellWord(private))
}

// readKeyFile reads a file that should be a key, which is not long.
func (e *env) readKeyFile(path string) ([]byte, error) {
	data, err := readBounded(e.path(path), key.MaxFile)
	if errors.Is(err, sig.ErrTooLarge) {
		return nil, fmt.Errorf("%s: %w: at most %d bytes", path, key.ErrTooLarge, key.MaxFile)
	}
	return data, err
}

// keyHolders is what key holders may use of the outside.
func (e *env) keyHolders() backend.Env {
	return backend.Env{
		ReadFile:    e.readKeyFile,
		Passphrase:  e.passphrase,
		Afford:      e.afford,
		Secret:      e.vaultSecret,
		AgentSocket: e.getenv("SSH_AUTH_SOCK"),
	}
}
