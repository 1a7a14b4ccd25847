package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"

	"kai/internal/key"
	"kai/internal/vault"
	"kai/internal/vault/fields"
)

// certificateField finds the first certificate in PEM: in cert, value, or another field. It is nil
// when there is none that can be read.
func certificateField(list []fields.Field) (string, *x509.Certificate) {
	order := slices.Clone(list)
	for _, name := range []string{defaultField, "cert"} { // the last comes first
		if i := slices.IndexFunc(order, func(f fields.Field) bool { return f.Name == name }); i > 0 {
			f := order[i]
			order = slices.Insert(slices.Delete(order, i, i+1), 0, f)
		}
	}
	for _, f := range order {
		if !bytes.Contains(f.Value, []byte("-----BEGIN CERTIFICATE-----")) {
			continue
		}
		for rest := f.Value; ; {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			if block.Type != "CERTIFICATE" {
				continue
			}
			if c, err := x509.ParseCertificate(block.Bytes); err == nil {
				return f.Name, c
			}
		}
	}
	return "", nil
}

var errOtherKey = errors.New("the certificate is not that of the private key")

// settleCertificate holds the key and the certificate of a secret against each other, takes the key
// that a certificate was asked for with, and lets the secret end with its certificate. It returns the
// fields that stay.
func settleCertificate(list []fields.Field, m *vault.Meta) ([]fields.Field, error) {
	if m.Kind != vault.KindCertificate {
		return list, nil
	}
	_, c := certificateField(list)
	if c == nil {
		return list, nil
	}
	public, err := key.PublicOf(c.PublicKey)
	if err == nil {
		if list, err = settleKey(list, public); err != nil {
			return nil, err
		}
	}
	// Due when a third of its life is left, counted from its beginning.
	life := c.NotAfter.Sub(c.NotBefore)
	m.NotAfter, m.LastRotated, m.RotateEvery = c.NotAfter.Unix(), c.NotBefore.Unix(), int64((life - life/3).Seconds())
	return list, nil
}

// settleKey finds the private key of a certificate among the fields.
func settleKey(list []fields.Field, public key.Public) ([]fields.Field, error) {
	name, have, err := keyField(list)
	if err != nil {
		return list, nil // without one, or with one that only its owner opens
	}
	defer have.Wipe()
	if have.Private.Public() == public {
		return list, nil
	}
	next, ok := fields.Find(list, nextKeyField)
	if ok {
		_, entry, err := keyField([]fields.Field{{Name: "key", Value: next}})
		if err == nil {
			defer entry.Wipe()
		}
		if err == nil && entry.Private.Public() == public {
			var out []fields.Field
			for _, f := range list {
				switch f.Name {
				case nextKeyField, csrField:
				case name:
					out = append(out, fields.Field{Name: name, Value: next})
				default:
					out = append(out, f)
				}
			}
			return out, nil
		}
	}
	return nil, withHint(fail(exitUndecidable, "key_mismatch", errOtherKey), "both at once: kai vault set PATH --field cert=@FILE --field key=@FILE")
}
