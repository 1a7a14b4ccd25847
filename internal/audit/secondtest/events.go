//go:build unix

package secondtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// events checks all lines. It stops where it cannot tell any more what the next
// line should be.
func (j *judge) events() {
	j.begin()
	torn := "" // the segment that ends in a line without line feed
	for _, seg := range j.files.segs {
		first, named := segmentName(seg.name)
		switch {
		case !named:
			continue // no part of the log
		case first%j.header.seg != 0 || first != j.n:
			j.find("segment: %s is not in its place, the next event is %d", seg.name, j.n)
			return
		case torn != "":
			j.find("segment: %s has something behind its last line", torn)
			return
		}
		rest := seg.data
		for {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				break
			}
			if j.n == first+j.header.seg {
				j.find("segment: %s has more than %d lines", seg.name, j.header.seg)
				return
			}
			j.checkState()
			if !j.line(rest[:i]) {
				return
			}
			rest = rest[i+1:]
			j.segment = first / j.header.seg
			j.size = uint64(len(seg.data) - len(rest))
		}
		if len(rest) > 0 {
			torn = seg.name
		}
		if len(rest) >= maxLine {
			j.find("segment: %s ends in more than a line may have", seg.name)
		}
	}
	j.checkState()
	for n := range j.missing {
		j.find("details: those of event %d are missing, and were not redacted", n)
	}
	if j.hasState && !j.atState {
		j.find("tail: the state knows %d events, there are %d", j.state.n, j.n)
	}
}

// segmentName returns the number that a segment is named after.
func segmentName(name string) (n uint64, named bool) {
	if len(name) < len("seg/000000000000.jsonl") {
		return 0, false
	}
	n, err := strconv.ParseUint(name[4:len(name)-6], 10, 64)
	return n, err == nil && name == fmt.Sprintf("seg/%012d.jsonl", n)
}

// line checks one line, which is to be event j.n. It returns false when the lines
// after it make no sense any more.
func (j *judge) line(line []byte) bool {
	n := j.n
	e, err := parseLine(line)
	if err != nil {
		j.find("syntax: event %d: %v", n, err)
		return false
	}
	if e.n != n {
		j.find("sequence: event %d calls itself %d", n, e.n)
		return false
	}
	if e.time < j.time {
		j.find("time: event %d is of %s, the one before of %s", n, e.time, j.time)
	}
	if e.p != short(j.leaf) {
		j.find("prev: event %d does not follow the one before", n)
	}

	if e.act == "audit.state_lost" || e.act == "audit.repaired" {
		j.newChain(n, e)
	}
	leaf := leafHash(line)
	if j.key != nil {
		if e.m != short(keyed('M', *j.key, leaf)) {
			j.find("mac: event %d is not as it was written", n)
		}
		next := keyed('E', *j.key, leaf)
		j.key = &next
	}
	if e.act == "audit.epoch" {
		j.nextEpoch(n, e)
	}

	j.details(n, e)
	j.note(n, e)
	j.tree.add(leaf)
	j.leaf = leaf
	j.time = e.time
	j.n++
	return true
}

// note keeps what events say about the log.
func (j *judge) note(n uint64, e event) {
	switch e.act {
	case "audit.redacted":
		if at, found := e.d["at"].(int64); found && at >= 0 {
			delete(j.missing, uint64(at))
		}
	case "audit.acknowledged":
		if at, found := e.d["at"].(int64); found && at >= 0 {
			j.acks = append(j.acks, ack{n, uint64(at)})
		}
	case "audit.checkpoint":
		if key, found := e.d["key"].(string); found {
			j.keys = append(j.keys, key)
		}
	}
}

// details holds the file of an event's details against what the event says.
func (j *judge) details(n uint64, e event) {
	want, found := e.d["details"].(string)
	if !found || len(e.d) != 1 || !strings.HasPrefix(want, "c:") || len(want) != 45 {
		return
	}
	name := fmt.Sprintf("details/%d.bin", n)
	data, there := j.files.details[name]
	if !there {
		j.missing[n] = true
		return
	}
	sum := sha256.Sum256(data)
	if len(data) < 32 || len(data) > 32+16<<20 || want != "c:"+base64.RawURLEncoding.EncodeToString(sum[:]) {
		j.find("details: %s is not what event %d says", name, n)
	}
}

// leafHash hashes the record of a line, which is the line without its MAC.
func leafHash(line []byte) [32]byte {
	const mac = len(`,"m":"` + `0123456789012345678901` + `"}`)
	b := make([]byte, 0, len(line))
	b = append(b, 0)
	b = append(b, line[:len(line)-mac]...)
	return sha256.Sum256(append(b, '}'))
}

// keyed hashes a leaf with a key.
func keyed(purpose byte, key, leaf [32]byte) [32]byte {
	b := make([]byte, 0, 65)
	b = append(b, purpose)
	b = append(b, key[:]...)
	return sha256.Sum256(append(b, leaf[:]...))
}

// short is how a line has a hash.
func short(h [32]byte) string {
	return base64.RawURLEncoding.EncodeToString(h[:16])
}
