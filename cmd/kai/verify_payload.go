package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

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
		return v.inspectStatement(payload, files, j)
	}
	if v.o.predicateType != "" {
		return []verdict.Reason{{Code: "predicate_type", Text: "carries no statement"}}, nil
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

func (v *verifier) inspectStatement(payload []byte, files []subject, j *judged) ([]verdict.Reason, error) {
	statement, err := intoto.Parse(payload)
	if err != nil {
		return nil, err
	}
	j.statement = &statementJSON{statement.PredicateType, len(statement.Subjects)}
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
