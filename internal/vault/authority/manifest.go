package authority

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"kai/internal/canon"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
)

// MaxFile bounds each document, in bytes.
const MaxFile = 4 << 20

const (
	version        = 1
	maxRev         = 9_999_999_999 // what the name of a file holds
	manifestDomain = "kai-vault-manifest/1\x00"
	epochDomain    = "kai-vault-epoch/1\x00"
)

var (
	// ErrForged means a document with a wrong signature, digest or chain of owners.
	ErrForged = errors.New("not made by an owner of this vault")
	// ErrMalformed means a document that is none.
	ErrMalformed = errors.New("malformed")
	// ErrNewer means a document of a version that is not known.
	ErrNewer = errors.New("made by a newer kai")
)

// Bytes is a byte string in a document.
type Bytes []byte

// MarshalText is base64url without padding.
func (b Bytes) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText accepts what MarshalText writes, with zeros in the unused bits.
func (b *Bytes) UnmarshalText(text []byte) error {
	out, err := base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("%w: base64url", ErrMalformed)
	}
	*b = out
	return nil
}

// Digest is the SHA-256 of a file.
type Digest [sha256.Size]byte

// DigestOf hashes a file's content.
func DigestOf(file []byte) Digest { return sha256.Sum256(file) }

// MarshalText is base64url without padding.
func (d Digest) MarshalText() ([]byte, error) { return Bytes(d[:]).MarshalText() }

// UnmarshalText is the reverse.
func (d *Digest) UnmarshalText(text []byte) error {
	var b Bytes
	if err := b.UnmarshalText(text); err != nil || len(b) != len(d) {
		return fmt.Errorf("%w: digest", ErrMalformed)
	}
	copy(d[:], b)
	return nil
}

// Short is H16, for names of files.
func (d Digest) Short() string { return fmt.Sprintf("%x", d[:8]) }

// Manifest is the body of a manifest.
type Manifest struct {
	At      int64                  `json:"at"`
	Dev     objectid.ID            `json:"dev"`
	Devices map[objectid.ID]Digest `json:"devices,omitempty"`
	Epochs  []Epoch                `json:"epochs"`
	NS      map[objectid.ID]Digest `json:"ns,omitempty"`
	Parents []Digest               `json:"parents,omitempty"`
	Rev     uint64                 `json:"rev"`
	Roles   map[objectid.ID]Digest `json:"roles,omitempty"`
	Slots   map[objectid.ID]Digest `json:"slots,omitempty"`
	V       int                    `json:"v"`
	Vault   objectid.ID            `json:"vault"`
}

// Epoch is one of the root key.
type Epoch struct {
	Commit Bytes  `json:"commit"`
	E      uint32 `json:"e"`
	Link   Bytes  `json:"link,omitempty"`
	Owner  Bytes  `json:"owner"`
	Prev   Bytes  `json:"prev,omitempty"`
	User   string `json:"user"`
}

// Last is the newest epoch of the root key.
func (m *Manifest) Last() *Epoch { return &m.Epochs[len(m.Epochs)-1] }

// Clone returns a copy that shares nothing that changes.
func (m *Manifest) Clone() *Manifest {
	c := *m
	c.Epochs = slices.Clone(m.Epochs)
	c.Parents = slices.Clone(m.Parents)
	c.Devices, c.NS, c.Roles, c.Slots = cloneMap(m.Devices), cloneMap(m.NS), cloneMap(m.Roles), cloneMap(m.Slots)
	return &c
}

func cloneMap(m map[objectid.ID]Digest) map[objectid.ID]Digest {
	c := make(map[objectid.ID]Digest, len(m)+1)
	for k, v := range m {
		c[k] = v
	}
	return c
}

type rawManifest struct {
	Body Manifest `json:"body"`
	Mac  Bytes    `json:"mac"`
	Sig  Bytes    `json:"sig"`
}

// Link signs an epoch as the owner of the one before.
func Link(before ed25519.PrivateKey, vault objectid.ID, e *Epoch) Bytes {
	return ed25519.Sign(before, linkMessage(vault, e))
}

func linkMessage(vault objectid.ID, e *Epoch) []byte {
	b := append([]byte(epochDomain), vault[:]...)
	b = binary.LittleEndian.AppendUint32(b, e.E)
	b = append(b, e.Owner...)
	return append(b, e.Commit...)
}

// Sign writes the file of a manifest. root is the root key of the last epoch, and owner the owner
// key made from it.
func (m *Manifest) Sign(owner ed25519.PrivateKey, root []byte) (file []byte, err error) {
	m.V = version
	body, err := canon.Marshal(m)
	if err != nil {
		return nil, err
	}
	message := append([]byte(manifestDomain), body...)
	raw := rawManifest{Body: *m, Mac: m.mac(root, message), Sig: ed25519.Sign(owner, message)}
	return canon.Marshal(raw)
}

func (m *Manifest) mac(root, message []byte) []byte {
	key := derive.Key(root, m.Vault, "mac")
	defer clear(key)
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

// Signed is a manifest whose signature and chain of owners were checked.
type Signed struct {
	Manifest
	Digest Digest
	mac    Bytes
	body   []byte
}

// Name is that of its file in admin/.
func (s *Signed) Name() string { return ManifestName(s.Rev, s.Digest) }

// ManifestName is the name of a manifest's file in admin/.
func ManifestName(rev uint64, d Digest) string { return fmt.Sprintf("%010d-%s.json", rev, d.Short()) }

// CheckMAC checks the manifest with the root key of its last epoch. The error is ErrForged.
func (s *Signed) CheckMAC(root []byte) error {
	if !hmac.Equal(s.Manifest.mac(root, append([]byte(manifestDomain), s.body...)), s.mac) {
		return fmt.Errorf("manifest %d: %w: its MAC is another", s.Rev, ErrForged)
	}
	return nil
}

// ParseManifest reads a manifest and checks it against the vault's id and first owner. The errors
// are ErrMalformed, ErrNewer and ErrForged.
func ParseManifest(file []byte, vault objectid.ID, root ed25519.PublicKey) (*Signed, error) {
	if len(file) > MaxFile {
		return nil, fmt.Errorf("manifest: %w: more than %d bytes", ErrMalformed, MaxFile)
	}
	var raw rawManifest
	if err := unmarshal("manifest", file, &raw); err != nil {
		return nil, err
	}
	m := &raw.Body
	if m.V != version {
		return nil, fmt.Errorf("manifest: version %d: %w", m.V, ErrNewer)
	}
	if err := m.check(vault, root); err != nil {
		return nil, err
	}
	body, err := canon.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w: %w", ErrMalformed, err)
	}
	if !bytes.HasPrefix(file, append([]byte(`{"body":`), body...)) {
		return nil, fmt.Errorf("manifest: %w", ErrMalformed)
	}
	if !ed25519.Verify(ed25519.PublicKey(m.Last().Owner), append([]byte(manifestDomain), body...), raw.Sig) {
		return nil, fmt.Errorf("manifest %d: %w: its signature is bad", m.Rev, ErrForged)
	}
	return &Signed{Manifest: *m, Digest: DigestOf(file), mac: raw.Mac, body: body}, nil
}

// check holds a body against the vault, and its owners against each other.
func (m *Manifest) check(vault objectid.ID, root ed25519.PublicKey) error {
	if m.Vault != vault {
		return fmt.Errorf("manifest: %w: it is of vault %s", ErrForged, m.Vault)
	}
	if m.Rev == 0 || m.Rev > maxRev || len(m.Epochs) == 0 || (m.Rev == 1) != (len(m.Parents) == 0) {
		return fmt.Errorf("manifest: %w", ErrMalformed)
	}
	for i := 1; i < len(m.Parents); i++ {
		if bytes.Compare(m.Parents[i-1][:], m.Parents[i][:]) >= 0 {
			return fmt.Errorf("manifest: %w: its parents do not ascend", ErrMalformed)
		}
	}
	for i := range m.Epochs {
		e := &m.Epochs[i]
		if e.E != uint32(i+1) || len(e.Owner) != ed25519.PublicKeySize || len(e.Commit) != derive.Size || (i == 0) != (e.Prev == nil) || (i == 0) != (e.Link == nil) {
			return fmt.Errorf("manifest: %w: epoch %d", ErrMalformed, i+1)
		}
		switch {
		case i == 0 && !bytes.Equal(e.Owner, root):
			return fmt.Errorf("manifest: %w: its first owner is another", ErrForged)
		case i > 0 && !ed25519.Verify(ed25519.PublicKey(m.Epochs[i-1].Owner), linkMessage(vault, e), e.Link):
			return fmt.Errorf("manifest: %w: the owner of epoch %d was not named by the one before", ErrForged, e.E)
		}
	}
	return nil
}

func unmarshal[T any](what string, file []byte, v *T) error {
	err := canon.Unmarshal(file, v)
	switch {
	case errors.Is(err, canon.ErrUnknown):
		return fmt.Errorf("%s: %w: %w", what, ErrNewer, err)
	case err != nil:
		return fmt.Errorf("%s: %w: %w", what, ErrMalformed, err)
	}
	return nil
}

// Heads are the manifests that no other one follows, the newest first.
func Heads(all []*Signed) []*Signed {
	followed := map[Digest]bool{}
	for _, m := range all {
		for _, p := range m.Parents {
			followed[p] = true
		}
	}
	var heads []*Signed
	for _, m := range all {
		if !followed[m.Digest] {
			heads = append(heads, m)
		}
	}
	slices.SortFunc(heads, func(a, b *Signed) int {
		if a.Rev != b.Rev {
			return int(int64(b.Rev) - int64(a.Rev))
		}
		return bytes.Compare(a.Digest[:], b.Digest[:])
	})
	return heads
}

// Merge is what every head allows: what all of them list alike. The epochs are those of the head
// with the most.
func Merge(heads []*Signed) *Manifest {
	m := heads[0].Clone()
	for _, h := range heads[1:] {
		if len(h.Epochs) > len(m.Epochs) {
			m.Epochs = h.Epochs
		}
		m.Devices, m.NS = intersect(m.Devices, h.Devices), intersect(m.NS, h.NS)
		m.Roles, m.Slots = intersect(m.Roles, h.Roles), intersect(m.Slots, h.Slots)
	}
	return m
}

func intersect(a, b map[objectid.ID]Digest) map[objectid.ID]Digest {
	out := map[objectid.ID]Digest{}
	for k, v := range a {
		if b[k] == v {
			out[k] = v
		}
	}
	return out
}
