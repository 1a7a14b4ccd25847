package audit

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
)

// attacked is a log of 1,000 events with everything that a thief may have: all files, and the key
// of event 1,000.
type attacked struct {
	*place
	log  *Log
	st   state
	memo *shelf
}

func newAttacked(t *testing.T) *attacked {
	t.Helper()
	p := newPlace(t)
	p.opts.SegmentEvents = 1024
	memo := &shelf{name: "local"}
	p.opts.Memories = []Memory{memo}
	l := p.create()
	for range 999 / 111 {
		drafts := make([]Draft, 111)
		for i := range drafts {
			drafts[i] = Draft{Act: "secret_retrieved", Outcome: event.OK, Details: event.Details{{Name: "secret_type", Value: "apiKeys"}}}
		}
		_, err := l.Append(t.Context(), drafts...)
		must(t, err)
	}
	st, err := readState(p.dir)
	must(t, err)
	if st.n != 1000 {
		t.Fatalf("%d events", st.n)
	}
	return &attacked{p, l, st, memo}
}

func (a *attacked) segment() string { return filepath.Join(a.path, segmentName(0)) }

func (a *attacked) lines() []string {
	a.t.Helper()
	data, err := os.ReadFile(a.segment())
	must(a.t, err)
	return strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
}

func (a *attacked) put(lines []string) {
	a.t.Helper()
	text := strings.Join(lines, "")
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	must(a.t, os.WriteFile(a.segment(), []byte(text), 0o600))
}

// forge appends an event with a key of the thief's.
func (a *attacked) forge(lines []string, n uint64, act string, key [32]byte, details event.Details) ([]string, [32]byte, [32]byte) {
	a.t.Helper()
	row, ok := event.Lookup(act)
	if !ok {
		a.t.Fatal(act)
	}
	last, err := event.Parse([]byte(strings.TrimSuffix(lines[len(lines)-1], "\n")))
	must(a.t, err)
	prev := LineHash([]byte(strings.TrimSuffix(lines[len(lines)-1], "\n")))
	e := event.Event{N: n, Time: last.Time.Add(time.Second), Severity: row.By[event.OK], Type: row.Type, Act: act, Outcome: event.OK, Details: details}
	copy(e.Prev[:], prev[:16])
	head, err := e.AppendHead(nil)
	must(a.t, err)
	leaf := LeafHash(append(bytes.Clone(head), '}'))
	line := event.AppendMAC(head, macOf(&key, &leaf))
	return append(lines, string(line)+"\n"), leaf, evolve(&key, &leaf)
}

func (a *attacked) verify(change func(*VerifyOptions)) *Verification {
	a.t.Helper()
	o := VerifyOptions{Workers: 2}
	if change != nil {
		change(&o)
	}
	v, err := a.open().Verify(a.t.Context(), o)
	must(a.t, err)
	return v
}

// want holds a verification against the verdict and a finding, and the log against appends.
func (a *attacked) want(v *Verification, verdict Verdict, finding string) {
	a.t.Helper()
	if v.Verdict != verdict {
		a.t.Errorf("verdict %s, want %s; findings %v", v.Verdict, verdict, v.Findings)
	}
	for i, f := range v.Findings {
		if f.String() == finding || strings.HasPrefix(f.String(), finding) && i == 0 {
			return
		}
	}
	if finding != "" {
		a.t.Errorf("no finding %q in %v", finding, v.Findings)
	}
}

// refuses checks that nothing is appended to the log.
func (a *attacked) refuses(want error) {
	a.t.Helper()
	_, err := a.open().Append(a.t.Context(), Draft{Act: "vault_locked", Outcome: event.OK})
	wantErr(a.t, err, want)
}

func wantErr(t testing.TB, got, want error) {
	t.Helper()
	if !isErr(got, want) {
		t.Errorf("error %v, want %v", got, want)
	}
}

func TestAttacks(t *testing.T) {
	for _, c := range []struct {
		name    string
		attack  func(a *attacked)
		verdict Verdict
		finding string
		refuses error
	}{
		{"nothing", func(*attacked) {}, VerdictOK, "", nil},
		{"change event 500", func(a *attacked) {
			lines := a.lines()
			lines[500] = strings.Replace(lines[500], "apiKeys", "apiKeyz", 1)
			a.put(lines)
		}, VerdictTampered, "line 500: mac", nil},
		{"delete event 500", func(a *attacked) {
			lines := a.lines()
			a.put(append(lines[:500:500], lines[501:]...))
		}, VerdictTampered, "line 500: sequence", ErrTampered},
		{"swap 500 and 501", func(a *attacked) {
			lines := a.lines()
			lines[500], lines[501] = lines[501], lines[500]
			a.put(lines)
		}, VerdictTampered, "line 500: sequence", nil},
		{"drop 10, keep the state", func(a *attacked) {
			a.put(a.lines()[:990])
		}, VerdictTampered, "tail: state says 1000 events, log has 990", ErrTampered},
		{"drop 10, state with K_1000", func(a *attacked) {
			lines := a.lines()[:990]
			a.put(lines)
			a.setState(lines, a.st.key, 0)
		}, VerdictTampered, "tail: state key does not match", ErrRollback},
		{"drop 10, forge 10 with K_1000", func(a *attacked) {
			lines, key := a.lines()[:990], a.st.key
			for n := range uint64(10) {
				lines, _, key = a.forge(lines, 990+n, "secret_retrieved", key, nil)
			}
			a.put(lines)
			a.setState(lines, key, 0)
		}, VerdictTampered, "line 990: mac", ErrRollback},
		{"drop 10, open an epoch with K_1000", func(a *attacked) {
			lines, key := a.lines()[:990], a.st.key
			sum, k0 := a.forgeEpoch(1, 990, lines)
			lines, _, _ = a.forge(lines, 990, "audit.epoch", key, event.Details{{Name: "epoch", Value: int64(1)}, {Name: "file", Value: sum}})
			a.put(lines)
			a.setState(lines, k0, 1)
		}, VerdictTampered, "line 990: mac", ErrRollback},
		{"drop 10, open an epoch that needs no key", func(a *attacked) {
			lines := a.lines()[:990]
			sum, k0 := a.forgeEpoch(1, 990, lines)
			lines, _, key := a.forge(lines, 990, "audit.state_lost", k0, event.Details{{Name: "epoch", Value: int64(1)}, {Name: "file", Value: sum}})
			a.put(lines)
			a.setState(lines, key, 1)
		}, VerdictTampered, "epoch: cut at 990", ErrRollback},
		{"delete all and start anew", func(a *attacked) {
			for _, name := range []string{"seg", "epochs", "checkpoints", "log.json", "state", "tree", "reserve"} {
				must(a.t, os.RemoveAll(filepath.Join(a.path, name)))
			}
			opts := a.opts
			opts.Memories = nil
			l, err := Create(a.t.Context(), opts)
			must(a.t, err)
			add(a.t, l, 3)
		}, VerdictTampered, "memory: local: log id or size went back", ErrRollback},
		{"delete the state", func(a *attacked) {
			must(a.t, os.Remove(filepath.Join(a.path, stateFile)))
		}, VerdictIncomplete, "", nil},
		{"flip a bit of the tree", func(a *attacked) {
			data, err := os.ReadFile(filepath.Join(a.path, treeFile))
			must(a.t, err)
			data[777] ^= 4
			must(a.t, os.WriteFile(filepath.Join(a.path, treeFile), data, 0o600))
		}, VerdictOK, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAttacked(t)
			c.attack(a)
			v := a.verify(nil)
			a.want(v, c.verdict, c.finding)
			if c.refuses != nil {
				a.refuses(c.refuses)
			}
			switch c.name {
			case "delete the state":
				if v.End != "state_lost" {
					t.Errorf("end %q", v.End)
				}
			case "flip a bit of the tree":
				if len(v.Notes) != 1 || !strings.HasPrefix(v.Notes[0], "tree: rebuilt") {
					t.Errorf("notes %q", v.Notes)
				}
				if again := a.verify(nil); len(again.Notes) != 0 {
					t.Errorf("again: %q", again.Notes)
				}
			}
		})
	}
}

// setState writes a state that fits the lines, with a key of the thief's.
func (a *attacked) setState(lines []string, key [32]byte, epoch uint32) {
	size := 0
	for _, l := range lines {
		size += len(l)
	}
	st := state{n: uint64(len(lines)), segOff: uint64(size), epoch: epoch, key: key}
	st.prev = LineHash([]byte(strings.TrimSuffix(lines[len(lines)-1], "\n")))
	must(a.t, writeState(a.dir, &st, true))
}

// forgeEpoch writes the file of an epoch whose first key the thief knows.
func (a *attacked) forgeEpoch(e uint32, n uint64, lines []string) (sum string, k0 [32]byte) {
	prev := LineHash([]byte(strings.TrimSuffix(lines[len(lines)-1], "\n")))
	doc := epochDocument{Epoch: e, LogID: a.log.info.LogID, N: n, Prev: text32(prev), V: 1}
	doc.K0[0] = 7
	name, file, err := sealEpoch(&doc, nil)
	must(a.t, err)
	must(a.t, a.dir.WriteFile(name, file, 0o600))
	f := EpochFile{Data: file}
	return f.Sum(), doc.K0
}

// Every way in which a log can be put back to an older day is noticed by each of the places that
// remember, alone.
func TestRestoredOldDay(t *testing.T) {
	for _, alone := range []string{"memory", "checkpoint", "anchor"} {
		t.Run(alone, func(t *testing.T) {
			p := newPlace(t)
			memo := &shelf{name: "keyring"}
			p.opts.Memories = []Memory{memo}
			l := p.create()
			add(t, l, 20)
			old := snapshotFiles(t, p.path)
			add(t, l, 20)
			s := testSigner(t, l.Info().Origin)
			_, head, err := l.Checkpoint(t.Context(), []*checkpoint.Signer{s})
			must(t, err)
			must(t, l.AddAnchor(t.Context(), Anchor{Kind: "journald", N: head.N, Root: head.Root}))
			kept := map[string][]byte{}
			for _, name := range []string{checkpointFile, anchorsFile} {
				data, err := os.ReadFile(filepath.Join(p.path, name))
				must(t, err)
				kept[name] = data
			}
			restoreFiles(t, p.path, old)
			want := ""
			switch alone {
			case "memory":
				want = "memory: keyring: log id or size went back"
			case "checkpoint":
				p.opts.Memories = nil
				must(t, os.WriteFile(filepath.Join(p.path, checkpointFile), kept[checkpointFile], 0o600))
				want = fmt.Sprintf("checkpoint: checkpoint: covers %d events, log has 21", head.N)
			case "anchor":
				p.opts.Memories = nil
				must(t, os.WriteFile(filepath.Join(p.path, anchorsFile), kept[anchorsFile], 0o600))
				want = fmt.Sprintf("anchor: journald covers %d events, log has 21", head.N)
			}
			v, err := p.open().Verify(t.Context(), VerifyOptions{Workers: 2})
			must(t, err)
			if v.Verdict != VerdictTampered || !strings.HasPrefix(v.Findings[0].String(), want) {
				t.Errorf("%s: %v, want %s", v.Verdict, v.Findings, want)
			}
		})
	}
}

func testSigner(t testing.TB, origin string) *checkpoint.Signer {
	t.Helper()
	k := ed25519.NewKeyFromSeed(make([]byte, 32))
	s, err := checkpoint.NewSigner(origin, checkpoint.Ed25519, k, time.Now)
	must(t, err)
	return s
}

// otherSigner is a second key of the log.
func otherSigner(t testing.TB, origin string) *checkpoint.Signer {
	t.Helper()
	seed := make([]byte, 32)
	seed[0] = 1
	s, err := checkpoint.NewSigner(origin, checkpoint.Ed25519, ed25519.NewKeyFromSeed(seed), time.Now)
	must(t, err)
	return s
}

func snapshotFiles(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = data
		return err
	}))
	return files
}

func restoreFiles(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name := range snapshotFiles(t, dir) {
		must(t, os.Remove(filepath.Join(dir, name)))
	}
	for name, data := range files {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
}
