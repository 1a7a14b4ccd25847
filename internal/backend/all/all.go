// Package all is the list of key holders that are linked in.
package all

import (
	"context"
	"fmt"

	"kai/internal/backend"
	"kai/internal/backend/agent"
	"kai/internal/backend/file"
	"kai/internal/backend/vault"
)

// Backends returns every holder.
func Backends() []backend.Backend {
	return []backend.Backend{file.Backend{}, agent.Backend{}, vault.Backend{}}
}

// Syntaxes returns what the holders' references look like.
func Syntaxes() []backend.Syntax {
	var list []backend.Syntax
	for _, b := range Backends() {
		list = append(list, b.Info().Syntax)
	}
	return list
}

// Open opens a reference at its holder.
func Open(ctx context.Context, ref backend.Ref, env backend.Env) (backend.Key, error) {
	for _, b := range Backends() {
		if b.Info().Syntax.Scheme == ref.Scheme {
			return b.Open(ctx, ref, env)
		}
	}
	return nil, fmt.Errorf("%w: no key holder is called %q", backend.ErrRef, ref.Scheme)
}
