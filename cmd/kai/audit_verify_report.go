package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/canon"
)

// verifyAnswer is what kai audit verify has to say.
type verifyAnswer struct {
	v        *audit.Verification
	public   bool
	asked    []askedAnchor // with --anchors
	repaired *repair       // with --repair
}

// auditVerifyJSON is the answer of kai audit verify --json.
type auditVerifyJSON struct {
	head
	Verdict      audit.Verdict   `json:"verdict"`
	Size         uint64          `json:"size"`
	Root         string          `json:"root"`
	From         uint64          `json:"from"`
	Findings     []verifyFinding `json:"findings"`
	More         bool            `json:"more"`
	Epochs       []verifyEpoch   `json:"epochs"`
	End          string          `json:"end"`
	Coverage     verifyCoverage  `json:"coverage"`
	Unsigned     uint64          `json:"unsigned"`
	Acknowledged []uint64        `json:"acknowledged"`
	Notes        []string        `json:"notes"`
	Anchors      []askedAnchor   `json:"anchors,omitempty"`
	Repaired     *repair         `json:"repaired,omitempty"`
	Seconds      float64         `json:"seconds"`
}

type verifyFinding struct {
	N            uint64      `json:"n"`
	Segment      uint64      `json:"segment"`
	Line         int         `json:"line"`
	Check        audit.Check `json:"check"`
	Text         string      `json:"text"`
	Acknowledged bool        `json:"acknowledged,omitempty"`
}

type verifyEpoch struct {
	Epoch  uint32 `json:"epoch"`
	From   uint64 `json:"from"`
	Sealed bool   `json:"sealed"`
	Opened bool   `json:"opened"`
}

type verifyCoverage struct {
	MACTo        uint64  `json:"mac_to"`
	SignedTo     uint64  `json:"signed_to"`
	CosignedTo   uint64  `json:"cosigned_to"`
	AnchoredTo   uint64  `json:"anchored_to"`
	NewestAnchor *string `json:"newest_anchor"`
}

// exit is the exit code of the verdict that was found, also when the log was repaired since.
func (a *verifyAnswer) exit() int {
	switch a.v.Verdict {
	case audit.VerdictOK:
		return exitDone
	case audit.VerdictIncomplete:
		return exitUndecidable
	}
	return exitBad
}

func (a *verifyAnswer) print(env *env, took time.Duration) error {
	var err error
	if env.json {
		err = env.printJSON(a.object(env, took))
	} else {
		err = a.text(env)
	}
	if err != nil {
		return err
	}
	return reported(a.exit())
}

func (a *verifyAnswer) object(env *env, took time.Duration) auditVerifyJSON {
	v := a.v
	out := auditVerifyJSON{
		head: env.head(v.Verdict == audit.VerdictOK), Verdict: v.Verdict, Size: v.Size,
		Root: base64.StdEncoding.EncodeToString(v.Root[:]), From: v.From, Findings: []verifyFinding{}, More: v.More,
		Epochs: []verifyEpoch{}, End: v.End, Unsigned: v.Unsigned, Acknowledged: append([]uint64{}, v.Acknowledged...),
		Notes: append([]string{}, v.Notes...), Anchors: a.asked, Repaired: a.repaired,
		Seconds: math.Round(took.Seconds()*1000) / 1000,
		Coverage: verifyCoverage{
			MACTo: v.Coverage.MACTo, SignedTo: v.Coverage.SignedTo,
			CosignedTo: v.Coverage.CosignedTo, AnchoredTo: v.Coverage.AnchoredTo,
		},
	}
	if t := v.Coverage.NewestAnchor; !t.IsZero() {
		text := t.UTC().Format(time.RFC3339)
		out.Coverage.NewestAnchor = &text
	}
	for _, f := range v.Findings {
		out.Findings = append(out.Findings, verifyFinding{f.N, f.Segment, f.Line, f.Check, f.Text, f.Acknowledged})
	}
	for _, e := range v.Epochs {
		out.Epochs = append(out.Epochs, verifyEpoch(e))
	}
	return out
}

// text prints a line a finding, then what happened and is no finding, then the verdict.
func (a *verifyAnswer) text(env *env) error {
	v := a.v
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, f := range v.Findings {
		if f.Acknowledged {
			add("%s (acknowledged)", f)
		} else {
			add("%s", f)
		}
	}
	if v.More {
		add("and more: only the first %d are listed", len(v.Findings))
	}
	for _, n := range v.Notes {
		add("%s", n)
	}
	for _, q := range a.asked {
		add("anchor %s", q)
	}
	if v.End != "ok" {
		add("end: %s", v.End)
	}
	if a.public {
		add("%d events covered by signature, %d tail events need unlock", v.Coverage.SignedTo, v.Unsigned)
	}
	if v.Verdict == audit.VerdictOK {
		c := v.Coverage
		add("covered: MACs %d, signed %d, cosigned %d, anchored %d", c.MACTo, c.SignedTo, c.CosignedTo, c.AnchoredTo)
		add("ok: %d events, root %s", v.Size, base64.StdEncoding.EncodeToString(v.Root[:]))
	} else {
		add("%s: %d events, %d findings", v.Verdict, v.Size, len(v.Findings)-len(v.Acknowledged))
	}
	for _, line := range lines {
		if err := env.printf("%s\n", line); err != nil {
			return err
		}
	}
	a.advise(env)
	return nil
}

// advise says what comes next.
func (a *verifyAnswer) advise(env *env) {
	var open []audit.Finding
	rolledBack, onlyCuts := false, true
	for _, f := range a.v.Findings {
		if !f.Acknowledged {
			open = append(open, f)
			rolledBack = rolledBack || f.Check == audit.CheckMemory
			onlyCuts = onlyCuts && f.Check == audit.CheckEpoch && !f.Place
		}
	}
	switch {
	case a.repaired != nil:
		env.note("repaired: recording goes on with event %d; what was there lies in audit/%s", a.repaired.At, a.repaired.Quarantine)
		env.note("hint: kai audit checkpoint --key REF --acknowledge %d --reason TEXT", a.repaired.At)
	case a.v.Verdict == audit.VerdictOK:
	case rolledBack:
		env.note("hint: if an old copy was put back on purpose, kai audit verify --accept-rollback REASON")
	case onlyCuts && len(open) > 0:
		env.note("hint: if you know why, kai audit checkpoint --key REF --acknowledge %d --reason TEXT", open[0].N)
	case a.v.Verdict == audit.VerdictIncomplete:
		env.note("hint: the next event begins a new epoch; then kai audit checkpoint --key REF --acknowledge N --reason TEXT")
	default:
		env.note("hint: keep a copy of the home, then kai audit verify --repair")
	}
}

// verifiedFile remembers the newest verification that read everything with its keys.
const verifiedFile = "verified.json"

// maxVerified bounds it; it has about 130 bytes.
const maxVerified = 4 << 10

// fullVerify is what it holds.
type fullVerify struct {
	N    uint64 `json:"n"`
	OK   bool   `json:"ok"`
	Root string `json:"root"` // base64, as in a checkpoint
	T    string `json:"t"`
	V    int    `json:"v"`
}

// Time is when it was.
func (f *fullVerify) Time() time.Time {
	t, err := time.Parse(event.TimeLayout, f.T)
	if err != nil {
		return time.Time{}
	}
	return t
}

func (o *openedLog) rememberVerified(env *env, v *audit.Verification) error {
	text, err := canon.Marshal(fullVerify{
		N: v.Size, OK: v.Verdict == audit.VerdictOK, Root: base64.StdEncoding.EncodeToString(v.Root[:]),
		T: env.now().UTC().Format(event.TimeLayout), V: 1,
	})
	if err != nil {
		return err
	}
	return o.dir.WriteFile(verifiedFile, text, 0o600)
}

// lastVerified is the newest full verification; false when there was none that can be read.
func (o *openedLog) lastVerified() (fullVerify, bool, error) {
	data, err := o.dir.ReadFile(verifiedFile, maxVerified)
	if errors.Is(err, fs.ErrNotExist) {
		return fullVerify{}, false, nil
	}
	if err != nil {
		return fullVerify{}, false, err
	}
	var f fullVerify
	if err := canon.Unmarshal(data, &f); err != nil || f.V != 1 || f.Time().IsZero() {
		return fullVerify{}, false, nil //nolint:nilerr // it is written anew by the next
	}
	return f, true, nil
}
