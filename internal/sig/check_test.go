package sig_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"kai/internal/digest"
	"kai/internal/key"
	"kai/internal/sig"
)

// whole is a message at hand that can also be loaded.
type whole struct{ memory }

func (w whole) Load(_ context.Context, limit int64) ([]byte, error) {
	if int64(len(w.memory)) > limit {
		return nil, sig.ErrTooLarge
	}
	return w.memory, nil
}

func newKey(t *testing.T, typ key.Type) *key.Private {
	t.Helper()
	k, err := key.Generate(typ, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t *testing.T, s sig.Scheme, k *key.Private, message []byte) []byte {
	t.Helper()
	signer, err := k.Signer()
	if err != nil {
		t.Fatal(err)
	}
	value, err := s.Sign(rand.Reader, k.Public(), signer, message)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func check(t *testing.T, message sig.Digester, keys sig.KeySource, claims ...*sig.Claim) []sig.Result {
	t.Helper()
	results, err := sig.Check(t.Context(), claims, message, keys)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestTheKeyChoosesTheScheme(t *testing.T) {
	message := []byte("message")
	ed, ec, pq := newKey(t, key.Ed25519), newKey(t, key.ECDSAP256), newKey(t, key.MLDSA65)
	open := []sig.Scheme{sig.Ed25519, sig.ECDSASHA256, sig.ES256, sig.MLDSA65}
	keys := sig.Keys{pq.Public(), ec.Public(), ed.Public()}
	for _, c := range []struct {
		scheme sig.Scheme
		by     *key.Private
	}{{sig.Ed25519, ed}, {sig.ECDSASHA256, ec}, {sig.ES256, ec}, {sig.MLDSA65, pq}} {
		claim := &sig.Claim{Or: open, Signature: sign(t, c.scheme, c.by, message), Content: sig.Content{Fixed: message}}
		r := check(t, nil, keys, claim)[0]
		if !r.Good() || r.Verified.Scheme() != c.scheme || r.Verified.Key() != c.by.Public() {
			t.Errorf("%s: %v, found to be %s", c.scheme, r.Err, r.Verified.Scheme())
		}
	}
	claim := &sig.Claim{Or: open[1:], Key: ed.Public(), Signature: sign(t, sig.Ed25519, ed, message), Content: sig.Content{Fixed: message}}
	if r := check(t, nil, nil, claim)[0]; !errors.Is(r.Err, sig.ErrScheme) {
		t.Errorf("a key without a scheme: %v", r.Err)
	}
}

func TestTheMessageIsEmbedded(t *testing.T) {
	message := whole{memory("message")}
	k := newKey(t, key.Ed25519)
	embed := func(m []byte) []byte { return append([]byte("head."), m...) }
	claim := &sig.Claim{Scheme: sig.Ed25519, Key: k.Public(), Signature: sign(t, sig.Ed25519, k, embed(message.memory)), Content: sig.Content{Embed: embed}}
	if r := check(t, message, nil, claim)[0]; !r.Good() {
		t.Error(r.Err)
	}
	if r := check(t, whole{memory("massage")}, nil, claim)[0]; !r.Bad() {
		t.Error("another message:", r.Err)
	}
	if r := check(t, message.memory, nil, claim)[0]; !errors.Is(r.Err, sig.ErrUnsupported) {
		t.Error("a message that cannot be loaded:", r.Err)
	}
	if r := check(t, whole{make(memory, sig.MaxEmbedded+1)}, nil, claim)[0]; !errors.Is(r.Err, sig.ErrTooLarge) {
		t.Error("a long message:", r.Err)
	}
	claim.Over(message.memory)
	if r := check(t, nil, nil, claim)[0]; !r.Good() {
		t.Error("message at hand:", r.Err)
	}
}

// A failure proves damage only if it is known whose signature it should be.
func TestAStrangersSignatureIsNotBad(t *testing.T) {
	payload := []byte("payload")
	ada, bob, eve := newKey(t, key.Ed25519), newKey(t, key.Ed25519), newKey(t, key.Ed25519)
	by := func(k *key.Private) *sig.Claim {
		return &sig.Claim{Scheme: sig.Ed25519, Signature: sign(t, sig.Ed25519, k, payload), Content: sig.Content{Fixed: payload}, Payload: payload}
	}
	if r := check(t, nil, sig.Keys{ada.Public()}, by(eve))[0]; !r.Bad() {
		t.Error("the one expected key did not make it:", r.Err)
	}
	if r := check(t, nil, sig.Keys{ada.Public(), bob.Public()}, by(eve))[0]; !errors.Is(r.Err, sig.ErrNoKey) {
		t.Error("one of several keys may be missing:", r.Err)
	}
	r := check(t, nil, sig.Keys{ada.Public()}, by(ada), by(eve))
	if !r[0].Good() || !errors.Is(r[1].Err, sig.ErrNoKey) {
		t.Error("beside a good signature of the payload:", r[0].Err, r[1].Err)
	}
	named := by(eve)
	named.NamesKey = func(k key.Public, _ *[8]byte) bool { return k == ada.Public() }
	if r := check(t, nil, sig.Keys{ada.Public()}, by(ada), named); !r[1].Bad() {
		t.Error("it names the key that did not make it:", r[1].Err)
	}
}

func TestTheCompanionMustBeGood(t *testing.T) {
	ada, bob := newKey(t, key.Ed25519), newKey(t, key.Ed25519)
	fault := &sig.BadSignature{Code: "comment", Reason: "signed comment"}
	claim := func(by *key.Private, comment string) *sig.Claim {
		return &sig.Claim{
			Scheme: sig.Ed25519, Signature: sign(t, sig.Ed25519, ada, []byte("message")), Content: sig.Content{Whole: true},
			NamesKey:  func(k key.Public, _ *[8]byte) bool { return k == ada.Public() },
			Companion: &sig.Companion{Signed: []byte(comment), Signature: sign(t, sig.Ed25519, by, []byte("comment")), Fault: fault},
		}
	}
	r := check(t, memory("message"), sig.Keys{ada.Public(), bob.Public()}, claim(ada, "comment"), claim(ada, "Comment"), claim(bob, "comment"))
	if !r[0].Good() || r[0].Verified.Key() != ada.Public() {
		t.Error("both good:", r[0].Err)
	}
	for _, bad := range r[1:] {
		if !errors.Is(bad.Err, fault) || bad.Verified.Key() != (key.Public{}) {
			t.Error("companion changed, or by another key:", bad.Err)
		}
	}
	if r := check(t, memory("massage"), sig.Keys{ada.Public()}, claim(ada, "comment"))[0]; !r.Bad() || errors.Is(r.Err, fault) {
		t.Error("another message:", r.Err)
	}
}

func TestBareMessages(t *testing.T) {
	for _, head := range []string{"SSHSIG", "SSHSIG\x00", "KAISIG", "DSSEv1 ", "DSSEv1 4 text", "kai-sig", "kai-sig/1\n"} {
		if err := sig.CheckBare([]byte(head)); !errors.Is(err, sig.ErrDomain) {
			t.Errorf("%q: %v", head, err)
		}
	}
	for _, head := range []string{"", "SSHSI", "DSSEv1", "DSSEv12", "kai sig", "\nKAISIG"} {
		if err := sig.CheckBare([]byte(head)); err != nil {
			t.Errorf("%q: %v", head, err)
		}
	}
}

// RFC 8032 §7.3.
func TestEd25519ph(t *testing.T) {
	pub, err := key.NewPublic(key.Ed25519, unhex(t, "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"))
	if err != nil {
		t.Fatal(err)
	}
	value := unhex(t, "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406")
	for scheme, want := range map[sig.Scheme]bool{sig.Ed25519ph: true, sig.Ed25519: false} {
		for _, content := range []sig.Content{{Whole: true}, {Fixed: []byte("abc")}} {
			claim := &sig.Claim{Scheme: scheme, Key: pub, Signature: value, Content: content}
			if r := check(t, memory("abc"), nil, claim)[0]; r.Good() != want {
				t.Errorf("%s: %v", scheme, r.Err)
			}
		}
	}
	if _, err := sig.Ed25519ph.Sign(rand.Reader, pub, nil, nil); !errors.Is(err, sig.ErrScheme) {
		t.Error("signing:", err)
	}
}

func TestNoMessage(t *testing.T) {
	k := newKey(t, key.Ed25519)
	for name, content := range map[string]sig.Content{
		"whole": {Whole: true}, "embedded": {Embed: func(m []byte) []byte { return m }},
		"hashed": {Hash: digest.SHA256, Wrap: func(sum []byte) []byte { return sum }},
	} {
		claim := &sig.Claim{Scheme: sig.Ed25519, Key: k.Public(), Signature: make([]byte, 64), Content: content}
		if r := check(t, nil, nil, claim)[0]; !errors.Is(r.Err, sig.ErrNoMessage) {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
}
