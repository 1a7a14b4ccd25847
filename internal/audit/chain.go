package audit

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
)

// chain is what Verify carries from line to line.
type chain struct {
	edge   edge
	micros int64
	prev   [32]byte // the leaf before

	epoch    uint32
	key      [32]byte
	keyKnown bool // the MACs of this epoch can be checked
	broken   bool // one of them was wrong: those behind it say nothing

	atState *position // where the state says that the log ends
	torn    int       // bytes behind the last line
	tree    *treeReader
	next    int // index into wanted
}

// position is what the chain knows at one size.
type position struct {
	prev, key [32]byte
	keyKnown  bool
	epoch     uint32
}

// row is what a worker has made of a line.
type row struct {
	n         uint64
	micros    int64
	leaf      [32]byte
	mac, prev [16]byte
	event     *event.Event // of acts that the chain has to understand
	bad       error
}

// start begins at event 0, under the key of epoch 0.
func (v *verifier) start() error {
	c := &v.chain
	if c.atState == nil && v.st.n == 0 && !v.lost {
		c.atState = &position{}
	}
	v.rootReached()
	return v.enterEpoch(0, 0)
}

// enterEpoch takes the first key of an epoch, if it can be had.
func (v *verifier) enterEpoch(e uint32, n uint64) error {
	c := &v.chain
	c.epoch, c.keyKnown, c.broken = e, false, false
	report := EpochReport{Epoch: e, From: n}
	defer func() { v.out.Epochs = append(v.out.Epochs, report) }()
	f := v.epochs[e]
	if f == nil {
		v.findAt(n, CheckEpoch, fmt.Sprintf("the file of epoch %d is missing", e))
		return nil
	}
	report.Sealed = f.Sealed
	if v.o.Public {
		return nil
	}
	doc, err := f.open(v.o.Identities)
	if isNoKey(err) {
		return err
	}
	if err != nil {
		v.findAt(n, CheckEpoch, err.Error())
		return nil
	}
	if doc.LogID != v.l.info.LogID || doc.N != n || [32]byte(doc.Prev) != c.prev {
		v.findAt(n, CheckEpoch, fmt.Sprintf("the file of epoch %d is of another place", e))
		return nil
	}
	c.key, c.keyKnown, report.Opened = doc.K0, true, true
	return nil
}

// step checks one line, which should be event number n.
func (v *verifier) step(r *row) error {
	c := &v.chain
	n := c.edge.size
	inPlace := true
	switch {
	case r.bad != nil:
		v.findAt(n, CheckSyntax, r.bad.Error())
		c.broken, inPlace = true, false
	case r.n != n:
		v.findAt(n, CheckSequence, fmt.Sprintf("event %d", r.n))
		c.broken, inPlace = true, false
	}
	var err error
	if inPlace && r.event != nil && opensEpoch(r.event.Act) && !chained(r.event.Act) {
		err = v.jump(r)
	}
	if inPlace {
		v.checkLine(n, r)
	}
	if c.keyKnown {
		c.key = evolve(&c.key, &r.leaf)
	}
	if err == nil && inPlace && r.event != nil {
		err = v.understand(r)
	}
	if err != nil {
		return err
	}
	c.prev, c.micros = r.leaf, max(c.micros, r.micros)
	hashes := c.edge.add(r.leaf, c.tree.scratch[:0])
	if !c.tree.matches(hashes) {
		v.treeGood = false
	}
	if c.edge.size == v.st.n {
		c.atState = &position{c.prev, c.key, c.keyKnown && !c.broken, c.epoch}
	}
	if !c.broken && c.keyKnown {
		v.out.Coverage.MACTo = c.edge.size
	}
	v.rootReached()
	return nil
}

// checkLine checks a line that is where it belongs.
func (v *verifier) checkLine(n uint64, r *row) {
	c := &v.chain
	if c.keyKnown && !c.broken && r.mac != macOf(&c.key, &r.leaf) {
		v.findAt(n, CheckMAC, "")
		c.broken = true
	}
	if !bytes.Equal(r.prev[:], c.prev[:16]) && n > v.out.From {
		v.findAt(n, CheckPrev, "")
		c.broken = true
	}
	if r.micros < c.micros {
		v.findAt(n, CheckTime, "earlier than the event before")
	}
}

// rootReached keeps the root at sizes that something speaks of.
func (v *verifier) rootReached() {
	c := &v.chain
	for c.next < len(v.wanted) && v.wanted[c.next] < c.edge.size {
		c.next++
	}
	if c.next < len(v.wanted) && v.wanted[c.next] == c.edge.size {
		v.roots[c.edge.size] = c.edge.root()
	}
}

// jump enters an epoch whose first event has no MAC by a key of the epoch before: whoever cuts
// the log could have opened it.
func (v *verifier) jump(r *row) error {
	v.find(Finding{N: r.n, Check: CheckEpoch, Text: fmt.Sprintf("cut at %d is possible: %s begins a new chain", r.n, r.event.Act)})
	e, ok := v.statedEpoch(r)
	if !ok {
		v.chain.keyKnown = false
		return nil
	}
	return v.enterEpoch(e, r.n)
}

// statedEpoch holds the event that opens an epoch against the epoch's file.
func (v *verifier) statedEpoch(r *row) (uint32, bool) {
	e := r.event.Details.Int("epoch")
	if e != int64(v.chain.epoch)+1 && (chained(r.event.Act) || e <= int64(v.chain.epoch) || e > 1<<31) {
		v.findAt(r.n, CheckEpoch, fmt.Sprintf("opens epoch %d after %d", e, v.chain.epoch))
		return 0, false
	}
	f := v.epochs[uint32(e)]
	if f == nil {
		v.findAt(r.n, CheckEpoch, fmt.Sprintf("the file of epoch %d is missing", e))
		return 0, false
	}
	if f.Sum() != r.event.Details.Text("file") {
		v.findAt(r.n, CheckEpoch, fmt.Sprintf("the file of epoch %d is not the one that was written", e))
		return 0, false
	}
	return uint32(e), true
}

// understand acts on the events that the log says of itself.
func (v *verifier) understand(r *row) error {
	e := r.event
	switch e.Act {
	case "audit.created":
		want := e.Details.Text("file")
		if f := v.epochs[0]; f != nil && want != "" && f.Sum() != want {
			v.findAt(r.n, CheckEpoch, "the file of epoch 0 is not the one that was written")
		}
	case "audit.epoch":
		// What opens the next epoch must not see the hash of this line as the one before.
		before := v.chain.prev
		epoch, ok := v.statedEpoch(r)
		if !ok {
			v.chain.keyKnown = false
			return nil
		}
		v.chain.prev = before
		return v.enterEpoch(epoch, r.n)
	case "audit.checkpoint":
		v.cpTimes[uint64(e.Details.Int("n"))] = e.Time
		if k, err := checkpoint.ParseVerifier(e.Details.Text("key")); err == nil && !slices.ContainsFunc(v.keys, k.Equal) {
			v.keys = append(v.keys, k)
		}
	case "audit.acknowledged":
		v.acked[uint64(e.Details.Int("at"))] = r.n
	}
	return nil
}

// checkCheckpoints holds every note against the root at its size, and its signatures against the
// keys of the log and of witnesses.
func (v *verifier) checkCheckpoints() {
	keys := v.o.Log
	if len(keys) == 0 {
		keys = v.keys
	}
	for _, s := range v.notes {
		cp := s.note.Claimed()
		if cp.Size > v.out.Size {
			v.find(Finding{N: v.out.Size, Check: CheckCheckpoint, Text: fmt.Sprintf("%s: covers %d events, log has %d", s.name, cp.Size, v.out.Size)})
			continue
		}
		root, err := v.rootAt(cp.Size)
		if err != nil {
			continue // inside what was not read
		}
		if root != cp.Root {
			v.find(Finding{N: cp.Size, Check: CheckCheckpoint, Text: fmt.Sprintf("%s: another root for %d events", s.name, cp.Size)})
			continue
		}
		v.checkSignatures(s, cp, keys)
	}
}

func (v *verifier) checkSignatures(s signedNote, cp checkpoint.Checkpoint, keys []*checkpoint.Verifier) {
	known := slices.Concat(keys, v.o.Witnesses)
	for _, k := range v.keys { // older keys, where the caller has named others
		if !slices.ContainsFunc(known, k.Equal) {
			known = append(known, k)
		}
	}
	verified, err := s.note.Verify(known...)
	if errors.Is(err, checkpoint.ErrUntrusted) && cp.Size < v.out.From {
		return // by a key of the log that an event names which was not read; the root is right
	}
	if err != nil {
		v.find(Finding{N: cp.Size, Check: CheckCheckpoint, Text: s.name + ": " + err.Error()})
		return
	}
	cover := &v.out.Coverage
	if slices.ContainsFunc(keys, func(k *checkpoint.Verifier) bool { _, ok := verified.By(k); return ok }) && cp.Size >= cover.SignedTo {
		cover.SignedTo, cover.CheckpointTime = cp.Size, v.cpTimes[cp.Size]
	}
	for _, w := range v.o.Witnesses {
		if sig, ok := verified.By(w); ok && cp.Size >= cover.CosignedTo {
			cover.CosignedTo = cp.Size
			v.anchoredAt(cp.Size, sig.Time)
		}
	}
}

// anchoredAt notes that something outside the home vouches for a size.
func (v *verifier) anchoredAt(n uint64, t time.Time) {
	c := &v.out.Coverage
	c.AnchoredTo = max(c.AnchoredTo, n)
	if t.After(c.NewestAnchor) {
		c.NewestAnchor = t
	}
}

// checkAnchors holds what anchors.jsonl says against the roots.
func (v *verifier) checkAnchors() {
	for _, a := range v.anchors {
		text := ""
		root, err := v.rootAt(a.N)
		switch {
		case a.N > v.out.Size:
			text = fmt.Sprintf("%s covers %d events, log has %d", a.Kind, a.N, v.out.Size)
		case err != nil:
		case root != a.Root:
			text = fmt.Sprintf("%s knows another root for %d events: %s", a.Kind, a.N, hex.EncodeToString(a.Root[:4]))
		default:
			v.anchoredAt(a.N, a.Time)
		}
		if text != "" {
			v.find(Finding{N: a.N, Check: CheckAnchor, Text: text})
		}
	}
}

// special reports whether the chain has to understand an act.
func special(act []byte) bool { return len(act) > 6 && strings.HasPrefix(string(act[:6]), "audit.") }
