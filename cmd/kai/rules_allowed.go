package main

import (
	"context"

	"kai/internal/verdict"
)

func readAllowedSigners(ctx context.Context, env *env, o ruleOptions, ring *keyring) (verdict.Rule, error) {
	return nil, usagef("not yet")
}
