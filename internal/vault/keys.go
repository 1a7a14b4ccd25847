package vault

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"

	"filippo.io/age"

	"kai/internal/secret"
	"kai/internal/vault/authority"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
)

// Kinds of secrets.
const (
	KindCredentials = "credentials"
	KindAPIKeys     = "apiKeys"
	KindCertificate = "certificates"
	KindSigningKeys = "signingKeys"
)

// Kinds are all of them.
func Kinds() []string {
	return []string{KindCredentials, KindAPIKeys, KindCertificate, KindSigningKeys}
}

// Scope is what a secret belongs to, and what a session is limited to. An empty part is any in a
// session's scope and none in a secret's.
type Scope struct {
	Agent   string `json:"agent,omitempty"`
	Module  string `json:"module,omitempty"`
	Service string `json:"service,omitempty"`
}

// Limits narrow the keys of a session.
type Limits struct {
	Namespaces []string // none: all
	Scope      Scope
	ReadOnly   bool
	NoUser     bool // without the user key
}

// scoped reports whether some scope is set.
func (l *Limits) scoped() bool { return l.Scope != Scope{} }

// Keys are what somebody holds of an unlocked vault. They are wiped by Wipe.
type Keys struct {
	Principal authority.Principal
	Scope     Scope // zero: not limited
	Limited   bool  // to some namespaces or a scope

	rootEpoch uint32
	root      *secret.Bytes // of rootEpoch; nil for who is no owner, or limited
	user      *secret.Bytes // text of the user key's identity; nil without
	spaces    map[objectid.ID]*spaceKeys
	device    *deviceKey    // nil: nothing can be written
	local     *secret.Bytes // authenticates what this machine remembers

	// damaged are the namespaces and roles of which not even the name can be read.
	damaged map[objectid.ID]error
}

// damage notes that a namespace or role cannot be read, and tells it once.
func (v *Vault) damage(keys *Keys, id objectid.ID, err error) {
	if keys.damaged == nil {
		keys.damaged = map[objectid.ID]error{}
	}
	if keys.damaged[id] == nil {
		v.opts.warnf("%v", err)
	}
	keys.damaged[id] = err
}

// missing is what is wrong when something is not found: it may be in what is damaged. It is nil when
// nothing is.
func (k *Keys) missing() error {
	for _, err := range k.damaged {
		return fmt.Errorf("it may be in a namespace that is damaged: %w", err)
	}
	return nil
}

// isDamage reports whether an error is about files, and not about whoever opens them.
func isDamage(err error) bool { return errors.Is(err, ErrTampered) || errors.Is(err, ErrNewer) }

// spaceKeys are what is held of one namespace.
type spaceKeys struct {
	name   string
	audit  *secret.Bytes
	epochs map[uint32]*epochSecrets
}

// epochSecrets are the keys of one epoch of a namespace: the namespace key itself, or, for a
// scope, what was derived from it.
type epochSecrets struct {
	nsk    *secret.Bytes
	csk    *secret.Bytes // nil without the user key
	meta   *secret.Bytes
	index  *secret.Bytes
	values map[valueID]*secret.Bytes
}

// valueID names a value key within an epoch.
type valueID struct {
	kind string
	Scope
}

// deviceKey is this machine's.
type deviceKey struct {
	id   objectid.ID
	seed *secret.Bytes // Ed25519
	key  ed25519.PrivateKey
}

// private is the key that the seed makes, once: it takes as long as a signature.
func (d *deviceKey) private() ed25519.PrivateKey {
	if d.key == nil {
		d.key = ed25519.NewKeyFromSeed(d.seed.Expose())
	}
	return d.key
}

func (d *deviceKey) wipe() {
	d.seed.Wipe()
	clear(d.key)
	d.key = nil
}

// Wipe overwrites all keys.
func (k *Keys) Wipe() {
	if k == nil {
		return
	}
	k.root.Wipe()
	k.user.Wipe()
	k.local.Wipe()
	if k.device != nil {
		k.device.wipe()
	}
	for _, s := range k.spaces {
		s.audit.Wipe()
		for _, e := range s.epochs {
			for _, b := range []*secret.Bytes{e.nsk, e.csk, e.meta, e.index} {
				b.Wipe()
			}
			for _, b := range e.values {
				b.Wipe()
			}
		}
	}
}

// IsOwner reports whether the root key is held.
func (k *Keys) IsOwner() bool { return k.root != nil }

// HasUser reports whether credentials can be opened.
func (k *Keys) HasUser() bool { return k.user != nil }

// CanWrite reports whether a device key is held.
func (k *Keys) CanWrite() bool { return k.device != nil }

// DeviceID is this device's, zero when nothing can be written.
func (k *Keys) DeviceID() objectid.ID {
	if k.device == nil {
		return objectid.ID{}
	}
	return k.device.id
}

// DropUser forgets the user key.
func (k *Keys) DropUser() {
	k.user.Wipe()
	k.user = nil
	for _, s := range k.spaces {
		for _, e := range s.epochs {
			e.csk.Wipe()
			e.csk = nil
		}
	}
}

// owner is the key that signs manifests.
func (k *Keys) owner(vault objectid.ID) ed25519.PrivateKey { return ownerKey(k.root, vault) }

func ownerKey(root *secret.Bytes, vault objectid.ID) ed25519.PrivateKey {
	seed := derive.Key(root.Expose(), vault, "owner")
	defer clear(seed)
	return ed25519.NewKeyFromSeed(seed)
}

// userIdentity is the user key.
func (k *Keys) userIdentity() (age.Identity, error) {
	if k.user == nil {
		return nil, ErrNeedsUser
	}
	// The library takes a string; it is not kept.
	return age.ParseHybridIdentity(string(k.user.Expose()))
}

// The entries of encoded keys: u8 type ‖ u32 length ‖ content.
const (
	entryPrincipal = 'P' // text
	entryScope     = 'C' // three of u8 length ‖ text: agent, module, service; u8 1 when limited
	entryRoot      = 'R' // u32 epoch ‖ key
	entryDevice    = 'D' // id ‖ seed
	entryLocal     = 'L' // key
	entrySpace     = 'A' // nsid ‖ audit key ‖ name
	entryNSK       = 'N' // nsid ‖ u32 epoch ‖ key
	entryScoped    = 'S' // nsid ‖ u32 epoch ‖ meta key ‖ index key
	entryValue     = 'V' // nsid ‖ u32 epoch ‖ key ‖ four of u8 length ‖ text: kind, agent, module, service
	entryUser      = 'U' // text of the identity
	entryCSK       = 'K' // nsid ‖ u32 epoch ‖ key
)

// entries walks over everything but what needs the user, or, with user, over just that.
func (k *Keys) entries(user bool, yield func(kind byte, parts ...[]byte)) {
	u32 := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
	texts := func(list ...string) (b []byte) {
		for _, s := range list {
			b = append(append(b, byte(len(s))), s...)
		}
		return b
	}
	if user {
		if k.user != nil {
			yield(entryUser, k.user.Expose())
		}
	} else {
		yield(entryPrincipal, []byte(k.Principal))
		limited := byte(0)
		if k.Limited {
			limited = 1
		}
		yield(entryScope, texts(k.Scope.Agent, k.Scope.Module, k.Scope.Service), []byte{limited})
		if k.root != nil {
			yield(entryRoot, u32(k.rootEpoch), k.root.Expose())
		}
		if k.device != nil {
			yield(entryDevice, k.device.id[:], k.device.seed.Expose())
		}
		if k.local != nil {
			yield(entryLocal, k.local.Expose())
		}
	}
	for id, s := range k.spaces {
		if !user {
			yield(entrySpace, id[:], s.audit.Expose(), []byte(s.name))
		}
		for n, e := range s.epochs {
			switch {
			case user:
				if e.csk != nil {
					yield(entryCSK, id[:], u32(n), e.csk.Expose())
				}
			case e.nsk != nil:
				yield(entryNSK, id[:], u32(n), e.nsk.Expose())
			case e.meta != nil:
				yield(entryScoped, id[:], u32(n), e.meta.Expose(), e.index.Expose())
			}
			if user {
				continue
			}
			for v, key := range e.values {
				yield(entryValue, id[:], u32(n), key.Expose(), texts(v.kind, v.Agent, v.Module, v.Service))
			}
		}
	}
}

// Encode writes the keys for a session, those that need the user apart. The second is nil when there
// are none.
func (k *Keys) Encode() (keys, user *secret.Bytes) {
	write := func(user bool) *secret.Bytes {
		size := 0
		k.entries(user, func(_ byte, parts ...[]byte) {
			size += 5
			for _, p := range parts {
				size += len(p)
			}
		})
		if size == 0 {
			return nil
		}
		out := secret.New(size)
		b := out.Expose()[:0]
		k.entries(user, func(kind byte, parts ...[]byte) {
			n := 0
			for _, p := range parts {
				n += len(p)
			}
			b = binary.LittleEndian.AppendUint32(append(b, kind), uint32(n))
			for _, p := range parts {
				b = append(b, p...)
			}
		})
		return out
	}
	return write(false), write(true)
}

var errKeys = errors.New("not the keys of a session")

// DecodeKeys reads what Encode has written. user may be nil.
func DecodeKeys(keys, user *secret.Bytes) (*Keys, error) {
	k := &Keys{spaces: map[objectid.ID]*spaceKeys{}}
	for _, b := range []*secret.Bytes{keys, user} {
		if b == nil {
			continue
		}
		if err := k.decode(b.Expose()); err != nil {
			k.Wipe()
			return nil, err
		}
	}
	return k, nil
}

// AddUser adds what Encode has written of the user key.
func (k *Keys) AddUser(user *secret.Bytes) error { return k.decode(user.Expose()) }

func (k *Keys) decode(b []byte) error {
	for len(b) > 0 {
		if len(b) < 5 {
			return errKeys
		}
		kind, n := b[0], binary.LittleEndian.Uint32(b[1:])
		if uint64(n) > uint64(len(b)-5) {
			return errKeys
		}
		r := keyReader{b: b[5 : 5+n]}
		b = b[5+n:]
		switch kind {
		case entryPrincipal:
			k.Principal = authority.Principal(r.rest())
		case entryScope:
			k.Scope = Scope{Agent: r.text(), Module: r.text(), Service: r.text()}
			if limited := r.take(1); limited != nil {
				k.Limited = limited[0] == 1
			}
		case entryRoot:
			k.rootEpoch, k.root = r.u32(), r.secret(derive.Size)
		case entryDevice:
			k.device = &deviceKey{id: r.id(), seed: r.secret(ed25519.SeedSize)}
		case entryLocal:
			k.local = r.secret(derive.Size)
		case entrySpace:
			s := k.space(r.id())
			s.audit = r.secret(derive.Size)
			s.name = string(r.rest())
		case entryNSK:
			k.space(r.id()).epoch(r.u32()).nsk = r.secret(derive.Size)
		case entryScoped:
			e := k.space(r.id()).epoch(r.u32())
			e.meta, e.index = r.secret(derive.Size), r.secret(derive.Size)
		case entryValue:
			e := k.space(r.id()).epoch(r.u32())
			key := r.secret(derive.Size)
			id := valueID{r.text(), Scope{Agent: r.text(), Module: r.text(), Service: r.text()}}
			if e.values == nil {
				e.values = map[valueID]*secret.Bytes{}
			}
			e.values[id] = key
		case entryUser:
			k.user = r.secret(len(r.b))
		case entryCSK:
			k.space(r.id()).epoch(r.u32()).csk = r.secret(derive.Size)
		default:
			return fmt.Errorf("%w: entry %d: %w", errKeys, kind, ErrNewer)
		}
		if r.bad || len(r.b) != 0 {
			return errKeys
		}
	}
	return nil
}

func (k *Keys) space(id objectid.ID) *spaceKeys {
	s := k.spaces[id]
	if s == nil {
		s = &spaceKeys{epochs: map[uint32]*epochSecrets{}}
		k.spaces[id] = s
	}
	return s
}

func (s *spaceKeys) epoch(n uint32) *epochSecrets {
	e := s.epochs[n]
	if e == nil {
		e = &epochSecrets{}
		s.epochs[n] = e
	}
	return e
}

// keyReader cuts entries; bad says that one was too short.
type keyReader struct {
	b   []byte
	bad bool
}

func (r *keyReader) take(n int) []byte {
	if n > len(r.b) {
		r.bad = true
		r.b = nil
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *keyReader) rest() []byte { return r.take(len(r.b)) }

func (r *keyReader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *keyReader) id() (id objectid.ID) {
	copy(id[:], r.take(objectid.Size))
	return id
}

func (r *keyReader) text() string {
	if n := r.take(1); n != nil {
		return string(r.take(int(n[0])))
	}
	return ""
}

func (r *keyReader) secret(n int) *secret.Bytes {
	s := secret.New(n)
	copy(s.Expose(), r.take(n))
	return s
}
