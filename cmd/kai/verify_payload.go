package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"kai/internal/sig"
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
		if _, kind := carried(parsed, &parsed.Claims[i]); kind == "application/vnd.in-toto+json" {
			return true
		}
	}
	return false
}

func (v *verifier) inspect(parsed *sig.Unverified, r sig.Result, files []subject, j *judged) ([]verdict.Reason, error) {
	payload, _ := carried(parsed, r.Claim)
	if payload == nil {
		return nil, nil
	}
	for _, f := range files {
		sum := sha256.Sum256(payload)
		if hex.EncodeToString(sum[:]) != f.sha256 {
			return nil, &sig.BadSignature{Code: "content", Reason: fmt.Sprintf("signs something else than %s", f.name)}
		}
	}
	return nil, nil
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
