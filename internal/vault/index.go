package vault

import (
	"bytes"
	"cmp"
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"kai/internal/durable"
	"kai/internal/secret"
	"kai/internal/vault/objectid"
	"kai/internal/vault/vlog"
	"kai/internal/vault/xaes"
)

// local/index/NSID.kvi finds the records of a path without reading them all. It is a cache: it may
// be lost, old or damaged, and then the logs are read.
//
// It consists of pages of 4,096 bytes, nonce ‖ XAES under HK(NSK of the newest epoch, "index"), with
// "kai-vault-index/1" 0x00 ‖ nsid ‖ build 16 B ‖ u32 number of the page as additional data; page 0 has
// zeros in place of the build. Integers are little-endian. Page 0 begins with
//
//	build 16 B   drawn anew each time, so that pages of two builds do not mix
//	u32 files    how many entries of 80 bytes follow, over as many pages as they take
//	u32 entries  how many entries of 32 bytes follow those, from a new page on, 126 in each
//
// A file is dev 16 B ‖ u64 generation ‖ u64 first ‖ u64 offset ‖ u64 next ‖ chain 32 B: how far that
// file is covered. An entry is HMAC-SHA256(the same key, "path" 0x00 ‖ path)[:12] ‖ u16 file ‖ u48 offset ‖
// chain of the record[:12]; entries ascend. There is one for each record that counts now. The chain
// tells that it is the record that a checkpoint covered when it was read: readers, who have the keys,
// can seal others in its place, which only show when all that follows is read too.
const (
	indexDir      = "local/index"
	quarantineDir = "local/quarantine"
	indexDomain   = "kai-vault-index/1\x00"
	pageSize      = 4096
	pageData      = pageSize - xaes.NonceSize - xaes.Overhead
	tagSize       = 12
	checkSize     = 12
	entrySize     = tagSize + 2 + 6 + checkSize
	pageEntries   = 126
	fileEntry     = objectid.Size + 4*8 + vlog.ChainSize
	buildSize     = 16

	// indexTail is how many records may follow the index before it is made anew.
	indexTail = 64
	maxFiles  = 1 << 16
)

var errIndex = errors.New("not an index of these logs")

// indexEntry is one as it stands in a page.
type indexEntry [entrySize]byte

func newIndexEntry(tag [tagSize]byte, file uint16, v *location) (e indexEntry) {
	b := binary.LittleEndian.AppendUint16(append(e[:0], tag[:]...), file)
	b = binary.LittleEndian.AppendUint32(b, uint32(v.offset))
	b = binary.LittleEndian.AppendUint16(b, uint16(v.offset>>32))
	copy(e[len(b):], v.check[:])
	return e
}

func (e *indexEntry) tag() [tagSize]byte     { return [tagSize]byte(e[:]) }
func (e *indexEntry) file() int              { return int(binary.LittleEndian.Uint16(e[tagSize:])) }
func (e *indexEntry) check() [checkSize]byte { return [checkSize]byte(e[entrySize-checkSize:]) }

func (e *indexEntry) offset() int64 {
	return int64(binary.LittleEndian.Uint32(e[tagSize+2:])) | int64(binary.LittleEndian.Uint16(e[tagSize+6:]))<<32
}

func (e *indexEntry) compare(f *indexEntry) int {
	return cmp.Or(bytes.Compare(e[:tagSize], f[:tagSize]), e.file()-f.file(), cmp.Compare(e.offset(), f.offset()))
}

// indexFile is how far a file is covered.
type indexFile struct {
	logName
	vlog.Position
}

// index is an open one.
type index struct {
	s       *Space
	f       durable.File // nil: it is opened when a page is needed
	tags    *pathTagger
	aead    cipher.AEAD
	build   [buildSize]byte
	files   []indexFile
	entries int
	first   int // page of the first entry
	page    []indexEntry
	pageNo  int
}

func (s *Space) indexName() string { return path.Join(indexDir, s.id.String()+".kvi") }

// rest closes the file. The next page that is needed opens it again: one of another build does not open.
func (ix *index) rest() {
	if ix.f != nil {
		ix.f.Close()
		ix.f = nil
	}
}

// openIndex opens the index if it fits the logs. It is nil otherwise.
func (s *Space) openIndex() (*index, error) {
	f, err := s.v.dir.OpenFile(s.indexName(), os.O_RDONLY, 0)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrNotRegular) {
			err = nil
		}
		return nil, err
	}
	key, err := s.indexKey()
	if err != nil {
		f.Close()
		if s.unreadable(err) {
			err = nil
		}
		return nil, err
	}
	defer key.Wipe()
	ix := &index{s: s, f: f, tags: newPathTagger(key), pageNo: -1}
	if ix.aead, err = xaes.New(key.Expose()); err == nil {
		err = ix.readHead()
	}
	if err == nil {
		err = ix.fits()
	}
	if err != nil {
		ix.rest()
		return nil, nil
	}
	return ix, nil
}

func pageAAD(ns objectid.ID, build [buildSize]byte, page uint32) []byte {
	b := append([]byte(indexDomain), ns[:]...)
	return appendU32(append(b, build[:]...), page)
}

// readPage opens a page.
func (ix *index) readPage(n int) ([]byte, error) {
	if ix.f == nil {
		f, err := ix.s.v.dir.OpenFile(ix.s.indexName(), os.O_RDONLY, 0)
		if err != nil {
			return nil, errIndex
		}
		ix.f = f
	}
	b := make([]byte, pageSize)
	if _, err := ix.f.ReadAt(b, int64(n)*pageSize); err != nil {
		return nil, errIndex
	}
	build := ix.build
	if n == 0 {
		build = [buildSize]byte{}
	}
	plain, err := ix.aead.Open(b[xaes.NonceSize:xaes.NonceSize], b[:xaes.NonceSize], b[xaes.NonceSize:], pageAAD(ix.s.id, build, uint32(n)))
	if err != nil {
		return nil, errIndex
	}
	return plain, nil
}

func (ix *index) readHead() error {
	b, err := ix.readPage(0)
	if err != nil {
		return err
	}
	copy(ix.build[:], b)
	files, entries := binary.LittleEndian.Uint32(b[buildSize:]), binary.LittleEndian.Uint32(b[buildSize+4:])
	if files > maxFiles {
		return errIndex
	}
	ix.entries = int(entries)
	b = b[buildSize+8:]
	ix.first = 1
	for range files {
		if len(b) < fileEntry {
			more, err := ix.readPage(ix.first)
			if err != nil {
				return err
			}
			ix.first++
			b = append(slices.Clone(b), more...)
		}
		u := func(i int) uint64 { return binary.LittleEndian.Uint64(b[objectid.Size+8*i:]) }
		ix.files = append(ix.files, indexFile{
			logName{objectid.ID(b[:objectid.Size]), u(0), u(1)},
			vlog.Position{Offset: int64(u(2)), Next: u(3), Chain: vlog.Chain(b[objectid.Size+32:])},
		})
		b = b[fileEntry:]
	}
	return nil
}

// fits reports whether all that is covered is still there, as it was.
func (ix *index) fits() error {
	for i := range ix.files {
		c := &ix.files[i]
		l, at := ix.find(c.logName)
		if l == nil || c.Next > l.limit && l.limit != ^uint64(0) {
			return errIndex
		}
		f, err := ix.s.v.openLog(spaceFile(ix.s.id, l.files[at].logName))
		if err != nil {
			return errIndex
		}
		var chain vlog.Chain
		if c.Offset > vlog.HeaderSize {
			_, err = f.ReadAt(chain[:], c.Offset-vlog.ChainSize)
		} else {
			chain = l.files[at].header.Chain()
		}
		f.Close()
		if err != nil || chain != c.Chain {
			return errIndex
		}
	}
	return nil
}

func (ix *index) find(name logName) (*deviceLog, int) {
	for _, l := range ix.s.view.logs {
		if l.dev != name.dev {
			continue
		}
		for i := range l.files {
			if l.files[i].logName == name {
				return l, i
			}
		}
	}
	return nil, 0
}

// covered is where the index ends in a log.
func (ix *index) covered(l *deviceLog) (file int, at vlog.Position) {
	at = l.files[0].header.Start()
	for _, c := range ix.files {
		if c.dev != l.dev {
			continue
		}
		for i := range l.files {
			if l.files[i].logName == c.logName && i >= file {
				file, at = i, c.Position
			}
		}
	}
	return file, at
}

// pathTagger computes the tags of paths.
type pathTagger struct {
	mac hash.Hash
	buf []byte
}

func newPathTagger(key *secret.Bytes) *pathTagger {
	return &pathTagger{mac: hmac.New(sha256.New, key.Expose())}
}

func (t *pathTagger) tag(path string) (tag [tagSize]byte) {
	t.mac.Reset()
	t.buf = append(append(t.buf[:0], "path\x00"...), path...)
	t.mac.Write(t.buf)
	t.buf = t.mac.Sum(t.buf[:0])
	copy(tag[:], t.buf)
	return tag
}

// entry reads one, by its number.
func (ix *index) entry(n int) (*indexEntry, error) {
	page := ix.first + n/pageEntries
	if page != ix.pageNo {
		b, err := ix.readPage(page)
		if err != nil {
			return nil, err
		}
		ix.page = ix.page[:0]
		for i := range pageEntries {
			ix.page = append(ix.page, indexEntry(b[i*entrySize:]))
		}
		ix.pageNo = page
	}
	return &ix.page[n%pageEntries], nil
}

// seek finds the first entry that is not before a tag. Tags are evenly spread: where one must be is
// guessed, and then searched for.
func (ix *index) seek(tag [tagSize]byte) (int, error) {
	low, high := 0, ix.entries // the answer is in low..high
	guess := int(uint64(binary.BigEndian.Uint32(tag[:])) * uint64(ix.entries) >> 32)
	step := pageEntries / 2
	for low < high {
		at := min(max(guess, low), high-1)
		e, err := ix.entry(at)
		if err != nil {
			return 0, err
		}
		if bytes.Compare(e[:tagSize], tag[:]) < 0 {
			low = at + 1
			guess = at + step
		} else {
			high = at
			guess = at - step
		}
		if step *= 2; step > 1<<20 || high-low <= pageEntries {
			guess = low + (high-low)/2
		}
	}
	return low, nil
}

// lookup adds the records of a path.
func (ix *index) lookup(path string, it *item) error {
	tag := ix.tags.tag(path)
	n, err := ix.seek(tag)
	if err != nil {
		return err
	}
	for ; n < ix.entries; n++ {
		e, err := ix.entry(n)
		if err != nil {
			return err
		}
		if e.tag() != tag {
			break
		}
		v, t, err := ix.s.recordAt(ix, e)
		if err != nil {
			return err
		}
		if v.Path == path {
			it.add(v, t)
		}
	}
	return nil
}

// recordAt reads the record that an entry points to. It opens only if it is one of this namespace and
// place.
func (s *Space) recordAt(ix *index, e *indexEntry) (*Version, vlog.Type, error) {
	if e.file() >= len(ix.files) {
		return nil, 0, errIndex
	}
	l, at := ix.find(ix.files[e.file()].logName)
	if l == nil {
		return nil, 0, errIndex
	}
	size, sequence, err := s.frameHead(l, at, e.offset())
	if err != nil {
		return nil, 0, errIndex
	}
	loc := location{l, at, e.offset(), size, e.check()}
	f, err := s.frameAt(&loc, sequence)
	if err != nil {
		return nil, 0, err
	}
	v, err := s.decode(&located{l, at, loc.offset, *f})
	return v, f.Type, err
}

func (s *Space) frameHead(l *deviceLog, file int, offset int64) (size int, sequence uint64, err error) {
	f, err := s.v.openLog(spaceFile(s.id, l.files[file].logName))
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	var b [20]byte
	if _, err := f.ReadAt(b[:], offset); err != nil {
		return 0, 0, err
	}
	n := binary.LittleEndian.Uint32(b[:])
	if n < 20 || n > maxRecord {
		return 0, 0, errIndex
	}
	return int(n), binary.LittleEndian.Uint64(b[12:]), nil
}

const maxRecord = 32 << 20

// reindex makes the index anew, if nobody else is writing. It is a cache: what goes wrong is told and
// changes nothing.
func (s *Space) reindex() {
	held, err := s.v.take(context.Background(), 0) // ask once
	if err != nil {
		return
	}
	defer held.Unlock()
	if err := s.writeIndex(); err != nil {
		s.v.opts.warnf("index of namespace %s: %v", s.name, err)
	}
}

// writeIndex merges what was written since the last index into a new one.
func (s *Space) writeIndex() error {
	if err := s.open(); err != nil {
		return err
	}
	key, err := s.indexKey()
	if err != nil {
		return err
	}
	defer key.Wipe()
	old, err := s.openIndex()
	if err != nil {
		return err
	}
	if old != nil {
		defer old.rest()
	}
	touched := map[string]*item{}
	var files []indexFile
	for _, l := range s.view.logs {
		start, from := 0, l.files[0].header.Start()
		if old != nil {
			start, from = old.covered(l)
		}
		err := s.recordsFrom(l, start, from, func(v *Version, t vlog.Type) error {
			it := touched[v.Path]
			if it == nil {
				it = &item{}
				touched[v.Path] = it
				if old != nil {
					if err := old.lookup(v.Path, it); err != nil {
						return err
					}
				}
			}
			it.add(v, t)
			return nil
		})
		if err != nil {
			return err
		}
		covered, err := s.coverage(l, old, start, from)
		if err != nil {
			return err
		}
		files = append(files, covered...)
	}
	entries, err := s.mergeEntries(old, key, files, touched)
	if err != nil {
		return err
	}
	return s.storeIndex(key, files, entries)
}

// coverage is how far the files of a log were read: those from start on now, from a place in that one,
// and those before it for the old index.
func (s *Space) coverage(l *deviceLog, old *index, start int, from vlog.Position) (files []indexFile, err error) {
	for i := range l.files {
		c := indexFile{l.files[i].logName, vlog.Position{}}
		switch {
		case i < start: // as it was
			c.Position = old.files[slices.IndexFunc(old.files, func(f indexFile) bool { return f.logName == c.logName })].Position
		case i == len(l.files)-1 && l.end.first == c.first && l.end.generation == c.generation:
			c.Position = l.end.Position
		case i == len(l.files)-1:
			c.Position = from
		default:
			c.Position = vlog.Position{Offset: l.files[i].end, Next: l.files[i+1].first}
			if c.Chain, err = s.chainBefore(l, i, l.files[i].end); err != nil {
				return nil, err
			}
		}
		files = append(files, c)
	}
	return files, nil
}

func (s *Space) chainBefore(l *deviceLog, file int, offset int64) (c vlog.Chain, err error) {
	if offset <= vlog.HeaderSize {
		return l.files[file].header.Chain(), nil
	}
	f, err := s.v.openLog(spaceFile(s.id, l.files[file].logName))
	if err != nil {
		return c, err
	}
	defer f.Close()
	_, err = f.ReadAt(c[:], offset-vlog.ChainSize)
	return c, err
}

// indexEntries collects the entries of an index.
type indexEntries struct {
	tags    *pathTagger
	number  map[logName]uint16
	entries []indexEntry
}

func newIndexEntries(key *secret.Bytes, files []indexFile) *indexEntries {
	e := &indexEntries{tags: newPathTagger(key), number: map[logName]uint16{}}
	for i, f := range files {
		e.number[f.logName] = uint16(i)
	}
	return e
}

// add enters what counts of a path, and returns its tag. A record without a log is in the file own.
func (e *indexEntries) add(path string, it *item, own logName) (tag [tagSize]byte) {
	tag = e.tags.tag(path)
	enter := func(v *Version) {
		name := own
		if v.at.log != nil {
			name = v.at.log.files[v.at.file].logName
		}
		e.entries = append(e.entries, newIndexEntry(tag, e.number[name], &v.at))
	}
	for _, h := range it.heads {
		enter(h)
		if n := it.note(h); n != nil {
			enter(n)
		}
	}
	return tag
}

func (e *indexEntries) sorted() []indexEntry {
	slices.SortFunc(e.entries, func(a, b indexEntry) int { return a.compare(&b) })
	return e.entries
}

// mergeEntries replaces the entries of touched paths.
func (s *Space) mergeEntries(old *index, key *secret.Bytes, files []indexFile, touched map[string]*item) ([]indexEntry, error) {
	e := newIndexEntries(key, files)
	gone := map[[tagSize]byte]bool{}
	for p, it := range touched {
		gone[e.add(p, it, logName{})] = true
	}
	for i := 0; old != nil && i < old.entries; i++ {
		o, err := old.entry(i)
		if err != nil {
			return nil, err
		}
		if gone[o.tag()] {
			continue
		}
		if o.file() >= len(old.files) {
			return nil, errIndex
		}
		at := location{offset: o.offset(), check: o.check()}
		e.entries = append(e.entries, newIndexEntry(o.tag(), e.number[old.files[o.file()].logName], &at))
	}
	return e.sorted(), nil
}

// storeIndex writes the pages. They need not survive a power cut: a mixture of old and new pages does
// not open.
func (s *Space) storeIndex(key *secret.Bytes, files []indexFile, entries []indexEntry) error {
	aead, err := xaes.New(key.Expose())
	if err != nil {
		return err
	}
	var build [buildSize]byte
	if _, err := io.ReadFull(s.v.opts.Random, build[:]); err != nil {
		return err
	}
	head := appendU32(appendU32(slices.Clone(build[:]), uint32(len(files))), uint32(len(entries)))
	for _, f := range files {
		head = append(head, f.dev[:]...)
		for _, n := range []uint64{f.generation, f.first, uint64(f.Offset), f.Next} {
			head = binary.LittleEndian.AppendUint64(head, n)
		}
		head = append(head, f.Chain[:]...)
	}
	pages := (len(head)+pageData-1)/pageData + (len(entries)+pageEntries-1)/pageEntries
	out := make([]byte, 0, pages*pageSize)
	page := 0
	plain, nonce := make([]byte, pageData), make([]byte, xaes.NonceSize)
	put := func(data []byte) error {
		clear(plain[copy(plain, data):])
		b := build
		if page == 0 {
			b = [buildSize]byte{}
		}
		if _, err := io.ReadFull(s.v.opts.Random, nonce); err != nil {
			return err
		}
		out = append(out, nonce...)
		out = aead.Seal(out, nonce, plain, pageAAD(s.id, b, uint32(page)))
		page++
		return nil
	}
	for part := range slices.Chunk(head, pageData) {
		if err := put(part); err != nil {
			return err
		}
	}
	var b []byte
	for part := range slices.Chunk(entries, pageEntries) {
		b = b[:0]
		for i := range part {
			b = append(b, part[i][:]...)
		}
		if err := put(b); err != nil {
			return err
		}
	}
	f, err := s.v.dir.OpenFile(s.indexName(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(out, 0); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return f.Truncate(int64(len(out)))
}
