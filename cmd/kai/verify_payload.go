package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"kai/internal/sig"
	"kai/internal/sig/intoto"
	"kai/internal/sig/jws"
	"kai/internal/verdict"
)

// carried is the payload that one claim signs.
func carried(parsed *sig.Unverified, c *sig.Claim) ([]byte, string) {
	if c.Payload != nil {
		return c.Payload, c.PayloadType
	}
	return parsed.Payload, parsed.PayloadType
}

// carriesPayload reports whether a signature file holds a message of its own.
func carriesPayload(parsed *sig.Unverified) bool {
	if parsed.Payload != nil {
		return true
	}
	for i := range parsed.Claims {
		if parsed.Claims[i].Payload != nil {
			return true
		}
	}
	return false
}

// payloadNumbers gives each claim the number of its payload: equal ones are one
// message, signed more than once.
func payloadNumbers(claims []*sig.Claim) []int {
	numbers := make([]int, len(claims))
	var distinct []*sig.Claim
	for i, c := range claims {
		n := slices.IndexFunc(distinct, func(d *sig.Claim) bool {
			return d.PayloadType == c.PayloadType && bytes.Equal(d.Payload, c.Payload)
		})
		if n < 0 {
			n = len(distinct)
			distinct = append(distinct, c)
		}
		numbers[i] = n
	}
	return numbers
}

// carriesStatement reports whether any signature is over an in-toto statement.
func carriesStatement(parsed *sig.Unverified) bool {
	for i := range parsed.Claims {
		if _, kind := carried(parsed, &parsed.Claims[i]); kind == intoto.PayloadType {
			return true
		}
	}
	return false
}

// inspect looks at what a good signature carries: a statement must name the
// files, any other payload must be the file, a token must be valid now.
func (v *verifier) inspect(parsed *sig.Unverified, r sig.Result, files []subject, j *judged) ([]verdict.Reason, error) {
	payload, kind := carried(parsed, r.Claim)
	if payload == nil {
		return nil, nil
	}
	if kind == intoto.PayloadType {
		return v.inspectStatement(payload, r.Claim, files, j)
	}
	for _, f := range files {
		if sum := sha256.Sum256(payload); !bytes.Equal(sum[:], f.sha256) {
			return nil, &sig.BadSignature{Code: "content", Reason: fmt.Sprintf("signs something else than %s", f.name)}
		}
	}
	if r.Claim.Format == jws.Name {
		return v.inspectToken(payload)
	}
	return nil, nil
}

func (v *verifier) inspectStatement(payload []byte, c *sig.Claim, files []subject, j *judged) ([]verdict.Reason, error) {
	statement, err := intoto.Parse(payload)
	if err != nil {
		return nil, err
	}
	j.state(c, &statementJSON{statement.PredicateType, len(statement.Subjects)})
	for _, f := range files {
		if !statement.Covers(f.sha256) {
			return nil, &sig.BadSignature{Code: subjectMismatch, Reason: f.name + " is no subject of the statement"}
		}
	}
	if want := v.o.predicateType; want != "" && want != statement.PredicateType {
		return []verdict.Reason{{Code: "predicate_type", Text: fmt.Sprintf("states %q, wanted %q", statement.PredicateType, want)}}, nil
	}
	return nil, nil
}

// lacks names what the caller demands and signatures of the claim's kind cannot
// have: a demand is never ignored.
func (v *verifier) lacks(c *sig.Claim) []verdict.Reason {
	var against []verdict.Reason
	if v.o.predicateType != "" && c.PayloadType != intoto.PayloadType {
		against = append(against, verdict.Reason{Code: "predicate_type", Text: "carries no statement"})
	}
	if v.o.audience != "" && c.Format != jws.Name {
		against = append(against, verdict.Reason{Code: "audience", Text: "names no audience"})
	}
	return against
}

// state notes the statement under a claim.
func (j *judged) state(c *sig.Claim, s *statementJSON) {
	if j.statements == nil {
		j.statements = map[*sig.Claim]*statementJSON{}
	}
	j.statements[c] = s
}

// statement is that of the signature that decided: a trusted one, if there is
// one. Strangers may have put theirs beside it.
func (j *judged) statement() *statementJSON {
	for _, trusted := range []bool{true, false} {
		for _, s := range j.verdict.Signatures {
			if found := j.statements[s.Result.Claim]; found != nil && s.Trusted == trusted {
				return found
			}
		}
	}
	return nil
}

// subjectMismatch is the code of a statement that is about other files.
const subjectMismatch = "subject_mismatch"

// excuseOthers lets a file hold statements about other files too: beside one
// that names the file they do not count, but are not bad.
func excuseOthers(inputs []verdict.Input, results []sig.Result) {
	one := false
	for _, in := range inputs {
		one = one || in.Result.Good()
	}
	for i := range inputs {
		var bad *sig.BadSignature
		if one && errors.As(inputs[i].Result.Err, &bad) && bad.Code == subjectMismatch {
			inputs[i].Result = results[i]
			inputs[i].Against = append(inputs[i].Against, verdict.Reason{Code: bad.Code, Text: bad.Reason})
		}
	}
}

// inspectDetached looks at a file as what a detached signature signs. Without
// any frame around it, it may be the signed part of another format: then the
// signature was made for something else, and moved here. In a frame of JWS it
// may be a token.
func (v *verifier) inspectDetached(c *sig.Claim, m *message) ([]verdict.Reason, error) {
	switch {
	case c.Content.Whole && sig.CheckBare(m.head.Bytes()) != nil:
		return []verdict.Reason{{Code: "domain", Text: "the file looks like the signed part of another format"}}, nil
	case c.Format == jws.Name && c.Content.Embed != nil:
		return v.inspectToken(m.kept.Bytes()) // what was verified, and not read again
	}
	return nil, nil
}

// inspectToken reads a payload that says when and for whom it is valid.
func (v *verifier) inspectToken(payload []byte) ([]verdict.Reason, error) {
	token, err := jws.ParseToken(payload)
	if err != nil {
		return nil, err
	}
	var against []verdict.Reason
	if token == nil {
		if v.o.audience != "" {
			against = append(against, verdict.Reason{Code: "audience", Text: "names no audience"})
		}
		return against, nil
	}
	texts := map[string]string{
		"expired":       "since " + timeText(token.Expires),
		"not_yet_valid": "before " + timeText(token.NotBefore),
		"audience":      fmt.Sprintf("for %q, wanted %q", token.Audience, v.o.audience),
	}
	for _, code := range token.Against(v.at, v.o.audience) {
		against = append(against, verdict.Reason{Code: code, Text: texts[code]})
	}
	return against, nil
}

// deliver writes the payload of a trusted envelope to -o.
func (v *verifier) deliver(ctx context.Context, parsed *sig.Unverified, j *judged) error {
	if j.exit != exitDone {
		return nil
	}
	if numbers := payloadNumbers(pointers(parsed.Claims)); numbers[len(numbers)-1] > 0 {
		return usagef("%s: carries several payloads, and %s takes one", j.name, v.o.output)
	}
	for _, s := range j.verdict.Signatures {
		if !s.Trusted {
			continue
		}
		payload, _ := carried(parsed, s.Result.Claim)
		if payload == nil {
			break
		}
		return v.env.writeFile(ctx, v.o.output, payload, v.outputOptions())
	}
	return usagef("%s: carries nothing to write to %s", j.name, v.o.output)
}
