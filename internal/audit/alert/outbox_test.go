package alert_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/alert"
	"kai/internal/audit/event"
)

func TestPutAndFlush(t *testing.T) {
	path := t.TempDir()
	o := open(t, path)
	a := violation(t, 1, "p", "g")
	if fate := put(t, o, a, start, "one", "two"); fate != alert.Kept {
		t.Fatalf("fate %d", fate)
	}
	list := pending(t, o)
	if len(list) != 2 || list[0].ID != a.ID || list[0].Sink != "one" || list[1].Sink != "two" || !list[0].Created.Equal(start) {
		t.Fatalf("%+v", list)
	}
	info, err := os.Stat(filepath.Join(path, "outbox", a.ID+".one.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	one, two := &mailbox{name: "one"}, &mailbox{name: "two"}
	report := flush(t, o, start, one)
	if len(report.Sent) != 1 || len(pending(t, o)) != 1 {
		t.Errorf("an entry of a sink that is not there: %+v", report)
	}
	flush(t, o, start, one, two)
	flush(t, o, start, one, two)
	if !slices.Equal(one.ids(), []string{a.ID}) || !slices.Equal(two.ids(), []string{a.ID}) || len(pending(t, o)) != 0 {
		t.Errorf("one %v, two %v", one.ids(), two.ids())
	}
}

func TestDuplicates(t *testing.T) {
	o := open(t, t.TempDir())
	box := &mailbox{name: "box"}
	for i, c := range []struct {
		a     alert.Alert
		after time.Duration
		want  alert.Fate
	}{
		{violation(t, 1, "p", "g"), 0, alert.Kept},
		{violation(t, 2, "p", "g"), time.Second, alert.Duplicate},
		{violation(t, 3, "p", "h"), time.Second, alert.Kept},
		{violation(t, 4, "q", "g"), time.Second, alert.Kept},
		{exported(t, 5), time.Second, alert.Kept},
		{exported(t, 5), 2 * time.Second, alert.Duplicate},
		{exported(t, 6), 2 * time.Second, alert.Kept},
		{violation(t, 7, "p", "g"), alert.SilentFor - time.Microsecond, alert.Duplicate},
		{violation(t, 8, "p", "g"), alert.SilentFor, alert.Kept},
	} {
		if fate := put(t, o, c.a, start.Add(c.after), "box"); fate != c.want {
			t.Errorf("%d: %d, want %d", i, fate, c.want)
		}
		flush(t, o, start.Add(c.after), box) // silence does not depend on what still waits
	}
	if len(box.ids()) != 6 {
		t.Errorf("%d sent", len(box.ids()))
	}
}

func TestTenAMinute(t *testing.T) {
	o := open(t, t.TempDir())
	for i := range alert.MaxPerMinute {
		if fate := put(t, o, violation(t, uint64(i), "p", fmt.Sprint(i)), start.Add(time.Duration(i)*time.Second), "box"); fate != alert.Kept {
			t.Fatalf("alert %d: %d", i+1, fate)
		}
	}
	for _, c := range []struct {
		pattern string
		after   time.Duration
		want    alert.Fate
	}{
		{"p", 59 * time.Second, alert.Limited},
		{"q", 59 * time.Second, alert.Kept},
		{"p", 60 * time.Second, alert.Kept},
		{"p", 60 * time.Second, alert.Limited},
	} {
		group := fmt.Sprint("later", c.after, c.want)
		if fate := put(t, o, violation(t, 99, c.pattern, group), start.Add(c.after), "box"); fate != c.want {
			t.Errorf("%s after %v: %d, want %d", c.pattern, c.after, fate, c.want)
		}
	}
}

// A sink that is down is asked again at 1 m, 2 m, 4 m … after each attempt, and gets the alert once.
func TestDownThenUp(t *testing.T) {
	o := open(t, t.TempDir())
	a := exported(t, 1)
	box := &mailbox{name: "box", send: down}
	put(t, o, a, start, "box")
	now := start
	for k := range 12 {
		report := flush(t, o, now, box)
		if len(report.Failed) != 1 || !errors.Is(report.Failed[0].Err, errDown) {
			t.Fatalf("attempt %d: %+v", k+1, report)
		}
		p := pending(t, o)[0]
		delay := min(time.Minute<<k, 6*time.Hour)
		if p.Attempts != k+1 || p.Error != "unreachable" || !p.NotBefore.Equal(now.Add(delay)) {
			t.Fatalf("attempt %d: %+v", k+1, p)
		}
		if report := flush(t, o, p.NotBefore.Add(-time.Microsecond), box); len(report.Failed) != 0 {
			t.Fatalf("attempt %d was followed too early", k+1)
		}
		now = p.NotBefore
	}
	box.send = nil
	for range 3 {
		flush(t, o, now, box)
		now = now.Add(7 * time.Hour)
	}
	if !slices.Equal(box.ids(), []string{a.ID}) || len(pending(t, o)) != 0 {
		t.Errorf("sent %v", box.ids())
	}
}

func TestDroppedAfterAWeek(t *testing.T) {
	o := open(t, t.TempDir())
	box := &mailbox{name: "box", send: down}
	a := exported(t, 1)
	put(t, o, a, start, "box")
	if report := flush(t, o, start.Add(alert.MaxAge-time.Second), box); len(report.Dropped) != 0 || len(report.Failed) != 1 {
		t.Fatalf("%+v", report)
	}
	report := flush(t, o, start.Add(alert.MaxAge), box)
	if len(report.Dropped) != 1 || len(pending(t, o)) != 0 {
		t.Fatalf("%+v", report)
	}
	d := report.Dropped[0]
	record := d.Event()
	if err := record.Check(); err != nil {
		t.Error(err)
	}
	if d.ID != a.ID || d.Reason != alert.Expired || d.Error != "unreachable" || record.Details.Text("sink") != "box" || record.Details.Int("attempts") != 1 {
		t.Errorf("%+v, %v", d, record.Details)
	}
}

func TestDroppedBeyondAThousand(t *testing.T) {
	path := t.TempDir()
	o := open(t, path)
	first := exported(t, 0)
	put(t, o, first, start, "box")
	file, err := os.ReadFile(filepath.Join(path, "outbox", first.ID+".box.json"))
	if err != nil {
		t.Fatal(err)
	}
	// The others are written past the outbox, which would sync each.
	for i := range alert.MaxEntries - 1 {
		id := exported(t, uint64(i+1)).ID
		name := filepath.Join(path, "outbox", id+".box.json")
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(file), first.ID, id)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	last := exported(t, 5000)
	fate, dropped, err := o.Put(context.Background(), last, []string{"box"}, start.Add(time.Hour))
	if err != nil || fate != alert.Kept || len(dropped) != 1 || dropped[0].ID != first.ID || dropped[0].Reason != alert.Overflow {
		t.Fatalf("%d, %+v, %v", fate, dropped, err)
	}
	record := dropped[0].Event()
	if err := record.Check(); err != nil || record.Details.Text("error") != "not_sent" {
		t.Errorf("%v, %v", record.Details, err)
	}
	if list := pending(t, o); len(list) != alert.MaxEntries || list[len(list)-1].ID != last.ID {
		t.Errorf("%d entries", len(list))
	}
}

func TestForeignFiles(t *testing.T) {
	path := t.TempDir()
	o := open(t, path)
	a := exported(t, 1)
	for name, content := range map[string]string{
		"notes.txt": "x", "recent.json": "not JSON", a.ID + ".box.json": "{}", a.ID + ".UPPER.json": "{}", ".kai-tmp-0123456789abcdef": "x",
	} {
		if err := os.WriteFile(filepath.Join(path, "outbox", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if list := pending(t, o); len(list) != 1 || !list[0].Malformed {
		t.Errorf("%+v", list)
	}
	put(t, o, exported(t, 2), start, "box")
	box := &mailbox{name: "box"}
	report := flush(t, o, start, box)
	if len(report.Sent) != 1 || len(report.Dropped) != 1 || report.Dropped[0].Reason != alert.Malformed || report.Dropped[0].ID != a.ID {
		t.Errorf("%+v", report)
	}
	if _, err := os.Stat(filepath.Join(path, "outbox", "notes.txt")); err != nil {
		t.Error(err)
	}
}

// A sink that keeps failing is left alone, and the others do not wait for it.
func TestOneSinkDown(t *testing.T) {
	o := open(t, t.TempDir())
	bad, good := &mailbox{name: "bad", send: down}, &mailbox{name: "good"}
	for i := range 8 {
		put(t, o, exported(t, uint64(i)), start, "bad", "good")
	}
	report := flush(t, o, start, bad, good)
	if len(good.ids()) != 8 || len(report.Failed) != 3 {
		t.Errorf("good %d, bad %d", len(good.ids()), len(report.Failed))
	}
	if !slices.IsSorted(good.ids()) {
		t.Errorf("not in order: %v", good.ids())
	}
}

func TestFlushEndsInTime(t *testing.T) {
	o := open(t, t.TempDir())
	slow := &mailbox{name: "slow", send: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	put(t, o, exported(t, 1), start, "slow")
	put(t, o, exported(t, 2), start, "slow")
	began := time.Now()
	report, err := o.Flush(context.Background(), []alert.Sink{slow}, func() time.Time { return start }, 100*time.Millisecond)
	if err != nil || len(report.Failed) != 1 || time.Since(began) > 3*time.Second {
		t.Errorf("%+v, %v, %v", report, err, time.Since(began))
	}
	list := pending(t, o)
	if len(list) != 2 || list[0].Error != "timeout" || list[1].Attempts != 0 {
		t.Errorf("%+v", list)
	}
}

// Many at once: each alert reaches the sink once, and what is put while somebody flushes is sent too.
func TestConcurrentFlushes(t *testing.T) {
	path := t.TempDir()
	box := &mailbox{name: "box"}
	done := make(chan error)
	const workers, each = 6, 8
	for w := range workers {
		o := open(t, path)
		go func() {
			for i := range each {
				a := exported(t, uint64(w*each+i))
				// Past the limit of a minute: each has a minute of its own.
				_, _, err := o.Put(context.Background(), a, []string{"box"}, start.Add(time.Duration(w*each+i)*time.Minute))
				if err == nil {
					_, err = o.Flush(context.Background(), []alert.Sink{box}, func() time.Time { return start.Add(24 * time.Hour) }, 30*time.Second)
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range workers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	got := box.ids()
	slices.Sort(got)
	if len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Error("an alert was sent twice")
	}
	if left := pending(t, open(t, path)); len(left) != 0 || len(got) != workers*each {
		t.Errorf("%d sent, %d left", len(got), len(left))
	}
}

func TestBusy(t *testing.T) {
	path := t.TempDir()
	o := open(t, path)
	put(t, o, exported(t, 1), start, "box")
	reached, release := make(chan bool), make(chan bool)
	slow := &mailbox{name: "box", send: func(context.Context) error { reached <- true; <-release; return nil }}
	finished := make(chan bool)
	go func() {
		flush(t, o, start, slow)
		close(finished)
	}()
	<-reached
	if report := flush(t, open(t, path), start, &mailbox{name: "box"}); !report.Busy || len(report.Sent) != 0 {
		t.Errorf("%+v", report)
	}
	put(t, o, exported(t, 2), start, "box") // Put does not wait for a slow receiver
	release <- true
	<-reached
	release <- true
	<-finished
	if len(slow.ids()) != 2 {
		t.Errorf("%d sent", len(slow.ids()))
	}
}

// A clock that was years ahead neither keeps an entry for years nor silences anybody.
func TestClockThatWasAhead(t *testing.T) {
	o := open(t, t.TempDir())
	box := &mailbox{name: "box", send: down}
	ahead := start.AddDate(10, 0, 0)
	put(t, o, violation(t, 1, "p", "g"), ahead, "box")
	flush(t, o, ahead, box)
	if fate := put(t, o, violation(t, 2, "p", "g"), start, "box"); fate != alert.Kept {
		t.Errorf("fate %d", fate)
	}
	flush(t, o, start, box)
	if report := flush(t, o, start.Add(alert.MaxAge), box); len(report.Dropped) != 2 {
		t.Errorf("%+v", report)
	}
}

func TestPutRefuses(t *testing.T) {
	o := open(t, t.TempDir())
	for _, name := range []string{"", "-a", "a/b", "A", "a.b", "ä", strings.Repeat("a", 33)} {
		if _, _, err := o.Put(context.Background(), exported(t, 1), []string{name}, start); !errors.Is(err, alert.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, _, err := o.Put(context.Background(), alert.Alert{}, nil, start); !errors.Is(err, alert.ErrInvalid) {
		t.Error(err)
	}
	two := []alert.Sink{&mailbox{name: "a"}, &mailbox{name: "a"}}
	if _, err := o.Flush(context.Background(), two, time.Now, time.Second); !errors.Is(err, alert.ErrInvalid) {
		t.Error(err)
	}
}

func TestFor(t *testing.T) {
	sinks := []alert.Sink{&mailbox{name: "all", min: event.Info}, &mailbox{name: "worst", min: event.Critical}, &mailbox{name: "bad", min: event.High}}
	for severity, want := range map[event.Severity]string{event.Medium: "all", event.High: "all bad", event.Critical: "all worst bad"} {
		if got := strings.Join(alert.For(sinks, severity), " "); got != want {
			t.Errorf("%s: %s, want %s", severity, got, want)
		}
	}
}
