package authority

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"

	"kai/internal/canon"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
)

// Principal is who may do something: Owner, RolePrefix with an id, the id of an identity ("kai1…"),
// or, of a key without an identity, its fingerprint ("SHA256:…").
type Principal string

// Owner is who has a slot.
const Owner Principal = "owner"

// RolePrefix stands before the id of a role.
const RolePrefix = "role:"

// Role returns the id of the role that p is.
func (p Principal) Role() (id objectid.ID, ok bool) {
	text, ok := strings.CutPrefix(string(p), RolePrefix)
	if !ok {
		return id, false
	}
	id, err := objectid.Parse(text)
	return id, err == nil
}

const (
	maxPrincipal        = 128
	principalCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-"
)

// Check holds p against the four forms. The error is ErrMalformed.
func (p Principal) Check() error {
	if _, ok := p.Role(); ok || p == Owner {
		return nil
	}
	for _, prefix := range []string{"kai1", "SHA256:"} {
		rest, ok := strings.CutPrefix(string(p), prefix)
		if ok && rest != "" && len(p) <= maxPrincipal && strings.Trim(rest, principalCharacters) == "" {
			return nil
		}
	}
	return fmt.Errorf("principal %q: %w", string(p), ErrMalformed)
}

// The names of the files in the directory of a namespace's epoch.
const (
	RootWrap   = "vrk.nsk" // sealed under the root key
	KeySuffix  = ".nsk"    // to a reader
	UserSuffix = ".csk"    // the key of credentials, to a reader
)

// Policy says who can open a namespace.
type Policy struct {
	AuditCT  Bytes                  `json:"audit_ct"`
	Cut      map[objectid.ID]uint64 `json:"cut,omitempty"`
	Epochs   []KeyEpoch             `json:"epochs"`
	Isolated bool                   `json:"isolated,omitempty"`
	NameCT   Bytes                  `json:"name_ct"`
	NSID     objectid.ID            `json:"nsid"`
	Readers  []Reader               `json:"readers,omitempty"`
	Start    map[objectid.ID]uint64 `json:"start,omitempty"` // last sequence numbers before the last epoch
	V        int                    `json:"v"`
	Writers  []Principal            `json:"writers"`
}

// KeyEpoch is one of a namespace's key, or, with a recipient, of a role's.
type KeyEpoch struct {
	CCommit Bytes             `json:"ccommit"`
	Commit  Bytes             `json:"commit"`
	E       uint32            `json:"e"`
	Of      uint32            `json:"of,omitempty"` // the number it was made with, where that is another's; see Carry
	Root    uint32            `json:"root"`
	Wraps   map[string]Digest `json:"wraps"`
}

// Number is the one that an epoch was made with: that of its directory and in its wraps.
func (e *KeyEpoch) Number() uint32 {
	if e.Of != 0 {
		return e.Of
	}
	return e.E
}

// Reader can open a namespace.
type Reader struct {
	From      uint32    `json:"from"`
	Principal Principal `json:"principal"`
	Recipient string    `json:"recipient"`
	User      bool      `json:"user,omitempty"`
}

// Last is the newest epoch.
func (p *Policy) Last() *KeyEpoch { return &p.Epochs[len(p.Epochs)-1] }

// Carry are the epochs whose records may carry a number: the one that has it, and those that another
// head had given it to.
func (p *Policy) Carry(n uint32) []uint32 {
	list := []uint32{n}
	for i := range p.Epochs {
		if e := &p.Epochs[i]; e.Of == n && e.E != n {
			list = append(list, e.E)
		}
	}
	return list
}

// Clone returns a copy that shares nothing that changes.
func (p *Policy) Clone() *Policy {
	c := *p
	c.Epochs, c.Readers, c.Writers = slices.Clone(p.Epochs), slices.Clone(p.Readers), slices.Clone(p.Writers)
	for i := range c.Epochs {
		wraps := make(map[string]Digest, len(c.Epochs[i].Wraps)+1)
		for k, v := range c.Epochs[i].Wraps {
			wraps[k] = v
		}
		c.Epochs[i].Wraps = wraps
	}
	c.Cut = make(map[objectid.ID]uint64, len(p.Cut))
	for k, v := range p.Cut {
		c.Cut[k] = v
	}
	return &c
}

// Encode writes the file.
func (p *Policy) Encode() ([]byte, error) {
	p.V = version
	return canon.Marshal(p)
}

// ParsePolicy reads the policy of a namespace. The errors are ErrMalformed and ErrNewer.
func ParsePolicy(file []byte, ns objectid.ID) (*Policy, error) {
	what := "policy of namespace " + ns.String()
	var p Policy
	if err := unmarshal(what, file, &p); err != nil {
		return nil, err
	}
	if p.V != version {
		return nil, fmt.Errorf("%s: version %d: %w", what, p.V, ErrNewer)
	}
	bad := p.NSID != ns || len(p.Epochs) == 0
	for i := range p.Epochs {
		e := &p.Epochs[i]
		bad = bad || e.E != uint32(i+1) || len(e.Commit) != derive.Size || len(e.CCommit) != derive.Size || e.Root == 0 || e.Of > e.E
	}
	bad = bad || p.Last().Of != 0
	for _, r := range p.Readers {
		bad = bad || r.Principal.Check() != nil || r.From == 0
	}
	for _, w := range p.Writers {
		bad = bad || w.Check() != nil
	}
	if bad {
		return nil, fmt.Errorf("%s: %w", what, ErrMalformed)
	}
	return &p, nil
}

// Role is a group with a key of its own.
type Role struct {
	Epochs  []RoleEpoch `json:"epochs"`
	ID      objectid.ID `json:"id"`
	Members []Member    `json:"members,omitempty"`
	NameCT  Bytes       `json:"name_ct"`
	V       int         `json:"v"`
}

// RoleEpoch is one of a role's key, an age identity wrapped to each member.
type RoleEpoch struct {
	E         uint32            `json:"e"`
	Recipient string            `json:"recipient"`
	Wraps     map[string]Digest `json:"wraps,omitempty"`
}

// Member is one of a role.
type Member struct {
	Principal Principal `json:"principal"`
	Recipient string    `json:"recipient"`
}

// Last is the newest epoch.
func (r *Role) Last() *RoleEpoch { return &r.Epochs[len(r.Epochs)-1] }

// Encode writes the file.
func (r *Role) Encode() ([]byte, error) {
	r.V = version
	return canon.Marshal(r)
}

// ParseRole reads a role. The errors are ErrMalformed and ErrNewer.
func ParseRole(file []byte, id objectid.ID) (*Role, error) {
	what := "role " + id.String()
	var r Role
	if err := unmarshal(what, file, &r); err != nil {
		return nil, err
	}
	if r.V != version {
		return nil, fmt.Errorf("%s: version %d: %w", what, r.V, ErrNewer)
	}
	bad := r.ID != id || len(r.Epochs) == 0
	for i := range r.Epochs {
		bad = bad || r.Epochs[i].E != uint32(i+1)
	}
	for _, m := range r.Members {
		bad = bad || m.Principal.Check() != nil
	}
	if bad {
		return nil, fmt.Errorf("%s: %w", what, ErrMalformed)
	}
	return &r, nil
}

// Device is the certificate of one that writes records.
type Device struct {
	Dev     objectid.ID `json:"dev"`
	Holder  Principal   `json:"holder"`
	LabelCT Bytes       `json:"label_ct,omitempty"`
	Pub     Bytes       `json:"pub"`
	Removed bool        `json:"removed,omitempty"` // writes nothing any more
	V       int         `json:"v"`
}

// Key is the device's public key.
func (d *Device) Key() ed25519.PublicKey { return ed25519.PublicKey(d.Pub) }

// Encode writes the file.
func (d *Device) Encode() ([]byte, error) {
	d.V = version
	return canon.Marshal(d)
}

// ParseDevice reads a device. The errors are ErrMalformed and ErrNewer.
func ParseDevice(file []byte, id objectid.ID) (*Device, error) {
	what := "device " + id.String()
	var d Device
	if err := unmarshal(what, file, &d); err != nil {
		return nil, err
	}
	switch {
	case d.V != version:
		return nil, fmt.Errorf("%s: version %d: %w", what, d.V, ErrNewer)
	case d.Dev != id, len(d.Pub) != ed25519.PublicKeySize, d.Holder.Check() != nil:
		return nil, fmt.Errorf("%s: %w", what, ErrMalformed)
	}
	return &d, nil
}

// MayWrite reports whether a device may write to a namespace.
func (p *Policy) MayWrite(d *Device) bool {
	return d.Holder == Owner || slices.Contains(p.Writers, d.Holder)
}
