package verdict

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"kai/internal/key"
	"kai/internal/sig"
)

// Word is one of the four answers, as reports print it.
type Word string

// The answers, see the package documentation.
const (
	Trusted     Word = "trusted"
	Bad         Word = "bad"
	Untrusted   Word = "untrusted"
	Undecidable Word = "undecidable"
)

// Reason is why a verdict is what it is: a code for machines, which never
// changes its meaning, and a sentence for people.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// PQ is the state of a signature's post-quantum half.
type PQ string

// The states of the post-quantum half.
const (
	PQVerified  PQ = "verified"  // good, and by a key of the same signer
	PQAbsent    PQ = "absent"    // there is none
	PQBad       PQ = "bad"       // it fails, or is by a key that is not the signer's
	PQComposite PQ = "composite" // the signature's own scheme is post-quantum
	PQUnbound   PQ = "unbound"   // good, but nothing ties its key to the signer
)

// Decision is what a rule says of one good signature.
type Decision struct {
	Trusted bool
	// Identities are what the rule knows the signer as, and tell signers apart:
	// those who share one, or a key, count once.
	Identities []string
	// Name is shown for the identity: a file name, a principal.
	Name string
	// Identity is who the signer is, nil for keys that belong to no identity that the
	// rule knows.
	Identity *Identity
	// Principal is the allowed_signers principal that matched, if any.
	Principal string
	// PQKeys are the signer's known ML-DSA keys.
	PQKeys []key.Public
	// PQForeign: the post-quantum half is by a key that is known to be
	// somebody else's.
	PQForeign bool
	Reasons   []Reason
}

// Identity is a known signer.
type Identity struct {
	ID, Name, Kind, Class string
	Own                   bool
}

// Rule decides about good signatures.
type Rule interface {
	// Judge answers for one signature at one time. namespace is what the
	// caller wants the signature to be for.
	Judge(v sig.Verified, namespace string, at time.Time) Decision
}

// Requirements tighten what a rule allows; the zero value asks for one signer
// and nothing else.
type Requirements struct {
	At        time.Time
	Threshold int
	RequirePQ bool
}

// Input is one checked signature and what the caller knows about its place.
type Input struct {
	Result sig.Result
	// Source names the file that the signature stands in.
	Source string
	// Namespace that the signature must have.
	Namespace string
	// Message tells messages apart that stand in one file: the signatures of
	// each count together, and each must be trusted.
	Message int
	// Against are reasons outside the mathematics that forbid trust: a token
	// out of date, another audience.
	Against []Reason
}

// Signature is a judged signature.
type Signature struct {
	Input
	Decision
	PQ PQ
	// State is good, bad or unchecked.
	State string
}

// Verdict is the answer for one message.
type Verdict struct {
	Word       Word
	Reasons    []Reason // of the whole; each signature has its own
	Signatures []Signature
	Have, Need int // distinct trusted identities
}

// Judge combines the signatures over one message or, told apart by
// Input.Message, several: then the answer is that of the one that fares worst.
// rule may be nil: then nobody is trusted.
func Judge(inputs []Input, rule Rule, want Requirements) Verdict {
	all := Verdict{Need: max(want.Threshold, 1)}
	messages := map[int][]Signature{}
	var order []int
	for _, in := range inputs {
		s := judgeOne(in, rule, want)
		all.Signatures = append(all.Signatures, s)
		if messages[in.Message] == nil {
			order = append(order, in.Message)
		}
		messages[in.Message] = append(messages[in.Message], s)
	}
	if len(order) == 0 {
		all.conclude()
		return all
	}
	for i, message := range order {
		v := Verdict{Need: all.Need, Signatures: messages[message], Have: signersOf(messages[message])}
		v.conclude()
		if i == 0 || severity(v.Word) > severity(all.Word) {
			all.Word, all.Reasons, all.Have = v.Word, v.Reasons, v.Have
		}
	}
	return all
}

// severity orders answers as exit codes do.
func severity(w Word) int {
	switch w {
	case Trusted:
		return 0
	case Untrusted:
		return 1
	case Undecidable:
		return 2
	default:
		return 3
	}
}

// signersOf counts distinct trusted signers. Whoever shares a name or a key with
// another, directly or over third parties, is not distinct from him: one key
// that several lines or formats know by different names is still one person.
func signersOf(signatures []Signature) int {
	var groups [][]string
	for _, s := range signatures {
		if !s.Trusted {
			continue
		}
		merged := []string{"key " + s.Result.Verified.Key().Fingerprint()}
		for _, identity := range s.Identities {
			merged = append(merged, "identity "+identity)
		}
		var apart [][]string
		for _, g := range groups {
			if slices.ContainsFunc(g, func(name string) bool { return slices.Contains(merged, name) }) {
				merged = append(merged, g...)
			} else {
				apart = append(apart, g)
			}
		}
		groups = append(apart, merged)
	}
	return len(groups)
}

func judgeOne(in Input, rule Rule, want Requirements) Signature {
	s := Signature{Input: in, PQ: PQAbsent, State: "good"}
	if err := in.Result.Err; err != nil {
		s.State = "unchecked"
		if in.Result.Bad() {
			s.State = "bad"
		}
		s.Reasons = []Reason{ReasonOf(err)}
		if s.Reasons[0].Code == "pq" {
			s.PQ = PQBad
		}
		return s
	}
	v := in.Result.Verified
	if rule == nil {
		s.Decision = unknown(v.Key())
	} else {
		s.Decision = rule.Judge(v, in.Namespace, want.At)
	}
	s.forbid(in.Against...)
	if v.Namespace() != in.Namespace {
		s.forbid(Reason{"namespace", fmt.Sprintf("signed for namespace %q, wanted %q", v.Namespace(), in.Namespace)})
	}
	s.judgePQ(v, want.RequirePQ)
	return s
}

func (s *Signature) forbid(reasons ...Reason) {
	if len(reasons) == 0 {
		return
	}
	if s.Trusted {
		s.Trusted, s.Reasons = false, nil // why it would have been trusted no longer matters
	}
	for _, r := range reasons {
		if !s.has(r.Code) {
			s.Reasons = append(s.Reasons, r)
		}
	}
}

func (s *Signature) has(code string) bool {
	for _, r := range s.Reasons {
		if r.Code == code {
			return true
		}
	}
	return false
}

// judgePQ ties the post-quantum half to the signer: anybody can add a half of
// their own under somebody else's signature.
func (s *Signature) judgePQ(v sig.Verified, required bool) {
	switch {
	case v.Key().Type().PostQuantum():
		s.PQ = PQComposite
	case v.PQKey().IsZero():
		s.PQ = PQAbsent
	case len(s.PQKeys) == 0 && !s.PQForeign:
		s.PQ = PQUnbound
	case contains(s.PQKeys, v.PQKey()):
		s.PQ = PQVerified
	default:
		s.PQ, s.State, s.Trusted = PQBad, "bad", false
		s.Reasons = []Reason{{"pq_key_mismatch", "post-quantum half is by another key than the signer's"}}
		return
	}
	if required && s.PQ != PQVerified && s.PQ != PQComposite {
		text := "no post-quantum half"
		if s.PQ == PQUnbound {
			text = "post-quantum half by a key that nothing ties to the signer"
		}
		s.forbid(Reason{"pq_missing", text})
	}
}

func (v *Verdict) conclude() {
	good := false
	for _, s := range v.Signatures {
		switch s.State {
		case "bad":
			v.Word, v.Reasons = Bad, s.Reasons
			return
		case "good":
			good = true
		}
	}
	switch {
	case len(v.Signatures) == 0:
		v.Word, v.Reasons = Undecidable, []Reason{{"no_signature", "no signature found"}}
	case v.Have >= v.Need:
		v.Word = Trusted
	case v.Have > 0:
		v.Word = Untrusted
		v.Reasons = []Reason{{"threshold", fmt.Sprintf("%d of %d distinct signers", v.Have, v.Need)}}
	case good:
		v.Word, v.Reasons = Untrusted, v.first("good")
	default:
		v.Word, v.Reasons = Undecidable, v.first("unchecked")
	}
}

func (v *Verdict) first(state string) []Reason {
	for _, s := range v.Signatures {
		if s.State == state {
			return s.Reasons
		}
	}
	return nil
}

// ReasonOf names an error of package sig by its code.
func ReasonOf(err error) Reason {
	var bad *sig.BadSignature
	if errors.As(err, &bad) {
		return Reason{bad.Code, bad.Reason}
	}
	for _, c := range []struct {
		target error
		code   string
	}{
		{sig.ErrTooLarge, "too_large"},
		{sig.ErrUnsupported, "unsupported_format"},
		{sig.ErrWrongKeyID, "wrong_key_id"},
		{sig.ErrNoKey, "no_key"},
		{sig.ErrNoMessage, "no_file"},
		{key.ErrWeak, "weak_key"},
		{sig.ErrMalformed, "malformed"},
		{sig.ErrNamespace, "malformed"},
		{key.ErrMalformed, "malformed"},
		{key.ErrType, "unsupported_format"},
	} {
		if errors.Is(err, c.target) {
			return Reason{c.code, err.Error()}
		}
	}
	return Reason{"malformed", err.Error()}
}

func unknown(pub key.Public) Decision {
	return Decision{Reasons: []Reason{{"unknown_signer", "no rule names the key " + pub.Fingerprint()}}}
}

func contains(keys []key.Public, k key.Public) bool {
	for _, have := range keys {
		if have == k {
			return true
		}
	}
	return false
}
