//go:build unix

package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"filippo.io/age"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/audit/secondtest"
	"kai/internal/durable"
)

// Ten thousand random logs, two thirds of them tampered with, are judged by Verify and by a verifier
// that was written from kai-audit(5) alone. They never disagree.
func TestSecondVerifierAgrees(t *testing.T) {
	logs, seed := 10_000, uint64(50)
	if testing.Short() {
		logs = 300
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a third of the time would go there
	var mu sync.Mutex
	words, hows := map[string]int{}, map[string]int{}
	t.Run("logs", func(t *testing.T) {
		const shards = 2
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				base := memoryDir(t)
				who, to := newAuditor(t)
				other, toOther := newAuditor(t)
				var l *randomLog
				t.Cleanup(func() { // what a failure has left
					if l != nil {
						l.unseal()
					}
				})
				for i := shard; i < logs; i += shards {
					l = newRandomLog(t, filepath.Join(base, fmt.Sprint(i)), seed, uint64(i))
					l.sealTo(to, toOther)
					l.live()
					how := l.tamper()
					first, said := l.firstVerdict(who, other)
					second, saidToo := l.secondVerdict(who, other)
					if first != second {
						t.Errorf("log %d, %s; %s: first %s %s, second %s %s", i, l.life, how, first, said, second, saidToo)
					}
					if how == "nothing" && first != string(VerdictOK) && !l.suspicious {
						t.Errorf("log %d, %s, is whole: %s %s", i, l.life, first, said)
					}
					l.remove()
					mu.Lock()
					words[first]++
					kind, _, _ := strings.Cut(how, " ")
					hows[kind+" "+first]++
					mu.Unlock()
				}
			})
		}
	})
	t.Logf("%v; %v", words, hows)
	for _, word := range []string{"ok", "tampered", "incomplete", "refused"} {
		if words[word] == 0 {
			t.Errorf("no log was %s: %v", word, words)
		}
	}
}

// memoryDir is a directory whose syncs cost nothing, where there is one.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "kai-audit-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// randomLog is a log to which things happen.
type randomLog struct {
	*place
	root       *os.Root
	r          *rand.Rand
	log        *Log
	recipients []Recipient // to choose from; none for a log that is not sealed
	cuts       []uint64    // that are not acknowledged
	head       Head
	suspicious bool // whoever looks at it cannot be sure
	life       string
}

func newRandomLog(t *testing.T, dir string, seed, number uint64) *randomLog {
	t.Helper()
	must(t, os.Mkdir(dir, 0o700))
	root, err := os.OpenRoot(dir)
	must(t, err)
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], number)
	l := &randomLog{root: root, r: rand.New(rand.NewPCG(seed, number))}
	l.place = &place{t: t, path: dir, dir: durable.NewDir(root), clock: &clock{now: time.Date(2026, 1, 2, 3, 4, 4, 0, time.UTC)}}
	l.write(reserveFile, []byte{0}) // a mebibyte for each log would take most of the time
	l.opts = Options{Dir: l.dir, Now: l.clock.Now, Random: rand.NewChaCha8(key), SegmentEvents: 256}
	return l
}

func (l *randomLog) remove() {
	must(l.t, l.root.Close())
	must(l.t, os.RemoveAll(l.path))
}

// sealTo seals half of the logs.
func (l *randomLog) sealTo(recipients ...Recipient) {
	if l.r.IntN(2) == 0 {
		l.recipients = recipients
	}
}

// live makes the log, and has up to six things happen to it.
func (l *randomLog) live() {
	l.reopen(true)
	for range 1 + l.r.IntN(6) {
		switch l.r.IntN(10) {
		case 0:
			l.did("epoch")
			_, err := l.log.NewEpoch(context.Background())
			must(l.t, err)
		case 1, 2:
			l.checkpoint(false)
		case 3:
			l.anchor()
		case 4:
			if l.r.IntN(2) == 0 {
				l.loseState()
			}
		case 5:
			l.reopen(false)
		default:
			l.append()
		}
	}
	switch l.r.IntN(12) {
	case 0:
		l.did("no state")
		must(l.t, os.Remove(l.file(stateFile)))
		l.suspicious = true
	case 1:
		l.did("killed before the state")
		old := l.read(stateFile)
		l.append()
		l.write(stateFile, old)
	case 2:
		l.did("killed in a line")
		l.grow(l.newest(), []byte(`{"n":`))
	case 3:
		l.did("killed while it opened an epoch")
		st, err := readState(l.dir)
		must(l.t, err)
		l.write(clearName(st.epoch+1), []byte("{}"))
	case 4:
		if len(l.cuts) > 0 {
			l.checkpoint(true)
		}
	}
	l.suspicious = l.suspicious || len(l.cuts) > 0
	l.unseal()
}

func (l *randomLog) did(what string) { l.life += what + ", " }

// reopen goes on as another process, with another configuration.
func (l *randomLog) reopen(create bool) {
	l.did("open")
	l.opts.Source = event.Source{Agent: l.name(), UID: l.r.Uint32(), HasUID: l.r.IntN(2) == 0, PID: l.r.Int64N(1 << 22), TTY: l.name(), Host: l.name()}
	l.opts.Context = event.Context{Cmd: l.name(), Role: l.name(), CI: l.r.IntN(2) == 0, Config: fmt.Sprintf("%08x", l.r.IntN(2))}
	l.opts.Recipients = nil
	if len(l.recipients) > 0 {
		l.opts.Recipients = always(l.recipients[:1+l.r.IntN(len(l.recipients))]...)
	}
	var err error
	if create {
		l.log, err = Create(context.Background(), l.opts)
	} else {
		l.log, err = Open(l.opts)
	}
	must(l.t, err)
}

// append appends up to 200 random events; one batch in fifty has details that need a file.
func (l *randomLog) append() {
	drafts := make([]Draft, 1+l.r.IntN(200))
	l.did(fmt.Sprint(len(drafts), " events"))
	for i := range drafts {
		drafts[i] = l.draft()
	}
	if l.r.IntN(50) == 0 {
		var long []any
		for range 300 {
			long = append(long, strings.Repeat("x", 250))
		}
		drafts[0].Details = event.Details{{Name: "segments", Value: long}}
	}
	r, err := l.log.Append(context.Background(), drafts...)
	must(l.t, err)
	l.head = r.Head
}

func (l *randomLog) checkpoint(acknowledge bool) {
	l.did("checkpoint")
	var acks []Acknowledgement
	if acknowledge {
		for _, at := range l.cuts {
			acks = append(acks, Acknowledgement{at, l.name()})
		}
		l.cuts = nil
	}
	var err error
	_, l.head, err = l.log.Checkpoint(context.Background(), []*checkpoint.Signer{testSigner(l.t, l.log.info.Origin)}, acks...)
	must(l.t, err)
}

func (l *randomLog) anchor() {
	if l.head.N == 0 {
		return
	}
	l.did("anchor")
	ref := strings.Map(func(r rune) rune { // a document has no control characters
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, l.name())
	must(l.t, l.log.AddAnchor(context.Background(), Anchor{Kind: "git", N: l.head.N, Root: l.head.Root, Ref: ref}))
}

// loseState loses the state and goes on; half of the time the owner acknowledges that.
func (l *randomLog) loseState() {
	l.did("state lost")
	must(l.t, os.Remove(l.file(stateFile)))
	r, err := l.log.Append(context.Background(), l.draft())
	must(l.t, err)
	l.cuts = append(l.cuts, r.Own[0].Event.N)
	if l.r.IntN(2) == 0 {
		l.checkpoint(true)
	}
}

// name is a hostile one.
func (l *randomLog) name() string {
	names := []string{
		"", "agent", "a\nb", "\r\n", `"`, `\`, `\u0041`, "\x1b[2J", "\u202egnp.exe", "\u2028\u2029", "\x00", "\x7f\u0085", "\xff\xfe", "é😀\u061c",
		`","m":"AAAAAAAAAAAAAAAAAAAAAA"}`, "|=,;", "=cmd()", "{}", strings.Repeat("long ", 60), strings.Repeat("😀", 70), "\ufeff\ufffd\uffff", "\U0010ffff",
	}
	return names[l.r.IntN(len(names))]
}

// randomActs are those that anybody may append.
var randomActs = sync.OnceValue(func() (rows []event.Row) {
	for _, row := range event.Acts() {
		if !strings.HasPrefix(row.Act, "audit.") && !row.AnySeverity {
			rows = append(rows, row)
		}
	}
	return rows
})

func (l *randomLog) draft() Draft {
	rows := randomActs()
	row := rows[l.r.IntN(len(rows))]
	var outcomes []event.Outcome
	for outcome, severity := range row.By {
		if severity != 0 {
			outcomes = append(outcomes, event.Outcome(outcome))
		}
	}
	d := Draft{Act: row.Act, Outcome: outcomes[l.r.IntN(len(outcomes))], Agent: l.name()}
	if l.r.IntN(3) == 0 {
		d.Ref, d.HasRef = uint64(l.r.IntN(100)), true
	}
	const most = 1<<53 - 1
	for _, member := range []event.Member{
		{Name: "what", Value: event.Outside(l.name())},
		{Name: "path", Value: "h:" + strings.Repeat("A", 22)},
		{Name: "count", Value: l.r.Int64N(2*most+1) - most},
		{Name: "truncated", Value: l.r.IntN(2) == 0},
		{Name: "segments", Value: []any{}},
		{Name: "events", Value: []any{int64(0), "", true, event.Outside(l.name())}},
	} {
		if l.r.IntN(4) == 0 {
			d.Details = append(d.Details, member)
		}
	}
	return d
}

// newest is the last segment.
func (l *randomLog) newest() string {
	firsts, err := l.log.segments()
	must(l.t, err)
	return segmentName(firsts[len(firsts)-1])
}

func (l *randomLog) grow(name string, more []byte) { l.write(name, append(l.read(name), more...)) }

// tamper does something to one file of two logs in three, half of the time to the first segment.
func (l *randomLog) tamper() string {
	if l.r.IntN(3) == 0 {
		return "nothing"
	}
	name := segmentName(0)
	if l.r.IntN(2) == 0 {
		name = l.anyFile()
	}
	data := l.read(name)
	lines := bytes.SplitAfter(data, []byte("\n"))
	a, b := l.r.IntN(len(lines)), l.r.IntN(len(lines))
	how := "nothing" // since there is nothing in the file
	switch k := l.r.IntN(6); {
	case k == 0:
		how = "removed"
		must(l.t, os.Remove(l.file(name)))
		return how + " " + name
	case k == 1:
		how = "added"
		more := [][]byte{{'x'}, {'\n'}, {0}, lines[a], lines[0], []byte("{}\n"), bytes.Repeat([]byte{'y'}, l.r.IntN(300)), bytes.Repeat([]byte{'z'}, event.MaxLine-l.r.IntN(2))}
		data = slices.Concat(data, more[l.r.IntN(len(more))])
	case k == 2 && len(data) > 0:
		how = "cut"
		size := l.r.IntN(len(data))
		if l.r.IntN(2) == 0 { // at a line
			size = len(bytes.Join(lines[:a], nil))
		}
		data = data[:size]
	case k == 3:
		how = "swapped"
		lines[a], lines[b] = lines[b], lines[a]
		data = bytes.Join(lines, nil)
	case k == 4:
		how = "line"
		data = bytes.Join(slices.Delete(lines, a, a+1), nil)
	case len(data) > 0:
		how = "bit"
		at, bit := l.r.IntN(len(data)), l.r.IntN(8)
		data[at] ^= 1 << bit
		how += fmt.Sprintf(" %d of byte %d of", bit, at)
	}
	l.write(name, data)
	return how + " " + name
}

// anyFile is one of the log's files.
func (l *randomLog) anyFile() string {
	var names []string
	must(l.t, filepath.WalkDir(l.path, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(l.path, path)
			names = append(names, rel)
		}
		return err
	}))
	return names[l.r.IntN(len(names))]
}

func (l *randomLog) firstVerdict(who ...age.Identity) (word, said string) {
	opts := l.opts
	log, err := Open(opts)
	if errors.Is(err, ErrTampered) {
		return string(VerdictTampered), err.Error()
	}
	if err != nil {
		return "refused", err.Error()
	}
	v, err := log.Verify(context.Background(), VerifyOptions{Workers: 1, Identities: who})
	if err != nil {
		return "refused", err.Error()
	}
	return string(v.Verdict), fmt.Sprint(v.Findings)
}

func (l *randomLog) secondVerdict(who ...age.Identity) (word, said string) {
	r, err := secondtest.Verify(l.path, who...)
	if err != nil {
		return "refused", err.Error()
	}
	return r.Verdict, fmt.Sprint(r.Findings)
}
