package audit

import (
	"testing"

	"kai/internal/audit/event"
)

func TestAppendAndRead(t *testing.T) {
	p := newPlace(t)
	l := p.create()
	add(t, l, 600)
	size, err := l.Size()
	must(t, err)
	if size != 601 {
		t.Fatalf("size %d", size)
	}
	n := uint64(250)
	for v, err := range l.Views(t.Context(), n, 590) {
		must(t, err)
		if v.N != n {
			t.Fatalf("got %d, want %d", v.N, n)
		}
		n++
	}
	if n != 590 {
		t.Fatalf("ended at %d", n)
	}
	for v, err := range l.Backward(t.Context(), n) {
		must(t, err)
		n--
		if v.N != n {
			t.Fatalf("backward: got %d, want %d", v.N, n)
		}
	}
	if n != 0 {
		t.Fatalf("backward ended at %d", n)
	}
	for _, k := range []uint64{0, 1, 255, 256, 257, 511, 512, 600} {
		got, err := l.Event(k)
		must(t, err)
		if got.Event.N != k {
			t.Errorf("event %d: got %d", k, got.Event.N)
		}
		at, err := l.Find(got.Event.Time, size)
		must(t, err)
		if at != k {
			t.Errorf("time of event %d leads to %d", k, at)
		}
		if at, err = l.Find(got.Event.Time.Add(1000), size); err != nil || at != k+1 {
			t.Errorf("time after event %d leads to %d, %v", k, at, err)
		}
	}
	r, err := p.open().Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK}, Draft{Act: "vault_locked", Outcome: event.Begin})
	must(t, err)
	if r.Head.N != 603 || len(r.Own) != 0 {
		t.Errorf("%+v", r.Head)
	}
}
