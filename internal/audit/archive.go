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
	// Unchained are the pruned events that opened an epoch without a MAC by the key before.
	Unchained []uint64 `json:"unchained"`
	V         int      `json:"v"`
}

const prunedFile = "pruned.json"

// prunedTo returns the number of the first event that was not pruned.
func (l *Log) prunedTo() (uint64, error) {
	p, err := l.readPruned()
	return p.Min, err
}

// prunedUnchained returns the pruned events that begin a new chain.
func (l *Log) prunedUnchained() ([]uint64, error) {
	p, err := l.readPruned()
	return p.Unchained, err
}

func (l *Log) readPruned() (pruned, error) {
	data, err := l.dir.ReadFile(prunedFile, maxSmallFile)
	if errors.Is(err, fs.ErrNotExist) {
		return pruned{}, nil
	}
	if err != nil {
		return pruned{}, err
	}
	var p pruned
	if err := canon.Unmarshal(data, &p); err != nil {
		return pruned{}, fmt.Errorf("audit log: %s: %w: %w", prunedFile, ErrMalformed, err)
	}
	if p.V != 1 || p.Min%l.info.Seg != 0 {
		return pruned{}, fmt.Errorf("audit log: %s: %w", prunedFile, ErrMalformed)
	}
	return p, nil
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

// archived lists the archived segments by the number of their first event.
func (l *Log) archived() ([]uint64, error) { return nil, nil }
