package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kai/internal/sig"
	"kai/internal/sig/gitobj"
	"kai/internal/verdict"
)

// gitJudge judges objects. Its methods may run at the same time.
type gitJudge struct {
	rule           verdict.Rule
	at             time.Time // zero for the time of each object
	now            time.Time
	matchCommitter bool
	namespace      string // "" for git
	want           verdict.Requirements
	// excused are the commits that need no signature; nil for none.
	excused *idSet
}

// gitJudged is the answer about one object.
type gitJudged struct {
	object  gitObject // without its content
	person  *gitobj.Person
	tag     string // the name that a tag gives itself
	at      time.Time
	verdict verdict.Verdict
	exit    int
	// excused: there is no signature, and none was asked for.
	excused bool
	// incomplete: the object has parents that the walk did not see.
	incomplete bool
	// err is why there is no such object and so no verdict; said is how to say it.
	err  error
	said outcome
}

func (j *gitJudge) judgeAll(ctx context.Context, batch []gitObject) []*gitJudged {
	list := make([]*gitJudged, len(batch))
	for i, o := range batch {
		list[i] = j.judge(ctx, o)
	}
	return list
}

func (j *gitJudge) judge(ctx context.Context, o gitObject) *gitJudged {
	g := &gitJudged{object: o}
	g.object.content = nil
	var failed *failure
	if errors.As(o.fault, &failed) {
		return g.failed(ctx, o.fault)
	}
	var inputs []verdict.Input
	in, err := j.input(ctx, o, g)
	switch {
	case errors.Is(err, gitobj.ErrUnsigned):
		g.excused = o.kind == string(gitobj.Commit) && o.ref == "" && j.excused.has(o.id)
	case err != nil:
		return g.failed(ctx, err)
	default:
		inputs = []verdict.Input{in}
	}
	want := j.want
	want.At = g.at
	g.verdict = verdict.Judge(inputs, j.present(), want)
	if len(inputs) == 0 {
		g.verdict.Reasons[0].Text = strings.TrimPrefix(err.Error(), gitobj.ErrUnsigned.Error()+": ")
	}
	if g.exit = exitOf(g.verdict.Word); g.excused {
		g.exit = exitDone
	}
	return g
}

// present is the rule, for objects that name their own time: no key becomes valid by a claim
// of a time to come.
func (j *gitJudge) present() verdict.Rule {
	if j.rule == nil || !j.at.IsZero() {
		return j.rule
	}
	return untilNow{j.rule, j.now}
}

// untilNow is a rule that must hold now as well where it is asked about the future.
type untilNow struct {
	verdict.Rule
	now time.Time
}

// Judge implements verdict.Rule.
func (u untilNow) Judge(v sig.Verified, namespace string, at time.Time) verdict.Decision {
	if at.After(u.now) {
		if d := u.Rule.Judge(v, namespace, u.now); !d.Trusted {
			return d
		}
	}
	return u.Rule.Judge(v, namespace, at)
}

// failed turns an answer into an error.
func (g *gitJudged) failed(ctx context.Context, err error) *gitJudged {
	g.err, g.said = err, judge(ctx, err)
	g.exit = g.said.code
	return g
}

// input takes an object apart and checks its signature. The errors are gitobj.ErrUnsigned and
// the context's; all that is wrong with the object is part of the input.
func (j *gitJudge) input(ctx context.Context, o gitObject, g *gitJudged) (verdict.Input, error) {
	in := verdict.Input{Source: gitPrefix + o.id, Namespace: cmp.Or(j.namespace, gitobj.Namespace)}
	c, err := j.claim(o, g)
	if errors.Is(err, gitobj.ErrUnsigned) {
		return in, err
	}
	if err != nil {
		in.Result.Err = err
		return in, nil
	}
	results, err := sig.Check(ctx, []*sig.Claim{c}, nil, sig.Keys(nil))
	if err != nil {
		return in, err
	}
	in.Result = results[0]
	if named, ok := strings.CutPrefix(o.ref, tagReferences); ok && in.Result.Good() && named != g.tag {
		in.Result = sig.Result{Claim: c, Err: &sig.BadSignature{
			Code: "tag_name", Reason: fmt.Sprintf("signed as %q and found as %q", g.tag, named),
		}}
	}
	if j.matchCommitter && in.Result.Good() {
		in.Against = j.matchPerson(in.Result.Verified, g)
	}
	return in, nil
}

// claim is the object's signature. It fills in what the object says of itself.
func (j *gitJudge) claim(o gitObject, g *gitJudged) (*sig.Claim, error) {
	g.at = j.at
	if g.at.IsZero() {
		g.at = j.now
	}
	if o.fault != nil {
		return nil, o.fault
	}
	h, _ := gitobj.HashOf(o.id)
	kind := gitobj.Kind(o.kind)
	if h.ID(kind, o.content) != o.id {
		return nil, &sig.BadSignature{Code: "object_id", Reason: "content is not that of the object's id"}
	}
	parsed, err := gitobj.Parse(kind, o.content, h)
	if err != nil {
		return nil, err
	}
	g.tag = parsed.Name
	g.incomplete = o.walked && !slices.Equal(o.listed, parsed.Parents)
	if p, err := parsed.Person(); err == nil {
		g.person = &p
		if j.at.IsZero() {
			g.at = p.Time
		}
	}
	return parsed.Claim()
}

// matchPerson is what speaks against a signature whose signer may be trusted, but not as the
// committer that the object names.
func (j *gitJudge) matchPerson(v sig.Verified, g *gitJudged) []verdict.Reason {
	if g.person == nil || g.person.Email == "" {
		return []verdict.Reason{{Code: "committer", Text: "the object names no committer by e-mail address"}}
	}
	if rule, ok := j.rule.(verdict.AllowedSigners); ok {
		rule.Principal = g.person.Email
		if rule.Judge(v, gitobj.Namespace, g.at).Trusted {
			return nil
		}
	}
	return []verdict.Reason{{Code: "committer", Text: "the signer is not allowed to sign as " + g.person.Email}}
}
