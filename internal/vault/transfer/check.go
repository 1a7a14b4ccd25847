package transfer

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// kinds are the kinds of secrets that the vault has.
var kinds = []string{"", "apiKeys", "certificates", "credentials", "signingKeys"}

// maxText bounds what a VaultItem has of text.
const maxText = 4096

// CheckItem returns an error for an item that a Builder would not have made: ErrPath for
// its path, its namespace and the names of its fields, ErrLimit for what is too long or
// too much, ErrMalformed for the rest. Two items of one path are not its concern.
func CheckItem(item *Item) error {
	if err := CheckPath(item.Path); err != nil {
		return err
	}
	if item.Namespace != "" {
		if err := CheckPath(item.Namespace); err != nil {
			return fmt.Errorf("namespace: %w", err)
		}
	}
	if !slices.Contains(kinds, item.Kind) {
		return fmt.Errorf("%w: unknown kind %q", ErrMalformed, item.Kind)
	}
	if err := checkFields(item.Fields); err != nil {
		return err
	}
	if len(item.History) > MaxVersions {
		return fmt.Errorf("%w: more than %d earlier versions", ErrLimit, MaxVersions)
	}
	for _, version := range item.History {
		if err := checkFields(version.Fields); err != nil {
			return err
		}
		if err := checkTimes(version.Created); err != nil {
			return err
		}
	}
	if err := checkTags(item.Tags); err != nil {
		return err
	}
	if err := checkTimes(item.Created, item.Updated, item.Expires); err != nil {
		return err
	}
	if item.Vault == nil {
		return nil
	}
	return checkVault(item.Vault)
}

func checkVault(v *VaultItem) error {
	for _, text := range []string{v.Module, v.Service, v.Agent, v.RotateWith, v.Retain} {
		if !utf8.ValidString(text) {
			return fmt.Errorf("%w: text is not UTF-8", ErrMalformed)
		}
		if len(text) > maxText {
			return fmt.Errorf("%w: text of more than %d bytes", ErrLimit, maxText)
		}
	}
	if v.RotateEvery < 0 || v.RotateEvery%time.Second != 0 {
		return fmt.Errorf("%w: interval of rotation is not of whole seconds", ErrMalformed)
	}
	if len(v.Public) > MaxFields {
		return fmt.Errorf("%w: more than %d public values", ErrLimit, MaxFields)
	}
	for name, text := range v.Public {
		switch {
		case name == "" || makeFieldName(name) != name:
			return fmt.Errorf("%w: name of a public value: %q", ErrPath, name)
		case !utf8.ValidString(text):
			return fmt.Errorf("%w: text is not UTF-8", ErrMalformed)
		case len(text) > maxText:
			return fmt.Errorf("%w: text of more than %d bytes", ErrLimit, maxText)
		}
	}
	return checkTimes(v.LastRotated, v.CompromisedSince)
}

func checkFields(fields []Field) error {
	if len(fields) > MaxFields {
		return fmt.Errorf("%w: more than %d fields", ErrLimit, MaxFields)
	}
	total := 0
	for i, field := range fields {
		if field.Name == "" || makeFieldName(field.Name) != field.Name {
			return fmt.Errorf("%w: name of a field: %q", ErrPath, field.Name)
		}
		if i > 0 && fields[i-1].Name >= field.Name {
			return fmt.Errorf("%w: fields do not ascend at %q", ErrPath, field.Name)
		}
		total += len(field.Name) + field.Value.Len() + fieldOverhead
	}
	if total > MaxValues {
		return fmt.Errorf("%w: more than %d bytes", ErrLimit, MaxValues)
	}
	return nil
}

func checkTags(tags []string) error {
	if len(tags) > MaxTags {
		return fmt.Errorf("%w: more than %d tags", ErrLimit, MaxTags)
	}
	for i, tag := range tags {
		made, changed, err := makeSegment(tag)
		switch {
		case err != nil || changed || made != tag:
			return fmt.Errorf("%w: tag %q", ErrMalformed, tag)
		case len(tag) > MaxTag:
			return fmt.Errorf("%w: tag of more than %d bytes", ErrLimit, MaxTag)
		case slices.Contains(tags[:i], tag):
			return fmt.Errorf("%w: tag %q appears twice", ErrMalformed, tag)
		}
	}
	return nil
}

// checkTimes refuses years that RFC 3339 does not have.
func checkTimes(times ...time.Time) error {
	for _, t := range times {
		if y := t.UTC().Year(); y < 1 || y > 9999 {
			return fmt.Errorf("%w: time outside of the years 1 to 9999", ErrMalformed)
		}
	}
	return nil
}
