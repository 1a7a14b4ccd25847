package audit

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
)

// An acknowledgement of a cut that is yet to come is none: otherwise who can append an event could have
// the owner sign for a cut in advance.
func TestAcknowledgedInAdvance(t *testing.T) {
	p := newMemoryPlace(t)
	a := &attacked{place: p}
	appendMany(t, p.create(), 9)
	s := []*checkpoint.Signer{testSigner(t, p.open().info.Origin)}
	_, _, err := p.open().Checkpoint(t.Context(), s, Acknowledgement{At: 13, Reason: "in advance"})
	must(t, err)
	add(t, p.open(), 1)
	loseState(t, p)
	r := add(t, p.open(), 1)
	if at := r.Own[0].Event.N; at != 13 {
		t.Fatalf("the cut is at %d", at)
	}
	_, _, err = p.open().Checkpoint(t.Context(), s)
	must(t, err)
	for _, quick := range []bool{false, true} {
		a.want(a.verify(func(o *VerifyOptions) { o.Quick = quick }), VerdictTampered, "epoch: cut at 13 is possible")
	}
	_, _, err = p.open().Checkpoint(t.Context(), s, Acknowledgement{At: 13, Reason: "the disk"})
	must(t, err)
	// That it is said once more, and not signed yet, changes nothing.
	_, err = p.open().Append(t.Context(), Draft{Act: "audit.acknowledged", Outcome: event.OK, Details: event.Details{{Name: "at", Value: int64(13)}}})
	must(t, err)
	for _, quick := range []bool{false, true} {
		a.want(a.verify(func(o *VerifyOptions) { o.Quick = quick }), VerdictOK, "")
	}
}

// A note is a checkpoint of the log when a key of the log has signed it, and lies under its size.
func TestNotesOfTheLog(t *testing.T) {
	p := newMemoryPlace(t)
	l := p.create()
	appendMany(t, l, 9)
	note, head, err := l.Checkpoint(t.Context(), []*checkpoint.Signer{testSigner(t, l.info.Origin)})
	must(t, err)
	a := &attacked{place: p}
	a.want(a.verify(nil), VerdictOK, "")

	witness, err := checkpoint.NewSigner("witness.example/w", checkpoint.Cosignature, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)), time.Now)
	must(t, err)
	cosigned, err := checkpoint.Sign(checkpoint.Checkpoint{Origin: l.info.Origin, Size: head.N, Root: head.Root}, witness)
	must(t, err)
	knows := func(o *VerifyOptions) { o.Witnesses = []*checkpoint.Verifier{witness.Verifier()} }

	a.write(checkpointFile, append(bytes.Clone(note), cosigned[bytes.LastIndex(cosigned, []byte("\n\n"))+2:]...))
	if v := a.verify(knows); v.Verdict != VerdictOK || v.Coverage.CosignedTo != head.N {
		t.Errorf("%s, %+v, %v", v.Verdict, v.Coverage, v.Findings)
	}
	a.write(checkpointFile, cosigned)
	a.want(a.verify(nil), VerdictTampered, "checkpoint: checkpoint: ")
	a.want(a.verify(knows), VerdictTampered, "checkpoint: checkpoint: ")

	a.write(checkpointFile, note)
	a.write(checkpointName(head.N-1), note)
	a.want(a.verify(nil), VerdictTampered, "checkpoint: checkpoints/000000000009.note: of 10 events")
	must(t, p.dir.Remove(checkpointName(head.N-1)))
	a.write(checkpointFile, make([]byte, maxSmallFile+1))
	a.want(a.verify(nil), VerdictTampered, "checkpoint: checkpoint: ")
	must(t, os.Chmod(p.file(checkpointFile), 0o640))
	_, err = p.open().Verify(t.Context(), VerifyOptions{})
	wantErr(t, err, ErrPermission)
}

// Details in files of their own are held against what their events say.
func TestDetailsFiles(t *testing.T) {
	p := newMemoryPlace(t)
	l := p.create()
	var long []any
	for range 400 {
		long = append(long, strings.Repeat("x", 250))
	}
	r, err := l.Append(t.Context(), Draft{Act: "audit.recovered", Outcome: event.OK, Details: event.Details{{Name: "segments", Value: long}}})
	must(t, err)
	a, name := &attacked{place: p}, detailsFile(r.Events[0].Event.N)
	whole := a.read(name)
	a.want(a.verify(nil), VerdictOK, "")
	for i := range 60 {
		at := i * (len(whole) - 1) / 59
		data := bytes.Clone(whole)
		data[at] ^= 1
		a.write(name, data)
		a.want(a.verify(nil), VerdictTampered, "details: details/1.bin is not what the event says")
	}
	for _, size := range []int{0, 31, 32, len(whole) - 1} {
		a.write(name, whole[:size])
		a.want(a.verify(nil), VerdictTampered, "details: details/1.bin is not what the event says")
	}
	must(t, p.dir.Remove(name))
	a.want(a.verify(nil), VerdictTampered, "details: details/1.bin is missing")
	for range 2 { // the first time it was gone already
		must(t, l.Redact(t.Context(), 1))
		a.want(a.verify(nil), VerdictOK, "")
		wantErr(t, l.Redact(t.Context(), 1), ErrNotFound)
		a.write(name, whole)
	}
	a.want(a.verify(nil), VerdictOK, "")
}

// A log without events has nothing that its state could know.
func TestStateOfNoEvents(t *testing.T) {
	p := newMemoryPlace(t)
	_, _, err := create(p.opts)
	must(t, err)
	a := &attacked{place: p}
	a.want(a.verify(nil), VerdictOK, "")
	st, err := readState(p.dir)
	must(t, err)
	for _, change := range []func(*state){
		func(s *state) { s.key[3] ^= 1 }, func(s *state) { s.prev[3] ^= 1 },
		func(s *state) { s.segOff++ }, func(s *state) { s.seg++ }, func(s *state) { s.epoch++ },
	} {
		forged := st
		change(&forged)
		must(t, writeState(p.dir, &forged, true))
		a.want(a.verify(nil), VerdictTampered, "tail: ")
	}
}
