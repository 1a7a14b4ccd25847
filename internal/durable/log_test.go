package durable_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"

	"kai/internal/durable"
	"kai/internal/durable/durabletest"
)

var logOptions = durable.LogOptions{Poll: poll}

func openLog(t testing.TB, dir *durable.Dir, name string) *durable.Log {
	t.Helper()
	l, err := dir.OpenLog(t.Context(), name, logOptions)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// records lists what a log holds.
func records(t testing.TB, l *durable.Log) []string {
	t.Helper()
	got := []string{}
	for r, err := range l.Records(context.Background()) {
		must(t, err)
		got = append(got, string(r.Data))
	}
	return got
}

func wantRecords(t testing.TB, l *durable.Log, want ...string) {
	t.Helper()
	if got := records(t, l); !reflect.DeepEqual(got, append([]string{}, want...)) {
		t.Errorf("log holds %.200q, want %.200q", got, want)
	}
}

// The bytes were computed from the package documentation by a bitwise CRC-32C in Python, checked
// against RFC 3720 §B.4.
func TestLogExampleOfTheDocumentation(t *testing.T) {
	path, root := temp(t)
	l := openLog(t, durable.NewDir(root), "log")
	must(t, l.Append(t.Context(), []byte("hi"), nil))
	want := "4b41494c4f47310a" + "0a000000" + "4b2221ec" + "3f6cd273" + "02000000" + "6869" + "00000000"
	if got := hex.EncodeToString([]byte(content(t, filepath.Join(path, "log")))); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	wantRecords(t, l, "hi", "")
}

func TestLogKeepsRecords(t *testing.T) {
	path, root := temp(t)
	dir := durable.NewDir(root)
	l := openLog(t, dir, "log")
	wantRecords(t, l)
	must(t, l.Append(t.Context()))
	want := []string{}
	for i := range 50 {
		r := fmt.Sprintf("record %d %s", i, strings.Repeat("x", i*i*10))
		must(t, l.Append(t.Context(), []byte(r)))
		want = append(want, r)
	}
	wantRecords(t, l, want...)
	wantRecords(t, openLog(t, dir, "log"), want...)
	must(t, l.Close())
	must(t, l.Close())
	wantErr(t, "append after close", l.Append(t.Context(), []byte("x")), durable.ErrClosed)
	wantRecords(t, openLog(t, dir, "log"), want...)
	if got := names(t, path); !reflect.DeepEqual(got, []string{"log", "log.lock"}) {
		t.Errorf("directory holds %q", got)
	}
	info, err := os.Stat(filepath.Join(path, "log"))
	must(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestLogOffsetsRise(t *testing.T) {
	_, root := temp(t)
	l := openLog(t, durable.NewDir(root), "log")
	must(t, l.Append(t.Context(), []byte("a"), []byte("b")))
	must(t, l.Append(t.Context(), []byte("c")))
	var got []int64
	for r, err := range l.Records(t.Context()) {
		must(t, err)
		got = append(got, r.Offset)
	}
	if want := []int64{8, 8, 8 + 12 + 2*5}; !reflect.DeepEqual(got, want) {
		t.Errorf("offsets %d, want %d", got, want)
	}
}

func TestLogRecordsCanStopEarly(t *testing.T) {
	_, root := temp(t)
	l := openLog(t, durable.NewDir(root), "log")
	must(t, l.Append(t.Context(), []byte("a"), []byte("b")))
	for r, err := range l.Records(t.Context()) {
		must(t, err)
		if string(r.Data) != "a" {
			t.Errorf("got %q", r.Data)
		}
		// The lock is free in the meantime.
		must(t, l.Append(t.Context(), []byte("c")))
		break
	}
	wantRecords(t, l, "a", "b", "c")
}

func TestLogLimits(t *testing.T) {
	_, root := temp(t)
	l := openLog(t, durable.NewDir(root), "log")
	most := make([]byte, durable.MaxAppend-4)
	must(t, l.Append(t.Context(), most))
	wantErr(t, "one byte more", l.Append(t.Context(), make([]byte, durable.MaxAppend-3)), durable.ErrTooLarge)
	wantErr(t, "two records", l.Append(t.Context(), most, nil), durable.ErrTooLarge)
	must(t, l.Append(t.Context(), []byte("end")))
	wantRecords(t, openLog(t, durable.NewDir(root), "log"), string(most), "end")
}

func TestLogUpdateDecidesUnderTheLock(t *testing.T) {
	_, root := temp(t)
	dir := durable.NewDir(root)
	refused := errors.New("seen before")
	insert := func(l *durable.Log, r string) error {
		return l.Update(t.Context(), func(tx *durable.Tx) error {
			for old, err := range tx.Records() {
				if err != nil {
					return err
				}
				if string(old.Data) == r {
					return refused
				}
			}
			tx.Append([]byte(r))
			return nil
		})
	}
	// Many writers try the same ten records; each is accepted exactly once.
	var mu sync.Mutex
	accepted := map[string]int{}
	var wg sync.WaitGroup
	for range 4 {
		l := openLog(t, dir, "log")
		wg.Go(func() {
			for i := range 10 {
				r := fmt.Sprint("id ", i)
				err := insert(l, r)
				mu.Lock()
				switch {
				case err == nil:
					accepted[r]++
				case !errors.Is(err, refused):
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for i := range 10 {
		if r := fmt.Sprint("id ", i); accepted[r] != 1 {
			t.Errorf("%s accepted %d times", r, accepted[r])
		}
	}
	if got := records(t, openLog(t, dir, "log")); len(got) != 10 {
		t.Errorf("log holds %q", got)
	}
}

func TestLogReset(t *testing.T) {
	path, root := temp(t)
	dir := durable.NewDir(root)
	a, b := openLog(t, dir, "log"), openLog(t, dir, "log")
	for i := range 10 {
		must(t, a.Append(t.Context(), []byte(fmt.Sprint(i))))
	}
	must(t, a.Update(t.Context(), func(tx *durable.Tx) error {
		for r, err := range tx.Records() {
			if err != nil {
				return err
			}
			if r.Data[0]%2 == 0 {
				tx.Append(bytes.Clone(r.Data))
			}
		}
		tx.Reset()
		return nil
	}))
	// The other one notices that the file is a new one.
	must(t, b.Append(t.Context(), []byte("more")))
	must(t, a.Append(t.Context(), []byte("and more")))
	for _, l := range []*durable.Log{a, b, openLog(t, dir, "log")} {
		wantRecords(t, l, "0", "2", "4", "6", "8", "more", "and more")
	}
	must(t, b.Update(t.Context(), func(tx *durable.Tx) error { tx.Reset(); return nil }))
	wantRecords(t, a)
	if got := content(t, filepath.Join(path, "log")); got != durable.LogMagic {
		t.Errorf("empty log is %q", got)
	}
}

func TestLogManyProcesses(t *testing.T) {
	_, root := temp(t)
	dir := durable.NewDir(root)
	const writers, each = 5, 20
	var wg sync.WaitGroup
	for w := range writers {
		l := openLog(t, dir, "log") // an opening of its own is as good as a process of its own
		wg.Go(func() {
			for i := range each {
				if err := l.Append(context.Background(), []byte(fmt.Sprint(w, ":", i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	next := map[string]int{}
	for _, r := range records(t, openLog(t, dir, "log")) {
		w, i, _ := strings.Cut(r, ":")
		if fmt.Sprint(next[w]) != strings.TrimSpace(i) {
			t.Errorf("writer %s: record %s, want %d", w, i, next[w])
		}
		next[w]++
	}
	for w, n := range next {
		if n != each {
			t.Errorf("writer %s: %d records", w, n)
		}
	}
	if len(next) != writers {
		t.Errorf("%d writers", len(next))
	}
}

// sample is a log of three appends, and where its frames end.
func sample(t testing.TB, dir *durable.Dir, path string) (whole []byte, ends []int) {
	t.Helper()
	l := openLog(t, dir, "log")
	ends = []int{8}
	for _, r := range []string{"first", strings.Repeat("second ", 9), "third"} {
		must(t, l.Append(t.Context(), []byte(r)))
		whole = []byte(content(t, filepath.Join(path, "log")))
		ends = append(ends, len(whole))
	}
	must(t, l.Close())
	return whole, ends
}

var sampleRecords = []string{"first", strings.Repeat("second ", 9), "third"}

func TestLogTornAtEveryByte(t *testing.T) {
	path, root := temp(t)
	dir := quick(root)
	whole, ends := sample(t, dir, path)
	for size := 8; size <= len(whole); size++ {
		put(t, path, "log", string(whole[:size]))
		l := openLog(t, dir, "log")
		n := 0
		for n+1 < len(ends) && ends[n+1] <= size {
			n++
		}
		wantRecords(t, l, sampleRecords[:n]...)
		if got := l.Cut(); got != int64(size-ends[n]) {
			t.Errorf("cut to %d bytes: %d cut off, want %d", size, got, size-ends[n])
		}
		must(t, l.Append(t.Context(), []byte("after")))
		wantRecords(t, openLog(t, dir, "log"), append(append([]string{}, sampleRecords[:n]...), "after")...)
		must(t, l.Close())
	}
	// The first 8 bytes are never torn: the file appears with them.
	for size := range 8 {
		put(t, path, "log", string(whole[:size]))
		_, err := dir.OpenLog(t.Context(), "log", logOptions)
		var damage *durable.CorruptError
		if !errors.As(err, &damage) || damage.Offset != 0 {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestLogFlippedBits(t *testing.T) {
	path, root := temp(t)
	dir := quick(root)
	whole, ends := sample(t, dir, path)
	for i := range whole {
		for bit := range 8 {
			broken := bytes.Clone(whole)
			broken[i] ^= 1 << bit
			put(t, path, "log", string(broken))
			l, err := dir.OpenLog(t.Context(), "log", logOptions)
			if i >= ends[2] {
				// In the last frame it looks like a torn append.
				must(t, err)
				wantRecords(t, l, sampleRecords[:2]...)
				must(t, l.Close())
				continue
			}
			start := 0
			for _, end := range ends {
				if end <= i {
					start = end
				}
			}
			var damage *durable.CorruptError
			if !errors.As(err, &damage) || damage.Offset != int64(start) || damage.Name != "log" {
				t.Errorf("byte %d, bit %d: %v, want damage at %d", i, bit, err, start)
			}
			if content(t, filepath.Join(path, "log")) != string(broken) {
				t.Errorf("byte %d: the damaged file was changed", i)
			}
		}
	}
}

func TestLogTornInsides(t *testing.T) {
	path, root := temp(t)
	dir := quick(root)
	whole, ends := sample(t, dir, path)
	last := ends[2]
	zeros := func(n int) string { return string(make([]byte, n)) }
	copyOf := func(from int) string { return string(whole[from:]) }
	for name, c := range map[string]struct {
		file string
		torn bool
	}{
		"zeros for the last frame":        {string(whole[:last]) + zeros(len(whole)-last), true},
		"zeros for its payload":           {string(whole[:last+12]) + zeros(len(whole)-last-12), true},
		"zeros for its head":              {string(whole[:last]) + zeros(12) + string(whole[last+12:]), true},
		"a page of zeros":                 {string(whole) + zeros(4096), true},
		"text":                            {string(whole) + "kai", true},
		"a copy of the last frame":        {string(whole) + copyOf(last), true},
		"as much as an append can be":     {string(whole) + zeros(durable.FrameHeader+durable.MaxAppend), true},
		"more than an append can be":      {string(whole) + zeros(durable.FrameHeader+durable.MaxAppend+1), false},
		"a frame missing in the middle":   {string(whole[:ends[1]]) + copyOf(last), true},
		"a head lost before a good frame": {string(whole[:ends[1]]) + zeros(12) + string(whole[ends[1]+12:]), false},
	} {
		put(t, path, "log", c.file)
		l, err := dir.OpenLog(t.Context(), "log", logOptions)
		var damage *durable.CorruptError
		switch {
		case c.torn && err != nil:
			t.Errorf("%s: %v", name, err)
		case !c.torn && !errors.As(err, &damage):
			t.Errorf("%s: %v", name, err)
		}
		if l != nil {
			must(t, l.Close())
		}
	}
}

func TestLogReaderDoesNotCut(t *testing.T) {
	path, root := temp(t)
	dir := durable.NewDir(root)
	whole, ends := sample(t, dir, path)
	reader := openLog(t, dir, "log")
	put(t, path, "log", string(whole[:len(whole)-1])) // same file, now torn
	must(t, os.Truncate(filepath.Join(path, "log"), int64(ends[2])))
	var damage *durable.CorruptError
	for _, err := range reader.Records(t.Context()) {
		if !errors.As(err, &damage) {
			t.Errorf("a shortened log was read: %v", err)
		}
	}
	put(t, path, "log", string(whole)+"torn")
	wantRecords(t, reader, sampleRecords...)
	if got := content(t, filepath.Join(path, "log")); got != string(whole)+"torn" {
		t.Errorf("the reader changed the file")
	}
	must(t, reader.Append(t.Context(), []byte("x")))
	wantRecords(t, reader, append(append([]string{}, sampleRecords...), "x")...)
	if reader.Cut() != 4 {
		t.Errorf("cut %d", reader.Cut())
	}
}

func TestLogRefusesOtherFiles(t *testing.T) {
	path, root := temp(t)
	dir := durable.NewDir(root)
	must(t, os.Mkdir(filepath.Join(path, "d"), 0o700))
	_, err := dir.OpenLog(t.Context(), "d", logOptions)
	wantErr(t, "directory", err, durable.ErrNotRegular)
	put(t, path, "target", "")
	must(t, os.Symlink("target", filepath.Join(path, "l")))
	_, err = dir.OpenLog(t.Context(), "l", logOptions)
	wantErr(t, "link", err, durable.ErrNotRegular)
	_, err = dir.OpenLog(t.Context(), "../x", logOptions)
	if err == nil {
		t.Error("escaped")
	}
	_, err = dir.OpenLog(t.Context(), "missing/x", logOptions)
	wantErr(t, "no directory", err, fs.ErrNotExist)
	held, err := dir.Lock(t.Context(), "busy.lock", poll)
	must(t, err)
	defer held.Unlock()
	_, err = dir.OpenLog(t.Context(), "busy", durable.LogOptions{})
	wantErr(t, "busy", err, durable.ErrLocked)
}

// Each call of each operation fails; what was acknowledged is there, and nothing is a mixture.
func TestLogEveryCallFails(t *testing.T) {
	operations := map[string]struct {
		run  func(l *durable.Log) error
		want []string // after success
	}{
		"append": {func(l *durable.Log) error { return l.Append(t.Context(), []byte("new"), []byte("newer")) },
			append(append([]string{}, sampleRecords...), "new", "newer")},
		"reset": {func(l *durable.Log) error {
			return l.Update(t.Context(), func(tx *durable.Tx) error {
				tx.Reset()
				tx.Append([]byte("only"))
				return nil
			})
		}, []string{"only"}},
	}
	tried := 0
	for opName, op := range operations {
		for faultName, fault := range faults {
			t.Run(opName+"/"+faultName, func(t *testing.T) {
				for k := 0; ; k++ {
					path, root := temp(t)
					dir := quick(root)
					sample(t, dir, path)
					fsys := durabletest.Wrap(unsynced{durable.Root(root)}, fault(k))
					l, err := durable.NewDirFS(fsys).OpenLog(t.Context(), "log", logOptions)
					if err == nil {
						err = op.run(l)
						_ = l.Close()
					}
					if k >= len(fsys.Calls()) {
						break
					}
					tried++
					got := records(t, openLog(t, dir, "log"))
					isOld, isNew := reflect.DeepEqual(got, sampleRecords), reflect.DeepEqual(got, op.want)
					if !isOld && !isNew {
						t.Errorf("call %v: a mixture: %q", fsys.Calls()[k], got)
					}
					if err == nil && !isNew {
						t.Errorf("call %v: no error and the old records", fsys.Calls()[k])
					}
					if n := names(t, path); len(n) != 2 {
						t.Errorf("call %v: directory holds %q", fsys.Calls()[k], n)
					}
				}
			})
		}
	}
	if tried < 100 {
		t.Errorf("only %d faults tried", tried)
	}
}

func TestLogGoesOnAfterAFullDiskButNotAfterAFailedSync(t *testing.T) {
	for _, c := range []struct {
		op    string
		fault durabletest.Fault
		lives bool
	}{
		{"write", durabletest.Fault{Err: syscall.ENOSPC, Short: true}, true},
		{"syncdata", durabletest.Fault{Err: syscall.EIO}, false},
	} {
		_, root := temp(t)
		armed := false
		fsys := durabletest.Wrap(durable.Root(root), func(call durabletest.Call) *durabletest.Fault {
			if armed && call.Op == c.op {
				armed = false
				return &c.fault
			}
			return nil
		})
		l := openLog(t, durable.NewDirFS(fsys), "log")
		must(t, l.Append(t.Context(), []byte("before")))
		armed = true
		wantErr(t, c.op, l.Append(t.Context(), []byte("lost")), c.fault.Err)
		err := l.Append(t.Context(), []byte("after"))
		if c.lives {
			must(t, err)
			wantRecords(t, l, "before", "after")
			continue
		}
		wantErr(t, "after a failed sync", err, c.fault.Err)
		wantRecords(t, openLog(t, durable.NewDir(root), "log"), "before")
	}
}

func FuzzLogOpen(f *testing.F) {
	path, root := temp(f)
	whole, ends := sample(f, quick(root), path)
	seeds := [][]byte{
		{}, []byte(durable.LogMagic), whole, whole[:len(whole)-1], whole[:ends[1]+5],
		append(bytes.Clone(whole), 0, 0, 0), append(bytes.Clone(whole), whole[8:]...),
	}
	if len(whole) < 100 {
		f.Fatal("the sample is empty")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	dir := quick(root)
	f.Fuzz(func(t *testing.T, data []byte) {
		put(t, path, "fuzzed", string(data))
		l, err := dir.OpenLog(t.Context(), "fuzzed", logOptions)
		if err != nil {
			var damage *durable.CorruptError
			if !errors.As(err, &damage) {
				t.Fatal(err)
			}
			return
		}
		defer l.Close()
		// What is left is a prefix, and writing its records again gives the same bytes.
		left := content(t, filepath.Join(path, "fuzzed"))
		if !strings.HasPrefix(string(data), left) || int64(len(data)-len(left)) != l.Cut() {
			t.Fatalf("%d bytes became %d, cut %d", len(data), len(left), l.Cut())
		}
		must(t, os.RemoveAll(filepath.Join(path, "again")))
		again, err := dir.OpenLog(t.Context(), "again", logOptions)
		must(t, err)
		defer again.Close()
		var frame [][]byte
		at := int64(-1)
		for r, err := range l.Records(t.Context()) {
			must(t, err)
			if r.Offset != at {
				must(t, again.Append(t.Context(), frame...))
				frame, at = nil, r.Offset
			}
			frame = append(frame, r.Data)
		}
		must(t, again.Append(t.Context(), frame...))
		if got := content(t, filepath.Join(path, "again")); got != left {
			t.Fatalf("written again: %x\nwant %x", got, left)
		}
	})
}

func BenchmarkLogAppend(b *testing.B) {
	_, root := temp(b)
	l := openLog(b, durable.NewDir(root), "log")
	record := make([]byte, 300)
	for b.Loop() {
		must(b, l.Append(b.Context(), record))
	}
}

// BenchmarkBareAppend is the floor for BenchmarkLogAppend: one write and one fdatasync.
func BenchmarkBareAppend(b *testing.B) {
	_, root := temp(b)
	f, err := durable.Root(root).Open("bare", os.O_WRONLY|os.O_CREATE, 0o600)
	must(b, err)
	record := make([]byte, 300)
	at := int64(0)
	for b.Loop() {
		_, err := f.WriteAt(record, at)
		must(b, err)
		must(b, f.SyncData())
		at += int64(len(record))
	}
}
