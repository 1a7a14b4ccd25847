package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/trust/store"
)

// shown is what kai id show and export are about: an identity, or keys of a file.
type shown struct {
	file     keyfile.File
	entry    *store.Entry // nil for a file
	identity *identity.Identity
}

// subjectOf finds the identity that a word means, or else reads the key or file that it is. Without a
// word it is the default identity. The caller wipes the keys.
func (e *env) subjectOf(ctx context.Context, o *formOptions) (shown, error) {
	found, err := e.findSubject(o.file)
	if errors.Is(err, store.ErrNotFound) && o.file != "" {
		f, err := chosenKeys(ctx, e, o.file, o.key)
		if err == nil && o.form == formKai {
			f.Wipe()
			err = usagef("--as kai is the document of an identity; %s holds keys", o.file)
		}
		return shown{file: f}, err
	}
	if err != nil {
		return shown{}, err
	}
	id, err := found.Identity()
	if err != nil {
		return shown{}, err
	}
	s := shown{entry: found, identity: id}
	if !o.named {
		o.name, o.named = found.Local().Name, true
		if p := id.Facts().Principals; o.form == key.FormAllowedSigners && len(p) > 0 {
			o.name = p[0]
		}
	}
	keys := id.Keys()
	for _, p := range slices.Concat(keys.Sign, keys.Seal) {
		s.file.Entries = append(s.file.Entries, key.Entry{Public: p, Form: key.FormText})
	}
	if o.key == "" {
		s.file.Entries = o.entriesFor(s.file.Entries)
		return s, nil
	}
	return s, choose(&s.file, o.key)
}

func (e *env) findSubject(who string) (*store.Entry, error) {
	switch who {
	case "":
		found, _, err := e.ownIdentity("")
		return found, err
	case "-":
		return nil, store.ErrNotFound
	}
	return e.findIdentity(who)
}

// entriesFor keeps the keys that a form can hold; of several the first, where it holds one.
func (o *formOptions) entriesFor(entries []key.Entry) []key.Entry {
	if o.form == "" || o.form == formKai {
		return entries
	}
	var fit []key.Entry
	for _, e := range entries {
		if o.form == key.FormAge && e.Public.Type() != key.MLKEM768X25519 && e.Public.Type() != key.X25519 {
			continue // it would seal to signing keys, which the identity does not mean
		}
		if _, err := keyfile.MarshalPublic(o.form, []key.Public{e.Public}, o.names(e, o.form)); err == nil {
			fit = append(fit, e)
		}
	}
	switch {
	case len(fit) == 0:
		return entries[:1] // whose refusal says why
	case !keyfile.Repeats(o.form) && o.form != key.FormJWKS:
		return fit[:1]
	}
	return fit
}

// identityAnswer is an identity in JSON.
func identityAnswer(env *env, o *formOptions, entry *store.Entry, id *identity.Identity) idJSON {
	var f keyfile.File
	keys := id.Keys()
	for _, p := range slices.Concat(keys.Sign, keys.Seal) {
		f.Entries = append(f.Entries, key.Entry{Public: p, Form: key.FormText})
	}
	named := *o
	if !named.named {
		named.name, named.named = entry.Local().Name, true
	}
	answer := idAnswer(env, &named, f)
	answer.File = ""
	answer.describe(entry, id)
	return answer
}

// describe adds what is known of an identity.
func (j *idJSON) describe(entry *store.Entry, id *identity.Identity) {
	local := entry.Local()
	idText, kind, class := id.ID().String(), string(id.Facts().Kind), string(local.Class)
	created := id.Created().UTC().Format(time.RFC3339)
	if _, ended := id.Revoked(); ended {
		class = string(store.Revoked)
	}
	j.ID, j.Name, j.Kind, j.Class, j.Created, j.Own = &idText, &local.Name, &kind, &class, &created, local.Own != ""
	keys := id.Keys()
	for i := range j.Keys {
		j.Keys[i].Usage = string(identity.ForSigning)
		if slices.ContainsFunc(keys.Seal, func(p key.Public) bool { return p.String() == j.Keys[i].Public }) {
			j.Keys[i].Usage = string(identity.ForSealing)
		}
		if local.Own != "" {
			j.Keys[i].Secret = "vault"
		}
	}
}

// showIdentity prints an identity for a person.
func showIdentity(env *env, s *shown) error {
	local, facts := s.entry.Local(), s.identity.Facts()
	rows := [][2]string{{"id", s.identity.ID().String()}, {"kind", string(facts.Kind)}, {"class", string(local.Class)}}
	if local.Own != "" {
		rows = append(rows, [2]string{"keys", local.Own})
	}
	rows = append(rows, [2]string{"created", timeText(s.identity.Created())})
	if facts.Name != local.Name {
		rows = append(rows, [2]string{"own name", facts.Name})
	}
	if !facts.Owner.IsZero() {
		rows = append(rows, [2]string{"owner", facts.Owner.String() + " (claimed)"})
	}
	for _, c := range facts.Capabilities {
		rows = append(rows, [2]string{"asks for", c})
	}
	if text := facts.Meta["comment"]; text != "" {
		rows = append(rows, [2]string{"comment", text})
	}
	if ended, ok := s.identity.Revoked(); ok {
		rows = append(rows, [2]string{"revoked", timeText(ended.At) + " " + string(ended.Reason)})
	}
	if err := env.printf("%s\n", local.Name); err != nil {
		return err
	}
	for _, r := range rows {
		if err := env.printf("  %-9s %s\n", r[0], printable(r[1])); err != nil {
			return err
		}
	}
	return env.printf("\n")
}

// exportPrivateKey takes the private key of an own identity out of the vault into the subject: the one
// of --key, or the first that the form holds.
func (e *env) exportPrivateKey(ctx context.Context, o *idExportOptions, s *shown) error {
	entry, _, err := e.ownIdentity(s.entry.ID().String())
	if err != nil {
		return err
	}
	h, err := e.holdIdentity(ctx, entry)
	if err != nil {
		return err
	}
	defer h.close()
	for _, one := range s.file.Entries {
		p := h.private(one.Public)
		if p == nil || o.form != "" && !slices.Contains(keyfile.PrivateForms(p.Public().Type()), o.form) {
			continue
		}
		copied, err := key.NewPrivate(p.Public().Type(), p.Stored().Clone())
		if err != nil {
			return err
		}
		one.Private = copied
		s.file.Entries = []key.Entry{one}
		return nil
	}
	return failf(exitNotFound, "no_private_key", "identity %s: %w that is written as %s", entry.Local().Name, key.ErrNoSecret, o.form)
}
