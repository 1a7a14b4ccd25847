package audit

import (
	"errors"
	"io/fs"
	"slices"

	"kai/internal/audit/checkpoint"
)

// Status is how a log stands, as far as that is known without verifying it.
type Status struct {
	Head       Head
	Bytes      int64 // of lines, archived ones as they lie there
	Epoch      uint32
	Sealed     bool   // the key of the epoch is sealed to somebody
	Signed     uint64 // events that the newest checkpoint covers; 0 for none
	SignedRoot [32]byte
	VKeys      []string // that the newest checkpoints name
	StateLost  bool
	LastEvent  *Appended // nil for an empty log
}

// Unsigned is how many events no checkpoint covers.
func (s *Status) Unsigned() uint64 { return s.Head.N - min(s.Head.N, s.Signed) }

// Status looks at the log without changing or verifying it.
func (l *Log) Status() (Status, error) {
	var s Status
	st, err := readState(l.dir)
	clear(st.key[:])
	s.StateLost = errors.Is(err, errStateLost)
	if err != nil && !s.StateLost {
		return s, err
	}
	size, err := l.Size()
	if err != nil {
		return s, err
	}
	s.Head = Head{LogID: l.info.LogID, N: size}
	if edges, err := (tree{l.dir}).edges(size); err == nil {
		s.Head.Root = edges[0].root()
	} else if s.Head.Root, err = l.rootFromLines(size); err != nil {
		return s, err
	}
	s.Epoch = st.epoch
	if files, err := readEpoch(l.dir, st.epoch); err == nil && len(files) > 0 {
		s.Sealed = !slices.ContainsFunc(files, func(f EpochFile) bool { return !f.Sealed })
	}
	if s.Bytes, err = l.bytes(); err != nil {
		return s, err
	}
	if size > 0 {
		last, err := l.Event(size - 1)
		if err != nil {
			return s, err
		}
		s.LastEvent = &last
	}
	for _, k := range l.namedKeys(size) {
		s.VKeys = append(s.VKeys, k.String())
	}
	data, err := l.CheckpointNote()
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if note, err := checkpoint.ParseNote(data); err == nil {
		s.Signed, s.SignedRoot = note.Claimed().Size, note.Claimed().Root
	}
	return s, nil
}

// bytes is the size of all segments.
func (l *Log) bytes() (int64, error) {
	total := int64(0)
	for _, dir := range []string{"seg", "archive"} {
		entries, err := l.dir.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil {
				total += info.Size()
			}
		}
	}
	return total, nil
}
