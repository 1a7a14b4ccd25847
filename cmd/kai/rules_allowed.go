package main

import (
	"context"
	"fmt"
	"io"

	"kai/internal/sig"
	"kai/internal/sig/allowedsigners"
	"kai/internal/sig/krl"
	"kai/internal/verdict"
)

// maxRuleFile bounds an allowed_signers file and a revocation list, in bytes.
const maxRuleFile = 64 << 20

// readAllowedSigners builds the rule of an OpenSSH allowed_signers file. Its
// times without a zone are local, as ssh-keygen reads them.
func readAllowedSigners(ctx context.Context, env *env, o ruleOptions, ring *keyring) (verdict.Rule, error) {
	data, err := readRuleFile(ctx, env, o.allowed)
	if err != nil {
		return nil, err
	}
	list, err := allowedsigners.Parse(data, env.now().Location())
	if err != nil {
		return nil, fail(exitUndecidable, "malformed_rule", fmt.Errorf("%s: %w", o.allowed, err))
	}
	for _, fault := range list.Faults() {
		env.warn("%s: %s", o.allowed, fault)
	}
	for e := range list.Entries() {
		if !e.Key.IsZero() && !e.CertAuthority {
			ring.keys = append(ring.keys, namedKey{public: e.Key})
		}
	}
	rule := verdict.AllowedSigners{List: list, Principal: o.principal}
	if o.krl != "" {
		if rule.Revoked, err = readRevocations(ctx, env, o.krl); err != nil {
			return nil, err
		}
	}
	return rule, nil
}

// readRevocations reads an OpenSSH key revocation list.
func readRevocations(ctx context.Context, env *env, name string) (func(*sig.Claim) bool, error) {
	data, err := readRuleFile(ctx, env, name)
	if err != nil {
		return nil, err
	}
	parse := krl.ParseText
	if krl.Detect(data) {
		parse = krl.Parse
	}
	list, err := parse(data)
	if err != nil {
		return nil, fail(exitUndecidable, "malformed_krl", fmt.Errorf("%s: %w", name, err))
	}
	return func(c *sig.Claim) bool {
		_, revoked := list.Revokes(c.Key, c.Certificate)
		return revoked
	}, nil
}

func readRuleFile(ctx context.Context, env *env, name string) ([]byte, error) {
	in, err := env.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxRuleFile+1))
	if err == nil && len(data) > maxRuleFile {
		err = fail(exitUndecidable, "too_large", fmt.Errorf("%s: more than %d bytes", name, maxRuleFile))
	}
	return data, err
}
