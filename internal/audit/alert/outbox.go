package alert

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"kai/internal/canon"
	"kai/internal/durable"
)

// Files of the outbox beside the entries.
const (
	directory  = "outbox"
	lockFile   = directory + "/lock"       // held while files change
	flushFile  = directory + "/flush.lock" // held while entries are sent
	recentFile = directory + "/recent.json"
)

// Outbox is the alerts that wait to be sent. It has no state but its files, so that any number of
// them may be used at once, by any number of processes.
type Outbox struct {
	dir *durable.Dir
}

// Open gives the outbox of an audit directory, and makes it if there is none.
func Open(dir *durable.Dir) (*Outbox, error) {
	if err := dir.Mkdir(directory, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return &Outbox{dir}, nil
}

// Pending is one entry as it lies in the outbox.
type Pending struct {
	ID        string // of the alert
	Sink      string
	Alert     Alert
	Created   time.Time
	Attempts  int
	NotBefore time.Time // of the next attempt
	Error     string    // code of the last attempt, "" when there was none
	Malformed bool      // the file cannot be read; only ID and Sink are known
}

// Put decides whether an alert is to be sent and, if so, writes an entry for each of the named
// sinks. When it returns without an error the entries are durable. Without sinks only the decision
// is made, and remembered.
//
// What had to make room is returned, also with an error; it is to be recorded.
func (o *Outbox) Put(ctx context.Context, a Alert, sinks []string, now time.Time) (Fate, []Dropped, error) {
	s, err := a.subject()
	if err != nil {
		return 0, nil, err
	}
	for _, name := range sinks {
		if !ValidName(name) {
			return 0, nil, fmt.Errorf("%w: name of a sink", ErrInvalid)
		}
	}
	var fate Fate
	var dropped []Dropped
	err = o.locked(ctx, func() error {
		memory := o.recent()
		key, rule := a.keys(s)
		if fate = memory.judge(key, rule, now); fate != Kept {
			return nil
		}
		for _, name := range sinks {
			if err := o.create(a, name, now); err != nil {
				return err
			}
		}
		// The entries come first: a kill in between sends an alert twice, not never.
		err := o.remember(memory)
		var dropErr error
		dropped, dropErr = o.trim()
		return errors.Join(err, dropErr)
	})
	return fate, dropped, err
}

// List gives the entries, the oldest first.
func (o *Outbox) List() ([]Pending, error) {
	names, err := o.names()
	if err != nil {
		return nil, err
	}
	var list []Pending
	for _, name := range names {
		e, err := o.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // sent meanwhile
		case errors.Is(err, ErrMalformed):
			id, sink, _ := cutName(name)
			list = append(list, Pending{ID: id, Sink: sink, Malformed: true})
		case err != nil:
			return nil, err
		default:
			list = append(list, Pending{
				ID: e.Alert.ID, Sink: e.Sink, Alert: e.Alert, Created: e.Created.Time,
				Attempts: e.Attempts, NotBefore: e.NotBefore.Time, Error: e.Error,
			})
		}
	}
	return list, nil
}

// locked calls change while no other process changes files.
func (o *Outbox) locked(ctx context.Context, change func() error) error {
	held, err := o.dir.Lock(ctx, lockFile, lockPoll)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	defer held.Unlock()
	return change()
}

func (o *Outbox) create(a Alert, sink string, now time.Time) error {
	file, err := encode(entry{Schema: entrySchema, Sink: sink, Created: at(now), NotBefore: at(now), Alert: a})
	if err != nil {
		return err
	}
	if len(file) > maxEntry {
		return fmt.Errorf("%w: alert too large", ErrInvalid)
	}
	err = o.dir.CreateNew(directory+"/"+fileName(a.ID, sink), file, 0o600)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

// trim drops the oldest of too many entries.
func (o *Outbox) trim() ([]Dropped, error) {
	names, err := o.names()
	if err != nil {
		return nil, err
	}
	var dropped []Dropped
	for len(names) > MaxEntries {
		d, err := o.drop(names[0], Overflow)
		if err != nil {
			return dropped, err
		}
		dropped = append(dropped, d...)
		names = names[1:]
	}
	return dropped, nil
}

// drop removes an entry; nothing is dropped when it is gone already. The lock is held.
func (o *Outbox) drop(name string, why Reason) ([]Dropped, error) {
	e, err := o.read(name)
	d := droppedEntry(e, why)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, ErrMalformed):
		d.ID, d.Sink, _ = cutName(name)
		d.Reason = Malformed
	case err != nil:
		return nil, err
	}
	if err := o.dir.Remove(directory + "/" + name); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return []Dropped{d}, nil
}

// names are those of the entries, in the order of their ULIDs.
func (o *Outbox) names() ([]string, error) {
	files, err := o.dir.ReadDir(directory)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	var names []string
	for _, f := range files {
		if _, _, ok := cutName(f.Name()); ok {
			names = append(names, f.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (o *Outbox) read(name string) (entry, error) {
	file, err := o.dir.ReadFile(directory+"/"+name, maxEntry)
	switch {
	case errors.Is(err, durable.ErrTooLarge), errors.Is(err, durable.ErrNotRegular):
		return entry{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	case err != nil:
		return entry{}, fmt.Errorf("outbox: %w", err)
	}
	return decodeEntry(name, file)
}

func (o *Outbox) write(name string, e entry) error {
	file, err := encode(e)
	if err != nil {
		return err
	}
	if err := o.dir.WriteFile(directory+"/"+name, file, 0o600); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

// recent is what is remembered; what cannot be read is nothing.
func (o *Outbox) recent() recent {
	file, err := o.dir.ReadFile(recentFile, maxRecentFile)
	if err != nil {
		return recent{V: 1}
	}
	return readRecent(file)
}

func (o *Outbox) remember(r recent) error {
	file, err := canon.Marshal(r)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if err := o.dir.WriteFile(recentFile, file, 0o600); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}
