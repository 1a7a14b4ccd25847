package vault

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"slices"

	"kai/internal/secret"
	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
	"kai/internal/vault/vlog"
)

// local/seen.log is what this machine has seen of the vault, so that older copies of its files are
// noticed. It begins with "KAISEEN1" ‖ vault 16 B; records follow:
//
//	u8 n ‖ n bytes ‖ 16 B mac = HMAC-SHA256(key "local" of the device, mac before ‖ n ‖ bytes)[:16]
//
// where the mac before the first is zeros, and the bytes are one of
//
//	'M' ‖ u64 rev ‖ u32 last epoch ‖ its owner 32 B ‖ digest 32 B      the newest manifest
//	'P' ‖ nsid ‖ dev ‖ u64 gen ‖ u64 first ‖ u64 next ‖ u64 offset ‖ chain 32 B   a place in a log
//	'A' ‖ id 26 B ‖ u64 n ‖ root 32 B                                 the end of the log of events
//
// A later record replaces an earlier one of the same manifest line or log. It is appended to without
// sync: what a power cut takes from it was remembered by the vault's files at least. A torn record at
// its end is dropped, and so is everything from where a block did not come to the disk and is zeros. It is written anew when it
// has grown, and when the vault is unlocked.
const (
	seenFile    = "local/seen.log"
	seenMagic   = "KAISEEN1"
	seenMAC     = 16
	maxSeen     = 64 << 20
	seenCompact = 32 << 10 // from here on it is written anew: each command that writes reads all of it
	seenShort   = 8 << 10  // likewise, when the vault is unlocked
)

// place is a position in the log of a device.
type place struct {
	generation uint64
	first      uint64 // of the file, in its name
	vlog.Position
}

// logID is the log of one device in one namespace.
type logID struct{ ns, dev objectid.ID }

// memory is what seen.log says.
type memory struct {
	rev    uint64
	epoch  uint32
	owner  [ed25519.PublicKeySize]byte // of that epoch: who was owner before cannot name another
	digest authority.Digest
	places map[logID]place
	log    LogHead // of the log of events; zero when none was seen
	size   int64
	mac    [seenMAC]byte
	lost   bool // there was none

	key *secret.Bytes // that it was read with
}

// seenManifest is what is remembered of the newest manifest. Of two heads with different root keys the
// newer key counts.
func (v *Vault) seenManifest() []byte {
	newest, last := v.heads[0], v.manifest.Last()
	m := memory{rev: newest.Rev, epoch: last.E, owner: [ed25519.PublicKeySize]byte(last.Owner), digest: newest.Digest}
	return m.manifest()
}

func (m *memory) manifest() []byte {
	b := binary.LittleEndian.AppendUint64([]byte{'M'}, m.rev)
	b = binary.LittleEndian.AppendUint32(b, m.epoch)
	return append(append(b, m.owner[:]...), m.digest[:]...)
}

func seenPlace(id logID, p place) []byte {
	b := append([]byte{'P'}, id.ns[:]...)
	b = append(b, id.dev[:]...)
	for _, n := range []uint64{p.generation, p.first, p.Next, uint64(p.Offset)} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return append(b, p.Chain[:]...)
}

// seenChain makes the MACs of one record after the other.
type seenChain struct{ h hash.Hash }

func newSeenChain(key *secret.Bytes) seenChain { return seenChain{hmac.New(sha256.New, key.Expose())} }

func (c seenChain) next(before [seenMAC]byte, record []byte) (mac [seenMAC]byte) {
	c.h.Reset()
	c.h.Write(before[:])
	c.h.Write([]byte{byte(len(record))})
	c.h.Write(record)
	var sum [sha256.Size]byte
	copy(mac[:], c.h.Sum(sum[:0]))
	return mac
}

// recall reads seen.log. The error is ErrTampered when it was written by somebody else.
func (v *Vault) recall(key *secret.Bytes) (*memory, error) {
	m := &memory{places: map[logID]place{}}
	if key == nil { // without a device nothing is remembered
		m.lost = true
		return m, nil
	}
	if r := v.recalled; v.locked && r != nil && r.key == key && (v.current || v.recallOn(r)) {
		v.current = true
		return r, nil
	}
	data, err := v.dir.ReadFile(seenFile, maxSeen)
	if errors.Is(err, fs.ErrNotExist) {
		m.lost = true
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	head := append([]byte(seenMagic), v.id[:]...)
	if len(data) < len(head) {
		m.lost = true
		return m, nil
	}
	if string(data[:len(head)]) != string(head) {
		return nil, fileError(seenFile, ErrTampered)
	}
	m.size = int64(len(head))
	if err := m.read(key, data[m.size:]); err != nil {
		return nil, err
	}
	if v.locked {
		m.key, v.recalled, v.current = key, m, true
	}
	return m, nil
}

// recallOn reads what was added to seen.log since m was read, and reports whether m is what it says now:
// it is not when another file has taken its place. A MAC that is the same says that everything before it
// is.
func (v *Vault) recallOn(m *memory) bool {
	v.recalled = nil
	size, err := v.openWriting(&v.memo, seenFile, os.O_RDWR) // for who remembers something
	if err != nil {
		return false
	}
	size += seenMAC - m.size
	if size < seenMAC || size > maxSeen || m.mac == [seenMAC]byte{} { // none was read
		return false
	}
	b := make([]byte, size)
	if _, err := v.memo.ReadAt(b, m.size-seenMAC); err != nil || !hmac.Equal(m.mac[:], b[:seenMAC]) || m.read(m.key, b[seenMAC:]) != nil {
		return false
	}
	v.recalled = m
	return true
}

// read learns what follows in the file, up to a record that is torn. Errors are ErrTampered and ErrNewer.
func (m *memory) read(key *secret.Bytes, rest []byte) error {
	chain := newSeenChain(key)
	for len(rest) > 0 {
		n := 1 + int(rest[0])
		if len(rest) < n+seenMAC {
			return nil
		}
		record, end := rest[1:n], n+seenMAC
		mac := chain.next(m.mac, record)
		if !hmac.Equal(mac[:], rest[n:end]) {
			if blockLost(rest[:end], m.size) {
				return nil
			}
			return &FileError{seenFile, m.size, ErrTampered}
		}
		if !m.learn(record) {
			return &FileError{seenFile, m.size, ErrNewer}
		}
		m.mac = mac
		m.size += int64(end)
		rest = rest[end:]
	}
	return nil
}

// blockLost reports whether a part of what was appended at an offset may not have come to the disk before
// a power cut: file systems leave zeros there. Whoever makes such zeros could cut the file off as well.
func blockLost(b []byte, offset int64) bool {
	const sector = 512
	for len(b) > 0 {
		n := min(int64(len(b)), sector-offset%sector)
		if !slices.ContainsFunc(b[:n], func(c byte) bool { return c != 0 }) {
			return true
		}
		b, offset = b[n:], offset+n
	}
	return false
}

func (m *memory) learn(record []byte) bool {
	switch {
	case len(record) == 1+8+4+2*32 && record[0] == 'M':
		m.rev, m.epoch = binary.LittleEndian.Uint64(record[1:]), binary.LittleEndian.Uint32(record[9:])
		m.owner, m.digest = [ed25519.PublicKeySize]byte(record[13:]), authority.Digest(record[45:])
	case len(record) == 1+2*objectid.Size+4*8+vlog.ChainSize && record[0] == 'P':
		id := logID{objectid.ID(record[1:17]), objectid.ID(record[17:33])}
		u := func(i int) uint64 { return binary.LittleEndian.Uint64(record[33+8*i:]) }
		m.places[id] = place{u(0), u(1), vlog.Position{Next: u(2), Offset: int64(u(3)), Chain: vlog.Chain(record[65:])}}
	case len(record) == 1+26+8+32 && record[0] == 'A':
		m.log = LogHead{[26]byte(record[1:]), binary.LittleEndian.Uint64(record[27:]), [32]byte(record[35:])}
	default:
		return false
	}
	return true
}

// remember appends records. Without a device nothing is remembered.
func (v *Vault) remember(keys *Keys, records ...[]byte) error {
	if keys.local == nil || len(records) == 0 {
		return nil
	}
	m, err := v.recall(keys.local)
	if err != nil {
		return err
	}
	if r := v.events(m); r != nil {
		records = append(records, r)
	}
	for _, r := range records {
		m.learn(r)
	}
	v.seen, v.recalled = m, nil // until it is written
	if m.lost || m.size > seenCompact {
		return v.rewriteSeen(keys, m)
	}
	var b []byte
	mac, chain := m.mac, newSeenChain(keys.local)
	for _, r := range records {
		mac = chain.next(mac, r)
		b = append(append(append(b, byte(len(r))), r...), mac[:]...)
	}
	size, err := v.openWriting(&v.memo, seenFile, os.O_RDWR)
	if err != nil {
		return err
	}
	if size != m.size { // a torn record
		if err := v.memo.Truncate(m.size); err != nil {
			return err
		}
	}
	if _, err := v.memo.WriteAt(b, m.size); err != nil {
		return err
	}
	m.size, m.mac = m.size+int64(len(b)), mac
	if v.locked {
		v.recalled, v.current = m, true
	}
	return nil
}

// rewriteSeen writes the newest of each.
func (v *Vault) rewriteSeen(keys *Keys, m *memory) error {
	b := append([]byte(seenMagic), v.id[:]...)
	var mac [seenMAC]byte
	chain := newSeenChain(keys.local)
	add := func(r []byte) {
		mac = chain.next(mac, r)
		b = append(append(append(b, byte(len(r))), r...), mac[:]...)
	}
	if m.rev != 0 {
		add(m.manifest())
	}
	for id, p := range m.places {
		add(seenPlace(id, p))
	}
	if m.log.N != 0 {
		add(m.log.record())
	}
	v.memo.close()
	return v.dir.WriteFile(seenFile, b, 0o600)
}

// CheckMemory holds the vault against what was seen of it on this machine, as unlocking does: who
// goes on with the keys of a session asks it. The error is ErrRollback.
func (v *Vault) CheckMemory(keys *Keys) error { return v.checkMemory(keys, false) }

// checkMemory holds the vault against what was seen of it here: the manifests, and the places in all
// logs; and, when it is being unlocked, the log of events. The errors are ErrRollback and those of the
// EventLog.
func (v *Vault) checkMemory(keys *Keys, unlocking bool) error {
	if keys.local == nil {
		return v.checkMACs(keys)
	}
	m, err := v.recall(keys.local)
	if err != nil {
		return err
	}
	err = v.heldAgainst(keys, m, unlocking)
	switch {
	case err == nil && m.lost && v.opts.Log != nil:
		if err = v.opts.Log.Lost(v, v.wrote(keys.DeviceID())); err == nil || v.opts.Accept == nil || !v.opts.Accept(err) {
			break
		}
		err = nil
	case err != nil && v.opts.Accept != nil && v.opts.Accept(err):
		m = &memory{places: map[logID]place{}, lost: true}
		if err = v.checkMACs(keys); err == nil {
			err = v.forget()
		}
	}
	if err != nil {
		return err
	}
	v.seen = m
	if newest := v.heads[0]; m.lost || unlocking && v.events(m) != nil || newest.Rev > m.rev || v.manifest.Last().E > m.epoch || len(v.heads) == 1 && newest.Digest != m.digest {
		v.rememberIfFree(keys, func() ([][]byte, error) {
			// Whoever wrote it may have died before its name was durable.
			return [][]byte{v.seenManifest()}, v.dir.SyncDir(adminDir)
		})
	}
	if unlocking && m.size > seenShort {
		v.shortenSeen(keys)
	}
	return nil
}

// shortenSeen writes seen.log anew if nobody else is writing: each commit reads all of it.
func (v *Vault) shortenSeen(keys *Keys) {
	held, err := v.take(context.Background(), 0) // ask once
	if err != nil {
		return
	}
	defer held.Unlock()
	m, err := v.recall(keys.local)
	if err == nil && !m.lost {
		err = v.rewriteSeen(keys, m)
	}
	if err != nil {
		v.opts.warnf("what was seen of the vault is not written anew: %v", err)
	}
}

// rememberIfFree appends records if nobody else is writing: whoever is will read the vault again. What
// is remembered must survive a power cut, or the vault would look rolled back after one: durable sees
// to that, with the lock held.
func (v *Vault) rememberIfFree(keys *Keys, durable func() (records [][]byte, err error)) {
	held, err := v.take(context.Background(), 0) // ask once
	if err != nil {
		return
	}
	defer held.Unlock()
	records, err := durable()
	if err == nil {
		err = v.remember(keys, records...)
	}
	if err != nil {
		v.opts.warnf("what was seen of the vault is not remembered: %v", err)
	}
}

// rememberLogs remembers how far the logs were read, those of other devices too.
func (s *Space) rememberLogs() {
	if s.keys.local == nil || s.v.seen == nil {
		return
	}
	var further []*deviceLog
	for _, l := range s.view.logs {
		if p, ok := s.v.seen.places[logID{s.id, l.dev}]; l.end.Offset > vlog.HeaderSize && (!ok || p.before(&l.end)) {
			further = append(further, l)
		}
	}
	if len(further) == 0 {
		return
	}
	s.v.rememberIfFree(s.keys, func() (records [][]byte, err error) {
		for _, l := range further {
			id := logID{s.id, l.dev}
			// What was read may have been taken back since, by a commit whose sync has failed.
			if s.v.checkPlace(id, l.end) != nil || s.syncLog(l) != nil {
				continue
			}
			records = append(records, seenPlace(id, l.end))
		}
		return records, nil
	})
}

// syncLog makes what was read of a log durable: who wrote it may have died before, and programs that
// copy files do not sync.
func (s *Space) syncLog(l *deviceLog) error {
	for i := range l.files {
		if err := s.syncFile(l.files[i].logName); err != nil {
			return err
		}
	}
	return s.v.dir.SyncDir(s.dir())
}

func (s *Space) syncFile(name logName) error {
	f, err := s.v.dir.OpenFile(spaceFile(s.id, name), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.SyncData(), f.Close())
}

// before reports whether a place of a log lies before another.
func (p *place) before(q *place) bool {
	return p.generation < q.generation || p.generation == q.generation && p.Next < q.Next
}

// heldAgainst compares the vault, and when it is being unlocked the log of events, with what was seen.
func (v *Vault) heldAgainst(keys *Keys, m *memory, unlocking bool) error {
	err := v.checkManifestMemory(m)
	if errors.Is(err, ErrRollback) {
		// What was seen may be younger than what was read: others change the vault meanwhile.
		if err = v.refresh(keys); err == nil {
			err = v.checkManifestMemory(m)
		}
	}
	if err == nil {
		err = v.checkMACs(keys)
	}
	if err != nil {
		return err
	}
	for id, p := range m.places {
		_, ok := v.manifest.NS[id.ns]
		if _, listed := v.manifest.Devices[id.dev]; !ok || !listed {
			continue // removed by an owner
		}
		if err := v.checkPlace(id, p); err != nil {
			return err
		}
	}
	if unlocking {
		return v.checkLog(m)
	}
	return nil
}

func (v *Vault) checkManifestMemory(m *memory) error {
	if m.lost || m.rev == 0 {
		return nil
	}
	newest := v.heads[0]
	if newest.Rev < m.rev || v.manifest.Last().E < m.epoch {
		return fileError(adminDir, fmt.Errorf("%w: manifest %d of epoch %d, where %d of epoch %d was seen",
			ErrRollback, newest.Rev, v.manifest.Last().E, m.rev, m.epoch))
	}
	if [ed25519.PublicKeySize]byte(v.manifest.Epochs[m.epoch-1].Owner) != m.owner {
		return fileError(adminDir, fmt.Errorf("%w: epoch %d has another owner than was seen", ErrRollback, m.epoch))
	}
	if !v.known[m.digest] && newest.Rev < m.rev+keptManifests {
		return fileError(adminDir, fmt.Errorf("%w: manifest %d is another than was seen", ErrRollback, m.rev))
	}
	return nil
}

// checkPlace reports whether the log of a device still holds what was seen of it. Reading 32 bytes
// is enough: each record is bound to the chain before it.
func (v *Vault) checkPlace(id logID, p place) error {
	name := logName{id.dev, p.generation, p.first}
	file := spaceFile(id.ns, name)
	f, err := v.openLog(file)
	if errors.Is(err, fs.ErrNotExist) {
		// Compaction writes a new generation and removes the old one.
		newer, err := v.newerGeneration(id, p)
		if err == nil && !newer {
			err = fileError(file, fmt.Errorf("%w: it is missing", ErrRollback))
		}
		return err
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if p.Offset <= vlog.HeaderSize {
		return nil
	}
	var chain vlog.Chain
	switch _, err := f.ReadAt(chain[:], p.Offset-vlog.ChainSize); {
	case errors.Is(err, io.EOF):
		return &FileError{file, p.Offset, fmt.Errorf("%w: the file has become shorter", ErrRollback)}
	case err != nil:
		return err
	case chain != p.Chain:
		return &FileError{file, p.Offset, fmt.Errorf("%w: other records than were seen", ErrRollback)}
	}
	return nil
}

// newerGeneration reports whether the log of a device has gone on in a later generation that follows
// the place.
func (v *Vault) newerGeneration(id logID, p place) (bool, error) {
	s := &Space{v: v, id: id.ns}
	cert, err := v.Device(id.dev)
	if err == nil {
		s.policy, err = v.Policy(id.ns)
	}
	if err != nil {
		return false, err
	}
	names, err := s.logNames()
	if err != nil {
		return false, err
	}
	names = slices.DeleteFunc(names, func(n logName) bool { return n.dev != id.dev || n.generation <= p.generation })
	may, err := v.mayWrite(s.policy, cert, v.manifest.Roles)
	if err != nil {
		return false, err
	}
	l, err := s.newestGeneration(cert, may, names)
	if err != nil || l == nil {
		return false, err
	}
	first := &l.files[0]
	data, err := v.readHead(spaceFile(id.ns, first.logName), vlog.HeaderSize+4096)
	if err != nil {
		return false, err
	}
	f, err := vlog.ParseFrame(data[vlog.HeaderSize:], first.header.Chain(), first.first)
	return err == nil && f.Predecessor().Last+1 >= p.Next, nil
}
