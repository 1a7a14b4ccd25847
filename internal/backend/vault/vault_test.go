package vault_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"testing"

	"kai/internal/backend"
	"kai/internal/backend/all"
	"kai/internal/backend/vault"
	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/secret"
)

var errLocked = errors.New("locked")

func marshal(t *testing.T, typ key.Type, passphrase *secret.Bytes) (key.Public, string) {
	t.Helper()
	p, err := key.Generate(typ, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Wipe()
	text, err := keyfile.MarshalPrivate(keyfile.PrivateForms(typ)[0], p, keyfile.Named{}, passphrase, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Wipe()
	return p.Public(), string(text.Expose()) //nolint // a test's own key
}

func TestOpen(t *testing.T) {
	public, signing := marshal(t, key.Ed25519, nil)
	_, sealing := marshal(t, key.X25519, nil)
	_, locked := marshal(t, key.Ed25519, secret.Take([]byte("correct horse")))
	held := map[string]string{"ci/key#sign": signing, "ci/seal": sealing, "ci/locked": locked, "ci/public": public.String() + "\n", "ci/two": signing + signing, "ci/prose": "Dear Bob"}
	env := backend.Env{Secret: func(_ context.Context, name string) (*secret.Bytes, error) {
		text, ok := held[name]
		if !ok {
			return nil, errLocked
		}
		return secret.Take([]byte(text)), nil
	}}
	for _, c := range []struct {
		ref  string
		want error
	}{
		{"vault:ci/key#sign", nil},
		{"vault:ci/none", errLocked},
		{"vault:ci/locked", key.ErrNoSecret},
		{"vault:ci/public", key.ErrNoSecret},
		{"vault:ci/two", key.ErrNoSecret},
		{"vault:ci/prose", key.ErrMalformed},
	} {
		ref, err := backend.ParseRef(c.ref, all.Syntaxes())
		if err != nil {
			t.Fatal(err)
		}
		k, err := vault.Backend{}.Open(t.Context(), ref, env)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.ref, err, c.want)
		}
		if err != nil {
			continue
		}
		s, err := k.(backend.Signer).Signer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sign(rand.Reader, []byte("message"), crypto.Hash(0)); err != nil || k.Public() != public {
			t.Errorf("%s: %v, public %s", c.ref, err, k.Public())
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	}
	ref, _ := backend.ParseRef("vault:ci/seal", all.Syntaxes())
	k, err := vault.Backend{}.Open(t.Context(), ref, env)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if _, err := k.(backend.Signer).Signer(t.Context()); !errors.Is(err, backend.ErrUnsupported) {
		t.Errorf("a sealing key signs: %v", err)
	}
	if _, err := (vault.Backend{}).Open(t.Context(), ref, backend.Env{}); !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("without a vault: %v", err)
	}
}
