//go:build unix

package secondtest

import (
	"crypto/sha256"
	"encoding/binary"
)

// state is where a log ends.
type state struct {
	n       uint64
	size    uint64
	epoch   uint32
	segment uint32
	key     [32]byte
	leaf    [32]byte
}

// parseState returns the first copy whose hash is right.
func parseState(b []byte) (s state, found bool) {
	for b = b[:min(len(b), 256)]; len(b) >= 128; b = b[128:] {
		if sha256.Sum256(b[:96]) != [32]byte(b[96:128]) || string(b[:8]) != "KAIAUD1\n" {
			continue
		}
		return state{
			n:       binary.LittleEndian.Uint64(b[8:]),
			size:    binary.LittleEndian.Uint64(b[16:]),
			epoch:   binary.LittleEndian.Uint32(b[24:]),
			segment: binary.LittleEndian.Uint32(b[28:]),
			key:     [32]byte(b[32:]),
			leaf:    [32]byte(b[64:]),
		}, true
	}
	return s, false
}

// checkState compares the state with the events so far, when these are as many
// as it knows.
func (j *judge) checkState() {
	s := &j.state
	if !j.hasState || j.n != s.n {
		return
	}
	j.atState = true
	switch {
	case uint64(s.segment) != j.segment:
		j.find("tail: the state knows segment %d as the last one, not %d", s.segment, j.segment)
	case s.size != j.size:
		j.find("tail: the state knows %d bytes of the last segment, not %d", s.size, j.size)
	}
	if s.epoch != j.epoch {
		j.find("tail: the state is of epoch %d, not %d", s.epoch, j.epoch)
	}
	if s.leaf != j.leaf {
		j.find("tail: the last leaf is not that of the state")
	}
	if j.key != nil && s.key != *j.key {
		j.find("tail: the key is not that of the state")
	}
}
