package verdict_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/verdict"
)

// person has a classical and a post-quantum key.
type person struct{ classical, pq *key.Private }

func newPerson(t *testing.T) person {
	t.Helper()
	make := func(typ key.Type) *key.Private {
		k, err := key.Generate(typ, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	return person{make(key.Ed25519), make(key.MLDSA65)}
}

func (p person) signer(name string, withPQ bool) verdict.Signer {
	s := verdict.Signer{Name: name, Keys: []key.Public{p.classical.Public()}}
	if withPQ {
		s.Keys = append(s.Keys, p.pq.Public())
	}
	return s
}

// signed makes a checked signature; pq, if not nil, makes the second half.
func signed(t *testing.T, by person, pq *key.Private, ns string) verdict.Input {
	t.Helper()
	sign := func(scheme sig.Scheme, k *key.Private) *sig.Claim {
		signer, err := k.Signer()
		if err != nil {
			t.Fatal(err)
		}
		message := []byte("message for " + ns)
		value, err := scheme.Sign(rand.Reader, k.Public(), signer, message)
		if err != nil {
			t.Fatal(err)
		}
		return &sig.Claim{Format: "sshsig", Namespace: ns, Scheme: scheme, Key: k.Public(), Signature: value, Content: sig.Content{Fixed: message}}
	}
	c := sign(sig.Ed25519, by.classical)
	if pq != nil {
		c.PQ = sign(sig.MLDSA65SSHSig, pq)
	}
	results, err := sig.Check(t.Context(), []*sig.Claim{c}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return verdict.Input{Result: results[0], Source: "x.sig", Namespace: "file"}
}

func tampered(in verdict.Input) verdict.Input {
	in.Result = sig.Result{Claim: in.Result.Claim, Err: &sig.BadSignature{Code: "signature", Reason: "differs"}}
	return in
}

func failed(err error) verdict.Input {
	return verdict.Input{Result: sig.Result{Err: err}, Namespace: "file"}
}

func TestJudge(t *testing.T) {
	ada, bob, eve := newPerson(t), newPerson(t), newPerson(t)
	byAda, byBob := signed(t, ada, nil, "file"), signed(t, bob, nil, "file")
	hybrid := signed(t, ada, ada.pq, "file")
	swapped := signed(t, ada, eve.pq, "file")
	late := byAda
	late.Against = []verdict.Reason{{Code: "expired", Text: "yesterday"}}
	both := verdict.NewSigners(ada.signer("ada", true), bob.signer("bob", true))
	adaTwice := verdict.NewSigners(ada.signer("ada", true), verdict.Signer{Name: "ada again", Keys: []key.Public{ada.classical.Public()}})
	bare := verdict.NewSigners(ada.signer("ada", false))
	print := func(p person) verdict.Signer {
		return verdict.Signer{Name: "print", Fingerprints: []string{p.classical.Public().Fingerprint()}}
	}
	for _, c := range []struct {
		name   string
		inputs []verdict.Input
		rule   verdict.Rule
		want   verdict.Requirements
		word   verdict.Word
		reason string
		pq     verdict.PQ
	}{
		{"nothing", nil, both, verdict.Requirements{}, verdict.Undecidable, "no_signature", ""},
		{"trusted", []verdict.Input{byAda}, both, verdict.Requirements{}, verdict.Trusted, "", verdict.PQAbsent},
		{"no rule", []verdict.Input{byAda}, nil, verdict.Requirements{}, verdict.Untrusted, "unknown_signer", verdict.PQAbsent},
		{"not named", []verdict.Input{signed(t, eve, nil, "file")}, both, verdict.Requirements{}, verdict.Untrusted, "not_named", verdict.PQAbsent},
		{"namespace", []verdict.Input{signed(t, ada, nil, "git")}, both, verdict.Requirements{}, verdict.Untrusted, "namespace", verdict.PQAbsent},
		{"damage is not outvoted", []verdict.Input{byAda, tampered(byBob)}, both, verdict.Requirements{}, verdict.Bad, "signature", ""},
		{"one good beside an unknown format", []verdict.Input{failed(sig.ErrUnsupported), byAda}, both, verdict.Requirements{}, verdict.Trusted, "", ""},
		{"only an unknown format", []verdict.Input{failed(sig.ErrUnsupported)}, both, verdict.Requirements{}, verdict.Undecidable, "unsupported_format", ""},
		{"key id", []verdict.Input{failed(sig.ErrWrongKeyID)}, both, verdict.Requirements{}, verdict.Undecidable, "wrong_key_id", ""},
		{"two of two", []verdict.Input{byAda, byBob}, both, verdict.Requirements{Threshold: 2}, verdict.Trusted, "", ""},
		{"one of two", []verdict.Input{byAda}, both, verdict.Requirements{Threshold: 2}, verdict.Untrusted, "threshold", ""},
		{"the same signer twice", []verdict.Input{byAda, byAda}, both, verdict.Requirements{Threshold: 2}, verdict.Untrusted, "threshold", ""},
		{"one key under two names", []verdict.Input{byAda, byAda}, adaTwice, verdict.Requirements{Threshold: 2}, verdict.Untrusted, "threshold", ""},
		{"hybrid", []verdict.Input{hybrid}, both, verdict.Requirements{RequirePQ: true}, verdict.Trusted, "", verdict.PQVerified},
		{"stripped, allowed", []verdict.Input{byAda}, both, verdict.Requirements{}, verdict.Trusted, "", verdict.PQAbsent},
		{"stripped, required", []verdict.Input{byAda}, both, verdict.Requirements{RequirePQ: true}, verdict.Untrusted, "pq_missing", verdict.PQAbsent},
		{"half by somebody else", []verdict.Input{swapped}, both, verdict.Requirements{}, verdict.Bad, "pq_key_mismatch", verdict.PQBad},
		{"half known to be somebody else's", []verdict.Input{signed(t, ada, bob.pq, "file")},
			verdict.NewSigners(ada.signer("ada", false), bob.signer("bob", true)), verdict.Requirements{}, verdict.Bad, "pq_key_mismatch", verdict.PQBad},
		{"unbound", []verdict.Input{hybrid}, bare, verdict.Requirements{}, verdict.Trusted, "", verdict.PQUnbound},
		{"unbound is not enough", []verdict.Input{hybrid}, bare, verdict.Requirements{RequirePQ: true}, verdict.Untrusted, "pq_missing", verdict.PQUnbound},
		{"by fingerprint", []verdict.Input{byAda}, verdict.NewSigners(print(ada)), verdict.Requirements{}, verdict.Trusted, "", ""},
		{"another fingerprint", []verdict.Input{byAda}, verdict.NewSigners(print(bob)), verdict.Requirements{}, verdict.Untrusted, "not_named", ""},
		{"key and fingerprint are one", []verdict.Input{byAda, byAda}, verdict.NewSigners(print(ada), ada.signer("ada", false), print(ada)),
			verdict.Requirements{Threshold: 2}, verdict.Untrusted, "threshold", ""},
		{"two fingerprints", []verdict.Input{byAda, byBob}, verdict.NewSigners(print(ada), print(bob)), verdict.Requirements{Threshold: 2}, verdict.Trusted, "", ""},
		{"a half known by its fingerprint to be somebody else's", []verdict.Input{swapped},
			verdict.NewSigners(ada.signer("ada", false), verdict.Signer{Name: "eve", Fingerprints: []string{eve.pq.Public().Fingerprint()}}),
			verdict.Requirements{}, verdict.Bad, "pq_key_mismatch", verdict.PQBad},
		{"against", []verdict.Input{late}, both, verdict.Requirements{}, verdict.Untrusted, "expired", verdict.PQAbsent},
	} {
		c.want.At = time.Unix(1_800_000_000, 0)
		v := verdict.Judge(c.inputs, c.rule, c.want)
		code := ""
		if len(v.Reasons) > 0 {
			code = v.Reasons[0].Code
		}
		if v.Word != c.word || code != c.reason {
			t.Errorf("%s: %s %q, want %s %q", c.name, v.Word, code, c.word, c.reason)
		}
		if c.pq != "" && v.Signatures[0].PQ != c.pq {
			t.Errorf("%s: pq %s, want %s", c.name, v.Signatures[0].PQ, c.pq)
		}
	}
}

// about gives an input the number of its message.
func about(message int, in verdict.Input) verdict.Input {
	in.Message = message
	return in
}

// Each message of a file stands for itself, and the worst is the answer.
func TestJudgeSeveralMessages(t *testing.T) {
	ada, bob, eve := newPerson(t), newPerson(t), newPerson(t)
	byAda, byBob, byEve := signed(t, ada, nil, "file"), signed(t, bob, nil, "file"), signed(t, eve, nil, "file")
	both := verdict.NewSigners(ada.signer("ada", true), bob.signer("bob", true))
	for _, c := range []struct {
		name   string
		inputs []verdict.Input
		need   int
		word   verdict.Word
		have   int
	}{
		{"each by one", []verdict.Input{about(0, byAda), about(1, byBob)}, 1, verdict.Trusted, 1},
		{"two signers, of two messages", []verdict.Input{about(0, byAda), about(1, byBob)}, 2, verdict.Untrusted, 1},
		{"two signers each", []verdict.Input{about(0, byAda), about(1, byBob), about(0, byBob), about(1, byAda)}, 2, verdict.Trusted, 2},
		{"a stranger's beside it", []verdict.Input{about(0, byAda), about(1, byEve)}, 1, verdict.Untrusted, 0},
		{"a stranger's first", []verdict.Input{about(0, byEve), about(1, byAda)}, 1, verdict.Untrusted, 0},
		{"a stranger's on the same", []verdict.Input{about(0, byAda), about(0, byEve)}, 1, verdict.Trusted, 1},
		{"one unreadable", []verdict.Input{about(0, byAda), about(1, failed(sig.ErrUnsupported))}, 1, verdict.Undecidable, 0},
		{"one unreadable, one by a stranger", []verdict.Input{about(0, byEve), about(1, failed(sig.ErrUnsupported))}, 1, verdict.Undecidable, 0},
		{"one bad", []verdict.Input{about(0, failed(sig.ErrUnsupported)), about(1, byAda), about(2, tampered(byBob))}, 1, verdict.Bad, 0},
	} {
		v := verdict.Judge(c.inputs, both, verdict.Requirements{Threshold: c.need})
		if v.Word != c.word || v.Have != c.have || len(v.Signatures) != len(c.inputs) {
			t.Errorf("%s: %s, %d signers, %d signatures; want %s, %d", c.name, v.Word, v.Have, len(v.Signatures), c.word, c.have)
		}
		for i, s := range v.Signatures {
			if s.Result.Claim != c.inputs[i].Result.Claim {
				t.Errorf("%s: signature %d is not in its place", c.name, i)
			}
		}
	}
}

// known is a rule that knows keys by the names in it.
type known map[key.Public][]string

func (k known) Judge(v sig.Verified, _ string, _ time.Time) verdict.Decision {
	return verdict.Decision{Trusted: true, Identities: k[v.Key()]}
}

// Whoever shares a key or a name with another is not a second signer.
func TestJudgeCountsPeople(t *testing.T) {
	ada, bob, eve := newPerson(t), newPerson(t), newPerson(t)
	byAda, byBob, byEve := signed(t, ada, nil, "file"), signed(t, bob, nil, "file"), signed(t, eve, nil, "file")
	a, b, e := ada.classical.Public(), bob.classical.Public(), eve.classical.Public()
	for _, c := range []struct {
		name   string
		rule   known
		inputs []verdict.Input
		have   int
	}{
		{"three people", known{a: {"ada"}, b: {"bob"}, e: {"eve"}}, []verdict.Input{byAda, byBob, byEve}, 3},
		{"nameless", known{}, []verdict.Input{byAda, byBob}, 2},
		{"one key", known{}, []verdict.Input{byAda, byAda}, 1},
		{"two keys of one", known{a: {"ada"}, b: {"ada"}}, []verdict.Input{byAda, byBob}, 1},
		{"a name in common", known{a: {"ada", "root"}, b: {"bob", "root"}}, []verdict.Input{byAda, byBob}, 1},
		{"over a third", known{a: {"ada"}, b: {"ada", "eve"}, e: {"eve"}}, []verdict.Input{byAda, byEve, byBob}, 1},
	} {
		if v := verdict.Judge(c.inputs, c.rule, verdict.Requirements{}); v.Have != c.have {
			t.Errorf("%s: %d signers, want %d", c.name, v.Have, c.have)
		}
	}
}

func TestReasonOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		code string
	}{
		{&sig.SyntaxError{Format: "sshsig", Offset: 3, Reason: "x"}, "malformed"},
		{fmt.Errorf("line 3: %w", sig.ErrTooLarge), "too_large"},
		{fmt.Errorf("key: %w", key.ErrWeak), "weak_key"},
		{&sig.BadSignature{Code: "pq", Reason: "x"}, "pq"},
		{errors.New("something else"), "malformed"},
	} {
		if got := verdict.ReasonOf(c.err).Code; got != c.code {
			t.Errorf("%v: %s, want %s", c.err, got, c.code)
		}
	}
}
