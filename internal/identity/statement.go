package identity

import (
	"encoding/json"
	"fmt"
	"slices"

	"kai/internal/canon"
	"kai/internal/signed"
)

// statement is a signed object about an identity, well-formed and unverified.
type statement[T any] struct {
	envelope *signed.Envelope
	body     T
}

// parseStatements reads the envelopes of one member of a document, none twice.
func parseStatements[T any](what string, list []json.RawMessage, parse func(*signed.Envelope) (T, error)) ([]statement[T], error) {
	var statements []statement[T]
	seen := make(map[signed.Digest]bool)
	for i, raw := range list {
		e, err := signed.Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("%s %d: %w", what, i, err)
		}
		body, err := parse(e)
		if err != nil {
			return nil, fmt.Errorf("%s %d: %w", what, i, err)
		}
		if seen[e.Digest()] {
			return nil, fmt.Errorf("%s %d: %w", what, i, malformed("stands there twice"))
		}
		seen[e.Digest()] = true
		statements = append(statements, statement[T]{e, body})
	}
	return statements, nil
}

// decodeStatement decodes the object of an envelope that must be of a type.
func decodeStatement[T any](e *signed.Envelope, t signed.Type, body *T) error {
	if e.Type() != t {
		return malformed("object of type %s where one of type %s is expected", e.Type(), t)
	}
	if err := canon.Unmarshal(e.Unverified(), body); err != nil {
		return signed.Malformed("signed part", err)
	}
	return nil
}

// union is a and those of b whose objects are not in a.
func union[T any](a, b []statement[T]) []statement[T] {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.ContainsFunc(a, func(t statement[T]) bool { return t.envelope.Digest() == s.envelope.Digest() }) {
			all = append(all, s)
		}
	}
	return all
}

func envelopes[T any](list []statement[T]) []*signed.Envelope {
	var all []*signed.Envelope
	for _, s := range list {
		all = append(all, s.envelope)
	}
	return all
}
