package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/sshsig"
	"kai/internal/verdict"
)

// judged is the whole answer about one FILE.
type judged struct {
	name      string
	size      int64
	sums      map[string]string
	at        time.Time
	verdict   verdict.Verdict
	exit      int
	manifest  *manifestJSON
	err       error // reading failed: no verdict
	signature bool  // the file is itself the signature of another

	statements map[*sig.Claim]*statementJSON
}

// verifyJSON is the answer of kai verify --json for one file.
type verifyJSON struct {
	head
	Verdict    string            `json:"verdict"`
	Exit       int               `json:"exit"`
	File       string            `json:"file"`
	Size       int64             `json:"size"`
	Digest     map[string]string `json:"digest"`
	At         string            `json:"at"`
	Threshold  thresholdJSON     `json:"threshold"`
	Policy     *struct{}         `json:"policy"` // there are no policies yet
	Signatures []signatureJSON   `json:"signatures"`
	Manifest   *manifestJSON     `json:"manifest"`
	Statement  *statementJSON    `json:"statement"`
	Error      *errorBody        `json:"error"`
}

type thresholdJSON struct {
	Need int `json:"need"`
	Have int `json:"have"`
}

type signatureJSON struct {
	Index       int              `json:"index"`
	Source      string           `json:"source"`
	Format      string           `json:"format"`
	Crypto      string           `json:"crypto"`
	Namespace   string           `json:"namespace"`
	Hash        string           `json:"hash"`
	Key         *keyJSON         `json:"key"`
	Identity    *identityJSON    `json:"identity"`
	Principal   *string          `json:"principal"`
	PQ          verdict.PQ       `json:"pq"`
	Comment     *string          `json:"comment"`
	ClaimedTime *string          `json:"claimed_time"`
	Trusted     bool             `json:"trusted"`
	Reasons     []verdict.Reason `json:"reasons"`
	Path        []string         `json:"path"`
	Notes       []string         `json:"notes,omitempty"`
}

type keyJSON struct {
	Type        key.Type `json:"type"`
	Fingerprint string   `json:"fingerprint"`
}

// identityJSON names a signer. Signers given as key files have a name only.
type identityJSON struct {
	ID    *string `json:"id"`
	Name  string  `json:"name"`
	Kind  *string `json:"kind,omitempty"`
	Class *string `json:"class,omitempty"`
}

// signerID is what tells a signer from others of the same name: the key, or the id of the identity,
// whose end people compare.
func signerID(s verdict.Signature) string {
	if s.Identity == nil {
		return s.Result.Verified.Key().Fingerprint()
	}
	return shortID(s.Identity.ID)
}

// shortID is the beginning of an id, and its last six characters.
func shortID(id string) string { return id[:6] + "…" + id[len(id)-6:] }

// manifestJSON is how a tree differs from its manifest.
type manifestJSON struct {
	Files   int64    `json:"files"`
	Changed []string `json:"changed"`
	Missing []string `json:"missing"`
	Extra   []string `json:"extra"`
	Exclude []string `json:"exclude"` // patterns of what was not looked at
}

// statementJSON is what an in-toto statement is about.
type statementJSON struct {
	PredicateType string `json:"predicateType"`
	Subjects      int    `json:"subjects"`
}

func (j *judged) print(ctx context.Context, env *env, o verifyOptions) error {
	switch {
	case o.quiet && !env.json:
		if j.err != nil {
			report(env, judge(ctx, j.err))
		}
		return nil
	case env.json:
		return env.printJSON(j.json(ctx, env, o))
	case j.err != nil:
		report(env, judge(ctx, j.err))
		return nil
	}
	text := j.line() + "\n" + j.differences()
	if o.explain {
		text += j.explanation()
	}
	answer := env.stdout
	if o.output == "-" { // there the content is the answer
		answer = env.stderr
	}
	if _, err := io.WriteString(answer, text); err != nil {
		return err
	}
	if hint := j.hint(o); hint != "" {
		fmt.Fprintln(env.stderr, "kai: hint: "+printable(hint))
	}
	return nil
}

// line is the answer in one line: verdict, file, who or why, and for what. Each
// part is made printable by itself, so that no name makes a line of its own.
func (j *judged) line() string {
	parts := []string{string(j.verdict.Word), printable(j.name)}
	if j.verdict.Word != verdict.Trusted {
		for _, r := range j.verdict.Reasons {
			parts = append(parts, r.Code+": "+printable(r.Text))
		}
		return strings.Join(parts, "  ")
	}
	for _, s := range j.verdict.Signatures {
		if !s.Trusted {
			continue
		}
		purpose := printable(s.Input.Namespace)
		if s.Result.Claim.Hash != "" {
			purpose += " " + s.Result.Claim.Hash
		}
		if s.PQ == verdict.PQVerified || s.PQ == verdict.PQComposite {
			purpose += " pq"
		}
		if s.Result.Claim.Format == proofName { // the file may be called otherwise here
			purpose += " as " + printable(s.Result.Claim.Comment)
		}
		parts = append(parts, fmt.Sprintf("%s (%s)  %s", printable(s.Name), signerID(s), purpose))
	}
	if j.manifest != nil && len(j.manifest.Exclude) > 0 {
		parts = append(parts, "excluding "+printable(strings.Join(j.manifest.Exclude, " ")))
	}
	return strings.Join(parts, "  ")
}

// differences are the paths at which a tree is not as its manifest says, a line each.
func (j *judged) differences() string {
	if j.manifest == nil {
		return ""
	}
	var b strings.Builder
	for _, d := range []struct {
		word  string
		paths []string
	}{{"changed", j.manifest.Changed}, {"missing", j.manifest.Missing}, {"extra", j.manifest.Extra}} {
		for _, p := range d.paths {
			fmt.Fprintf(&b, "  %s  %s\n", d.word, printable(p))
		}
	}
	return b.String()
}

// hint is the next command, where there is an obvious one.
func (j *judged) hint(o verifyOptions) string {
	if len(j.verdict.Reasons) == 0 {
		return ""
	}
	switch code := j.verdict.Reasons[0].Code; {
	case code == "no_key" || code == "unknown_signer" && len(o.signers) == 0 && o.allowed == "":
		return "if you know the signer: kai verify " + shellWord(j.name) + " --signer PUBLIC-KEY-FILE"
	case code == "no_signature" && strings.HasPrefix(j.name, gitPrefix):
		return ""
	case code == "no_signature" && j.signature:
		return "kai verify FILE -s " + shellWord(j.name)
	case code == "no_signature":
		return "kai verify " + shellWord(j.name) + " -s SIGNATURE-FILE"
	case code == "no_file":
		return "kai verify FILE -s " + shellWord(j.name)
	case code == "pq_missing" && j.unboundHalf():
		return "give the signer's ML-DSA-65 key in the same file as the other: cat CLASSICAL.pub ML-DSA-65.pub > SIGNER.pub"
	case code == "pq_missing" && j.verdict.Signatures[0].Result.Claim.Format == (sshsig.Format{}).Name():
		return "the signer can add it: kai sign " + shellWord(j.name) + " --key file:CLASSICAL-KEY --key file:ML-DSA-65-KEY -f"
	}
	return ""
}

// unboundHalf reports whether a post-quantum half lacks nothing but its key.
func (j *judged) unboundHalf() bool {
	return slices.ContainsFunc(j.verdict.Signatures, func(s verdict.Signature) bool { return s.PQ == verdict.PQUnbound })
}

// explanation says of each signature what it is and what decided.
func (j *judged) explanation() string {
	var b strings.Builder
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "    %-12s %s\n", name, printable(value))
		}
	}
	for i, s := range j.verdict.Signatures {
		fmt.Fprintf(&b, "  signature %d in %s\n", i, printable(s.Source))
		row("crypto", s.State)
		if c := s.Result.Claim; c != nil {
			row("format", c.Format)
			row("namespace", c.Namespace)
			row("hash", c.Hash)
			row("key hint", c.KeyHint)
			row("comment", c.Comment)
			row("claimed time", timeText(c.ClaimedTime))
			for _, n := range c.Notes {
				row("note", n)
			}
		}
		if k := signatureKey(s); k != nil {
			row("key", string(k.Type)+" "+k.Fingerprint)
		}
		row("signer", s.Name)
		if s.Decision.Identity != nil {
			row("identity", s.Decision.Identity.ID)
			row("class", s.Decision.Identity.Class)
		}
		row("principal", s.Principal)
		row("pq", string(s.PQ))
		row("trusted", fmt.Sprint(s.Trusted))
		for _, r := range s.Reasons {
			row("because", r.Code+": "+r.Text)
		}
	}
	if j.manifest != nil {
		fmt.Fprintf(&b, "  %d entries in the manifest\n", j.manifest.Files)
		for _, pattern := range j.manifest.Exclude {
			fmt.Fprintf(&b, "  nothing was looked at that matches %s\n", printable(pattern))
		}
	}
	fmt.Fprintf(&b, "  %d of %d signers needed, as of %s\n", j.verdict.Have, j.verdict.Need, timeText(j.at))
	return b.String()
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (j *judged) json(ctx context.Context, env *env, options verifyOptions) any {
	if j.err != nil {
		o := judge(ctx, j.err)
		return verifyJSON{
			head: env.head(false), Verdict: "", Exit: o.code, File: j.name, At: timeText(j.at), Digest: map[string]string{},
			Signatures: []signatureJSON{}, Error: &errorBody{o.ident, o.code, o.message, o.hint},
		}
	}
	v := verifyJSON{
		head: env.head(j.exit == exitDone), Verdict: string(j.verdict.Word), Exit: j.exit, File: j.name,
		Size: j.size, Digest: j.sums, At: timeText(j.at), Threshold: thresholdJSON{j.verdict.Need, j.verdict.Have},
		Signatures: []signatureJSON{}, Manifest: j.manifest, Statement: j.statement(),
	}
	if v.Digest == nil {
		v.Digest = map[string]string{}
	}
	for i, s := range j.verdict.Signatures {
		v.Signatures = append(v.Signatures, signatureOf(i, s))
	}
	if len(j.verdict.Reasons) > 0 {
		r := j.verdict.Reasons[0]
		v.Error = &errorBody{r.Code, j.exit, r.Text, j.hint(options)}
	}
	return v
}

func signatureOf(index int, s verdict.Signature) signatureJSON {
	out := signatureJSON{
		Index: index, Source: s.Source, Crypto: s.State, PQ: s.PQ, Trusted: s.Trusted, Reasons: s.Reasons, Path: []string{},
	}
	if out.Reasons == nil {
		out.Reasons = []verdict.Reason{}
	}
	if c := s.Result.Claim; c != nil {
		out.Format, out.Namespace, out.Hash, out.Notes = c.Format, c.Namespace, c.Hash, c.Notes
		out.Comment, out.ClaimedTime = optional(c.Comment), optional(timeText(c.ClaimedTime))
	}
	out.Key = signatureKey(s)
	if s.Name != "" {
		out.Identity = &identityJSON{Name: s.Name}
	}
	if id := s.Decision.Identity; id != nil {
		out.Identity = &identityJSON{ID: &id.ID, Name: id.Name, Kind: &id.Kind, Class: &id.Class}
	}
	out.Principal = optional(s.Principal)
	return out
}

// signatureKey is the key that made the signature or, unverified, the one it
// carries.
func signatureKey(s verdict.Signature) *keyJSON {
	pub := s.Result.Verified.Key()
	if pub.IsZero() && s.Result.Claim != nil {
		pub = s.Result.Claim.Key
	}
	if pub.IsZero() {
		return nil
	}
	return &keyJSON{pub.Type(), pub.Fingerprint()}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
