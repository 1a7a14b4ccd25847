package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
	"kai/internal/vault/vlog"
)

// FileKind says what a file of a vault is.
type FileKind int

// The files that a vault is made of. What lies in local/ is not among them: it stays on its machine.
const (
	RootFile     FileKind = 1 + iota // vault.json
	ManifestFile                     // admin/REV-H16.json
	DocumentFile                     // slot, device, role or policy, with the H16 of its content in its name
	WrapFile                         // a wrapped key
	LogFile                          // records; the only one that changes, by growing
)

// File is what the name of a file of a vault says.
type File struct {
	Name string
	Kind FileKind
	// Limit is how many bytes it may have.
	Limit int64
	// Short is the H16 in the name of a manifest or document, or of a wrap that lies beside
	// another one of its name.
	Short string
	// Rev is that of a manifest.
	Rev uint64
	// NS, Dev, Generation and First are those of a log.
	NS, Dev           objectid.ID
	Generation, First uint64
}

// ParseFile reads the name of a file, relative to the vault's directory, with slashes. Only the one
// spelling that is written is accepted: no name leads elsewhere, whatever its source.
func ParseFile(name string) (f File, ok bool) {
	f = File{Name: name, Limit: maxSmall}
	parts := strings.Split(name, "/")
	last := parts[len(parts)-1]
	switch {
	case name == rootFile:
		f.Kind = RootFile
	case len(parts) == 2 && parts[0] == adminDir:
		f.Kind, f.Limit, f.Short = ManifestFile, authority.MaxFile, shortOf(last)
		rev, err := strconv.ParseUint(last[:min(10, len(last))], 10, 64)
		f.Rev = rev
		return f, err == nil && f.Short != "" && len(last) == 10+1+16+5 && last[10] == '-'
	case len(parts) == 2 && (parts[0] == slotDir || parts[0] == deviceDir || parts[0] == roleDir) && strings.HasSuffix(last, ".json"):
		f.Kind, f.Short = DocumentFile, shortOf(last)
		if parts[0] == roleDir {
			f.Limit = authority.MaxFile
		}
		return f, f.Short != "" && len(last) == objectid.TextSize+1+16+5 && isID(last[:objectid.TextSize]) && last[objectid.TextSize] == '-'
	case len(parts) == 2 && parts[0] == slotDir:
		f.Kind = WrapFile
		id, rest, _ := strings.Cut(last, ".")
		epoch, suffix, _ := strings.Cut(rest, ".")
		return f, isID(id) && isEpoch(epoch) && (suffix == "vrk" || suffix == "usr")
	case len(parts) == 4 && (parts[0] == roleDir || parts[0] == spaceDir) && isID(parts[1]) && isEpoch(parts[2]):
		f.Kind = WrapFile
		f.Short = wrapShort(parts[0], last)
		return f, f.Short != "" || isWrapName(parts[0], last)
	case len(parts) == 3 && parts[0] == spaceDir && isID(parts[1]):
		if short, isPolicy := strings.CutPrefix(last, "policy-"); isPolicy {
			f.Kind, f.Limit, f.Short = DocumentFile, authority.MaxFile, shortOf("-"+short)
			return f, f.Short != "" && len(short) == 16+5
		}
		n, isLog := parseLogName(last)
		f.Kind, f.Limit = LogFile, maxLogFile
		f.NS, _ = objectid.Parse(parts[1])
		f.Dev, f.Generation, f.First = n.dev, n.generation, n.first
		return f, isLog
	}
	return f, f.Kind != 0
}

// shortOf is the H16 before ".json", "" when there is none.
func shortOf(name string) string {
	text, ok := strings.CutSuffix(name, ".json")
	if !ok || len(text) < 17 || text[len(text)-17] != '-' || !isHex16(text[len(text)-16:]) {
		return ""
	}
	return text[len(text)-16:]
}

func isHex16(text string) bool {
	return len(text) == 16 && strings.Trim(text, "0123456789abcdef") == ""
}

func isID(text string) bool {
	id, err := objectid.Parse(text)
	return err == nil && id.String() == text
}

func isEpoch(text string) bool {
	n, err := strconv.ParseUint(text, 10, 32)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == text
}

// isWrapName tells the names of wrapped keys of roles and namespaces.
func isWrapName(dir, name string) bool {
	base, suffix := strings.TrimSuffix(name, path.Ext(name)), path.Ext(name)
	if dir == roleDir {
		return name == rootSeed || suffix == roleSuffix && isID(base)
	}
	return name == authority.RootWrap || (suffix == authority.KeySuffix || suffix == authority.UserSuffix) && isID(base)
}

// wrapShort is the H16 of a wrap that lies beside another of its name, "" for those that do not.
func wrapShort(dir, name string) string {
	suffix := path.Ext(name)
	base := strings.TrimSuffix(name, suffix)
	if len(base) < 18 || base[len(base)-17] != '-' || !isHex16(base[len(base)-16:]) || !isWrapName(dir, base[:len(base)-17]+suffix) {
		return ""
	}
	return base[len(base)-16:]
}

// Beside is the name under which a wrapped key lies whose own name is taken: two devices that changed
// the vault at once may both have wrapped one epoch's key for one reader. H16 is put before the last
// dot.
func Beside(name string, d authority.Digest) string {
	suffix := path.Ext(name)
	return strings.TrimSuffix(name, suffix) + "-" + d.Short() + suffix
}

// Listed is a file that a manifest needs.
type Listed struct {
	Name string
	// Digest is that of the content. Wraps of slots are listed by none: what they open to is compared
	// with the manifest.
	Digest authority.Digest
	Bare   bool // no digest
}

// Needs calls visit for all files that a manifest needs, other than manifests and logs, and the
// document before the files that it lists. The error is that of visit, or of a policy or role that
// cannot be read, ErrTampered; fs.ErrNotExist too when it is missing.
func (v *Vault) Needs(h *authority.Signed, visit func(Listed) error) error {
	for _, id := range sortedIDs(h.Slots) {
		if err := visit(Listed{Name: documentName(slotDir, id, h.Slots[id]), Digest: h.Slots[id]}); err != nil {
			return err
		}
		for _, suffix := range []string{"vrk", "usr"} {
			if err := visit(Listed{Name: slotWrapName(id, h.Last().E, suffix), Bare: true}); err != nil {
				return err
			}
		}
	}
	for _, id := range sortedIDs(h.Devices) {
		if err := visit(Listed{Name: documentName(deviceDir, id, h.Devices[id]), Digest: h.Devices[id]}); err != nil {
			return err
		}
	}
	u := v.Under(h)
	for _, id := range sortedIDs(h.Roles) {
		if err := visit(Listed{Name: documentName(roleDir, id, h.Roles[id]), Digest: h.Roles[id]}); err != nil {
			return err
		}
		r, err := u.Role(id)
		if err != nil {
			return err
		}
		for _, e := range r.Epochs {
			if err := visitWraps(roleEpochDir(id, e.E), e.Wraps, visit); err != nil {
				return err
			}
		}
	}
	for _, id := range sortedIDs(h.NS) {
		if err := visit(Listed{Name: policyName(id, h.NS[id]), Digest: h.NS[id]}); err != nil {
			return err
		}
		p, err := u.Policy(id)
		if err != nil {
			return err
		}
		for _, e := range p.Epochs {
			if err := visitWraps(epochDir(id, e.Number()), e.Wraps, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func visitWraps(dir string, wraps map[string]authority.Digest, visit func(Listed) error) error {
	var names []string
	for name := range wraps {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		full := path.Join(dir, name)
		// A manifest is believed in what it lists, not in where.
		if f, ok := ParseFile(full); !ok || f.Kind != WrapFile || f.Short != "" {
			return fileError(dir, fmt.Errorf("%w: the document lists %q", ErrMalformed, name))
		}
		if err := visit(Listed{Name: full, Digest: wraps[name]}); err != nil {
			return err
		}
	}
	return nil
}

// CheckListed checks a file that a manifest needs, and says under which name it lies. Errors are
// ErrTampered, fs.ErrNotExist too when it is missing, and those of the file system.
func (v *Vault) CheckListed(l Listed) (name string, err error) {
	f, ok := ParseFile(l.Name)
	if !ok {
		return "", fileError(l.Name, ErrMalformed)
	}
	if l.Bare {
		_, err := v.dir.Lstat(l.Name)
		if errors.Is(err, fs.ErrNotExist) {
			err = fileError(l.Name, fmt.Errorf("%w: it is missing: %w", ErrTampered, fs.ErrNotExist))
		}
		return l.Name, err
	}
	return v.locate(l.Name, l.Digest, f.Limit, nil)
}

// Under is the vault as one of its heads has it.
func (v *Vault) Under(h *authority.Signed) *Vault {
	u := *v
	u.manifest, u.heads = &h.Manifest, []*authority.Signed{h}
	u.devices, u.policies = map[objectid.ID]*authority.Device{}, map[objectid.ID]*authority.Policy{}
	u.locked, u.current, u.recalled, u.memo, u.log, u.kept = false, false, nil, writing{}, writing{}, nil // that is v's alone
	return &u
}

// Window is the oldest revision of manifests that are kept beside one of rev newest.
func Window(newest uint64) uint64 {
	if newest < keptManifests {
		return 1
	}
	return newest - keptManifests + 1
}

// DeviceLog is how far a log goes: what of it its device has signed.
type DeviceLog struct {
	NS, Dev    objectid.ID
	Generation uint64
	Files      []LogPart
	Next       uint64     // sequence number after the last checkpoint
	Chain      vlog.Chain // there
	// Before is where the generation before ended; zero for the first.
	Before vlog.Predecessor
	// Torn means that bytes follow that no checkpoint ends, Limited that the device was removed:
	// later records do not count.
	Torn, Limited bool
}

// LogPart is a file of a log.
type LogPart struct {
	Name  string
	First uint64
	End   int64 // bytes, up to the last checkpoint
}

// DeviceLog reads the log of a device, without keys: numbers, chains and the signatures of
// checkpoints. It is nil when nothing counts: no file, no whole commit, a device that may not write.
//
// Errors are ErrNotFound for a namespace or device that is not listed, ErrTampered, ErrNewer and those
// of the file system.
func (v *Vault) DeviceLog(ns, dev objectid.ID) (*DeviceLog, error) {
	p, err := v.Policy(ns)
	if err != nil {
		return nil, err
	}
	cert, err := v.Device(dev)
	if err != nil {
		return nil, err
	}
	may, err := v.mayWrite(p, cert, v.manifest.Roles)
	if err != nil {
		return nil, err
	}
	if _, cut := p.Cut[dev]; !may && !cut {
		return nil, nil
	}
	s := &Space{v: v, id: ns, name: ns.String(), policy: p, view: &view{}}
	names, err := s.logNames()
	if errors.Is(err, ErrTampered) {
		return nil, nil // no directory
	}
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(n logName) bool { return n.dev != dev })
	l, err := s.newestGeneration(cert, may, names)
	if err != nil || l == nil {
		return nil, err
	}
	return s.outline(l)
}

// outline scans a log.
func (s *Space) outline(l *deviceLog) (*DeviceLog, error) {
	start := l.files[0].header.Start()
	if err := s.scan(l, 0, start, nil); err != nil {
		return nil, err
	}
	out := &DeviceLog{
		NS: s.id, Dev: l.dev, Generation: l.end.generation, Next: l.end.Next, Chain: l.end.Chain,
		Torn: l.torn, Limited: l.limit != ^uint64(0),
	}
	for i := range l.files {
		if f := &l.files[i]; f.end > vlog.HeaderSize {
			out.Files = append(out.Files, LogPart{spaceFile(s.id, f.logName), f.first, f.end})
		}
	}
	if len(out.Files) == 0 {
		return nil, nil
	}
	if out.Generation > 1 {
		data, err := s.v.readHead(out.Files[0].Name, vlog.HeaderSize+4096)
		if err != nil {
			return nil, err
		}
		f, err := vlog.ParseFrame(data[vlog.HeaderSize:], start.Chain, start.Next)
		if err != nil || f.Type != vlog.Gen {
			return nil, fileError(out.Files[0].Name, fmt.Errorf("%w: not a generation", ErrTampered))
		}
		out.Before = f.Predecessor()
	}
	return out, nil
}

// LogFiles are the names of the files of records in a namespace, in order.
func (v *Vault) LogFiles(ns objectid.ID) []string {
	entries, err := v.dir.ReadDir(path.Join(spaceDir, ns.String()))
	if err != nil {
		return nil // none yet; who reads the records tells what else is wrong
	}
	var names []string
	for _, e := range entries {
		if _, ok := parseLogName(e.Name()); ok {
			names = append(names, path.Join(spaceDir, ns.String(), e.Name()))
		}
	}
	return names
}

// EverListed calls visit for all wraps that a policy or role lists which is there, whether or not a
// manifest lists it still.
func (v *Vault) EverListed(visit func(Listed) error) error {
	read := func(name string, _ fs.DirEntry) error {
		f, ok := ParseFile(name)
		if !ok || f.Kind != DocumentFile {
			return nil
		}
		file, err := v.dir.ReadFile(name, f.Limit)
		if err != nil {
			return err
		}
		if authority.DigestOf(file).Short() != f.Short {
			return nil // nobody has listed it
		}
		return visitDocument(name, file, visit)
	}
	if err := walkFiles(v.dir, spaceDir, 1, read); err != nil {
		return err
	}
	return walkFiles(v.dir, roleDir, 0, read)
}

// visitDocument visits the wraps that a policy or role lists. What is neither lists none.
func visitDocument(name string, file []byte, visit func(Listed) error) error {
	id, err := objectid.Parse(path.Base(path.Dir(name)))
	if err == nil {
		p, err := authority.ParsePolicy(file, id)
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		for _, e := range p.Epochs {
			if err := visitWraps(epochDir(id, e.Number()), e.Wraps, visit); err != nil {
				return err
			}
		}
		return nil
	}
	if id, err = objectid.Parse(path.Base(name)[:objectid.TextSize]); err != nil {
		return nil //nolint:nilerr // see above
	}
	r, err := authority.ParseRole(file, id)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	for _, e := range r.Epochs {
		if err := visitWraps(roleEpochDir(id, e.E), e.Wraps, visit); err != nil {
			return err
		}
	}
	return nil
}

// ManifestFiles are the names of the manifests that are there, in order.
func (v *Vault) ManifestFiles() ([]string, error) {
	entries, err := v.dir.ReadDir(adminDir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if isManifestName(e.Name()) {
			names = append(names, path.Join(adminDir, e.Name()))
		}
	}
	return names, nil
}

// Logs calls visit for the logs of all namespaces and devices that a head lists, as DeviceLog has them.
func (v *Vault) Logs(visit func(*DeviceLog) error) error {
	done := map[logID]bool{}
	for _, h := range v.heads {
		for _, ns := range sortedIDs(h.NS) {
			for _, name := range v.LogFiles(ns) {
				f, _ := ParseFile(name)
				id := logID{ns, f.Dev}
				if _, listed := h.Devices[f.Dev]; !listed || done[id] {
					continue
				}
				done[id] = true
				l, err := v.LogOf(ns, f.Dev)
				if err != nil {
					return err
				}
				if l == nil {
					continue
				}
				if err := visit(l); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// LogOf is DeviceLog for a vault with several heads. Of two of which one has removed the device that one
// decides.
func (v *Vault) LogOf(ns, dev objectid.ID) (found *DeviceLog, err error) {
	for _, h := range v.heads {
		l, err := v.Under(h).DeviceLog(ns, dev)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if found == nil || l != nil && l.Limited {
			found = l
		}
	}
	return found, nil
}
