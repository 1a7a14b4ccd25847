package vault

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"kai/internal/durable"
	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
	"kai/internal/vault/vlog"
)

// logName is DEV.GEN.FIRST.vlog.
type logName struct {
	dev               objectid.ID
	generation, first uint64
}

const logSuffix = ".vlog"

func (n logName) String() string {
	return n.dev.String() + "." + strconv.FormatUint(n.generation, 10) + "." + strconv.FormatUint(n.first, 10) + logSuffix
}

func parseLogName(name string) (n logName, ok bool) {
	text, ok := strings.CutSuffix(name, logSuffix)
	parts := strings.Split(text, ".")
	if !ok || len(parts) != 3 {
		return n, false
	}
	var err error
	if n.dev, err = objectid.Parse(parts[0]); err != nil {
		return n, false
	}
	if n.generation, err = strconv.ParseUint(parts[1], 10, 64); err != nil {
		return n, false
	}
	if n.first, err = strconv.ParseUint(parts[2], 10, 64); err != nil {
		return n, false
	}
	return n, n.String() == name
}

func (n logName) compare(m logName) int {
	if c := bytes.Compare(n.dev[:], m.dev[:]); c != 0 {
		return c
	}
	for _, p := range [][2]uint64{{n.generation, m.generation}, {n.first, m.first}} {
		if p[0] != p[1] {
			if p[0] < p[1] {
				return -1
			}
			return 1
		}
	}
	return 0
}

func spaceFile(ns objectid.ID, n logName) string { return path.Join(spaceDir, ns.String(), n.String()) }

// readHead reads the first bytes of a file.
func (v *Vault) readHead(name string, n int) ([]byte, error) {
	f, err := v.openLog(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, n)
	k, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:k], nil
}

// readFrom reads a file from a place to its end.
func (v *Vault) readFrom(name string, offset int64) ([]byte, error) {
	f, err := v.openLog(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size() - offset
	if size <= 0 {
		return nil, nil
	}
	if size > maxLogFile {
		return nil, fileError(name, ErrTooLarge)
	}
	b := make([]byte, size)
	n, err := f.ReadAt(b, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:n], nil
}

const (
	// rollFile is when a device begins a new file, in bytes.
	rollFile = 8 << 20
	// maxLogFile bounds a file: one commit may go beyond rollFile.
	maxLogFile = 4 << 30
)

// deviceLog is the log of one device in a namespace: the files of its newest generation.
type deviceLog struct {
	dev   objectid.ID
	cert  *authority.Device
	limit uint64 // last sequence number that counts, of a removed device
	files []logFile
	end   place // after the last checkpoint
	torn  bool  // bytes follow that no checkpoint ends
	past  bool  // records follow that do not count: a removed device wrote them
}

// logFile is one file of records.
type logFile struct {
	logName
	header vlog.Header
	info   fs.FileInfo // of when it was read last; nil when it was not
	// end is after the last checkpoint in it.
	end int64
}

// view is what a namespace's files hold, as far as it was read.
type view struct {
	names   []logName        // of all files of records
	listing *durable.Listing // which had those names; nil when it is not known
	logs    []*deviceLog
	last    clock      // the latest reading of the clock in any record that was read
	known   *knowledge // nil until a path is looked up
}

// openLogs finds the files of all devices that may write, and checks their headers against their
// names. Nothing of the records is read.
func (s *Space) openLogs() ([]*deviceLog, error) {
	names, err := s.logNames()
	if err != nil {
		return nil, err
	}
	s.view.names = names
	var logs []*deviceLog
	for i := 0; i < len(names); {
		j := i
		for j < len(names) && names[j].dev == names[i].dev {
			j++
		}
		l, err := s.openLog(names[i:j])
		if err != nil {
			return nil, err
		}
		if l != nil {
			logs = append(logs, l)
		}
		i = j
	}
	return logs, nil
}

// openLog takes the newest generation of a device. Files of a device that may not write do not
// count, and are told.
func (s *Space) openLog(names []logName) (*deviceLog, error) {
	dev := names[0].dev
	cert, err := s.v.Device(dev)
	if errors.Is(err, ErrNotFound) {
		s.v.opts.warnf("namespace %s: records of device %s do not count: no owner has added it", s.name, dev)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	may, err := s.v.mayWrite(s.policy, cert, s.v.manifest.Roles)
	if err != nil {
		return nil, err
	}
	if _, cut := s.policy.Cut[dev]; !may && !cut {
		s.v.opts.warnf("namespace %s: records of device %s do not count: its holder may not write", s.name, dev)
		return nil, nil
	}
	return s.newestGeneration(cert, may, names)
}

// newestGeneration takes the newest generation that counts among the files of a device. It is nil
// when there is none.
func (s *Space) newestGeneration(cert *authority.Device, may bool, names []logName) (*deviceLog, error) {
	l := &deviceLog{dev: cert.Dev, cert: cert, limit: ^uint64(0)}
	if cert.Removed || !may {
		l.limit = s.policy.Cut[cert.Dev]
	}
	// A generation counts once a checkpoint ends what its first commit wrote; until then the one
	// before does.
	for end := len(names); end > 0; {
		start := end - 1
		for start > 0 && names[start-1].generation == names[end-1].generation {
			start--
		}
		ok, err := s.openGeneration(l, names[start:end])
		if err != nil {
			return nil, err
		}
		if ok {
			return l, nil
		}
		end = start
	}
	return nil, nil
}

func (s *Space) openGeneration(l *deviceLog, names []logName) (ok bool, err error) {
	l.files = nil
	for i, n := range names {
		if n.first > l.limit {
			continue // written after the device was removed
		}
		file := spaceFile(s.id, n)
		data, err := s.v.readHead(file, vlog.HeaderSize)
		if err != nil {
			return false, err
		}
		h, err := vlog.ParseHeader(data)
		if errors.Is(err, vlog.ErrEnd) && i == len(names)-1 {
			continue // being made when the process died
		}
		if err != nil {
			return false, fileError(file, logError(err))
		}
		if h != (vlog.Header{Vault: s.v.id, Namespace: s.id, Device: n.dev, Generation: n.generation, First: n.first}) {
			return false, fileError(file, fmt.Errorf("%w: it is of another place", ErrTampered))
		}
		l.files = append(l.files, logFile{logName: n, header: h})
	}
	if len(l.files) == 0 {
		return false, nil
	}
	first := &l.files[0]
	if first.generation != 1 {
		return s.generationCounts(l)
	}
	if first.first != 1 {
		return false, fileError(spaceFile(s.id, first.logName), fmt.Errorf("%w: a file before it is missing", ErrTampered))
	}
	return true, nil
}

// errNoGeneration means files that look like a generation and are none.
var errNoGeneration = errors.New("not a generation")

// generationCounts reports whether a generation after the first is one that its device has made: it
// begins with a GEN that says where the one before ended, and a checkpoint in it is signed.
// Compaction writes all of it before anything counts. Anybody can write files that look like one.
func (s *Space) generationCounts(l *deviceLog) (bool, error) {
	if p, ok, err := s.remembered(l.dev); err != nil || ok && p.generation == l.files[0].generation {
		return err == nil, err // it counted before, and what was seen of it was checked
	}
	found := errors.New("found")
	key := l.cert.Key()
	var from vlog.Position
	for i := range l.files {
		f := &l.files[i]
		if i > 0 && f.first != from.Next {
			return false, nil
		}
		data, err := s.v.readFrom(spaceFile(s.id, f.logName), vlog.HeaderSize)
		if err != nil {
			return false, err
		}
		from, err = vlog.Scan(data, f.header.Start(), func(fr *vlog.Frame, at vlog.Position) error {
			switch {
			case fr.Sequence > l.limit:
				return errNoGeneration
			case i == 0 && at.Offset == vlog.HeaderSize:
				if fr.Type != vlog.Gen || fr.Predecessor().Generation >= f.generation || fr.Predecessor().Last+1 != f.first {
					return errNoGeneration
				}
			case fr.Type == vlog.Checkpoint:
				if _, err := fr.CheckCheckpoint(&f.header, key); err != nil {
					return errNoGeneration
				}
				return found
			}
			return nil
		})
		if err != nil {
			return errors.Is(err, found), nil
		}
	}
	return false, nil
}

// remembered is what this machine has seen of the log of a device.
func (s *Space) remembered(dev objectid.ID) (p place, ok bool, err error) {
	if s.keys == nil || s.keys.local == nil {
		return p, false, nil
	}
	m, err := s.v.recall(s.keys.local)
	if err != nil {
		return p, false, err
	}
	p, ok = m.places[logID{s.id, dev}]
	return p, ok, nil
}

func logError(err error) error {
	switch {
	case errors.Is(err, vlog.ErrNewer):
		return fmt.Errorf("%w: %w", ErrNewer, err)
	case errors.Is(err, vlog.ErrDamaged), errors.Is(err, vlog.ErrEnd):
		return fmt.Errorf("%w: %w", ErrTampered, err)
	}
	return err
}

// located is a record and where it lies.
type located struct {
	log    *deviceLog
	file   int // index in log.files
	offset int64
	frame  vlog.Frame
}

func (r *located) id() RecordID { return RecordID{r.log.dev, r.frame.Sequence} }

// recordSink takes the records that a scan finds.
type recordSink interface {
	// add gives the next record. It counts once covered is called; it is valid until add returns.
	add(r *located) error
	// covered says that a checkpoint covers what was added.
	covered() error
	// drop says that no checkpoint covers what was added since the last covered.
	drop() error
}

// scan reads the log of a device from a place, checks chains, sequence numbers and checkpoints, and
// gives the records to sink, which may be nil. from is in the file at index start. What follows the last
// checkpoint is dropped, and told by torn when it is the end of the last file.
//
// A file is read a piece at a time.
func (s *Space) scan(l *deviceLog, start int, from vlog.Position, sink recordSink) error {
	for i := start; i < len(l.files); i++ {
		f := &l.files[i]
		if from.Next > l.limit {
			return nil
		}
		if i > start {
			if f.first != from.Next {
				return fileError(spaceFile(s.id, f.logName), fmt.Errorf("%w: it begins with record %d, and %d must follow", ErrTampered, f.first, from.Next))
			}
			from = f.header.Start()
		}
		for tries := 1; ; tries++ {
			var err error
			from, err = s.scanFile(l, i, from, sink)
			if err == nil && !l.past {
				break
			}
			// Readers do not lock: a commit of which a part was read may be whole, and known to the memory, by
			// now.
			if tries == rereads || i < len(l.files)-1 || !errors.Is(err, ErrTampered) || errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// rereads is how often the end of a log is read when it looks damaged.
const rereads = 3

func (s *Space) scanFile(l *deviceLog, i int, from vlog.Position, sink recordSink) (vlog.Position, error) {
	f, key := &l.files[i], l.cert.Key()
	file := spaceFile(s.id, f.logName)
	done, pending := from, 0 // after the last checkpoint; records since
	seen, err := s.checkedBefore(l, f, from)
	if err != nil {
		return done, err
	}
	r := &located{log: l, file: i}
	err = s.eachFrame(f, from, func(fr *vlog.Frame, at vlog.Position) error {
		if fr.Sequence > l.limit {
			return errPastLimit
		}
		if fr.Type != vlog.Checkpoint {
			pending++
			if sink == nil {
				return nil
			}
			r.offset, r.frame = at.Offset, *fr
			return own(sink.add(r))
		}
		end := at.Offset + int64(fr.Size)
		var ms uint64
		var err error
		switch {
		case end < seen.Offset:
			ms, err = fr.CheckpointTime()
		case seen.Offset > at.Offset && (end != seen.Offset || fr.Chain != seen.Chain):
			err = fmt.Errorf("%w: record %d is another one than was seen before", vlog.ErrDamaged, fr.Sequence)
		default:
			ms, err = fr.CheckCheckpoint(&f.header, key)
		}
		if err != nil {
			return err
		}
		if pending > 0 && sink != nil {
			if err := sink.covered(); err != nil {
				return own(err)
			}
		}
		done, pending = vlog.Position{Offset: end, Next: fr.Sequence + 1, Chain: fr.Chain}, 0
		s.view.last = max(s.view.last, clock(ms)<<16)
		return nil
	})
	if pending > 0 && sink != nil {
		if err := sink.drop(); err != nil {
			return done, err
		}
	}
	var mine ownError
	if errors.As(err, &mine) {
		return done, mine.error
	}
	l.end = place{f.generation, f.first, done}
	lastFile := i == len(l.files)-1
	switch {
	case done.Offset < seen.Offset:
		// Then no signature at all has been checked.
		if err == nil || errors.Is(err, errPastLimit) {
			err = fmt.Errorf("%w: it ends before what was seen", vlog.ErrDamaged)
		}
		return done, &FileError{file, done.Offset, logError(err)}
	case errors.Is(err, errPastLimit), err != nil && done.Next > l.limit:
		l.past = true
	case err == nil && (pending == 0 || lastFile):
		l.torn = pending > 0
	case lastFile:
		// A crash leaves whatever it likes behind the last checkpoint, and files that are copied
		// arrive in parts.
		torn, readErr := s.mayBeTorn(l, key, done)
		if readErr != nil {
			return done, readErr
		}
		if !torn {
			return done, &FileError{file, done.Offset, logError(err)}
		}
		l.torn = true
	case err == nil:
		return done, &FileError{file, done.Offset, fmt.Errorf("%w: no checkpoint ends it, and a file follows", ErrTampered)}
	default:
		return done, &FileError{file, done.Offset, logError(err)}
	}
	f.end = done.Offset
	return done, nil
}

// readPiece is how much of a file is read at a time, in bytes, as long as its records are shorter.
const readPiece = 256 << 10

// eachFrame reads a file from a place to its end, as vlog.Scan does. Errors that are not about what is
// in it, and those that visit marks so, are an ownError.
func (s *Space) eachFrame(l *logFile, from vlog.Position, visit func(*vlog.Frame, vlog.Position) error) error {
	name := spaceFile(s.id, l.logName)
	f, err := s.v.openLog(name)
	if errors.Is(err, fs.ErrNotExist) {
		return own(fileError(name, fmt.Errorf("%w: it is missing: %w", ErrTampered, fs.ErrNotExist)))
	}
	if err != nil {
		return own(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return own(err)
	}
	l.info = info
	left := info.Size() - from.Offset
	if left > maxLogFile {
		return own(fileError(name, ErrTooLarge))
	}
	var buf []byte // its beginning up to have was read and not scanned
	next, have := from.Offset, 0
	for left > 0 {
		if have == len(buf) { // all of it is one record, whose length was found possible
			buf = append(make([]byte, 0, max(2*have, int(min(readPiece, left)))), buf...)
			buf = buf[:cap(buf)]
		}
		n, err := f.ReadAt(buf[have:][:min(int64(len(buf)-have), left)], next)
		if err != nil && !errors.Is(err, io.EOF) {
			return own(err)
		}
		if left -= int64(n); err != nil {
			left = 0 // it became shorter
		}
		next, have = next+int64(n), have+n
		at := from
		if from, err = vlog.Scan(buf[:have], at, visit); err != nil && (err != vlog.ErrEnd || left == 0) {
			return err
		}
		have = copy(buf, buf[from.Offset-at.Offset:have])
	}
	return nil
}

// ownError tells errors of reading and of what is done with the records from those of a file's content.
type ownError struct{ error }

func own(err error) error {
	if err == nil {
		return nil
	}
	return ownError{err}
}

// checkedBefore is up to where this machine has checked every signature of a file already, which it
// remembers together with the chain there: when that is the same again, so is everything before it, and
// the signature of each commit need not be checked each time. It is zero when all must be.
func (s *Space) checkedBefore(l *deviceLog, f *logFile, from vlog.Position) (vlog.Position, error) {
	if s.thorough {
		return vlog.Position{}, nil
	}
	p, ok, err := s.remembered(l.dev)
	if err != nil || !ok || p.generation != f.generation || p.first != f.first || p.Offset <= from.Offset || p.Next > l.limit {
		return vlog.Position{}, err
	}
	return p.Position, nil
}

var errPastLimit = errors.New("past what counts of a removed device")

// mayBeTorn reports whether what follows a place in the last file of a log may be a commit that was cut
// short. Of this device's own log the memory tells: whatever was acknowledged was seen. The logs of
// others arrive in parts, but where a checkpoint follows that the device has signed, the commit was whole
// once.
func (s *Space) mayBeTorn(l *deviceLog, key ed25519.PublicKey, done vlog.Position) (bool, error) {
	last := &l.files[len(l.files)-1]
	p, ok, err := s.remembered(l.dev)
	switch {
	case err != nil:
		return false, nil
	case ok && p.generation == last.generation && p.first == last.first && done.Offset < p.Offset:
		return false, nil
	case s.keys != nil && s.keys.device != nil && s.keys.device.id == l.dev:
		return true, nil
	}
	rest, err := s.v.readFrom(spaceFile(s.id, last.logName), done.Offset)
	if err != nil {
		return false, err
	}
	return !vlog.CommitFollows(rest, &last.header, key, done.Next, l.limit), nil
}

// sortLogs puts this machine's own log last, whose end is where it writes.
func sortLogs(logs []*deviceLog) {
	slices.SortFunc(logs, func(a, b *deviceLog) int { return bytes.Compare(a.dev[:], b.dev[:]) })
}
