// Package formats is the list of formats that secrets come in from other stores, and
// go out to them.
package formats

import (
	"context"
	"errors"
	"fmt"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/bitwarden"
	"kai/internal/vault/transfer/bundle"
	"kai/internal/vault/transfer/dotenv"
	"kai/internal/vault/transfer/flatjson"
	"kai/internal/vault/transfer/keepass"
	"kai/internal/vault/transfer/pass"
	"kai/internal/vault/transfer/sops"
)

// ErrUnknown: no format has this name.
var ErrUnknown = errors.New("unknown format")

// Format is one that can be imported.
type Format struct {
	Name      string // as on the command line
	Sentence  string // what it is
	Directory bool   // its source is a directory, Source.Root

	// Read reads a source. Everything is checked before it returns, and on error there is
	// no Store. The caller wipes the Store. Errors are those of package transfer.
	Read func(context.Context, transfer.Source, transfer.Options) (*transfer.Store, error)
}

// All returns the formats in the order of the manual.
func All() []Format {
	return []Format{
		{"kai", "an export of kai, sealed with age", false, bundle.Read},
		{"dotenv", "NAME=VALUE lines", false, dotenv.Read},
		{"json", `{"path": {"field": "value"}} or {"path": "value"}`, false, flatjson.Read},
		{"pass", "a password store of pass or gopass; needs gpg", true, pass.ReadGPG},
		{"passage", "a password store of passage", true, pass.ReadAge},
		{"sops", "a file of sops for age recipients: YAML, JSON or dotenv", false, sops.Read},
		{"bitwarden-json", "an unencrypted JSON export of Bitwarden or Vaultwarden", false, bitwarden.ReadJSON},
		{"bitwarden-csv", "a CSV export of Bitwarden or Vaultwarden", false, bitwarden.ReadCSV},
		{"keepass-xml", "an XML export of KeePass 2 or KeePassXC", false, keepass.ReadXML},
		{"keepass-csv", "a CSV export of KeePassXC", false, keepass.ReadCSV},
	}
}

// ByName returns the format of a name. The error is ErrUnknown.
func ByName(name string) (Format, error) {
	for _, format := range All() {
		if format.Name == name {
			return format, nil
		}
	}
	return Format{}, fmt.Errorf("%w %q", ErrUnknown, name)
}
