package vault

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"

	"kai/internal/canon"
	"kai/internal/durable"
	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
)

const (
	rootFile  = "vault.json"
	suite     = "xaes256gcm-hkdfsha256"
	version   = 1
	maxSmall  = 64 << 10 // wraps and other small files, in bytes
	adminDir  = "admin"
	slotDir   = "slots"
	deviceDir = "devices"
	roleDir   = "roles"
	spaceDir  = "ns"
	localDir  = "local"
	lockFile  = "local/lock"

	fingerprintDomain = "kai-vault-fp/1\x00"

	// keptManifests is how many manifests are kept.
	keptManifests = 64
	maxManifests  = 4096 // that a directory may hold
)

// Options are what a vault needs of the outside.
type Options struct {
	Now    func() time.Time
	Random io.Reader
	// Recipient parses what keys are wrapped to; nil knows age's own kinds.
	Recipient func(text string) (age.Recipient, error)
	// Warn is told what does not keep a command from running; nil drops it.
	Warn func(text string)
	// Log is the log of events, nil where there is none.
	Log EventLog
	// Accept is told why the vault is older than what was seen of it, or what else is wrong with what
	// was seen, and whether to go on and forget that; nil refuses.
	Accept func(error) bool
}

func (o *Options) warnf(format string, args ...any) {
	if o.Warn != nil {
		o.Warn(fmt.Sprintf(format, args...))
	}
}

func (o *Options) recipient(text string) (age.Recipient, error) {
	if o.Recipient != nil {
		return o.Recipient(text)
	}
	if strings.HasPrefix(text, "age1pq1") {
		return age.ParseHybridRecipient(text)
	}
	return age.ParseX25519Recipient(text)
}

// Vault is a vault whose documents of authority were checked. Nothing of it is unlocked.
type Vault struct {
	dir      *durable.Dir
	opts     Options
	id       objectid.ID
	root     ed25519.PublicKey
	manifest *authority.Manifest
	heads    []*authority.Signed
	devices  map[objectid.ID]*authority.Device
	policies map[objectid.ID]*authority.Policy
	known    map[authority.Digest]bool // all manifests that are there
	admin    string                    // their names, to see that some came
	listing  *durable.Listing          // which had those names; nil when it is not known
	seen     *memory                   // what seen.log said last; nil when it was not asked
	recalled *memory                   // what it said when we held the lock
	current  bool                      // and says yet, since we hold it
	memo     writing                   // seen.log
	log      writing                   // of this device, of the namespace that was written last
	locking  *durable.Lock
	locked   bool
	kept     map[string]keptLog // while we hold the lock
	roll     int64              // from how many bytes on a file of records is not added to
	// epochRecords is how many records a key of a namespace seals.
	epochRecords uint64
}

type rootDocument struct {
	Root  authority.Bytes `json:"root"`
	Suite string          `json:"suite"`
	V     int             `json:"v"`
	Vault objectid.ID     `json:"vault"`
}

// Open reads a vault's documents of authority and checks them. Errors are ErrNoVault, ErrTampered,
// ErrNewer, ErrMalformed and those of the file system.
func Open(dir *durable.Dir, opts Options) (*Vault, error) {
	file, err := dir.ReadFile(rootFile, maxSmall)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoVault
	}
	if err != nil {
		return nil, err
	}
	doc, err := parseRoot(file)
	if err != nil {
		return nil, err
	}
	v := &Vault{
		dir: dir, locking: dir.NewLock(lockFile), opts: opts, id: doc.Vault, root: ed25519.PublicKey(doc.Root), roll: rollFile, epochRecords: epochRecords,
		devices: map[objectid.ID]*authority.Device{}, policies: map[objectid.ID]*authority.Policy{},
	}
	return v, v.readManifests()
}

// ID is the vault's.
func (v *Vault) ID() objectid.ID { return v.id }

// Root is the owner key of epoch 1, which never changes.
func (v *Vault) Root() ed25519.PublicKey { return v.root }

// Manifest is what is allowed: the newest manifest, or what all newest ones have in common.
func (v *Vault) Manifest() *authority.Manifest { return v.manifest }

// Heads are the newest manifests; more than one when two devices changed the vault at once.
func (v *Vault) Heads() []*authority.Signed { return v.heads }

// Fingerprint tells vaults apart, in 8 groups of 4 characters.
func (v *Vault) Fingerprint() string { return fingerprint(v.id, v.root) }

func fingerprint(id objectid.ID, root ed25519.PublicKey) string {
	h := sha256.New()
	io.WriteString(h, fingerprintDomain)
	h.Write(id[:])
	h.Write(root)
	text := objectid.Encoding.EncodeToString(h.Sum(nil)[:20])
	var groups []string
	for part := range slices.Chunk([]byte(text), 4) {
		groups = append(groups, string(part))
	}
	return strings.Join(groups, "-")
}

// readManifests reads what lies in admin/ and finds the heads.
func (v *Vault) readManifests() error {
	entries, err := v.dir.ReadDir(adminDir)
	if err != nil {
		return err
	}
	if len(entries) > maxManifests {
		return fileError(adminDir, ErrTooLarge)
	}
	var all []*authority.Signed
	var broken error
	known := map[authority.Digest]bool{}
	for _, e := range entries {
		name := path.Join(adminDir, e.Name())
		if !isManifestName(e.Name()) {
			continue
		}
		file, err := v.dir.ReadFile(name, authority.MaxFile)
		if err != nil {
			return err
		}
		m, err := authority.ParseManifest(file, v.id, v.root)
		switch {
		case err == nil && m.Name() != e.Name():
			broken = fileError(name, ErrTampered)
		case errors.Is(err, authority.ErrNewer):
			return fileError(name, ErrNewer)
		case err != nil:
			broken = fileError(name, fmt.Errorf("%w: %w", ErrTampered, err))
		default:
			all = append(all, m)
			known[m.Digest] = true
		}
	}
	if broken != nil {
		return broken
	}
	if len(all) == 0 {
		return fileError(adminDir, fmt.Errorf("%w: no manifest", ErrTampered))
	}
	v.heads, v.known, v.admin, v.listing = v.recent(authority.Heads(all)), known, strings.Join(manifestNames(entries), "/"), nil
	v.manifest = authority.Merge(v.heads)
	clear(v.policies)
	clear(v.devices)
	return nil
}

// recent leaves out heads that are older than what is kept: old files that were removed and came back,
// from a backup or from a device that was away for long. The newest is taken among those with the
// newest root key, so that who was an owner once cannot outdate what is.
func (v *Vault) recent(heads []*authority.Signed) []*authority.Signed {
	epochs, newest := 0, uint64(0)
	for _, h := range heads {
		switch n := len(h.Epochs); {
		case n > epochs:
			epochs, newest = n, h.Rev
		case n == epochs:
			newest = max(newest, h.Rev)
		}
	}
	return slices.DeleteFunc(heads, func(h *authority.Signed) bool {
		old := newest >= keptManifests && h.Rev <= newest-keptManifests
		if old {
			v.opts.warnf("%s/%s does not count: it is too old", adminDir, h.Name())
		}
		return old
	})
}

// manifestNames are the names of manifests among what lies in admin/, by revision: it stands first in
// them, in ten digits.
func manifestNames(entries []fs.DirEntry) []string {
	var names []string
	for _, e := range entries {
		if isManifestName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// refresh reads the manifests anew if others have changed them since.
func (v *Vault) refresh(keys *Keys) error {
	list, err := v.dir.List(adminDir, v.listing)
	if err != nil || list == v.listing {
		return err
	}
	if strings.Join(manifestNames(list.Entries), "/") == v.admin {
		v.listing = list
		return nil
	}
	return v.reread(keys)
}

// reread reads the manifests, and holds them against what was seen of them here and against the keys.
func (v *Vault) reread(keys *Keys) error {
	m := &memory{lost: true}
	if keys.local != nil {
		// First what was seen: readers do not lock, and what others publish meanwhile is seen after it is
		// there.
		var err error
		if m, err = v.recall(keys.local); err != nil {
			return err
		}
	}
	if err := v.readManifests(); err != nil {
		return err
	}
	if err := v.checkManifestMemory(m); err != nil {
		return err
	}
	return v.checkMACs(keys)
}

// isManifestName tells manifests from what others, such as syncing programs, leave there.
func isManifestName(name string) bool {
	rev, rest, ok := strings.Cut(name, "-")
	if !ok || len(rev) != 10 || len(rest) != 16+len(".json") || !strings.HasSuffix(rest, ".json") {
		return false
	}
	_, err := strconv.ParseUint(rev, 10, 64)
	return err == nil
}

// listed reads a file whose digest is listed. A missing or other file is ErrTampered.
func (v *Vault) listed(name string, d authority.Digest, limit int64) ([]byte, error) {
	var file []byte
	_, err := v.locate(name, d, limit, &file)
	return file, err
}

// locate finds a file whose digest is listed, under its name or, for wraps, beside another of that name,
// and says where. content may be nil.
func (v *Vault) locate(name string, d authority.Digest, limit int64, content *[]byte) (string, error) {
	at := []string{name}
	if path.Ext(name) != ".json" {
		at = append(at, Beside(name, d))
	}
	missing := true
	for _, name := range at {
		file, err := v.dir.ReadFile(name, limit)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", err
		case authority.DigestOf(file) == d:
			if content != nil {
				*content = file
			}
			return name, nil
		}
		missing = false
	}
	if missing {
		return "", fileError(name, fmt.Errorf("%w: it is missing: %w", ErrTampered, fs.ErrNotExist))
	}
	return "", fileError(name, fmt.Errorf("%w: it is not the one that the manifest lists", ErrTampered))
}

// documentError maps the errors of package authority.
func documentError(name string, err error) error {
	switch {
	case errors.Is(err, authority.ErrNewer):
		return fileError(name, ErrNewer)
	default:
		return fileError(name, fmt.Errorf("%w: %w", ErrTampered, err))
	}
}

// Policy is that of a namespace.
func (v *Vault) Policy(ns objectid.ID) (*authority.Policy, error) {
	if p := v.policies[ns]; p != nil {
		return p, nil
	}
	d, ok := v.manifest.NS[ns]
	if !ok {
		return nil, fmt.Errorf("namespace %s: %w", ns, ErrNotFound)
	}
	name := policyName(ns, d)
	file, err := v.listed(name, d, authority.MaxFile)
	if err != nil {
		return nil, err
	}
	p, err := authority.ParsePolicy(file, ns)
	if err != nil {
		return nil, documentError(name, err)
	}
	v.policies[ns] = p
	return p, nil
}

// Device is the certificate of one.
func (v *Vault) Device(id objectid.ID) (*authority.Device, error) {
	if d := v.devices[id]; d != nil {
		return d, nil
	}
	digest, ok := v.manifest.Devices[id]
	if !ok {
		return nil, fmt.Errorf("device %s: %w", id, ErrNotFound)
	}
	name := documentName(deviceDir, id, digest)
	file, err := v.listed(name, digest, maxSmall)
	if err != nil {
		return nil, err
	}
	d, err := authority.ParseDevice(file, id)
	if err != nil {
		return nil, documentError(name, err)
	}
	v.devices[id] = d
	return d, nil
}

// Role reads one.
func (v *Vault) Role(id objectid.ID) (*authority.Role, error) {
	digest, ok := v.manifest.Roles[id]
	if !ok {
		return nil, fmt.Errorf("role %s: %w", id, ErrNotFound)
	}
	return v.roleAt(id, digest)
}

// roleAt reads a role's document of some digest.
func (v *Vault) roleAt(id objectid.ID, digest authority.Digest) (*authority.Role, error) {
	name := documentName(roleDir, id, digest)
	file, err := v.listed(name, digest, authority.MaxFile)
	if err != nil {
		return nil, err
	}
	r, err := authority.ParseRole(file, id)
	if err != nil {
		return nil, documentError(name, err)
	}
	return r, nil
}

// SlotFile reads the file of a slot.
func (v *Vault) SlotFile(id objectid.ID) ([]byte, error) {
	digest, ok := v.manifest.Slots[id]
	if !ok {
		return nil, fmt.Errorf("slot %s: %w", id, ErrNotFound)
	}
	return v.listed(documentName(slotDir, id, digest), digest, maxSmall)
}

// Slots are the ids of all slots, in order.
func (v *Vault) Slots() []objectid.ID { return sortedIDs(v.manifest.Slots) }

func sortedIDs(m map[objectid.ID]authority.Digest) []objectid.ID {
	var ids []objectid.ID
	for id := range m {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b objectid.ID) int { return strings.Compare(string(a[:]), string(b[:])) })
	return ids
}

func documentName(dir string, id objectid.ID, d authority.Digest) string {
	return path.Join(dir, id.String()+"-"+d.Short()+".json")
}

func policyName(ns objectid.ID, d authority.Digest) string {
	return path.Join(spaceDir, ns.String(), "policy-"+d.Short()+".json")
}

// recipientName is RCPT.
func recipientName(recipient string) string {
	sum := sha256.Sum256([]byte(recipient))
	return objectid.Encoding.EncodeToString(sum[:16])
}

// mkdirs makes directories that may be there: then a process that died may have made them, and not
// have come to make their names durable.
func mkdirs(dir *durable.Dir, names ...string) error {
	for _, name := range names {
		err := dir.Mkdir(name, 0o700)
		if errors.Is(err, fs.ErrExist) {
			err = dir.SyncDir(path.Dir(name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// createSame creates a file, or finds it there with the same content.
func createSame(dir *durable.Dir, name string, data []byte, mode fs.FileMode) error {
	err := dir.CreateNew(name, data, mode)
	if errors.Is(err, fs.ErrExist) {
		old, readErr := dir.ReadFile(name, int64(len(data)))
		if readErr == nil && string(old) == string(data) {
			return dir.SyncDir(path.Dir(name)) // as in mkdirs
		}
	}
	return err
}

// RootFingerprint reads the content of a vault.json. Errors are ErrMalformed and ErrNewer.
func RootFingerprint(file []byte) (id objectid.ID, fp string, err error) {
	doc, err := parseRoot(file)
	if err != nil {
		return id, "", err
	}
	return doc.Vault, fingerprint(doc.Vault, ed25519.PublicKey(doc.Root)), nil
}

func parseRoot(file []byte) (doc rootDocument, err error) {
	switch err := canon.Unmarshal(file, &doc); {
	case errors.Is(err, canon.ErrUnknown), err == nil && (doc.V != version || doc.Suite != suite):
		return doc, fileError(rootFile, ErrNewer)
	case err != nil || len(doc.Root) != ed25519.PublicKeySize:
		return doc, fileError(rootFile, ErrMalformed)
	}
	return doc, nil
}

// OfRoot is a vault of which only the content of its vault.json is known: enough to check manifests.
func OfRoot(file []byte, opts Options) (*Vault, error) {
	doc, err := parseRoot(file)
	if err != nil {
		return nil, err
	}
	return &Vault{opts: opts, id: doc.Vault, root: ed25519.PublicKey(doc.Root)}, nil
}

// ParseManifest reads the file of a manifest and checks its signature. Errors are ErrTampered and
// ErrNewer.
func (v *Vault) ParseManifest(file []byte) (*authority.Signed, error) {
	m, err := authority.ParseManifest(file, v.id, v.root)
	if err != nil {
		return nil, documentError(adminDir, err)
	}
	return m, nil
}
