package durable

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"sync"
	"time"
)

// LogOptions says how a log is opened.
type LogOptions struct {
	// Poll is how long to wait between attempts to get the lock; see [Dir.Lock].
	Poll time.Duration

	// Mode is the permission of a log that is created. Zero means 0600.
	Mode fs.FileMode
}

// Log is an append-only file of records, shared by any number of processes and goroutines. The
// file format is in the package documentation.
//
// What Append or Update has returned nil for is durable. What a crash cut short is cut off by the
// next writer. Damage elsewhere is a *CorruptError, and nothing is changed.
type Log struct {
	dir  *Dir
	name string
	opts LogOptions

	mu   sync.Mutex // guards the rest
	file File       // nil once closed
	end  int64      // behind the last frame that was found good
	cut  int64      // bytes cut off so far
	dead error      // why this Log can no longer be written
}

// Record is one record of a log.
type Record struct {
	// Offset is that of the frame. Records of one append share it; later ones have larger ones.
	Offset int64
	Data   []byte
}

// OpenLog opens the log of that name, or creates an empty one, checks all of it and cuts off what
// a crash may have left at its end. Beside the log there is a file NAME.lock.
//
// Errors are ErrLocked, a *CorruptError, ErrNotRegular and those of the file system.
//
// Expected system calls: those of [Dir.Lock] on NAME.lock, of [Dir.CreateNew] when the log is
// missing, openat(name, O_RDWR), pread…, and ftruncate, fsync when there is something to cut.
func (d *Dir) OpenLog(ctx context.Context, name string, opts LogOptions) (*Log, error) {
	if opts.Mode == 0 {
		opts.Mode = 0o600
	}
	l := &Log{dir: d, name: name, opts: opts}
	err := l.locked(ctx, true, func() error {
		_, err := d.fs.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			err = d.CreateNew(name, []byte(logMagic), opts.Mode)
		}
		if err != nil {
			return err
		}
		return l.catchUp(true)
	})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Cut is the number of bytes of unfinished appends that this Log has cut off the file.
func (l *Log) Cut() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

// Append adds records, all or none of them, and returns when they are durable. Together they may
// have MaxAppend bytes, less 4 for each. After an error they are not in the log, or, when a failed
// sync or a crash leaves that open, all of them may be; a Log whose sync failed refuses to write
// from then on and must be opened anew.
//
// Expected system calls: those of [Dir.Lock] on NAME.lock, fstat, fstatat, one pwrite, fdatasync.
func (l *Log) Append(ctx context.Context, records ...[]byte) error {
	return l.Update(ctx, func(tx *Tx) error {
		tx.Append(records...)
		return nil
	})
}

// Update calls change while no other process can read or write the log, and then appends what it
// asked for, as one Append. When change returns an error nothing is written and the error is
// returned as it is. change must be quick and must not use the Log but through its argument.
func (l *Log) Update(ctx context.Context, change func(tx *Tx) error) error {
	return l.locked(ctx, true, func() error {
		if err := l.catchUp(true); err != nil {
			return err
		}
		tx := &Tx{log: l}
		if err := change(tx); err != nil {
			return err
		}
		if tx.reset {
			return l.rewrite(tx.records)
		}
		return l.write(tx.records)
	})
}

// Tx is the log in the hands of one Update.
type Tx struct {
	log     *Log
	records [][]byte
	reset   bool
}

// Records gives the records there were before this Update.
func (tx *Tx) Records() iter.Seq2[Record, error] { return tx.log.read(tx.log.file, tx.log.end) }

// Append adds records when the Update ends. They must not be changed before.
func (tx *Tx) Append(records ...[]byte) { tx.records = append(tx.records, records...) }

// Reset drops all records there were before; what is appended in this Update, before or after, is
// the whole log then. It is written as a new file that replaces the old one, each record an
// append of its own. It is how a log is compacted.
func (tx *Tx) Reset() { tx.reset = true }

// Records gives the records there are now, as far as they are whole; the lock is not held while
// the caller looks at them. A file that changes otherwise than by appends while it is read yields
// an error.
//
// Expected system calls: those of [Dir.RLock] on NAME.lock, fstat, fstatat, pread….
func (l *Log) Records(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		var f File
		var end int64
		err := l.locked(ctx, false, func() (err error) {
			if err := l.catchUp(false); err != nil {
				return err
			}
			// An opening of its own: Reset or Close of the Log must not pull the file away.
			f, _, err = l.dir.openRegular(l.name, os.O_RDONLY, 0)
			end = l.end
			return err
		})
		if err != nil {
			yield(Record{}, err)
			return
		}
		defer f.Close()
		l.read(f, end)(yield)
	}
}

// Close closes the file. Calling it again does nothing.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file, l.dead = nil, ErrClosed
	return err
}

// locked calls f with l.mu and the file lock held.
func (l *Log) locked(ctx context.Context, exclusive bool, f func() error) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead != nil {
		return failed("log", l.name, l.dead)
	}
	held, err := l.dir.lock(ctx, l.name+".lock", exclusive, l.opts.Poll)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	return f()
}

// catchUp looks at what others have appended since, or at everything the first time, and with
// repair cuts off a torn end. The file lock is held, exclusively for repair.
func (l *Log) catchUp(repair bool) error {
	size, err := l.reopen()
	if err != nil {
		return failed("log", l.name, err)
	}
	if size < l.end {
		return &CorruptError{l.name, size, fmt.Sprintf("ends here, was %d bytes long before", l.end)}
	}
	if l.end == 0 {
		if err := l.checkMagic(size); err != nil {
			return err
		}
		l.end = int64(len(logMagic))
	}
	ahead := &readAhead{r: l.file}
	for {
		kind, payload, next, err := look(ahead, l.end, size)
		switch {
		case err != nil:
			return failed("log", l.name, err)
		case kind == atDamage:
			return &CorruptError{l.name, l.end, "damaged frame"}
		case kind == atEnd, kind == atTorn && !repair:
			return nil
		case kind == atTorn:
			l.cut += size - l.end
			return l.truncate()
		}
		if _, ok := splitRecords(payload); !ok {
			return &CorruptError{l.name, l.end, "records do not fill their frame"}
		}
		l.end = next
	}
}

// reopen makes sure that l.file is the file of that name, which Reset by another process changes,
// and returns its size.
func (l *Log) reopen() (int64, error) {
	if l.file != nil {
		info, err := l.file.Stat()
		if err != nil {
			return 0, err
		}
		same, err := l.dir.stillNamed(info, l.name)
		if err != nil {
			return 0, err
		}
		if same {
			return info.Size(), nil
		}
		if err := l.forget(); err != nil {
			return 0, err
		}
	}
	f, info, err := l.dir.openRegular(l.name, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	l.file = f
	return info.Size(), nil
}

// checkMagic looks at the first bytes, which are never torn: the file is created whole.
func (l *Log) checkMagic(size int64) error {
	b := make([]byte, min(size, int64(len(logMagic))))
	if _, err := l.file.ReadAt(b, 0); err != nil && len(b) > 0 {
		return failed("log", l.name, noEOF(err))
	}
	if string(b) != logMagic {
		return &CorruptError{l.name, 0, "not a log of this version"}
	}
	return nil
}

// truncate cuts the file at l.end, durably. Failing that, the Log is dead.
func (l *Log) truncate() error {
	err := l.file.Truncate(l.end)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		l.dead = err
		return failed("log", l.name, err)
	}
	return nil
}

// write appends one frame.
func (l *Log) write(records [][]byte) error {
	if len(records) == 0 {
		return nil
	}
	frame, err := appendFrame(nil, l.end, records)
	if err != nil {
		return failed("log", l.name, err)
	}
	n, err := l.file.WriteAt(frame, l.end)
	if err == nil && n < len(frame) {
		err = errors.New("short write")
	}
	if err != nil {
		// A full disk: take back what was written, and go on.
		return errors.Join(failed("log", l.name, err), l.truncate())
	}
	if err := l.file.SyncData(); err != nil {
		// What is on the disk now is unknown. The record should rather not appear later, but that
		// cannot be promised either.
		_ = l.file.Truncate(l.end)
		l.dead = err
		return failed("log", l.name, err)
	}
	l.end += int64(len(frame))
	return nil
}

// rewrite replaces the file.
func (l *Log) rewrite(records [][]byte) error {
	content := []byte(logMagic)
	for _, r := range records {
		var err error
		if content, err = appendFrame(content, int64(len(content)), [][]byte{r}); err != nil {
			return failed("log", l.name, err)
		}
	}
	// Old or new, the next call opens the file and looks at all of it. (Closed now because Windows
	// does not replace open files.)
	if err := l.forget(); err != nil {
		return failed("log", l.name, err)
	}
	return l.dir.WriteFile(l.name, content, l.opts.Mode)
}

// forget closes the file; the next call to reopen opens it anew.
func (l *Log) forget() error {
	err := l.file.Close()
	l.file, l.end = nil, 0
	return err
}

// read gives the records of f up to end, which was found good before.
func (l *Log) read(f File, end int64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		ahead := &readAhead{r: f}
		for offset := int64(len(logMagic)); offset < end; {
			kind, payload, next, err := look(ahead, offset, end)
			records, ok := splitRecords(payload)
			switch {
			case err != nil:
				yield(Record{}, failed("log", l.name, err))
				return
			case kind != atFrame || !ok:
				yield(Record{}, &CorruptError{l.name, offset, "damaged frame"})
				return
			}
			for _, r := range records {
				if !yield(Record{offset, r}, nil) {
					return
				}
			}
			offset = next
		}
	}
}
