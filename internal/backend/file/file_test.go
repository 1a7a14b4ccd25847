package file_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"kai/internal/backend"
	"kai/internal/backend/file"
	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/secret"
	"kai/internal/sig"
)

const passphrase = "correct horse"

// holder is an environment of files in memory that counts what it is asked.
type holder struct {
	files map[string][]byte
	typed string
	asked []string
}

func (h *holder) env() backend.Env {
	return backend.Env{
		ReadFile: func(path string) ([]byte, error) {
			data, ok := h.files[path]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
			}
			return bytes.Clone(data), nil
		},
		Passphrase: func(_ context.Context, what string) (*secret.Bytes, error) {
			h.asked = append(h.asked, what)
			return secret.Take([]byte(h.typed)), nil
		},
	}
}

func (h *holder) open(t *testing.T, path string) (backend.Key, error) {
	t.Helper()
	k, err := file.Backend{}.Open(t.Context(), reference(path), h.env())
	if err == nil {
		t.Cleanup(func() { k.Close() })
	}
	return k, err
}

func reference(path string) backend.Ref {
	return backend.Ref{Scheme: "file", Attributes: []backend.Pair{{Name: "path", Value: path}}}
}

// signer is the crypto.Signer of a key in a file.
func (h *holder) signer(t *testing.T, path string) (key.Public, crypto.Signer) {
	t.Helper()
	k, err := h.open(t, path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.(backend.Signer).Signer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return k.Public(), s
}

func generate(t *testing.T, typ key.Type) *key.Private {
	t.Helper()
	var p *key.Private
	var err error
	if typ == key.RSA { // 2048 bits are enough here, and made sooner
		var k *rsa.PrivateKey
		if k, err = rsa.GenerateKey(rand.Reader, 2048); err == nil {
			p, err = key.PrivateOf(k)
		}
	} else {
		p, err = key.Generate(typ, rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Wipe)
	return p
}

// written is a private key in a form, encrypted unless pass is "".
func written(t *testing.T, form key.Form, p *key.Private, pass string) []byte {
	t.Helper()
	var lock *secret.Bytes
	if pass != "" {
		lock = secret.Take([]byte(pass))
		defer lock.Wipe()
	}
	text, err := keyfile.MarshalPrivate(form, p, keyfile.Named{Name: "ada@laptop"}, lock, rand.Reader)
	if err != nil {
		t.Fatalf("%s as %s: %v", p.Public().Type(), form, err)
	}
	defer text.Wipe()
	return bytes.Clone(text.Expose())
}

var schemes = map[key.Type]sig.Scheme{
	key.Ed25519: sig.Ed25519, key.ECDSAP256: sig.ECDSASHA256, key.RSA: sig.RSASHA512, key.MLDSA65: sig.MLDSA65,
	key.MLDSA44Ed25519: sig.Composite, key.SLHDSA128s: sig.SLHDSA128s,
}

// Every form a signing key can be kept in opens and signs, without a question.
func TestEveryFormSigns(t *testing.T) {
	for typ, scheme := range schemes {
		p := generate(t, typ)
		for _, form := range formsOf(t, typ) {
			t.Run(string(typ)+"/"+string(form), func(t *testing.T) {
				h := &holder{files: map[string][]byte{"k": written(t, form, p, "")}}
				pub, s := h.signer(t, "k")
				if pub != p.Public() {
					t.Fatalf("opened %s, want %s", pub.Fingerprint(), p.Public().Fingerprint())
				}
				if _, err := scheme.Sign(rand.Reader, pub, s, []byte("message")); err != nil {
					t.Error(err)
				}
				if len(h.asked) != 0 {
					t.Errorf("asked for %q", h.asked)
				}
			})
		}
	}
}

func formsOf(t *testing.T, typ key.Type) []key.Form {
	t.Helper()
	var forms []key.Form
	for _, form := range keyfile.PrivateForms(typ) {
		if form != key.FormRaw && form != key.FormHex { // never guessed
			forms = append(forms, form)
		}
	}
	if len(forms) == 0 {
		t.Fatalf("no form for %s", typ)
	}
	return forms
}

// A locked key tells its public half at once, asks at the first signature and
// at no later one.
func TestLockedKeyAsksOnceAndLate(t *testing.T) {
	for _, typ := range []key.Type{key.Ed25519, key.ECDSAP256} {
		p := generate(t, typ)
		h := &holder{files: map[string][]byte{"k": written(t, key.FormOpenSSH, p, passphrase)}, typed: passphrase}
		pub, s := h.signer(t, "k")
		if pub != p.Public() || len(h.asked) != 0 {
			t.Fatalf("%s: before signing: %s, asked for %q", typ, pub.Fingerprint(), h.asked)
		}
		for range 2 {
			if _, err := schemes[typ].Sign(rand.Reader, pub, s, []byte("message")); err != nil {
				t.Fatal(err)
			}
		}
		if len(h.asked) != 1 || h.asked[0] != "key k" {
			t.Errorf("%s: asked for %q, want one question for key k", typ, h.asked)
		}
	}
}

// An encryption that hides the public half asks when the key is opened.
func TestHiddenPublicHalfAsksAtOpen(t *testing.T) {
	p := generate(t, key.MLDSA65)
	h := &holder{files: map[string][]byte{"k": written(t, key.FormPEM, p, passphrase)}, typed: passphrase}
	pub, s := h.signer(t, "k")
	if pub != p.Public() || len(h.asked) != 1 {
		t.Fatalf("opened %s, asked for %q", pub.Fingerprint(), h.asked)
	}
	if _, err := sig.MLDSA65.Sign(rand.Reader, pub, s, []byte("message")); err != nil {
		t.Error(err)
	}
	if len(h.asked) != 1 {
		t.Errorf("asked for %q", h.asked)
	}
	h.typed = "battery staple"
	if _, err := h.open(t, "k"); !errors.Is(err, key.ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
}

func TestPassphraseFailures(t *testing.T) {
	silent, expensive := errors.New("nobody can be asked"), errors.New("not enough memory")
	p := generate(t, key.Ed25519)
	h := &holder{files: map[string][]byte{"k": written(t, key.FormOpenSSH, p, passphrase)}, typed: "battery staple"}
	for name, c := range map[string]struct {
		change func(*backend.Env)
		want   error
		asked  int
	}{
		"wrong":      {func(*backend.Env) {}, key.ErrPassphrase, 1},
		"unanswered": {func(e *backend.Env) { e.Passphrase = refuse(silent) }, silent, 0},
		"too dear":   {func(e *backend.Env) { e.Afford = func(string, uint64) error { return expensive } }, expensive, 0},
	} {
		h.asked = nil
		env := h.env()
		c.change(&env)
		k, err := file.Backend{}.Open(t.Context(), reference("k"), env)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		s, err := k.(backend.Signer).Signer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = sig.Ed25519.Sign(rand.Reader, k.Public(), s, nil)
		if !errors.Is(err, c.want) || len(h.asked) != c.asked {
			t.Errorf("%s: %v after %d questions, want %v after %d", name, err, len(h.asked), c.want, c.asked)
		}
		if err != nil && strings.Contains(err.Error(), h.typed) {
			t.Errorf("%s: the error tells the passphrase: %v", name, err)
		}
	}
}

func refuse(err error) func(context.Context, string) (*secret.Bytes, error) {
	return func(context.Context, string) (*secret.Bytes, error) { return nil, err }
}

func TestRefusedFiles(t *testing.T) {
	ed := generate(t, key.Ed25519)
	one := written(t, key.FormPEM, ed, "")
	public, err := keyfile.MarshalPublic(key.FormSSHPublic, []key.Public{ed.Public()}, keyfile.Named{})
	if err != nil {
		t.Fatal(err)
	}
	h := &holder{files: map[string][]byte{
		"several":   append(bytes.Clone(one), written(t, key.FormPEM, generate(t, key.Ed25519), "")...),
		"public":    public,
		"prose":     []byte("Dear Bob,\n"),
		"empty":     nil,
		"too large": append(bytes.Clone(one), make([]byte, key.MaxFile)...),
		"cut":       one[:len(one)-40],
	}}
	for path, want := range map[string]error{
		"missing": fs.ErrNotExist, "several": key.ErrMalformed, "public": backend.ErrUnavailable,
		"prose": key.ErrMalformed, "empty": key.ErrMalformed, "too large": key.ErrTooLarge, "cut": key.ErrMalformed,
	} {
		if _, err := h.open(t, path); !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	if len(h.asked) != 0 {
		t.Errorf("asked for %q", h.asked)
	}
}

func TestSealingKeysDoNotSign(t *testing.T) {
	for _, typ := range []key.Type{key.X25519, key.MLKEM768X25519} {
		h := &holder{files: map[string][]byte{"k": written(t, key.FormAge, generate(t, typ), "")}}
		k, err := h.open(t, "k")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.(backend.Signer).Signer(t.Context()); !errors.Is(err, backend.ErrUnsupported) {
			t.Errorf("%s: %v, want %v", typ, err, backend.ErrUnsupported)
		}
	}
}

// The secret is gone after Close, whether it stood open in the file or was unlocked.
func TestCloseWipes(t *testing.T) {
	for name, pass := range map[string]string{"open": "", "locked": passphrase} {
		h := &holder{files: map[string][]byte{"k": written(t, key.FormOpenSSH, generate(t, key.Ed25519), pass)}, typed: pass}
		k, err := file.Backend{}.Open(t.Context(), reference("k"), h.env())
		if err != nil {
			t.Fatal(err)
		}
		private, err := k.(interface {
			Private(ctx context.Context) (*key.Private, error)
		}).Private(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		stored := private.Stored()
		if err := k.Close(); err != nil {
			t.Error(err)
		}
		if !stored.Wiped() {
			t.Errorf("%s: secret left in memory", name)
		}
	}
}

// A key that came with a minisign key id keeps it.
func TestKeyID(t *testing.T) {
	p := generate(t, key.Ed25519)
	h := &holder{files: map[string][]byte{
		"minisign": written(t, key.FormMinisign, p, ""), "openssh": written(t, key.FormOpenSSH, p, ""),
	}}
	for path, with := range map[string]bool{"minisign": true, "openssh": false} {
		k, err := h.open(t, path)
		if err != nil {
			t.Fatal(err)
		}
		if id := k.(backend.Identified).KeyID(); (id != nil) != with || with && *id != p.Public().KeyID() {
			t.Errorf("%s: key id %x", path, id)
		}
	}
}

func TestNothingIsListed(t *testing.T) {
	for e, err := range (file.Backend{}).List(t.Context(), backend.Env{}) {
		t.Errorf("listed %v, %v", e, err)
	}
}
