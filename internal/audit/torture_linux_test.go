package audit

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/durable"
)

// writerVariable makes the test binary a process that appends: DIR,COUNT,UNSAFE. COUNT 0 is without end.
const writerVariable = "KAI_AUDIT_TEST_WRITER"

func TestMain(m *testing.M) {
	if order := os.Getenv(writerVariable); order != "" {
		if err := writeEvents(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(verifyVariable); dir != "" {
		if err := verifyProcess(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writeEvents appends, and tells each number and leaf on standard output once it is durable.
func writeEvents(order string) error {
	words := strings.Split(order, ",")
	root, err := os.OpenRoot(words[0])
	if err != nil {
		return err
	}
	l, err := Open(Options{Dir: durable.NewDir(root), Now: time.Now, Random: rand.Reader})
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(words[1])
	if err != nil {
		return err
	}
	for i := 0; count == 0 || i < count; i++ {
		var r Receipt
		switch {
		case words[2] == "unsafe":
			r, err = l.appendWithoutRecovery(Draft{Act: "secret_retrieved", Outcome: event.OK})
		case count == 0 && mathrand.IntN(200) == 0:
			r, err = l.NewEpoch(context.Background())
		default:
			drafts := make([]Draft, 1+mathrand.IntN(3)*mathrand.IntN(2))
			if count > 0 {
				drafts = drafts[:1]
			}
			for k := range drafts {
				drafts[k] = Draft{Act: "secret_retrieved", Outcome: event.Outcome(1 + mathrand.IntN(2))}
			}
			r, err = l.Append(context.Background(), drafts...)
		}
		if err != nil {
			return err
		}
		for _, a := range r.Events {
			fmt.Printf("%d %x\n", a.Event.N, a.Leaf)
		}
	}
	return nil
}

// appendWithoutRecovery is Append without the step that adopts what a killed process has left.
func (l *Log) appendWithoutRecovery(d Draft) (Receipt, error) {
	held, err := l.take(context.Background())
	if err != nil {
		return Receipt{}, err
	}
	defer held.Unlock()
	return l.write(func() (*writer, error) {
		st, err := readState(l.dir)
		if err != nil {
			return nil, err
		}
		w := &writer{l: l, mark: mark{st: st}, from: st.n}
		if err := w.openSegment(); err != nil {
			return nil, err
		}
		if err := w.readLast(); err != nil {
			return nil, err
		}
		if err := w.loadEdge(false); err != nil {
			return nil, err
		}
		if w.file.File == nil {
			if w.file, err = l.openLast(0); err != nil {
				return nil, err
			}
		}
		info, err := w.file.Stat()
		if err != nil {
			return nil, err
		}
		w.written = w.mark
		w.written.st.segOff = uint64(info.Size()) // behind whatever is there
		return w, nil
	}, func(w *writer) error { return w.add(d) })
}

// spawn starts a writer.
func spawn(t *testing.T, dir string, count int, mode string) (*exec.Cmd, io.Reader) {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s,%d,%s", writerVariable, dir, count, mode))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return cmd, out
}

// acknowledged are the events that writers were told of.
type acknowledged struct {
	mu     sync.Mutex
	leaves map[uint64]string // guarded by mu
	twice  []uint64          // guarded by mu
}

// read takes what a writer says to its end. A last line without its end says nothing.
func (a *acknowledged) read(r io.Reader, first func()) {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		number, leaf, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			continue
		}
		a.mu.Lock()
		if _, ok := a.leaves[n]; ok {
			a.twice = append(a.twice, n)
		}
		a.leaves[n] = leaf
		a.mu.Unlock()
		first()
	}
}

// missing are the acknowledged events that the log does not have as they were acknowledged.
func (a *acknowledged) missing(t *testing.T, l *Log) (missing []uint64) {
	t.Helper()
	size, err := l.Size()
	must(t, err)
	found := map[uint64]bool{}
	for v, err := range l.Views(t.Context(), 0, size) {
		must(t, err)
		if leaf, ok := a.leaves[v.N]; ok && leaf == fmt.Sprintf("%x", LineHash(v.Line)) {
			found[v.N] = true
		}
	}
	for n := range a.leaves {
		if !found[n] {
			missing = append(missing, n)
		}
	}
	return missing
}

// killed lets six writers append and be killed at any moment, until so many were.
func killed(t *testing.T, p *place, kills int, mode string) *acknowledged {
	t.Helper()
	a := &acknowledged{leaves: map[uint64]string{}}
	const writers = 6
	var running sync.WaitGroup
	for w := range writers {
		rounds := (kills + w) / writers
		running.Go(func() {
			for range rounds {
				cmd, out := spawn(t, p.path, 0, mode)
				done := make(chan struct{})
				working := make(chan struct{})
				go func() { defer close(done); a.read(out, sync.OnceFunc(func() { close(working) })) }()
				select {
				case <-working: // it has appended; some are killed before
				case <-done:
				case <-time.After(time.Duration(mathrand.IntN(1000)) * time.Millisecond):
				}
				time.Sleep(time.Duration(mathrand.IntN(20)) * time.Millisecond) // a moment of its work, not a wait for something
				_ = cmd.Process.Kill()
				<-done
				_ = cmd.Wait()
			}
		})
	}
	running.Wait()
	return a
}

func TestKilledWriters(t *testing.T) {
	kills := 1002
	if testing.Short() {
		kills = 60
	}
	p := newPlace(t)
	l := p.create()
	p.opts.Now = time.Now
	a := killed(t, p, kills, "safe")
	add(t, p.open(), 1) // the last one may have left something to recover
	verifyOK(t, p, VerifyOptions{})
	if lost := a.missing(t, l); len(lost) > 0 || len(a.twice) > 0 {
		t.Errorf("lost %d of %d acknowledged events: %v; twice: %v", len(lost), len(a.leaves), lost, a.twice)
	}
	if len(a.leaves) == 0 {
		t.Errorf("%d kills, and only %d events: the writers did not work", kills, len(a.leaves))
	}
	recovered, err := l.Count(t.Context(), 0, 1<<40, 1, true, func(v *event.View) bool { return string(v.Act) == "audit.recovered" })
	must(t, err)
	t.Logf("%d kills, %d events acknowledged, %d recoveries", kills, len(a.leaves), recovered)
}

// The test above is not blind: without recovery a log does not survive what it does. A process is
// killed between writing its line and writing the state; the next one goes on without looking.
func TestWithoutRecoveryTheChainBreaks(t *testing.T) {
	p := newPlace(t)
	l := p.create()
	add(t, l, 3)
	before, err := readState(p.dir)
	must(t, err)
	add(t, l, 1)
	must(t, writeState(p.dir, &before, true)) // as it was when the line was written, and not yet the state
	_, err = l.appendWithoutRecovery(Draft{Act: "secret_retrieved", Outcome: event.OK})
	must(t, err)
	v, err := p.open().Verify(t.Context(), VerifyOptions{Workers: 1})
	must(t, err)
	if v.Verdict != VerdictTampered {
		t.Errorf("without recovery: %s", v.Verdict)
	}
	// With it, the same is whole.
	q := newPlace(t)
	l = q.create()
	add(t, l, 3)
	before, err = readState(q.dir)
	must(t, err)
	add(t, l, 1)
	must(t, writeState(q.dir, &before, true))
	r := add(t, l, 1)
	if len(r.Own) != 1 || r.Own[0].Event.Act != "audit.recovered" || r.Own[0].Event.Details.Int("adopted") != 1 {
		t.Errorf("own events %+v", r.Own)
	}
	verifyOK(t, q, VerifyOptions{})
}

// Fifty processes append twenty events each: a thousand, without a gap.
func TestManyProcesses(t *testing.T) {
	processes, each := 50, 20
	if testing.Short() {
		processes = 10
	}
	p := newPlace(t)
	p.create()
	a := &acknowledged{leaves: map[uint64]string{}}
	var running sync.WaitGroup
	for range processes {
		cmd, out := spawn(t, p.path, each, "safe")
		running.Go(func() {
			a.read(out, func() {})
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	v := verifyOK(t, p, VerifyOptions{})
	if v.Size != uint64(processes*each)+1 || len(a.leaves) != processes*each || len(a.twice) > 0 {
		t.Errorf("%d events, %d acknowledged, twice %v", v.Size, len(a.leaves), a.twice)
	}
}
