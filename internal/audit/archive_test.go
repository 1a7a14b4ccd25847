package audit

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
)

func TestArchiveAndPrune(t *testing.T) {
	p := newPlace(t)
	l := p.create()
	add(t, l, 3*256+10)
	size, err := l.Size()
	must(t, err)
	third, err := l.Event(2 * 256)
	must(t, err)
	before, err := os.ReadFile(filepath.Join(p.path, segmentName(0)))
	must(t, err)

	done, err := l.Archive(t.Context(), third.Event.Time)
	must(t, err)
	if len(done) != 2 || done[0] != 0 || done[1] != 256 {
		t.Fatalf("archived %v", done)
	}
	if _, err := os.Stat(filepath.Join(p.path, segmentName(0))); err == nil {
		t.Error("the plain segment is still there")
	}
	count := uint64(0)
	var lines bytes.Buffer
	for v, err := range l.Views(t.Context(), 0, size) {
		must(t, err)
		if v.N != count {
			t.Fatalf("event %d, want %d", v.N, count)
		}
		if count++; v.N < 256 {
			lines.Write(append(v.Line, '\n'))
		}
	}
	if count != size || !bytes.Equal(lines.Bytes(), before) {
		t.Errorf("%d of %d events, the first segment equal: %v", count, size, bytes.Equal(lines.Bytes(), before))
	}
	if n, err := l.Find(third.Event.Time, size); err != nil || n != third.Event.N {
		t.Errorf("found %d, %v", n, err)
	}
	mid, err := l.Event(300)
	must(t, err)
	if n, err := l.Find(mid.Event.Time, size); err != nil || n != 300 {
		t.Errorf("in an archive: found %d, %v", n, err)
	}
	verifyOK(t, p, VerifyOptions{})

	// Nothing goes that is not signed for.
	keep := map[string][]byte{}
	keeping := func(name string, r io.Reader) (err error) { keep[name], err = io.ReadAll(r); return err }
	if min, err := l.Prune(t.Context(), third.Event.Time, 255, keeping); min != 0 || err != nil {
		t.Fatalf("pruned to %d, %v", min, err)
	}
	_, head, err := l.Checkpoint(t.Context(), []*checkpoint.Signer{testSigner(t, l.Info().Origin)})
	must(t, err)
	min, err := l.Prune(t.Context(), third.Event.Time, head.N, keeping)
	must(t, err)
	if min != 512 || len(keep) != 2 {
		t.Fatalf("pruned to %d, kept %d", min, len(keep))
	}
	if _, err := l.Event(5); !isErr(err, ErrPruned) {
		t.Errorf("a pruned event: %v", err)
	}
	v := verifyOK(t, p, VerifyOptions{})
	if v.From != 512 || v.Coverage.MACTo != v.Size || v.Coverage.SignedTo != head.N {
		t.Errorf("from %d, %+v", v.From, v.Coverage)
	}
	// The state goes, and with it the tree of the lines that are left; the leaves of the others stay.
	add(t, l, 5)
	verifyOK(t, p, VerifyOptions{Quick: true})
}

func TestDetailsOfTheirOwn(t *testing.T) {
	p := newPlace(t)
	l := p.create()
	list := make([]any, 0, 2000)
	for range 2000 {
		list = append(list, strings.Repeat("x", 40))
	}
	r, err := l.Append(t.Context(), Draft{Act: "vault_imported", Outcome: event.OK, Details: event.Details{{Name: "events", Value: list}}})
	must(t, err)
	e := r.Events[0].Event
	if len(r.Events[0].Line) > 1000 || e.Details.Text("details") == "" {
		t.Fatalf("line of %d bytes: %.100s", len(r.Events[0].Line), r.Events[0].Line)
	}
	blob, err := l.Details(&e)
	must(t, err)
	if !bytes.HasPrefix(blob, []byte(`{"events":["xxxx`)) {
		t.Errorf("%.40s", blob)
	}
	file := filepath.Join(p.path, detailsFile(e.N))
	salted, err := os.ReadFile(file)
	must(t, err)
	if bytes.Equal(salted[:32], make([]byte, 32)) || commitment(salted) != e.Details.Text("details") || sha256.Sum256(blob) == sha256.Sum256(salted) {
		t.Error("not a salted commitment")
	}
	salted[40] ^= 1
	must(t, os.WriteFile(file, salted, 0o600))
	if _, err := l.Details(&e); !isErr(err, ErrTampered) {
		t.Errorf("changed: %v", err)
	}
	must(t, l.Redact(t.Context(), e.N))
	if _, err := l.Details(&e); !isErr(err, os.ErrNotExist) {
		t.Errorf("redacted: %v", err)
	}
	if err := l.Redact(t.Context(), e.N); !isErr(err, ErrNotFound) {
		t.Errorf("redacted twice: %v", err)
	}
	verifyOK(t, p, VerifyOptions{})
}

func verifyOK(t *testing.T, p *place, o VerifyOptions) *Verification {
	t.Helper()
	o.Workers = 2
	v, err := p.open().Verify(t.Context(), o)
	must(t, err)
	if v.Verdict != VerdictOK || len(v.Findings) > 0 {
		t.Fatalf("%s: %v", v.Verdict, v.Findings)
	}
	return v
}
