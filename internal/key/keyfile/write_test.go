package keyfile_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/secret"
	"kai/internal/vectortest"
)

// made are the types that can be generated.
var made = []key.Type{
	key.Ed25519, key.X25519, key.ECDSAP256, key.RSA, key.MLDSA65, key.MLDSA44Ed25519, key.MLKEM768X25519, key.SLHDSA128s,
}

// faces says which types each form has: the table of the design.
var faces = map[key.Form][]key.Type{
	key.FormText:           made,
	key.FormHex:            made,
	key.FormRaw:            made,
	key.FormSSHPublic:      {key.Ed25519, key.ECDSAP256, key.RSA, key.MLDSA44Ed25519},
	key.FormAllowedSigners: {key.Ed25519, key.ECDSAP256, key.RSA, key.MLDSA44Ed25519},
	key.FormPEM:            {key.Ed25519, key.X25519, key.ECDSAP256, key.RSA, key.MLDSA65, key.SLHDSA128s},
	key.FormJWK:            {key.Ed25519, key.X25519, key.ECDSAP256, key.RSA, key.MLDSA65},
	key.FormJWKS:           {key.Ed25519, key.X25519, key.ECDSAP256, key.RSA, key.MLDSA65},
	key.FormDID:            {key.Ed25519, key.X25519, key.ECDSAP256, key.RSA, key.MLDSA65},
	key.FormDIDDocument:    {key.Ed25519, key.X25519, key.ECDSAP256, key.RSA, key.MLDSA65},
	key.FormMinisign:       {key.Ed25519},
	key.FormSignify:        {key.Ed25519},
	key.FormVKey:           {key.Ed25519},
	key.FormAge:            {key.X25519, key.MLKEM768X25519, key.Ed25519, key.RSA},
}

// unread are forms that do not say which type they hold, or are about more.
var unread = []key.Form{key.FormRaw, key.FormHex, key.FormDIDDocument, key.FormAllowedSigners}

func TestPublicFaces(t *testing.T) {
	for _, typ := range made {
		p := generate(t, typ).Public()
		for form, types := range faces {
			text, err := keyfile.MarshalPublic(form, []key.Public{p}, keyfile.Named{Name: "ada"})
			if !slices.Contains(types, typ) {
				if !errors.Is(err, key.ErrType) {
					t.Errorf("%s as %s: %q, %v", typ, form, text, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s as %s: %v", typ, form, err)
				continue
			}
			if form != key.FormRaw && !bytes.HasSuffix(text, []byte("\n")) {
				t.Errorf("%s as %s: no line feed at the end", typ, form)
			}
			if slices.Contains(unread, form) {
				continue
			}
			f, err := keyfile.Parse(text)
			if err != nil || len(f.Entries) != 1 || f.Entries[0].Public != p {
				t.Errorf("%s as %s: %s is read as %+v, %v", typ, form, text, f, err)
				continue
			}
			if got := f.Entries[0].Form; got != form && form != key.FormAge {
				t.Errorf("%s as %s: read as %s", typ, form, got)
			}
		}
	}
}

func TestSeveralKeysInOneFile(t *testing.T) {
	keys := []key.Public{generate(t, key.Ed25519).Public(), generate(t, key.X25519).Public()}
	for form, types := range faces {
		if !slices.Contains(types, key.X25519) {
			continue
		}
		text, err := keyfile.MarshalPublic(form, keys, keyfile.Named{Name: "ada"})
		switch form {
		case key.FormRaw, key.FormDIDDocument, key.FormJWK:
			if !errors.Is(err, key.ErrType) {
				t.Errorf("%s: %q, %v", form, text, err)
			}
			continue
		case key.FormHex:
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		f, err := keyfile.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		var list []key.Public
		for _, e := range f.Entries {
			list = append(list, e.Public)
		}
		if !slices.Equal(list, keys) {
			t.Errorf("%s: read %v", form, list)
		}
	}
}

func TestPrivateFaces(t *testing.T) {
	faces := map[key.Form][]key.Type{
		key.FormOpenSSH:  faces[key.FormSSHPublic],
		key.FormPEM:      faces[key.FormPEM],
		key.FormJWK:      faces[key.FormJWK],
		key.FormMinisign: faces[key.FormMinisign],
		key.FormAge:      {key.X25519, key.MLKEM768X25519},
	}
	for _, typ := range made {
		p := generate(t, typ)
		for form, types := range faces {
			for _, encrypted := range []bool{false, true} {
				if encrypted && (form == key.FormMinisign || form == key.FormAge && typ != key.X25519) {
					continue // slow; in the tests of their packages
				}
				var passphrase *secret.Bytes
				if encrypted {
					passphrase = secret.Take([]byte("x"))
				}
				text, err := keyfile.MarshalPrivate(form, p, keyfile.Named{Name: "ada"}, passphrase, rand.Reader)
				if !slices.Contains(types, typ) || encrypted && !keyfile.Encrypts(form) {
					if !errors.Is(err, key.ErrType) && !errors.Is(err, key.ErrPassphrase) {
						t.Errorf("%s as %s: %v", typ, form, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s as %s: %v", typ, form, err)
					continue
				}
				f, err := keyfile.Parse(text.Expose())
				if err == nil && encrypted {
					f.Entries, err = f.Entries[0].Locked.Unlock(passphrase)
				}
				if err != nil || len(f.Entries) != 1 || !f.Entries[0].Private.Stored().Equal(p.Stored()) {
					t.Errorf("%s as %s: read %+v, %v", typ, form, f, err)
				}
			}
		}
		for form, types := range faces {
			if slices.Contains(keyfile.PrivateForms(typ), form) != slices.Contains(types, typ) {
				t.Errorf("%s: private forms %v", typ, keyfile.PrivateForms(typ))
			}
		}
	}
}

func TestRawAndHexSecrets(t *testing.T) {
	p := generate(t, key.Ed25519)
	raw, err := keyfile.MarshalPrivate(key.FormRaw, p, keyfile.Named{}, nil, rand.Reader)
	if err != nil || !raw.Equal(p.Stored()) {
		t.Errorf("raw: %v", err)
	}
	text, err := keyfile.MarshalPrivate(key.FormHex, p, keyfile.Named{}, nil, rand.Reader)
	if err != nil || text.Len() != 65 {
		t.Errorf("hex of %d characters, %v", text.Len(), err)
	}
	for _, form := range []key.Form{key.FormRaw, key.FormHex, key.FormJWK} {
		if _, err := keyfile.MarshalPrivate(form, p, keyfile.Named{}, secret.Take([]byte("x")), rand.Reader); !errors.Is(err, key.ErrPassphrase) {
			t.Errorf("%s: a passphrase that encrypts nothing: %v", form, err)
		}
	}
	for _, form := range []key.Form{key.FormDID, key.FormSSHPublic, key.FormVKey, "rot13"} {
		if _, err := keyfile.MarshalPrivate(form, p, keyfile.Named{}, nil, rand.Reader); !errors.Is(err, key.ErrType) {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// age 1.3 and later make and read post-quantum identities.
func TestPostQuantumIdentitiesOfAge(t *testing.T) {
	tool := vectortest.Peer(t, "age-keygen")
	if out := vectortest.Run(t, nil, "/bin/sh", "-c", `"$0" -pq 2>&1 || :`, tool); !bytes.Contains(out, []byte("AGE-SECRET-KEY-PQ-1")) {
		t.Skip("age-keygen here is older than 1.3: no -pq")
	}
	p := generate(t, key.MLKEM768X25519)
	text, err := keyfile.MarshalPrivate(key.FormAge, p, keyfile.Named{}, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Public().AgeText()
	if err != nil {
		t.Fatal(err)
	}
	if got := vectortest.Run(t, text.Expose(), tool, "-y"); strings.TrimSpace(string(got)) != want {
		t.Errorf("age-keygen -y prints %s, want %s", got, want)
	}
	f, err := keyfile.Parse(vectortest.Run(t, nil, tool, "-pq"))
	if err != nil || f.Entries[0].Public.Type() != key.MLKEM768X25519 {
		t.Errorf("%+v, %v", f, err)
	}
}
