package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"kai/internal/vault/objectid"
	"kai/internal/vault/session"
)

// haveKeyring reports whether sessions can be kept by the kernel.
func haveKeyring() bool { return session.Available() }

// needKeyring skips a test where sessions cannot be kept by the kernel.
func needKeyring(t testing.TB) {
	t.Helper()
	if !haveKeyring() {
		t.Skip("the kernel keeps no keys here")
	}
}

// forgetSessions ends the sessions of all vaults below a directory: keys in the kernel's keyring
// outlive the test, and are counted.
func forgetSessions(t testing.TB, dir string) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "vault.json" {
			return nil //nolint:nilerr // scripts make directories that cannot be read
		}
		var doc struct {
			Vault objectid.ID `json:"vault"`
		}
		data, err := os.ReadFile(path)
		if err != nil || json.Unmarshal(data, &doc) != nil {
			return nil //nolint:nilerr // scripts break files
		}
		_ = session.Keyring{}.Forget(doc.Vault, nil) // there may be no keyring
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
