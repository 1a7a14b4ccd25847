package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"kai/internal/durable"
)

const (
	stateFile  = "state"
	stateMagic = "KAIAUD1\n"
	stateCopy  = 128
	stateSize  = 2 * stateCopy
)

// state is where the log ends and the key of the next event. It says the same twice in its file.
type state struct {
	n      uint64   // of the next event
	segOff uint64   // size of the last segment
	epoch  uint32   // of key
	seg    uint32   // the last segment: first n / events of a segment
	key    [32]byte // K_n
	prev   [32]byte // hash of leaf n−1; zeros when n is 0
}

// sameEnd reports whether s is the same end of a log, whatever its key.
func (s *state) sameEnd(as *state) bool {
	return s.n == as.n && s.segOff == as.segOff && s.epoch == as.epoch && s.seg == as.seg && s.prev == as.prev
}

// encode appends one copy to b, which is empty.
func (s *state) encode(b []byte) []byte {
	b = append(b, stateMagic...)
	b = binary.LittleEndian.AppendUint64(b, s.n)
	b = binary.LittleEndian.AppendUint64(b, s.segOff)
	b = binary.LittleEndian.AppendUint32(b, s.epoch)
	b = binary.LittleEndian.AppendUint32(b, s.seg)
	b = append(b, s.key[:]...)
	b = append(b, s.prev[:]...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// decodeState returns the first of the copies that is whole.
func decodeState(b []byte) (s state, ok bool) {
	for len(b) >= stateCopy {
		one := b[:stateCopy]
		b = b[stateCopy:]
		sum := sha256.Sum256(one[:96])
		if !bytes.HasPrefix(one, []byte(stateMagic)) || !bytes.Equal(sum[:], one[96:]) {
			continue
		}
		s.n = binary.LittleEndian.Uint64(one[8:])
		s.segOff = binary.LittleEndian.Uint64(one[16:])
		s.epoch = binary.LittleEndian.Uint32(one[24:])
		s.seg = binary.LittleEndian.Uint32(one[28:])
		copy(s.key[:], one[32:])
		copy(s.prev[:], one[64:])
		return s, true
	}
	return state{}, false
}

// readState reads the file. A missing or damaged one is errStateLost.
func readState(d *durable.Dir) (state, error) {
	f, err := openPrivate(d, stateFile, os.O_RDONLY)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return state{}, errStateLost
	case err != nil:
		return state{}, err
	}
	defer f.Close()
	return readStateOf(f)
}

func readStateOf(f io.ReaderAt) (state, error) {
	var b [stateSize]byte
	n, err := f.ReadAt(b[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return state{}, fmt.Errorf("audit log: state: %w", err)
	}
	s, ok := decodeState(b[:n])
	if !ok {
		return state{}, errStateLost
	}
	return s, nil
}

// errStateLost means that no copy of the state is whole.
var errStateLost = errors.New("audit log: state lost")

// writeState puts s in place of the old state, one copy after the other, so that one is whole
// however far the writing gets. With sync it returns when that is durable; otherwise a crash may bring back an older
// state, and recovery makes it this one.
//
// Expected system calls: openat(state), pwrite of both copies, fdatasync when asked to.
func writeState(d *durable.Dir, s *state, sync bool) error {
	f, err := d.OpenFile(stateFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(writeStateTo(f, s, sync), f.Close())
}

func writeStateTo(f durable.File, s *state, sync bool) error {
	var copies [stateSize]byte
	defer clear(copies[:])
	s.encode(copies[:0])
	copy(copies[stateCopy:], copies[:stateCopy])
	if _, err := f.WriteAt(copies[:], 0); err != nil {
		return fmt.Errorf("audit log: state: %w", err)
	}
	if sync {
		if err := f.SyncData(); err != nil {
			return fmt.Errorf("audit log: state: %w", err)
		}
	}
	return nil
}
