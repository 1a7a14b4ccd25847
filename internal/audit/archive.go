package audit

import (
	"errors"
	"fmt"
	"io/fs"

	"kai/internal/canon"
)

// pruned is pruned.json: events below Min have no lines any more.
type pruned struct {
	Min uint64 `json:"min"`
	V   int    `json:"v"`
}

const prunedFile = "pruned.json"

// prunedTo returns the number of the first event that was not pruned.
func (l *Log) prunedTo() (uint64, error) {
	data, err := l.dir.ReadFile(prunedFile, maxSmallFile)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var p pruned
	if err := canon.Unmarshal(data, &p); err != nil {
		return 0, fmt.Errorf("audit log: %s: %w: %w", prunedFile, ErrMalformed, err)
	}
	if p.V != 1 || p.Min%l.info.Seg != 0 {
		return 0, fmt.Errorf("audit log: %s: %w", prunedFile, ErrMalformed)
	}
	return p.Min, nil
}

// openArchive opens an archived segment.
func (l *Log) openArchive(first uint64) (*segmentReader, error) {
	min, err := l.prunedTo()
	if err != nil {
		return nil, err
	}
	if first < min {
		return nil, fmt.Errorf("audit log: events from %d on: %w", first, ErrPruned)
	}
	return nil, fmt.Errorf("audit log: %s: %w", segmentName(first), fs.ErrNotExist)
}
