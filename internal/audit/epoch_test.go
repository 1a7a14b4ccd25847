package audit

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
)

// newEpochs is a log of several epochs, each for other auditors: 0 for nobody, 1 for Ada, 2 for both,
// 3 for Bob, with a checkpoint in each.
func newEpochs(t *testing.T) (a *attacked, ada, bob age.Identity) {
	t.Helper()
	p := newMemoryPlace(t)
	adaKey, toAda := newAuditor(t)
	bobKey, toBob := newAuditor(t)
	appendMany(t, p.create(), 100)
	for _, to := range [][]Recipient{{toAda}, {toAda, toBob}, {toBob}} {
		p.opts.Recipients = always(to...)
		l := p.open()
		_, err := l.NewEpoch(t.Context())
		must(t, err)
		appendMany(t, l, 100)
		_, _, err = l.Checkpoint(t.Context(), []*checkpoint.Signer{testSigner(t, l.info.Origin)})
		must(t, err)
		appendMany(t, l, 10)
	}
	p.unseal()
	return &attacked{place: p, log: p.open()}, adaKey, bobKey
}

func with(who ...age.Identity) func(*VerifyOptions) {
	return func(o *VerifyOptions) { o.Identities = who }
}

func TestEpochs(t *testing.T) {
	a, ada, bob := newEpochs(t)
	v := a.verify(with(ada, bob))
	a.want(v, VerdictOK, "")
	said := ""
	for _, e := range v.Epochs {
		said += fmt.Sprintf("%d@%d sealed=%v opened=%v; ", e.Epoch, e.From, e.Sealed, e.Opened)
	}
	if want := "0@0 sealed=false opened=true; 1@101 sealed=true opened=true; 2@213 sealed=true opened=true; 3@325 sealed=true opened=true; "; said != want {
		t.Errorf("epochs %s, want %s", said, want)
	}
	if v.Size != 437 || v.Coverage.MACTo != 437 || v.Coverage.SignedTo != 426 || v.Unsigned != 11 {
		t.Errorf("size %d, %+v, unsigned %d", v.Size, v.Coverage, v.Unsigned)
	}
	for _, quick := range []bool{false, true} {
		for name, who := range map[string][]age.Identity{"ada": {ada}, "bob": {bob}, "nobody": nil} {
			_, err := a.open().Verify(t.Context(), VerifyOptions{Workers: 2, Identities: who, Quick: quick})
			if !isErr(err, ErrNoKey) {
				t.Errorf("%s alone, quick %v: %v", name, quick, err)
			}
		}
		v := a.verify(func(o *VerifyOptions) { o.Public, o.Quick = true, quick })
		a.want(v, VerdictOK, "")
		if v.Coverage.MACTo != 0 || v.Coverage.SignedTo != 426 || v.Unsigned != 11 {
			t.Errorf("public, quick %v: %+v, unsigned %d", quick, v.Coverage, v.Unsigned)
		}
	}
}

// A quick look says the same as a full one, of whole logs and of ones that were changed behind the
// checkpoint.
func TestQuickSaysTheSame(t *testing.T) {
	a, ada, bob := newEpochs(t)
	full, quick := a.verify(with(ada, bob)), a.verify(func(o *VerifyOptions) { o.Identities, o.Quick = []age.Identity{ada, bob}, true })
	if full.Root != quick.Root || full.Size != quick.Size || full.Coverage != quick.Coverage || quick.From != 426 ||
		full.Verdict != quick.Verdict || fmt.Sprint(full.Epochs) != fmt.Sprint(quick.Epochs) {
		t.Errorf("quick %+v\nfull %+v", quick, full)
	}
	whole := a.read(segmentName(256))
	for n := 426; n < 437; n++ {
		for _, attack := range []string{"change", "swap", "delete", "cut"} {
			lines := strings.SplitAfter(strings.TrimSuffix(string(whole), "\n"), "\n")
			lines[len(lines)-1] += "\n"
			at := n - 256
			switch attack {
			case "change":
				lines[at] = strings.Replace(lines[at], `"sev":"`, `"sev":"medium`, 1)
				lines[at] = strings.Replace(lines[at], `mediumlow`, `medium`, 1)
				lines[at] = strings.Replace(lines[at], `mediuminfo`, `medium`, 1)
			case "swap":
				other := max(170, at-1)
				if other == at {
					other++
				}
				lines[at], lines[other] = lines[other], lines[at]
			case "delete":
				lines = append(lines[:at:at], lines[at+1:]...)
			case "cut":
				lines = lines[:at]
			}
			a.write(segmentName(256), []byte(strings.Join(lines, "")))
			for _, q := range []bool{false, true} {
				v := a.verify(func(o *VerifyOptions) { o.Identities, o.Quick = []age.Identity{ada, bob}, q })
				if v.Verdict != VerdictTampered {
					t.Errorf("%s %d, quick %v: %s", attack, n, q, v.Verdict)
				}
			}
		}
	}
	// Below the checkpoint a quick look reads the tree, and says from where on it has read lines.
	a.write(segmentName(256), whole)
	a.write(segmentName(0), []byte(strings.Replace(string(a.read(segmentName(0))), `"n":50,`, `"n":51,`, 1)))
	a.want(a.verify(with(ada, bob)), VerdictTampered, "line 50: sequence")
	a.want(a.verify(func(o *VerifyOptions) { o.Identities, o.Quick = []age.Identity{ada, bob}, true }), VerdictOK, "")
}

// What a thief can do with the files of epochs is told.
func TestEpochFiles(t *testing.T) {
	for _, c := range []struct {
		name    string
		attack  func(a *attacked)
		finding string
	}{
		{"epoch 0 is missing", func(a *attacked) { must(a.t, a.dir.Remove(clearName(0))) }, "line 0: epoch: the file of epoch 0 is missing"},
		{"epoch 2 is missing", func(a *attacked) { must(a.t, a.dir.Remove(sealedName(2))) }, "line 213: epoch: the file of epoch 2 is missing"},
		{"epoch 2 is that of 3", func(a *attacked) { a.write(sealedName(2), a.read(sealedName(3))) }, "line 213: epoch: the file of epoch 2 is not the one"},
		{"epoch 3 sealed anew, as it was", func(a *attacked) {
			doc := epochDocument{Epoch: 3, LogID: a.log.info.LogID, N: 325, V: 1}
			to, err := a.opts.recipients()
			must(a.t, err)
			_, file, err := sealEpoch(&doc, to)
			must(a.t, err)
			a.write(sealedName(3), file)
		}, "line 325: epoch: the file of epoch 3 is not the one"},
		{"a clear file beside the sealed one", func(a *attacked) { a.write(clearName(2), []byte("{}")) }, ""},
		{"a sealed file beside the clear one", func(a *attacked) { a.write(sealedName(0), a.read(sealedName(1))) }, ""},
		{"nothing in it", func(a *attacked) { a.write(sealedName(2), nil) }, "line 213: epoch: the file of epoch 2 is not the one"},
		{"too much in it", func(a *attacked) { a.write(sealedName(2), make([]byte, maxSmallFile+1)) }, "line 213: epoch: the file of epoch 2 is not the one"},
		{"a bit of it", func(a *attacked) {
			file := a.read(sealedName(2))
			file[len("age-encryption.org/v1\n-> X25519 A")] ^= 1
			a.write(sealedName(2), file)
		}, "line 213: epoch: the file of epoch 2 is not the one"},
		{"sealed to somebody else", func(a *attacked) {
			_, to := newAuditor(a.t)
			doc := epochDocument{Epoch: 2, LogID: a.log.info.LogID, N: 213, V: 1}
			_, file, err := sealEpoch(&doc, []Recipient{to})
			must(a.t, err)
			a.write(sealedName(2), file)
		}, "line 213: epoch: the file of epoch 2 is not the one"},
		{"clear instead of sealed", func(a *attacked) {
			must(a.t, a.dir.Remove(sealedName(2)))
			doc := epochDocument{Epoch: 2, LogID: a.log.info.LogID, N: 213, V: 1}
			_, file, err := sealEpoch(&doc, nil)
			must(a.t, err)
			a.write(clearName(2), file)
		}, "line 213: epoch: the file of epoch 2 is not the one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, ada, bob := newEpochs(t)
			c.attack(a)
			// The hash of a file is known to everybody, so everybody is told.
			for who, o := range map[string]VerifyOptions{
				"full": {Identities: []age.Identity{ada, bob}}, "quick": {Identities: []age.Identity{ada, bob}, Quick: true}, "public": {Public: true},
			} {
				v, err := a.open().Verify(t.Context(), o)
				switch {
				case err != nil:
					t.Errorf("%s: %v", who, err)
				case c.finding == "":
					a.want(v, VerdictOK, "")
				default:
					a.want(v, VerdictTampered, c.finding)
				}
			}
		})
	}
}

// The state is lost twice, and each time somebody may have cut the log: both are told until the owner
// signs for both.
func TestStateLostTwice(t *testing.T) {
	p := newMemoryPlace(t)
	who, to := newAuditor(t)
	p.opts.Recipients = always(to)
	a := &attacked{place: p}
	appendMany(t, p.create(), 20)
	var at []uint64
	for range 2 {
		loseState(t, p)
		v := a.verify(with(who))
		if v.End != "state_lost" || v.Verdict == VerdictOK {
			t.Errorf("lost: %s, end %s", v.Verdict, v.End)
		}
		r := add(t, p.open(), 1)
		if r.Own[0].Event.Act != "audit.state_lost" || r.Own[0].Event.Severity != event.Critical {
			t.Fatalf("%s", r.Own[0].Line)
		}
		at = append(at, r.Own[0].Event.N)
		appendMany(t, p.open(), 5)
	}
	told := func(acknowledged ...uint64) {
		t.Helper()
		for _, quick := range []bool{false, true} {
			v := a.verify(func(o *VerifyOptions) { o.Identities, o.Quick = []age.Identity{who}, quick })
			want := VerdictTampered
			if len(acknowledged) == len(at) {
				want = VerdictOK
			}
			if v.Verdict != want || len(v.Findings) != 2 || v.End != "ok" || v.Coverage.MACTo != v.Size || fmt.Sprint(v.Acknowledged) != fmt.Sprint(acknowledged) {
				t.Errorf("quick %v: %s, %v, acknowledged %v, want %v", quick, v.Verdict, v.Findings, v.Acknowledged, acknowledged)
			}
			for i, f := range v.Findings {
				if want := fmt.Sprintf("epoch: cut at %d is possible", at[i]); !strings.HasPrefix(f.String(), want) {
					t.Errorf("%s, want %s", f, want)
				}
			}
		}
	}
	told()
	s := []*checkpoint.Signer{testSigner(t, p.open().info.Origin)}
	// Who only writes an event has not signed.
	_, err := p.open().Append(t.Context(), Draft{Act: "audit.acknowledged", Outcome: event.OK, Details: event.Details{{Name: "at", Value: int64(at[0])}}})
	must(t, err)
	told()
	_, _, err = p.open().Checkpoint(t.Context(), s, Acknowledgement{at[0], "the disk"})
	must(t, err)
	told(at[0])
	_, _, err = p.open().Checkpoint(t.Context(), s, Acknowledgement{at[1], "the disk again"})
	must(t, err)
	told(at...)
	add(t, p.open(), 3)
	told(at...)
}

// A public quick look leaps over epochs that it does not count.
func TestPublicQuickBehindEpochs(t *testing.T) {
	a, _, _ := newEpochs(t)
	_, err := a.open().NewEpoch(t.Context())
	must(t, err)
	add(t, a.open(), 2)
	for _, quick := range []bool{false, true} {
		v := a.verify(func(o *VerifyOptions) { o.Public, o.Quick = true, quick })
		a.want(v, VerdictOK, "")
		if last := v.Epochs[len(v.Epochs)-1]; last.Epoch != 4 || last.From != 437 || last.Opened {
			t.Errorf("quick %v: %+v", quick, last)
		}
	}
}

// An epoch whose file was changed is told of also where the event that opened it is not read, or not
// there any more.
func TestEpochFileBehindLeap(t *testing.T) {
	a, ada, bob := newEpochs(t)
	whole := a.read(sealedName(3))
	file := bytes.Clone(whole)
	file[len(file)-1] ^= 1
	a.write(sealedName(3), file)
	a.want(a.verify(func(o *VerifyOptions) { o.Identities, o.Quick = []age.Identity{ada, bob}, true }), VerdictTampered, "line 325: epoch: the file of epoch 3 is not the one")
	a.write(sealedName(3), whole)

	l := a.open()
	_, err := l.Archive(t.Context(), a.clock.Now())
	must(t, err)
	_, err = l.Prune(t.Context(), a.clock.Now(), 426, func(string, io.Reader) error { return nil })
	must(t, err)
	a.want(a.verify(with(ada, bob)), VerdictOK, "")
	// Pruned: nobody knows the hash of the file of epoch 1, but it does not open.
	if _, err := a.open().Verify(t.Context(), VerifyOptions{Identities: []age.Identity{bob}}); !isErr(err, ErrNoKey) {
		t.Errorf("bob: %v", err)
	}
	// Not pruned: event 325 has it.
	a.write(sealedName(3), a.read(sealedName(1)))
	a.want(a.verify(with(ada, bob)), VerdictTampered, "line 325: epoch: the file of epoch 3 is not the one")
	_, to := newAuditor(t)
	doc := epochDocument{Epoch: 3, LogID: l.info.LogID, N: 325, V: 1}
	_, file, err = sealEpoch(&doc, []Recipient{to})
	must(t, err)
	a.write(sealedName(3), file)
	a.want(a.verify(with(ada, bob)), VerdictTampered, "line 325: epoch: the file of epoch 3 is not the one")
}
