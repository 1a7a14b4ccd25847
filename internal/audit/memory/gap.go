package memory

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"kai/internal/audit/event"
	"kai/internal/canon"
	"kai/internal/durable"
)

const (
	gapFile = "audit-gap.json"
	gapSize = 4096
	gapLine = 256
)

// Gap counts in a file what ran while nothing could be recorded. It implements audit.Gap.
type Gap struct{ Dir *durable.Dir }

type gapDocument struct {
	Count int64  `json:"count"`
	From  string `json:"from"`
	To    string `json:"to"`
	V     int    `json:"v"`
}

// Load returns what was counted since Clear. A file that is no such document counts as one run at
// an unknown time: that something was there is all it can say.
func (g Gap) Load() (count int64, from, to time.Time, err error) {
	data, err := g.Dir.ReadFile(gapFile, gapSize)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, from, to, nil
	}
	if err != nil && !errors.Is(err, durable.ErrTooLarge) {
		return 0, from, to, err
	}
	if err == nil && len(data) == gapLine && isBlank(data) {
		return 0, from, to, nil
	}
	var doc gapDocument
	if canon.Unmarshal(bytes.TrimRight(data, " \n"), &doc) != nil || doc.Count < 1 || doc.V != 1 {
		return 1, from, to, nil
	}
	from, err = time.Parse(event.TimeLayout, doc.From)
	if err == nil {
		to, err = time.Parse(event.TimeLayout, doc.To)
	}
	if err != nil {
		return doc.Count, time.Time{}, time.Time{}, nil
	}
	return doc.Count, from, to, nil
}

// Add counts one run.
func (g Gap) Add(now time.Time) error {
	count, from, _, err := g.Load()
	if err != nil {
		return err
	}
	if count == 0 {
		from = now
	}
	data, err := canon.Marshal(gapDocument{
		Count: count + 1, From: from.UTC().Format(event.TimeLayout), To: now.UTC().Format(event.TimeLayout), V: 1,
	})
	if err != nil {
		return err
	}
	return g.write(data)
}

// Clear forgets what was counted. The file stays, blank: the next gap may be because the disk is full.
func (g Gap) Clear() error {
	data, err := g.Dir.ReadFile(gapFile, gapSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(data) == gapLine && isBlank(data) {
		return nil
	}
	return g.write(nil)
}

// Reserve makes the file, blank, if there is none.
func (g Gap) Reserve() error {
	if _, err := g.Dir.Lstat(gapFile); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return g.write(nil)
}

// write replaces the content in place: a new file would need room.
func (g Gap) write(text []byte) error {
	line := append(bytes.Repeat([]byte(" "), gapLine-1), '\n')
	if copy(line[:gapLine-1], text) < len(text) {
		return fmt.Errorf("%s: more than %d bytes", gapFile, gapLine)
	}
	f, err := g.Dir.OpenFile(gapFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(line, 0); err == nil {
		err = f.SyncData()
	}
	return errors.Join(err, f.Close())
}

func isBlank(data []byte) bool { return len(bytes.TrimSpace(data)) == 0 }
