package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"kai/internal/identity"
	"kai/internal/sig/allowedsigners"
	"kai/internal/trust/store"
)

// storeSigners is a trust store as a list of allowed signers: own identities, and those of class
// system or trusted, each by its first principal or else its name, with the times of its keys.
func (e *env) storeSigners(name string, data []byte) (*allowedsigners.List, error) {
	s, err := store.Parse(data)
	if err != nil {
		return nil, err
	}
	if mine, err := e.trustStore(); err != nil {
		return nil, err // of the home, which may have been put back
	} else if mine != nil && bytes.Equal(mine.Bytes(), s.Bytes()) {
		s = mine // and verified already
	}
	var text strings.Builder
	for _, entry := range s.Entries() {
		local := entry.Local()
		if local.Class != store.System && local.Class != store.Trusted {
			continue
		}
		id, err := entry.Identity()
		if err != nil {
			return nil, fmt.Errorf("identity %s: %w", local.Name, err)
		}
		writeAllowed(&text, principalOf(id, local.Name), id)
	}
	return allowedsigners.Parse([]byte(text.String()), e.now().Location())
}

// principalOf is what an identity is called among OpenSSH's principals.
func principalOf(id *identity.Identity, name string) string {
	if p := id.Facts().Principals; len(p) > 0 && !strings.ContainsAny(p[0], " \t\"\\,*?!#") {
		return p[0]
	}
	return name
}

// writeAllowed writes a line for each key that OpenSSH knows and that is not void.
func writeAllowed(b *strings.Builder, principal string, id *identity.Identity) {
	const layout = "20060102150405Z"
	if ended, ok := id.Revoked(); ok && ended.Reason.Hard() {
		return
	}
	for _, t := range id.Tenures() {
		word := t.Key.Type().SSHName()
		if t.Use != identity.ForSigning || t.Void || word == "" {
			continue
		}
		until := t.Until
		if ended, ok := id.Revoked(); ok && (until.IsZero() || ended.At.Before(until)) {
			until = ended.At
		}
		options := `valid-after="` + t.From.UTC().Format(layout) + `"`
		if !until.IsZero() {
			options += `,valid-before="` + until.UTC().Format(layout) + `"`
		}
		fmt.Fprintf(b, "%s %s %s %s\n", principal, options, word, base64.StdEncoding.EncodeToString(t.Key.Wire()))
	}
}
