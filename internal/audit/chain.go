package audit

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
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
	// anyEpoch: those that were leapt over are not counted.
	anyEpoch bool

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
	details   string       // the commitment to details that lie in a file; "" when d has them
	bad       error
}

// start begins at event 0, under the key of epoch 0.
func (v *verifier) start() error {
	c := &v.chain
	v.rootReached()
	stated, err := v.firstEpoch()
	if err == nil {
		err = v.enterEpoch(0, 0, stated)
	}
	if err == nil && v.st.n == 0 && !v.lost {
		c.atState = &position{c.prev, c.key, c.keyKnown, c.epoch}
	}
	return err
}

// firstEpoch is the hash of the file of epoch 0 that event 0 states, "" when it does not. It is
// wanted before the line is read in its turn, which needs the key.
func (v *verifier) firstEpoch() (stated string, err error) {
	first, err := v.l.Event(0)
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrPruned), errors.Is(err, ErrTampered):
		return "", nil // said elsewhere
	case err != nil:
		return "", err
	case first.Event.Act != "audit.created":
		return "", nil
	}
	return first.Event.Details.Text("file"), nil
}

// enterEpoch takes the first key of an epoch, if it can be had, from the file whose hash an event
// states, "" when none does.
func (v *verifier) enterEpoch(e uint32, n uint64, stated string) error {
	c := &v.chain
	c.epoch, c.keyKnown, c.broken, c.anyEpoch = e, false, false, false
	report := EpochReport{Epoch: e, From: n}
	defer func() { v.out.Epochs = append(v.out.Epochs, report) }()
	f, err := writtenEpoch(v.epochs[e], e, stated)
	if err != nil {
		v.findAt(n, CheckEpoch, err.Error())
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
	if inPlace && r.event != nil && OpensEpoch(r.event.Act) && !chained(r.event.Act) {
		err = v.jump(r)
	}
	if inPlace {
		v.checkLine(n, r)
	}
	if c.keyKnown {
		c.key = evolve(&c.key, &r.leaf)
	}
	if err == nil && inPlace && r.details != "" {
		err = v.checkDetails(n, r.details)
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
	return v.opened(r)
}

// opened enters the epoch that an event opens.
func (v *verifier) opened(r *row) error {
	c := &v.chain
	e, stated := r.event.Details.Int("epoch"), r.event.Details.Text("file")
	switch {
	case e <= int64(c.epoch), e > math.MaxUint32, chained(r.event.Act) && e != int64(c.epoch)+1 && !c.anyEpoch:
		v.findAt(r.n, CheckEpoch, fmt.Sprintf("opens epoch %d after %d", e, c.epoch))
	case stated == "":
		v.findAt(r.n, CheckEpoch, fmt.Sprintf("does not state the file of epoch %d", e))
	default:
		return v.enterEpoch(uint32(e), r.n, stated)
	}
	c.keyKnown = false
	return nil
}

// understand acts on the events that the log says of itself.
func (v *verifier) understand(r *row) error {
	e := r.event
	switch e.Act {
	case "audit.epoch":
		return v.opened(r) // the leaf before it is still that of the event before
	case "audit.checkpoint":
		v.cpTimes[uint64(e.Details.Int("n"))] = e.Time
		if k := v.l.ownKey(e.Details.Text("key")); k != nil && !slices.ContainsFunc(v.keys, k.Equal) {
			v.keys = append(v.keys, k)
		}
	case "audit.acknowledged":
		v.acknowledges(e.Details, r.n)
	case "audit.redacted":
		if _, missing := v.redacted[uint64(e.Details.Int("at"))]; missing {
			v.redacted[uint64(e.Details.Int("at"))] = true
		}
	}
	return nil
}

// acknowledges notes that event n is about a cut. Nobody can have known of one that was to come.
func (v *verifier) acknowledges(d event.Details, n uint64) {
	at := d.Int("at")
	if at < 0 || uint64(at) >= n {
		return
	}
	if _, earlier := v.acked[uint64(at)]; !earlier {
		v.acked[uint64(at)] = n
	}
}

// ownKey is the key of the log that an event names, nil when that is none.
func (l *Log) ownKey(text string) *checkpoint.Verifier {
	k, err := checkpoint.ParseVerifier(text)
	if err != nil || k.Name() != l.info.Origin || k.Type() != checkpoint.Ed25519 {
		return nil
	}
	return k
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
	own := func(k *checkpoint.Verifier) bool { _, ok := verified.By(k); return ok }
	if err == nil && !slices.ContainsFunc(keys, own) && !slices.ContainsFunc(v.keys, own) && cp.Size >= v.out.From {
		err = checkpoint.ErrUntrusted // a witness alone makes no checkpoint
	}
	if errors.Is(err, checkpoint.ErrUntrusted) && cp.Size < v.out.From {
		return // by a key of the log that an event names which was not read; the root is right
	}
	if err != nil {
		v.find(Finding{N: cp.Size, Check: CheckCheckpoint, Text: s.name + ": " + err.Error()})
		return
	}
	cover := &v.out.Coverage
	if slices.ContainsFunc(keys, own) && cp.Size >= cover.SignedTo {
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
