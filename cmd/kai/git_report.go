package main

import (
	"fmt"
	"slices"
	"strings"

	"kai/internal/audit/event"
	"kai/internal/sig/gitobj"
	"kai/internal/verdict"
)

// maxGitSigners bounds the signers that are counted by name: strangers can make any number.
const maxGitSigners = 1000

// Widths of the table's columns.
const (
	gitVerdictWidth = len(verdict.Undecidable)
	gitSignerWidth  = 28
)

// excusedWord is the verdict shown for a commit that needs no signature.
const excusedWord = "excused"

// gitReport prints answers as they come and counts them.
type gitReport struct {
	env     *env
	exit    int
	objects int
	// verdicts and signers count objects; order is that of the signers' first.
	verdicts map[string]int
	signers  map[gitSigner]int
	order    []gitSigner
	others   int // by signers beyond the bound

	incomplete int
}

// gitSigner is somebody who signed: a name, if a rule knows it, and a key.
type gitSigner struct{ name, fingerprint string }

func newGitReport(env *env) *gitReport {
	return &gitReport{env: env, verdicts: map[string]int{}, signers: map[gitSigner]int{}}
}

// add prints and counts the answers of a batch.
func (r *gitReport) add(batch []*gitJudged) error {
	for _, g := range batch {
		r.exit = worstExit(r.exit, g.exit)
		r.env.judged(g.exit, g.facts())
		if g.err == nil {
			r.count(g)
		}
		if err := r.print(g); err != nil {
			return err
		}
	}
	return nil
}

// facts are what the audit log says of an answer that is not a good one.
func (g *gitJudged) facts() event.Details {
	if g.err != nil {
		return event.Details{{Name: "error", Value: g.said.ident}}
	}
	return verdictFacts(g.verdict)
}

func (r *gitReport) count(g *gitJudged) {
	r.objects++
	r.verdicts[g.word()]++
	if g.incomplete {
		r.incomplete++
		r.exit = worstExit(r.exit, exitUndecidable)
	}
	s, ok := g.signer()
	if !ok {
		return
	}
	if _, known := r.signers[s]; !known {
		if len(r.order) == maxGitSigners {
			r.others++
			return
		}
		r.order = append(r.order, s)
	}
	r.signers[s]++
}

// word is the verdict as it is shown.
func (g *gitJudged) word() string {
	if g.excused {
		return excusedWord
	}
	return string(g.verdict.Word)
}

// signer is who made the signature; ok is false unless it is mathematically good.
func (g *gitJudged) signer() (s gitSigner, ok bool) {
	for _, signature := range g.verdict.Signatures {
		if signature.State == "good" {
			return gitSigner{signature.Name, signature.Result.Verified.Key().Fingerprint()}, true
		}
	}
	return s, false
}

func (s gitSigner) String() string {
	if s.name != "" {
		return s.name
	}
	return s.fingerprint
}

func (r *gitReport) print(g *gitJudged) error {
	if r.env.json {
		return r.env.printJSON(g.json(r.env))
	}
	if g.err != nil {
		report(r.env, g.said)
		return nil
	}
	if r.objects == 1 {
		if err := r.row(g, "COMMIT", "VERDICT", "SIGNER", "REASON"); err != nil {
			return err
		}
	}
	signer := "-"
	if s, ok := g.signer(); ok {
		signer = s.String()
	}
	return r.row(g, g.object.id, g.word(), signer, g.reason())
}

// row prints one line. Foreign text is escaped by itself, so that it cannot make lines.
func (r *gitReport) row(g *gitJudged, cells ...string) error {
	for i := range cells {
		cells[i] = printable(cells[i])
	}
	line := fmt.Sprintf("%-*s  %-*s  %-*s  %s", len(g.object.id), cells[0], gitVerdictWidth, cells[1], gitSignerWidth, cells[2], cells[3])
	return r.env.printf("%s\n", strings.TrimRight(line, " "))
}

// reason is why, and for a tag which.
func (g *gitJudged) reason() string {
	var parts []string
	if name := g.tagName(); name != "" {
		parts = append(parts, "tag "+name)
	}
	if g.verdict.Word == verdict.Trusted {
		for _, s := range g.verdict.Signatures {
			for _, reason := range s.Reasons {
				parts = append(parts, reason.Code)
			}
		}
	}
	for _, reason := range g.verdict.Reasons {
		parts = append(parts, reason.Code+": "+reason.Text)
	}
	if g.incomplete {
		parts = append(parts, "history is cut off here")
	}
	return strings.Join(parts, "  ")
}

// tagName is what the tag calls itself or, unsigned, is called; "" for commits.
func (g *gitJudged) tagName() string {
	if g.tag == "" {
		return strings.TrimPrefix(g.object.ref, tagReferences)
	}
	return g.tag
}

// finish prints the counts, and on stderr what should be known besides.
func (r *gitReport) finish(warnings []string, anybody bool) error {
	if err := r.counts(); err != nil {
		return err
	}
	for _, w := range slices.Compact(warnings) {
		r.env.note("%s", strings.TrimPrefix(w, "warning: "))
	}
	if r.env.json {
		return nil
	}
	if r.incomplete > 0 {
		fmt.Fprintln(r.env.stderr, "kai: hint: git fetch --unshallow")
	}
	if anybody && r.verdicts[string(verdict.Untrusted)] > 0 {
		fmt.Fprintln(r.env.stderr, "kai: hint: if you know the signers: kai git verify --signer PUBLIC-KEY-FILE or --allowed-signers FILE")
	}
	return nil
}

// counts prints how many objects there are of each verdict and signer.
func (r *gitReport) counts() error {
	if r.env.json {
		return r.env.printJSON(r.json())
	}
	if r.objects < 2 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%7d  objects\n", r.objects)
	for _, word := range gitWords() {
		if n := r.verdicts[word]; n > 0 {
			fmt.Fprintf(&b, "%7d  %s\n", n, word)
		}
	}
	if r.incomplete > 0 {
		fmt.Fprintf(&b, "%7d  where history is cut off\n", r.incomplete)
	}
	for _, s := range r.order {
		text := s.fingerprint
		if s.name != "" {
			text = s.name + "  " + s.fingerprint
		}
		fmt.Fprintf(&b, "%7d  signed by %s\n", r.signers[s], printable(text))
	}
	if r.others > 0 {
		fmt.Fprintf(&b, "%7d  signed by others\n", r.others)
	}
	return r.env.printf("%s", b.String())
}

// gitWords are the verdicts in the order of the counts.
func gitWords() []string {
	return []string{string(verdict.Trusted), excusedWord, string(verdict.Bad), string(verdict.Untrusted), string(verdict.Undecidable)}
}

// gitVerifyJSON is one object of kai git verify --json.
type gitVerifyJSON struct {
	head
	Object     string          `json:"object"`
	Type       string          `json:"type"`
	Name       *string         `json:"name"` // of a tag
	Verdict    string          `json:"verdict"`
	Exit       int             `json:"exit"`
	Excused    bool            `json:"excused"`
	Incomplete bool            `json:"incomplete"`
	At         string          `json:"at"`
	Signer     *string         `json:"signer"`
	Committer  *gitPersonJSON  `json:"committer"` // or tagger
	Signatures []signatureJSON `json:"signatures"`
	Error      *errorBody      `json:"error"`
}

type gitPersonJSON struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Time  string `json:"time"`
}

func (g *gitJudged) json(env *env) gitVerifyJSON {
	out := gitVerifyJSON{
		head: env.head(g.exit == exitDone), Object: g.object.id, Type: g.object.kind, Name: optional(g.tagName()),
		Verdict: string(g.verdict.Word), Exit: g.exit, Excused: g.excused, Incomplete: g.incomplete, At: timeText(g.at),
		Committer: gitPersonOf(g.person), Signatures: []signatureJSON{},
	}
	if s, ok := g.signer(); ok {
		out.Signer = optional(s.name)
	}
	for i, s := range g.verdict.Signatures {
		out.Signatures = append(out.Signatures, signatureOf(i, s))
	}
	switch {
	case g.err != nil:
		out.Error = &errorBody{g.said.ident, g.said.code, g.said.message, g.said.hint}
	case len(g.verdict.Reasons) > 0:
		out.Error = &errorBody{Code: g.verdict.Reasons[0].Code, Exit: exitOf(g.verdict.Word), Message: g.verdict.Reasons[0].Text}
	}
	return out
}

func gitPersonOf(p *gitobj.Person) *gitPersonJSON {
	if p == nil {
		return nil
	}
	return &gitPersonJSON{p.Name, p.Email, timeText(p.Time)}
}

// gitSummaryJSON is the last object of kai git verify --json.
type gitSummaryJSON struct {
	head
	Exit    int            `json:"exit"`
	Summary gitCountsJSON  `json:"summary"`
	Signers []gitCountJSON `json:"signers"`
}

type gitCountsJSON struct {
	Objects     int `json:"objects"`
	Trusted     int `json:"trusted"`
	Excused     int `json:"excused"`
	Bad         int `json:"bad"`
	Untrusted   int `json:"untrusted"`
	Undecidable int `json:"undecidable"`
	Incomplete  int `json:"incomplete"`
	Others      int `json:"signed_by_others"`
}

type gitCountJSON struct {
	Name        *string `json:"name"`
	Fingerprint string  `json:"fingerprint"`
	Objects     int     `json:"objects"`
}

func (r *gitReport) json() gitSummaryJSON {
	n := func(w verdict.Word) int { return r.verdicts[string(w)] }
	out := gitSummaryJSON{head: r.env.head(r.exit == exitDone), Exit: r.exit, Signers: []gitCountJSON{}, Summary: gitCountsJSON{
		Objects: r.objects, Trusted: n(verdict.Trusted), Excused: r.verdicts[excusedWord], Bad: n(verdict.Bad),
		Untrusted: n(verdict.Untrusted), Undecidable: n(verdict.Undecidable), Incomplete: r.incomplete, Others: r.others,
	}}
	for _, s := range r.order {
		out.Signers = append(out.Signers, gitCountJSON{optional(s.name), s.fingerprint, r.signers[s]})
	}
	return out
}
