package audit

import (
	"testing"

	"filippo.io/age"

	"kai/internal/audit/checkpoint"
)

func newAuditor(t testing.TB) (*age.X25519Identity, Recipient) {
	t.Helper()
	who, err := age.GenerateX25519Identity()
	must(t, err)
	return who, Recipient{who.Recipient().String(), who.Recipient()}
}

// always are the recipients of a test.
func always(to ...Recipient) func() ([]Recipient, error) {
	return func() ([]Recipient, error) { return to, nil }
}

// With other auditors in the configuration the next append opens an epoch for them.
func TestAuditorsChange(t *testing.T) {
	p := newPlace(t)
	ada, toAda := newAuditor(t)
	bob, toBob := newAuditor(t)
	p.opts.Recipients, p.opts.Context.Config = always(toAda), "00000001"
	add(t, p.create(), 3)
	p.opts.Context.Config = "00000002" // something else changed
	add(t, p.open(), 1)
	verifyOK(t, p, VerifyOptions{Identities: []age.Identity{ada}})
	p.opts.Recipients, p.opts.Context.Config = always(toAda, toBob), "00000003"
	r := add(t, p.open(), 1)
	if len(r.Own) != 2 || r.Own[0].Event.Act != "config_changed" || r.Own[1].Event.Act != "audit.epoch" {
		t.Fatalf("%d events of its own", len(r.Own))
	}
	add(t, p.open(), 2)
	v := verifyOK(t, p, VerifyOptions{Identities: []age.Identity{ada}})
	if len(v.Epochs) != 2 || v.Coverage.MACTo != v.Size {
		t.Errorf("epochs %+v, MACs to %d of %d", v.Epochs, v.Coverage.MACTo, v.Size)
	}
	// Bob opens what is sealed to him, and not what was before.
	if _, err := p.open().Verify(t.Context(), VerifyOptions{Identities: []age.Identity{bob}, Workers: 1}); !isErr(err, ErrNoKey) {
		t.Errorf("bob: %v", err)
	}
	if _, err := p.open().Verify(t.Context(), VerifyOptions{Workers: 1}); !isErr(err, ErrNoKey) {
		t.Errorf("nobody: %v", err)
	}
	if v := verifyOK(t, p, VerifyOptions{Public: true}); v.Coverage.MACTo != 0 {
		t.Errorf("public: MACs to %d", v.Coverage.MACTo)
	}
}

// What --quick leaves out changes no verdict: neither an older key of the log nor a cut that the
// owner has signed for.
func TestQuickAgrees(t *testing.T) {
	p := newPlace(t)
	l := p.create()
	add(t, l, 3)
	other := otherSigner(t, l.Info().Origin)
	_, _, err := l.Checkpoint(t.Context(), []*checkpoint.Signer{other})
	must(t, err)
	must(t, p.dir.Remove(stateFile))
	r := add(t, p.open(), 1)
	at := r.Own[0].Event.N
	_, _, err = p.open().Checkpoint(t.Context(), []*checkpoint.Signer{testSigner(t, l.Info().Origin)}, Acknowledgement{at, "a test"})
	must(t, err)
	add(t, p.open(), 3)
	for _, quick := range []bool{false, true} {
		v, err := p.open().Verify(t.Context(), VerifyOptions{Workers: 1, Quick: quick})
		must(t, err)
		if v.Verdict != VerdictOK || len(v.Acknowledged) != 1 || v.Acknowledged[0] != at || (v.From > 0) != quick {
			t.Errorf("quick %v: %s from %d, %v, acknowledged %v", quick, v.Verdict, v.From, v.Findings, v.Acknowledged)
		}
	}
	// And what is behind the checkpoint is still read.
	lines := (&attacked{place: p}).lines()
	lines[len(lines)-2] = lines[len(lines)-1]
	(&attacked{place: p}).put(lines)
	v, err := p.open().Verify(t.Context(), VerifyOptions{Workers: 1, Quick: true})
	must(t, err)
	if v.Verdict != VerdictTampered {
		t.Errorf("a changed line: %s", v.Verdict)
	}
}
