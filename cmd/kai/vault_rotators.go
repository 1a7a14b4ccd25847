package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/secret"
	"kai/internal/vault"
	"kai/internal/vault/fields"
)

// rotation is the next version of a secret, on its way.
type rotation struct {
	secret *listedSecret
	fields []fields.Field // the old ones, then the new ones
	public map[string]string
	made   []*secret.Bytes // of which some of fields are

	// waits: nothing is replaced before a certificate comes, in the field of that name.
	waits       bool
	certificate string
}

func (r *rotation) wipe() {
	for _, s := range r.made {
		s.Wipe()
	}
}

// set puts a value in place of a field's, or adds it. The value is the rotation's now.
func (r *rotation) set(name string, value *secret.Bytes) {
	r.made = append(r.made, value)
	r.fields = slices.Clone(r.fields)
	for i := range r.fields {
		if r.fields[i].Name == name {
			r.fields[i].Value = value.Expose()
			return
		}
	}
	r.fields = append(r.fields, fields.Field{Name: name, Value: value.Expose()})
}

// make asks the rotator. due says that nobody has named the secret.
func (r *rotation) make(ctx context.Context, env *env, with *vault.Rotator, due bool) error {
	switch with.Method {
	case "random":
		return r.random(env, with.Length)
	case "key":
		return r.key(env)
	case "csr":
		return r.csr(env, due)
	case "exec":
		return r.exec(ctx, env, with.Argv)
	}
	return fmt.Errorf("rotator %q: %w", with.Method, errors.ErrUnsupported)
}

var errManyFields = errors.New("several fields, and none is called value or password")

// mainField is the field that a name without one means.
func mainField(list []fields.Field) (string, error) {
	for _, name := range []string{defaultField, "", "password"} {
		if name == "" && len(list) == 1 {
			return list[0].Name, nil
		}
		if _, ok := fields.Find(list, name); ok {
			return name, nil
		}
	}
	return "", fail(exitUsage, "usage", errManyFields)
}

func (r *rotation) random(env *env, length int) error {
	name, err := mainField(r.fields)
	if err != nil {
		return err
	}
	value, err := randomText(env.random, length, "")
	if err != nil {
		return err
	}
	r.set(name, value)
	return nil
}

var (
	errNoKeyField   = errors.New("no field with a private key")
	errKeyEncrypted = errors.New("its private key is encrypted, and the passphrase is not kept here")
	errNeedsCSR     = errors.New("a new key would not be that of the certificate: its rotator is csr")
	errCSRKey       = errors.New("no certificate can be asked for with a key of this type")
)

// keyField finds the field with a private key: key, value, or another. The caller wipes the entry.
func keyField(list []fields.Field) (string, *key.Entry, error) {
	byName := func(name string) func(fields.Field) bool {
		return func(f fields.Field) bool { return f.Name == name }
	}
	order := slices.Clone(list)
	for _, name := range []string{defaultField, "key"} { // the last comes first
		if i := slices.IndexFunc(order, byName(name)); i > 0 {
			f := order[i]
			order = slices.Insert(slices.Delete(order, i, i+1), 0, f)
		}
	}
	for _, f := range order {
		if f.Name == nextKeyField {
			continue
		}
		file, err := keyfile.Parse(f.Value)
		if err != nil {
			continue
		}
		for i := range file.Entries {
			e := &file.Entries[i]
			if e.Locked != nil {
				file.Wipe()
				return "", nil, fail(exitUsage, "key_encrypted", errKeyEncrypted)
			}
			if e.Private != nil {
				return f.Name, e, nil
			}
		}
		file.Wipe()
	}
	return "", nil, fail(exitUsage, "no_private_key", errNoKeyField)
}

// nextKey makes a key of the type of the one there is, in the same form.
func (r *rotation) nextKey(env *env) (field string, made *key.Private, text *secret.Bytes, err error) {
	field, old, err := keyField(r.fields)
	if err != nil {
		return "", nil, nil, err
	}
	defer old.Wipe()
	if made, err = key.Generate(old.Private.Public().Type(), env.random); err != nil {
		return "", nil, nil, err
	}
	text, err = keyfile.MarshalPrivate(old.Form, made, keyfile.Named{Name: old.Comment}, nil, env.random)
	if err != nil {
		made.Wipe()
		return "", nil, nil, err
	}
	return field, made, text, nil
}

// publicFields are names under which people keep the public half.
var publicFields = []string{"public", "pub", "public_key"}

func (r *rotation) key(env *env) error {
	if _, c := certificateField(r.fields); c != nil {
		return fail(exitUsage, "usage", errNeedsCSR)
	}
	field, made, text, err := r.nextKey(env)
	if err != nil {
		return err
	}
	defer made.Wipe()
	r.set(field, text)
	return r.publish(made.Public())
}

// publish puts a public key where the old one stands.
func (r *rotation) publish(p key.Public) error {
	write := func(old []byte) ([]byte, error) {
		form := keyfile.PublicForm(p.Type())
		if file, err := keyfile.Parse(old); err == nil {
			form = file.Entries[0].Form
			file.Wipe()
		}
		return keyfile.MarshalPublic(form, []key.Public{p}, keyfile.Named{})
	}
	for _, name := range publicFields {
		if old, ok := fields.Find(r.fields, name); ok {
			text, err := write(old)
			if err != nil {
				return err
			}
			r.set(name, secret.Take(text))
		}
		if old, ok := r.public[name]; ok {
			text, err := write([]byte(old))
			if err != nil {
				return err
			}
			r.public = maps.Clone(r.public)
			r.public[name] = string(bytes.TrimSuffix(text, []byte("\n")))
		}
	}
	return nil
}

// The fields of a certificate that was asked for.
const (
	nextKeyField = "next_key"
	csrField     = "csr"
)

// csr makes a key and a request for its certificate. Both lie beside what is in use.
func (r *rotation) csr(env *env, due bool) error {
	_, asked := fields.Find(r.fields, csrField)
	if asked && due {
		return errWaits
	}
	_, made, text, err := r.nextKey(env)
	if err != nil {
		return err
	}
	defer made.Wipe()
	r.set(nextKeyField, text)
	signer, err := made.Crypto()
	if err != nil {
		return errors.Join(errCSRKey, err)
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: path.Base(r.secret.version.Path)}}
	r.certificate = "cert"
	if name, old := certificateField(r.fields); old != nil {
		r.certificate = name
		template = &x509.CertificateRequest{
			RawSubject: old.RawSubject, DNSNames: old.DNSNames, EmailAddresses: old.EmailAddresses, IPAddresses: old.IPAddresses, URIs: old.URIs,
		}
	}
	der, err := x509.CreateCertificateRequest(env.random, template, signer)
	if err != nil {
		return fmt.Errorf("%w: %w", errCSRKey, err)
	}
	r.set(csrField, secret.Take(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})))
	r.waits = true
	return nil
}

// copyOf is a secret with the same bytes.
func copyOf(b []byte) *secret.Bytes {
	s := secret.New(len(b))
	copy(s.Expose(), b)
	return s
}
