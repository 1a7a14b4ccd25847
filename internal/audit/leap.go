package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
)

// isNoKey reports whether an error means that keys are needed.
func isNoKey(err error) bool { return errors.Is(err, ErrNoKey) }

// errLeap means that the tree is of no use for Quick: the lines have to be read.
var errLeap = errors.New("audit log: tree: not what was signed")

// quick leaps to the newest checkpoint, if that is beyond event n.
func (v *verifier) quick(n uint64) (leaped bool, err error) {
	cp := v.signed()
	if cp.Size <= n {
		return false, nil
	}
	err = v.leap(cp.Size, true)
	if err != nil || v.chain.edge.root() != cp.Root {
		return false, errors.Join(errLeap, err)
	}
	return true, nil
}

// signed is the newest checkpoint whose signature verifies with the keys of the log that the caller
// gave, or else with those that the log's own last checkpoints name.
func (v *verifier) signed() (newest checkpoint.Checkpoint) {
	keys := v.o.Log
	if len(keys) == 0 {
		keys = v.l.namedKeys(v.st.n)
	}
	for _, s := range v.notes {
		cp := s.note.Claimed()
		if cp.Size <= newest.Size || cp.Size > v.st.n {
			continue
		}
		verified, err := s.note.Verify(keys...)
		if err != nil {
			continue
		}
		if slices.ContainsFunc(keys, func(k *checkpoint.Verifier) bool { _, ok := verified.By(k); return ok }) {
			newest = cp
		}
	}
	return newest
}

// leap follows the chain up to event n by the leaves of the tree, without the lines: what they
// hash to is held against the checkpoint that covers them, as for every other size. Keys evolve
// with the leaves, too, but the events that open epochs have to be read. With strict it is an error that
// an epoch's file does not lead to one.
func (v *verifier) leap(n uint64, strict bool) error {
	c := &v.chain
	f, err := v.openFile(treeFile)
	if err != nil {
		return err
	}
	defer f.Close()
	openings, err := v.openings(n, strict)
	if err != nil {
		return err
	}
	in := &leafReader{r: f}
	for c.edge.size < n {
		leaf, err := in.next(c.edge.size)
		if err != nil {
			return fmt.Errorf("audit log: tree: %w", noEOF(err))
		}
		if err := v.hop(c.edge.size, leaf, openings[c.edge.size]); err != nil {
			return err
		}
	}
	c.tree.skip(n)
	c.anyEpoch = v.o.Public
	v.out.From = n
	return v.leapedAcknowledgements(n)
}

// leapedAcknowledgements looks below n for the events by which the owner has signed for a cut that
// was found there. Only then are lines read, and held against their leaves.
func (v *verifier) leapedAcknowledgements(n uint64) error {
	cut := slices.IndexFunc(v.out.Findings, func(f Finding) bool { return f.Check == CheckEpoch && !f.Place })
	if cut < 0 {
		return nil
	}
	for view, err := range v.l.views(context.Background(), v.out.Findings[cut].N, n) {
		if errors.Is(err, ErrPruned) || errors.Is(err, ErrTampered) {
			return nil // it stays a finding
		}
		if err != nil {
			return err
		}
		if string(view.Act) != "audit.acknowledged" {
			continue
		}
		leaf, err := tree{v.l.dir}.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(view.N))})
		if err != nil || leaf[0] != LineHash(view.Line) {
			continue
		}
		e := view.Event()
		v.acknowledges(e.Details, view.N)
	}
	return nil
}

// opening is where an epoch begins.
type opening struct {
	epoch uint32
	// chained: its event has a MAC by the key of the epoch before.
	chained bool
	// event is nil where it was pruned.
	event *event.Event
}

// hop is step for a leaf whose line is not read.
func (v *verifier) hop(n uint64, leaf [32]byte, o *opening) error {
	c := &v.chain
	var err error
	if o != nil && !o.chained {
		err = v.open(n, leaf, o)
	}
	if err == nil && c.keyKnown {
		c.key = evolve(&c.key, &leaf)
	}
	if err == nil && o != nil && o.chained {
		err = v.open(n, leaf, o)
	}
	if err != nil {
		return err
	}
	c.prev = leaf
	c.edge.add(leaf, c.tree.scratch[:0])
	if c.edge.size == v.st.n {
		c.atState = &position{c.prev, c.key, c.keyKnown, c.epoch}
	}
	if c.keyKnown {
		v.out.Coverage.MACTo = c.edge.size
	}
	v.rootReached()
	return nil
}

// open enters an epoch at an event whose leaf is known, and its line where it was not pruned.
func (v *verifier) open(n uint64, leaf [32]byte, o *opening) error {
	if o.event == nil {
		return v.enterEpoch(o.epoch, n, "")
	}
	r := &row{n: n, leaf: leaf, event: o.event}
	line, err := o.event.AppendLine(nil)
	if err != nil || LineHash(line) != leaf {
		v.findAt(n, CheckTree, "the event that opens an epoch is not in the tree")
		return nil
	}
	v.chain.micros = max(v.chain.micros, o.event.Time.UnixMicro())
	if !o.chained {
		return v.jump(r)
	}
	return v.understand(r)
}

// openings finds the events below n that open epochs: each epoch's file says where. Where one does
// not, and that is no error, the events that are left say what is wrong.
func (v *verifier) openings(n uint64, strict bool) (map[uint64]*opening, error) {
	found := map[uint64]*opening{}
	if v.o.Public {
		return found, nil // no key is followed
	}
	unchained, err := v.l.prunedUnchained()
	if err != nil {
		return nil, err
	}
	missing := v.st.epoch
	for e, files := range v.epochs {
		if e == 0 || !v.lost && e > v.st.epoch { // the latter begin behind n, if at all
			continue
		}
		missing--
		at, o, err := v.opening(e, files, unchained)
		switch {
		case err == nil && at < n:
			found[at] = o
		case err == nil: // said when its event is read
		case strict:
			return nil, err
		case isNoKey(err) && !v.opensFrom(n, e):
			return nil, err
		}
	}
	if missing > 0 && strict {
		return nil, errNoOpening
	}
	return found, nil
}

// opening finds the event that opens an epoch, by those of its files that can be opened. The errors
// are those of EpochFile.open, errNoOpening, and those of the file system.
func (v *verifier) opening(e uint32, files []EpochFile, unchained []uint64) (at uint64, o *opening, err error) {
	for i := range files {
		doc, failed := files[i].open(v.o.Identities)
		if failed != nil {
			err = failed
			continue
		}
		got, failed := v.l.Event(doc.N)
		switch {
		case errors.Is(failed, ErrPruned):
			return doc.N, &opening{epoch: e, chained: !slices.Contains(unchained, doc.N)}, nil
		case errors.Is(failed, ErrNotFound), errors.Is(failed, ErrTampered):
			err = errNoOpening
		case failed != nil:
			return 0, nil, failed
		case OpensEpoch(got.Event.Act) && got.Event.Details.Int("epoch") == int64(e) && got.Event.Details.Text("file") == files[i].Sum():
			return doc.N, &opening{epoch: e, chained: chained(got.Event.Act), event: &got.Event}, nil
		default:
			err = errNoOpening
		}
	}
	return 0, nil, err
}

// errNoOpening means that no event names the file: it is not the one that was written, or was left by
// an opening that was cut short.
var errNoOpening = errors.New("audit log: file of an epoch that no event names")

// opensFrom reports whether one of the events from n on opens an epoch. All of them are read, so this
// is asked only where something is wrong.
func (v *verifier) opensFrom(n uint64, e uint32) bool {
	for view, err := range v.l.views(context.Background(), n, 1<<53) {
		if err != nil {
			return false
		}
		if !special(view.Act) {
			continue
		}
		if opens := view.Event(); OpensEpoch(opens.Act) && opens.Details.Int("epoch") == int64(e) {
			return true
		}
	}
	return false
}

// namedKeys are those that the log's last checkpoints say have signed them.
func (l *Log) namedKeys(n uint64) []*checkpoint.Verifier {
	const enough = 2 * 4096 // a checkpoint is made each 4,096 events
	seen := 0
	for v, err := range l.Backward(context.Background(), n) {
		if seen++; err != nil || seen > enough {
			break
		}
		if string(v.Act) != "audit.checkpoint" {
			continue
		}
		e := v.Event()
		if k := l.ownKey(e.Details.Text("key")); k != nil {
			return []*checkpoint.Verifier{k}
		}
	}
	return nil
}

// leafReader reads leaves in their order from the tree.
type leafReader struct {
	r     io.ReaderAt
	buf   []byte
	start int64
}

func (l *leafReader) next(n uint64) (leaf [32]byte, err error) {
	at := tlog.StoredHashIndex(0, int64(n)) * hashSize
	if i := at - l.start; l.buf == nil || i+hashSize > int64(len(l.buf)) {
		l.buf = append(l.buf[:0], make([]byte, 256<<10)...)
		got, err := l.r.ReadAt(l.buf, at)
		if err != nil && err != io.EOF {
			return leaf, err
		}
		l.buf, l.start = l.buf[:got], at
	}
	i := at - l.start
	if i+hashSize > int64(len(l.buf)) {
		return leaf, io.EOF
	}
	copy(leaf[:], l.buf[i:])
	return leaf, nil
}
