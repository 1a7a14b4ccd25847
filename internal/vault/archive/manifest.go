package archive

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"kai/internal/canon"
	"kai/internal/vault"
	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
)

const (
	manifestName = "MANIFEST.json"
	version      = 1
	domain       = "kai-vault-backup/1\x00"

	// maxManifest bounds MANIFEST.json, and maxFiles the files of an archive: about 200 bytes each.
	maxManifest = 64 << 20
	maxFiles    = 200_000
)

var (
	// ErrMalformed means a file that is no archive of a vault.
	ErrMalformed = errors.New("not a backup of a vault")
	// ErrDamaged means an archive that is not what its device has made.
	ErrDamaged = errors.New("damaged backup")
	// ErrNewer means an archive that a later version has made.
	ErrNewer = errors.New("made by a newer kai")
)

// Manifest says what an archive holds.
type Manifest struct {
	At     int64              `json:"at"`
	Counts Counts             `json:"counts"`
	Dev    objectid.ID        `json:"dev"`
	Files  []File             `json:"files"`
	Heads  []authority.Digest `json:"heads"`
	Logs   []Log              `json:"logs,omitempty"`
	V      int                `json:"v"`
	Vault  objectid.ID        `json:"vault"`
}

// Counts are numbers of things in an archive.
type Counts struct {
	Bytes      int64 `json:"bytes"` // of the files
	Devices    int   `json:"devices"`
	Files      int   `json:"files"`
	Namespaces int   `json:"namespaces"`
	Records    int64 `json:"records"`
	Slots      int   `json:"slots"`
}

// File is one of an archive.
type File struct {
	Path   string           `json:"path"`
	SHA256 authority.Digest `json:"sha256"`
	Size   int64            `json:"size"`
}

// Log is how far the log of a device in a namespace goes.
type Log struct {
	Chain authority.Bytes `json:"chain"`
	Dev   objectid.ID     `json:"dev"`
	Gen   uint64          `json:"gen"`
	Next  uint64          `json:"next"`
	NS    objectid.ID     `json:"ns"`
}

type signedManifest struct {
	Body Manifest        `json:"body"`
	Sig  authority.Bytes `json:"sig"`
}

// encode writes the file. sign is the device's.
func (m *Manifest) encode(sign func(message []byte) ([]byte, error)) ([]byte, error) {
	m.V = version
	body, err := canon.Marshal(m)
	if err != nil {
		return nil, err
	}
	sig, err := sign(append([]byte(domain), body...))
	if err != nil {
		return nil, err
	}
	return canon.Marshal(signedManifest{*m, sig})
}

// parseManifest reads what encode writes. The signature is checked by checkSignature.
func parseManifest(file []byte) (*signedManifest, error) {
	var s signedManifest
	switch err := canon.Unmarshal(file, &s); {
	case errors.Is(err, canon.ErrUnknown), err == nil && s.Body.V != version:
		return nil, fmt.Errorf("%s: %w", manifestName, ErrNewer)
	case err != nil:
		return nil, fmt.Errorf("%s: %w: %w", manifestName, ErrMalformed, err)
	}
	m := &s.Body
	if len(m.Files) > maxFiles || m.Counts.Files != len(m.Files) {
		return nil, fmt.Errorf("%s: %w: %d files", manifestName, ErrMalformed, len(m.Files))
	}
	for i, f := range m.Files {
		known, ok := vault.ParseFile(f.Path)
		switch {
		case !ok:
			return nil, fmt.Errorf("%s: %w: a file %q", manifestName, ErrMalformed, f.Path)
		case f.Size < 0 || f.Size > known.Limit:
			return nil, fmt.Errorf("%s: %w: %s has %d bytes", manifestName, ErrMalformed, f.Path, f.Size)
		case i > 0 && m.Files[i-1].Path >= f.Path:
			return nil, fmt.Errorf("%s: %w: files are not in order at %s", manifestName, ErrMalformed, f.Path)
		}
	}
	return &s, nil
}

// checkSignature checks who has made the archive.
func (s *signedManifest) checkSignature(device ed25519.PublicKey) error {
	body, err := canon.Marshal(s.Body)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", manifestName, ErrMalformed, err)
	}
	if !ed25519.Verify(device, append([]byte(domain), body...), s.Sig) {
		return fmt.Errorf("%s: %w: its signature is bad", manifestName, ErrDamaged)
	}
	return nil
}

// sortLogs puts logs in the order of namespace and device.
func sortLogs(logs []Log) {
	slices.SortFunc(logs, func(a, b Log) int {
		if c := bytes.Compare(a.NS[:], b.NS[:]); c != 0 {
			return c
		}
		return bytes.Compare(a.Dev[:], b.Dev[:])
	})
}
