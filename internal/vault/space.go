package vault

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"kai/internal/secret"
	"kai/internal/vault/authority"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
	"kai/internal/vault/reference"
	"kai/internal/vault/xaes"
)

// Space is a namespace that is opened with keys.
type Space struct {
	v      *Vault
	keys   *Keys
	id     objectid.ID
	name   string
	policy *authority.Policy
	held   *spaceKeys
	metas  map[uint32]cipher.AEAD
	values map[valueKeyID]cipher.AEAD
	files  map[logName]*pieceReader // kept open; nil: none is
	// thorough checks every signature, also those that were checked before.
	thorough bool
	tail     int   // records behind the index, when it was last read
	view     *view // what lies in its files; nil until it is needed
	// unsure is set when the path that it was resolved from may lie in a namespace below this one, whose
	// name cannot be read: then what is not found here may be there, and nothing is written here, where
	// others may read it.
	unsure error
}

// Namespaces are the names of those that the keys open, in order.
func (v *Vault) Namespaces(keys *Keys) ([]string, error) {
	if err := v.nameSpaces(keys); err != nil {
		return nil, err
	}
	var names []string
	for id, s := range keys.spaces {
		if _, ok := v.manifest.NS[id]; ok {
			names = append(names, s.name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// allNamespaces are the names of all namespaces that there are, for an owner. One that is damaged is an
// error: who changes what others may do must not leave one out.
func (v *Vault) allNamespaces(keys *Keys) ([]string, error) {
	for _, id := range sortedIDs(v.manifest.NS) {
		if s := keys.spaces[id]; s != nil && s.audit != nil {
			continue
		}
		if err := v.openRootSpace(keys, id); err != nil {
			return nil, err
		}
	}
	return v.Namespaces(keys)
}

// nameSpaces opens the names of all namespaces for an owner; others hold theirs.
func (v *Vault) nameSpaces(keys *Keys) error {
	if keys.root == nil {
		return nil
	}
	for _, id := range sortedIDs(v.manifest.NS) {
		if s := keys.spaces[id]; s != nil && s.audit != nil {
			continue
		}
		if err := v.openRootSpace(keys, id); err != nil {
			// One that is damaged does not keep the others from being used.
			v.damage(keys, id, err)
			continue
		}
		delete(keys.damaged, id)
	}
	return nil
}

// openRootSpace opens a namespace's newest key under the root key, and its name.
func (v *Vault) openRootSpace(keys *Keys, id objectid.ID) error {
	p, err := v.Policy(id)
	if err != nil {
		return err
	}
	nsk, err := v.rootWrapped(keys, p, p.Last())
	if err != nil {
		return err
	}
	s := &spaceKeys{epochs: map[uint32]*epochSecrets{}}
	if err := v.nameSpace(s, p, nsk); err != nil {
		nsk.Wipe()
		return err
	}
	s.epoch(p.Last().E).nsk = nsk
	keys.spaces[id] = s
	return nil
}

// rootWrapped opens the key of an epoch of a namespace under the root key.
func (v *Vault) rootWrapped(keys *Keys, p *authority.Policy, e *authority.KeyEpoch) (*secret.Bytes, error) {
	name := path.Join(epochDir(p.NSID, e.Number()), authority.RootWrap)
	file, err := v.listed(name, e.Wraps[authority.RootWrap], maxSmall)
	if err != nil {
		return nil, err
	}
	epoch, sealed, ok := cutU32(file)
	if !ok || epoch != e.Root {
		return nil, fileError(name, ErrTampered)
	}
	root, err := v.rootAt(keys, epoch)
	if err != nil {
		return nil, fileError(name, err)
	}
	defer root.Wipe()
	b, err := openUnder(root, v.id, sealed, rootWrapAAD(v.id, p.NSID, e.Number()), "nsk", p.NSID.String())
	if err != nil {
		return nil, fileError(name, err)
	}
	nsk := secret.Take(b)
	if nsk.Len() != derive.Size || [derive.Size]byte(e.Commit) != derive.Commit(nsk.Expose(), v.id, "nsk") {
		nsk.Wipe()
		return nil, fileError(name, fmt.Errorf("%w: another key than the policy's", ErrTampered))
	}
	return nsk, nil
}

// Space opens a namespace by its name. ErrNotFound means that there is none that the keys open.
func (v *Vault) Space(keys *Keys, name string) (*Space, error) {
	find := func() *Space {
		for id, s := range keys.spaces {
			if _, ok := v.manifest.NS[id]; ok && s.name == name {
				return &Space{v: v, keys: keys, id: id, name: name, held: s, metas: map[uint32]cipher.AEAD{}, values: map[valueKeyID]cipher.AEAD{}}
			}
		}
		return nil
	}
	s := find()
	if s == nil {
		if err := v.nameSpaces(keys); err != nil {
			return nil, err
		}
		s = find()
	}
	if s == nil {
		err := keys.missing()
		if err == nil {
			err = ErrNotFound
		}
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	var err error
	if s.policy, err = v.Policy(s.id); err == nil {
		s.held.match(s.policy, v.id)
	}
	return s, err
}

// match forgets keys that are not the policy's: two heads have given two keys one number, and another
// one was chosen than the keys are of.
func (k *spaceKeys) match(p *authority.Policy, vault objectid.ID) {
	for n, e := range k.epochs {
		if e.nsk == nil || int(n) > len(p.Epochs) || derive.Commit(e.nsk.Expose(), vault, "nsk") == [derive.Size]byte(p.Epochs[n-1].Commit) {
			continue
		}
		e.nsk.Wipe()
		e.csk.Wipe()
		delete(k.epochs, n)
	}
}

// Resolve finds the namespace of a path and opens it; the rest is the path within. The longest name
// that fits wins.
func (v *Vault) Resolve(keys *Keys, p reference.Path) (s *Space, rest string, err error) {
	// A session knows the names there were when it began; a longer one may have come since.
	names, err := v.Namespaces(keys)
	if err != nil {
		return nil, "", err
	}
	name, rest, ok := p.Split(names)
	if !ok {
		if err = keys.missing(); err == nil {
			err = ErrNotFound
		}
		return nil, "", fmt.Errorf("namespace of %s: %w", p.Full, err)
	}
	if s, err = v.Space(keys, name); err == nil && strings.Contains(rest, "/") {
		s.unsure = keys.missing()
	}
	return s, rest, err
}

// Name is what people call it.
func (s *Space) Name() string { return s.name }

// ID is what its directory is called.
func (s *Space) ID() objectid.ID { return s.id }

// Policy is who may open it.
func (s *Space) Policy() *authority.Policy { return s.policy }

// PathTag stands for a path where paths must not be seen, as in the audit log: "h:" and the first 16
// bytes of HMAC-SHA256 under the namespace's audit key, in base64url.
func (s *Space) PathTag(path string) string {
	h := hmac.New(sha256.New, s.held.audit.Expose())
	h.Write([]byte(path))
	return "h:" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// AuditKey is the key of PathTag.
func (s *Space) AuditKey() []byte { return s.held.audit.Expose() }

func (s *Space) dir() string { return path.Join(spaceDir, s.id.String()) }

// secrets are the keys of an epoch.
func (s *Space) secrets(epoch uint32) (*epochSecrets, error) {
	if int(epoch) > len(s.policy.Epochs) { // perhaps others have changed the key since
		if err := s.refresh(); err != nil {
			return nil, err
		}
	}
	if epoch == 0 || int(epoch) > len(s.policy.Epochs) {
		return nil, fmt.Errorf("%w: an epoch %d that the policy does not list", ErrTampered, epoch)
	}
	e := s.held.epoch(epoch)
	if e.nsk == nil && e.meta == nil {
		if s.keys.root == nil {
			return nil, fmt.Errorf("epoch %d of namespace %s: %w", epoch, s.name, ErrDenied)
		}
		nsk, err := s.v.rootWrapped(s.keys, s.policy, &s.policy.Epochs[epoch-1])
		if err != nil {
			return nil, err
		}
		e.nsk = nsk
	}
	return e, nil
}

// metaKey opens the meta data of an epoch.
func (s *Space) metaKey(epoch uint32) (cipher.AEAD, error) {
	if a := s.metas[epoch]; a != nil {
		return a, nil
	}
	e, err := s.secrets(epoch)
	if err != nil {
		return nil, err
	}
	var a cipher.AEAD
	if e.nsk != nil {
		a, err = aeadUnder(e.nsk, s.v.id, "meta")
	} else {
		a, err = xaes.New(e.meta.Expose())
	}
	if err == nil {
		s.metas[epoch] = a
	}
	return a, err
}

// indexKey is that of the newest epoch: what the index is sealed under and paths are hashed with.
func (s *Space) indexKey() (*secret.Bytes, error) {
	e, err := s.secrets(s.policy.Last().E)
	if err != nil {
		return nil, err
	}
	if e.nsk == nil {
		return e.index.Clone(), nil
	}
	return secret.Take(derive.Key(e.nsk.Expose(), s.v.id, "index")), nil
}

// valueKey opens the values of a kind and scope. ErrDenied means that the session is limited to
// another scope.
func (s *Space) valueKey(epoch uint32, kind string, scope Scope) (cipher.AEAD, error) {
	id := valueKeyID{epoch, valueID{kind, scope}}
	if a := s.values[id]; a != nil {
		return a, nil
	}
	e, err := s.secrets(epoch)
	if err != nil {
		return nil, err
	}
	var a cipher.AEAD
	switch k := e.values[id.valueID]; {
	case e.nsk != nil:
		a, err = aeadUnder(e.nsk, s.v.id, "value", kind, scope.Module, scope.Service, scope.Agent)
	case k != nil:
		a, err = xaes.New(k.Expose())
	default:
		return nil, fmt.Errorf("this session is limited to another scope: %w", ErrDenied)
	}
	if err == nil {
		s.values[id] = a
	}
	return a, err
}

// valueKeyID names a value key.
type valueKeyID struct {
	epoch uint32
	valueID
}

func aeadUnder(k *secret.Bytes, vault objectid.ID, use string, ctx ...string) (cipher.AEAD, error) {
	key := derive.Key(k.Expose(), vault, use, ctx...)
	defer clear(key)
	return xaes.New(key)
}

// credentialKey is the inner layer of credentials.
func (s *Space) credentialKey(epoch uint32) ([]byte, error) {
	e, err := s.secrets(epoch)
	if err != nil {
		return nil, err
	}
	if e.csk == nil {
		who, err := s.keys.userIdentity()
		if err != nil {
			return nil, err
		}
		pe := &s.policy.Epochs[epoch-1]
		rcpt := recipientName(s.v.manifest.Last().User)
		csk, err := s.v.unwrapListed(s.policy, pe, rcpt+authority.UserSuffix, "csk", pe.CCommit, who)
		switch {
		case err != nil:
			return nil, err
		case csk == nil:
			return nil, fmt.Errorf("credentials of namespace %s: %w", s.name, ErrDenied)
		}
		e.csk = csk
	}
	return derive.Key(e.csk.Expose(), s.v.id, "cred"), nil
}

// Limit narrows keys to some namespaces, a scope, reading, or what needs no user. The keys given are
// wiped; nothing that the limits exclude is in the result.
func (v *Vault) Limit(keys *Keys, l Limits) (*Keys, error) {
	if err := l.Scope.check(); err != nil {
		return nil, err
	}
	if l.NoUser || l.scoped() {
		keys.DropUser()
	}
	if l.ReadOnly && keys.device != nil {
		keys.device.wipe()
		keys.device = nil
	}
	if len(l.Namespaces) == 0 && !l.scoped() {
		return keys, v.nameSpaces(keys)
	}
	defer keys.Wipe()
	names := l.Namespaces
	if len(names) == 0 {
		var err error
		if names, err = v.Namespaces(keys); err != nil {
			return nil, err
		}
	}
	out := &Keys{Principal: keys.Principal, Scope: l.Scope, Limited: true, spaces: map[objectid.ID]*spaceKeys{}}
	if keys.local != nil {
		out.local = keys.local.Clone()
	}
	if keys.device != nil && !l.scoped() {
		out.device = &deviceKey{id: keys.device.id, seed: keys.device.seed.Clone()}
	}
	for _, name := range names {
		s, err := v.Space(keys, name)
		if err == nil {
			err = s.limit(out.space(s.id), &l)
		}
		if err != nil {
			out.Wipe()
			return nil, err
		}
	}
	return out, nil
}

// limit copies what l leaves of a namespace's keys.
func (s *Space) limit(out *spaceKeys, l *Limits) error {
	out.name, out.audit = s.name, s.held.audit.Clone()
	for i := range s.policy.Epochs {
		n := s.policy.Epochs[i].E
		from, err := s.secrets(n)
		if errors.Is(err, ErrDenied) {
			continue // granted from a later epoch on
		}
		if err != nil {
			return err
		}
		to := out.epoch(n)
		if !l.scoped() {
			if to.nsk = from.nsk.Clone(); !l.NoUser {
				if err := s.limitUser(n, to); err != nil {
					return err
				}
			}
			continue
		}
		if from.nsk == nil {
			return fmt.Errorf("a session of one scope cannot give another: %w", ErrDenied)
		}
		to.meta = secret.Take(derive.Key(from.nsk.Expose(), s.v.id, "meta"))
		to.index = secret.Take(derive.Key(from.nsk.Expose(), s.v.id, "index"))
		to.values = map[valueID]*secret.Bytes{}
		for _, scope := range l.Scope.within() {
			for _, kind := range Kinds() {
				key := derive.Key(from.nsk.Expose(), s.v.id, "value", kind, scope.Module, scope.Service, scope.Agent)
				to.values[valueID{kind, scope}] = secret.Take(key)
			}
		}
	}
	return nil
}

// limitUser copies the key of credentials, if it can be opened.
func (s *Space) limitUser(epoch uint32, to *epochSecrets) error {
	key, err := s.credentialKey(epoch)
	if errors.Is(err, ErrNeedsUser) || errors.Is(err, ErrDenied) {
		return nil
	}
	if err != nil {
		return err
	}
	clear(key)
	to.csk = s.held.epoch(epoch).csk.Clone()
	return nil
}

// within are the scopes of secrets that a session of this scope opens: each part its own or none.
func (s Scope) within() []Scope {
	list := []Scope{{}}
	for _, part := range []struct {
		value string
		set   func(*Scope)
	}{
		{s.Agent, func(c *Scope) { c.Agent = s.Agent }},
		{s.Module, func(c *Scope) { c.Module = s.Module }},
		{s.Service, func(c *Scope) { c.Service = s.Service }},
	} {
		if part.value == "" {
			continue
		}
		for _, c := range list {
			part.set(&c)
			list = append(list, c)
		}
	}
	return list
}

// logNames are the files of records in a namespace.
func (s *Space) logNames() ([]logName, error) {
	entries, err := s.v.dir.ReadDir(s.dir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fileError(s.dir(), fmt.Errorf("%w: it is missing", ErrTampered))
	}
	if err != nil {
		return nil, err
	}
	return logNames(entries), nil
}

// logNames are the files of records among what lies in the directory of a namespace, in their order.
func logNames(entries []fs.DirEntry) (names []logName) {
	for _, e := range entries {
		if n, ok := parseLogName(e.Name()); ok {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, logName.compare)
	return names
}
