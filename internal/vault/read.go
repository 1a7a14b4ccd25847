package vault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"kai/internal/durable"
	"kai/internal/secret"
	"kai/internal/vault/fields"
	"kai/internal/vault/vlog"
)

// unreadable reports whether an error only says that a record is not for these keys.
func (s *Space) unreadable(err error) bool { return errors.Is(err, ErrDenied) }

// open finds the logs, once.
func (s *Space) open() error {
	if s.view != nil {
		return nil
	}
	s.view = &view{}
	logs, err := s.openLogs()
	if err != nil {
		s.view = nil
		return err
	}
	sortLogs(logs)
	s.view.logs = logs
	return nil
}

// records reads all logs and gives each record that carries meta data to visit, in order within a
// log.
func (s *Space) records(visit func(*Version, vlog.Type) error) error {
	if err := s.open(); err != nil {
		return err
	}
	for _, l := range s.view.logs {
		if err := s.recordsFrom(l, 0, l.files[0].header.Start(), visit); err != nil {
			return err
		}
	}
	s.rememberLogs()
	return nil
}

func (s *Space) recordsFrom(l *deviceLog, start int, from vlog.Position, visit func(*Version, vlog.Type) error) error {
	d := newDecoder(s, visit)
	if err := s.scan(l, start, from, d); err != nil {
		d.collect() // nobody is left behind
		return err
	}
	return d.finish()
}

// items reads everything. Only what counts now is kept.
func (s *Space) items() (map[string]*item, error) {
	all := map[string]*item{}
	err := s.records(func(v *Version, t vlog.Type) error {
		it := all[v.Path]
		if it == nil {
			it = &item{}
			all[v.Path] = it
		}
		it.add(v, t)
		return nil
	})
	return all, err
}

// again runs a reading once more when files went away under it: compaction has put others in their
// place.
func (s *Space) again(read func() error) error {
	err := read()
	if errors.Is(err, fs.ErrNotExist) {
		s.view = nil
		err = read()
	}
	return err
}

// List gives the current version of each secret, by path. Deleted ones are left out unless wanted.
func (s *Space) List(deleted bool) ([]*Version, error) {
	var all map[string]*item
	err := s.again(func() (err error) {
		all, err = s.items()
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]*Version, 0, len(all))
	for _, it := range all {
		if v := it.current(); v != nil && (deleted || !v.Deleted) {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b *Version) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}

// Find gives the current version of a secret. The error is ErrNotFound.
func (s *Space) Find(path string) (*Version, error) {
	var it *item
	err := s.again(func() (err error) {
		it, err = s.find(path)
		return err
	})
	if err != nil {
		return nil, err
	}
	if v := it.current(); v != nil && !v.Deleted {
		return v, nil
	}
	if s.unsure != nil {
		return nil, fmt.Errorf("%s/%s: %w", s.name, path, s.unsure)
	}
	return nil, fmt.Errorf("%s/%s: %w", s.name, path, ErrNotFound)
}

// History gives all versions of a secret that are still there, the oldest first.
func (s *Space) History(path string) ([]*Version, error) {
	var list []*Version
	var it *item
	err := s.again(func() error {
		list, it = nil, &item{}
		return s.records(func(v *Version, t vlog.Type) error {
			if v.Path != path {
				return nil
			}
			it.add(v, t)
			if t != vlog.Meta {
				list = append(list, v)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s/%s: %w", s.name, path, ErrNotFound)
	}
	puts := 0
	for _, h := range it.heads {
		if !h.Deleted {
			puts++
		}
	}
	for i, v := range list {
		isHead := slices.ContainsFunc(it.heads, func(h *Version) bool { return h.Record == v.Record })
		list[i] = it.noted(v, isHead && !v.Deleted && puts > 1)
	}
	slices.SortStableFunc(list, func(a, b *Version) int {
		if a.Version != b.Version {
			return int(int64(a.Version) - int64(b.Version))
		}
		return later(a, b)
	})
	return list, nil
}

// Version finds one by its number. Of two with the same number, which two devices wrote at once, it
// is the one with the later clock. The error is ErrNotFound.
func (s *Space) Version(path string, number uint64) (*Version, error) {
	list, err := s.History(path)
	if err != nil {
		return nil, err
	}
	for _, v := range slices.Backward(list) {
		if v.Version == number && !v.Deleted {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s/%s, version %d: %w", s.name, path, number, ErrNotFound)
}

// Value opens the fields of a version. The caller wipes the buffer, of which the fields are slices.
//
// Errors are ErrNeedsUser for credentials without the user key, ErrDenied for another scope, and
// ErrTampered.
func (s *Space) Value(v *Version) ([]fields.Field, *secret.Bytes, error) {
	l := v.at.log
	f := &l.files[v.at.file]
	file := spaceFile(s.id, f.logName)
	key, err := s.valueKey(v.Epoch, v.Kind, v.Scope)
	if err != nil {
		return nil, nil, err
	}
	frame, err := s.frameAt(&v.at, v.sequence)
	if err != nil {
		return nil, nil, err
	}
	plain, err := frame.OpenValue(&f.header, key, nil)
	if err != nil {
		return nil, nil, &FileError{file, v.at.offset, logError(err)}
	}
	if v.flags&vlog.FlagInner != 0 {
		outer := plain
		defer clear(outer)
		inner := s.inner()
		defer inner.wipe()
		key, err := inner.aead(v.Epoch)
		if err != nil {
			return nil, nil, err
		}
		if plain, err = s.openInner(key, v, outer); err != nil {
			return nil, nil, err
		}
	}
	b := secret.Take(plain)
	list, err := fields.Parse(b.Expose())
	if err != nil {
		b.Wipe()
		return nil, nil, &FileError{file, v.at.offset, fmt.Errorf("%w: %w", ErrTampered, err)}
	}
	return list, b, nil
}

// keepOpen keeps files open between the records that are read, which are in order mostly, until the
// function it returns is called.
func (s *Space) keepOpen() (done func()) {
	s.files = map[logName]*pieceReader{}
	return func() {
		for _, f := range s.files {
			f.file.Close()
		}
		s.files = nil
	}
}

// pieceReader reads a file a piece at a time, for who reads short parts of it in their order.
type pieceReader struct {
	file  durable.File
	piece []byte
	at    int64 // of piece
}

// ReadAt reads what readPiece is enough for from memory.
func (p *pieceReader) ReadAt(b []byte, at int64) (int, error) {
	if len(b) > readPiece {
		return p.file.ReadAt(b, at)
	}
	if at < p.at || at+int64(len(b)) > p.at+int64(len(p.piece)) {
		if p.piece == nil {
			p.piece = make([]byte, readPiece)
		}
		p.piece, p.at = p.piece[:readPiece], at
		n, err := p.file.ReadAt(p.piece, at)
		p.piece = p.piece[:n]
		if n < len(b) {
			return copy(b, p.piece), err
		}
	}
	return copy(b, p.piece[at-p.at:]), nil
}

// openLogFile opens a file of records for reading.
func (s *Space) openLogFile(name logName) (r io.ReaderAt, done func(), err error) {
	if p := s.files[name]; p != nil {
		return p, func() {}, nil
	}
	f, err := s.v.openLog(spaceFile(s.id, name))
	if err != nil {
		return nil, nil, err
	}
	if s.files != nil {
		p := &pieceReader{file: f}
		s.files[name] = p
		return p, func() {}, nil
	}
	return f, func() { f.Close() }, nil
}

// frameAt reads one record anew. It must be the one that was read, or indexed, when the chain to a
// checkpoint was checked.
func (s *Space) frameAt(at *location, sequence uint64) (*vlog.Frame, error) {
	f := &at.log.files[at.file]
	name := spaceFile(s.id, f.logName)
	file, done, err := s.openLogFile(f.logName)
	if err != nil {
		return nil, err
	}
	defer done()
	b := make([]byte, vlog.ChainSize+at.size)
	before, from := f.header.Chain(), at.offset
	frame := b[vlog.ChainSize:]
	if at.offset > vlog.HeaderSize {
		from -= vlog.ChainSize
		frame = b
	}
	if _, err := file.ReadAt(frame, from); err != nil {
		return nil, &FileError{name, at.offset, fmt.Errorf("%w: %w", ErrTampered, err)}
	}
	if at.offset > vlog.HeaderSize {
		before, frame = vlog.Chain(b[:vlog.ChainSize]), b[vlog.ChainSize:]
	}
	fr, err := vlog.ParseFrame(frame, before, sequence)
	if err != nil {
		return nil, &FileError{name, at.offset, logError(err)}
	}
	if [checkSize]byte(fr.Chain[:checkSize]) != at.check {
		return nil, &FileError{name, at.offset, fmt.Errorf("%w: another record than was read before", ErrTampered)}
	}
	return &fr, nil
}
