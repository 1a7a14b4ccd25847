package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/ulid"
	"kai/internal/canon"
	"kai/internal/durable"
)

// Options are what a Log may use of the outside.
type Options struct {
	// Dir is the directory of the log, ~/.kind/audit.
	Dir    *durable.Dir
	Now    func() time.Time
	Random io.Reader

	// Memories know the head of the log. Each is asked before and told after an append.
	Memories []Memory

	// Gap counts what ran while nothing could be recorded; nil for none.
	Gap Gap

	// Recipients are asked, when an epoch is opened, who can open its keys; nil stands for nobody.
	// Then keys lie beside the log: only somebody who does not read the home is kept from rewriting
	// it.
	Recipients func() ([]Recipient, error)

	// Source and Context are those of every event of this process.
	Source  event.Source
	Context event.Context

	// SegmentEvents is for a log that is made: how many events a segment has, a multiple of 256.
	// Zero means SegmentEvents.
	SegmentEvents uint64
}

// recipients are those who can open the keys of an epoch that is opened now.
func (o *Options) recipients() ([]Recipient, error) {
	if o.Recipients == nil {
		return nil, nil
	}
	list, err := o.Recipients()
	if err != nil {
		return nil, fmt.Errorf("audit log: recipients: %w", err)
	}
	return list, nil
}

// Gap is a count of what ran unrecorded. It is kept outside the log.
type Gap interface {
	// Load returns what ran since Clear; count is 0 when nothing did.
	Load() (count int64, from, to time.Time, err error)
	Clear() error
	// Reserve makes room for the count, so that it can be kept on a full disk.
	Reserve() error
}

// Info is what log.json says. It never changes.
type Info struct {
	LogID  string `json:"log_id"`
	Origin string `json:"origin"`
	Seg    uint64 `json:"seg"`
	V      int    `json:"v"`
}

const (
	infoFile = "log.json"
	lockFile = "lock"

	// OriginPrefix begins the origin of each log; its id follows.
	OriginPrefix = "kind.local/audit/"
)

// Log is an audit log, for reading and appending. Any number of processes and goroutines may use
// one at once.
type Log struct {
	dir  *durable.Dir
	opts Options
	info Info
	lock *durable.Lock

	mu   sync.Mutex // guards dead and end, and appends of this process
	dead error      // why nothing can be appended any more
	end  mark       // behind the last append of this Log, without the key

	keptMu sync.Mutex      // guards kept
	kept   map[string]kept // open files that no append has at the moment
}

// Info returns what never changes.
func (l *Log) Info() Info { return l.info }

// Open opens the log of a directory. The errors are ErrNotExist, ErrVersion, ErrMalformed,
// ErrPermission, and ErrTampered when there are events without log.json.
func Open(opts Options) (*Log, error) {
	info, err := readInfo(opts.Dir)
	if err != nil {
		return nil, err
	}
	opts.Source, opts.Context = clean(opts.Source, opts.Context)
	return &Log{dir: opts.Dir, opts: opts, info: info, lock: opts.Dir.NewLock(lockFile)}, nil
}

// clean makes strings from outside fit for events.
func clean(s event.Source, c event.Context) (event.Source, event.Context) {
	for _, text := range []*string{&s.Agent, &s.TTY, &s.Host, &s.Ver, &c.Cmd, &c.Session, &c.Role, &c.Sandbox} {
		*text = event.Outside(*text)
	}
	return s, c
}

func readInfo(d *durable.Dir) (Info, error) {
	f, err := openPrivate(d, infoFile, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		segment := func(e fs.DirEntry) bool { _, ok := segmentFirst(e.Name()); return ok }
		if entries, err := d.ReadDir("seg"); err == nil && slices.ContainsFunc(entries, segment) {
			return Info{}, &TamperError{Check: CheckSyntax, Text: infoFile + " is missing, the events are there"}
		}
		return Info{}, ErrNotExist
	}
	if err != nil {
		return Info{}, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSmallFile))
	if err = errors.Join(err, f.Close()); err != nil {
		return Info{}, fmt.Errorf("audit log: %s: %w", infoFile, err)
	}
	var info Info
	if err := canon.Unmarshal(data, &info); err != nil {
		return Info{}, fmt.Errorf("audit log: %s: %w: %w", infoFile, ErrMalformed, err)
	}
	switch {
	case info.V != 1:
		return Info{}, fmt.Errorf("audit log: %s: %w %d", infoFile, ErrVersion, info.V)
	case !ulid.Valid(info.LogID) || info.Origin != OriginPrefix+info.LogID:
		return Info{}, fmt.Errorf("audit log: %s: %w: log_id or origin", infoFile, ErrMalformed)
	case info.Seg == 0 || info.Seg%256 != 0 || info.Seg > SegmentEvents:
		return Info{}, fmt.Errorf("audit log: %s: %w: seg", infoFile, ErrMalformed)
	}
	return info, nil
}

// Create opens the log of a directory, and makes it first if there is none. A new log begins
// with the event audit.created. Where a memory knows a log that is not there any more, the error
// is a *RollbackError.
func Create(ctx context.Context, opts Options) (*Log, error) {
	l, err := Open(opts)
	if !errors.Is(err, ErrNotExist) {
		return l, err
	}
	held, err := take(ctx, opts.Dir.NewLock(lockFile))
	if err != nil {
		return nil, err
	}
	defer held.Unlock()
	if l, err = Open(opts); !errors.Is(err, ErrNotExist) { // made meanwhile
		return l, err
	}
	l, details, err := create(opts)
	if err != nil {
		return nil, err
	}
	_, err = l.append(func(w *writer) error {
		return w.add(Draft{Act: "audit.created", Outcome: event.OK, Details: details})
	})
	return l, err
}

// create writes everything but the first event; log.json last, which makes it a log.
func create(opts Options) (*Log, event.Details, error) {
	d := opts.Dir
	for _, m := range opts.Memories {
		if head, ok, err := m.Load(""); err == nil && ok {
			return nil, nil, &RollbackError{m.Name(), fmt.Sprintf("log id or size went back: remembers log %s with %d events, there is none", head.LogID, head.N)}
		}
	}
	for _, sub := range []string{"seg", "epochs", "checkpoints"} {
		if err := d.Mkdir(sub, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, nil, err
		}
	}
	if opts.Gap != nil {
		if err := opts.Gap.Reserve(); err != nil {
			return nil, nil, err
		}
	}
	logID, err := ulid.New(opts.Now(), opts.Random)
	if err != nil {
		return nil, nil, err
	}
	info := Info{LogID: logID, Origin: OriginPrefix + logID, Seg: opts.SegmentEvents, V: 1}
	if info.Seg == 0 {
		info.Seg = SegmentEvents
	}
	var key [32]byte
	if _, err := io.ReadFull(opts.Random, key[:]); err != nil {
		return nil, nil, err
	}
	recipients, err := opts.recipients()
	if err != nil {
		return nil, nil, err
	}
	name, file, err := sealEpoch(&epochDocument{K0: text32(key), LogID: logID, V: 1}, recipients)
	if err != nil {
		return nil, nil, err
	}
	text, err := canon.Marshal(info)
	if err != nil {
		return nil, nil, err
	}
	// What a process that was killed has left here belongs to no log.
	for _, old := range []string{sealedName(0), clearName(0), treeFile} {
		if err := d.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	if err := d.WriteFile(name, file, 0o600); err != nil {
		return nil, nil, err
	}
	if err := writeState(d, &state{key: key}, true); err != nil {
		return nil, nil, err
	}
	clear(key[:])
	if err := d.CreateNew(infoFile, text, 0o600); err != nil {
		return nil, nil, err
	}
	l, err := Open(opts)
	if err != nil {
		return nil, nil, err
	}
	sealed := EpochFile{Data: file}
	return l, epochDetails(0, sealed.Sum(), recipients), nil
}

// epochDetails are those of an event that opens an epoch.
func epochDetails(epoch uint32, sum string, recipients []Recipient) event.Details {
	d := event.Details{{Name: "epoch", Value: int64(epoch)}, {Name: "file", Value: sum}, {Name: "recipients", Value: int64(len(recipients))}}
	return d.With("auditors", auditorsDigest(recipients))
}

// take takes the log's lock. The error is durable.ErrLocked after five seconds.
func (l *Log) take(ctx context.Context) (*durable.Held, error) { return take(ctx, l.lock) }

func take(ctx context.Context, lock *durable.Lock) (*durable.Held, error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	return lock.Take(ctx, lockPoll)
}

// segments lists the segments that are there, by the number of their first event.
func (l *Log) segments() ([]uint64, error) {
	entries, err := l.dir.ReadDir("seg")
	if err != nil {
		return nil, err
	}
	var firsts []uint64
	for _, e := range entries {
		if first, ok := segmentFirst(e.Name()); ok {
			firsts = append(firsts, first)
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}
