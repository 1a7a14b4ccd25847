//go:build unix

package secondtest

import (
	"errors"
	"fmt"
	"slices"

	"filippo.io/age"
)

// The verdicts.
const (
	ok         = "ok"
	tampered   = "tampered"
	incomplete = "incomplete"
)

// Result is what Verify has found.
type Result struct {
	Verdict  string   // "ok", "tampered", "incomplete"
	Findings []string // one line each, for people
}

// Verify judges the log in a directory.
//
// It is "tampered" when something is not as it was written, or when the log may
// have been cut and nobody has acknowledged that; "incomplete" when nothing is
// wrong but the state is lost; otherwise "ok". Acknowledged cuts are among the
// findings of a log that is ok. What is wrong without the key of an epoch that none
// of the identities opens is wrong with it.
//
// An error means that the log cannot be judged: it is none, or of another
// version, a file must be refused, none of the identities opens an epoch, or
// there are archived segments or pruned events, which this package does not
// support.
func Verify(dir string, identities ...age.Identity) (Result, error) {
	f, err := load(dir)
	if err != nil {
		return Result{}, err
	}
	if f.log == nil {
		if f.hasEvents() { // so there was a log, and nobody knows which
			return Result{tampered, []string{"log: log.json is missing"}}, nil
		}
		return Result{}, errors.New("there is no log.json")
	}
	h, err := parseHeader(f.log)
	if err != nil {
		return Result{}, fmt.Errorf("log.json: %w", err)
	}
	j := &judge{header: h, files: f, identities: identities, missing: map[uint64]bool{}}
	j.state, j.hasState = parseState(f.state)
	if !j.hasState {
		j.notes = append(j.notes, "tail: the state is lost, the end may have been cut off")
	}
	j.events()
	j.anchors()
	j.checkpoints()
	j.chains()
	return j.result()
}

func (f *files) hasEvents() bool {
	return slices.ContainsFunc(f.segs, func(s file) bool { _, named := segmentName(s.name); return named })
}

// judge holds what is known of a log while it is being read.
type judge struct {
	header     header
	files      *files
	identities []age.Identity
	state      state
	hasState   bool

	wrong    []string // findings that make the log tampered
	notes    []string // other findings
	unopened error    // the first epoch that no identity opens

	// After the events so far.
	n       uint64
	tree    tree
	leaf    [32]byte // of the last event
	key     *[32]byte
	epoch   uint32
	time    string
	segment uint64 // index of the last segment with events
	size    uint64 // of these
	atState bool   // the end that the state knows has been reached

	cuts    []uint64 // events that begin new chains
	acks    []ack
	keys    []string        // verifier keys of the log
	missing map[uint64]bool // events whose details are not there

	signed uint64 // the size of the largest checkpoint that the log's key signed
}

type ack struct{ n, at uint64 }

func (j *judge) find(format string, args ...any) {
	j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
}

// chains reports each event before which the log may have been cut.
func (j *judge) chains() {
	for _, n := range j.cuts {
		if j.acknowledged(n) {
			j.notes = append(j.notes, fmt.Sprintf("chain: the log may have been cut before event %d, which is acknowledged", n))
		} else {
			j.find("chain: the log may have been cut before event %d", n)
		}
	}
}

func (j *judge) acknowledged(n uint64) bool {
	for _, a := range j.acks {
		if a.at == n && a.n > n && a.n < j.signed {
			return true
		}
	}
	return false
}

func (j *judge) result() (Result, error) {
	r := Result{Verdict: ok, Findings: append(j.wrong, j.notes...)}
	switch {
	case len(j.wrong) > 0:
		r.Verdict = tampered
	case j.unopened != nil:
		return Result{}, j.unopened
	case !j.hasState:
		r.Verdict = incomplete
	}
	return r, nil
}
