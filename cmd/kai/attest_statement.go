package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"kai/internal/digest"
	"kai/internal/sig"
	"kai/internal/sig/intoto"
)

// predicateOptions are the words of kai attest that say what is stated.
type predicateOptions struct {
	kind       string
	file       string
	builderID  string
	buildType  string
	params     []string
	deps       []string
	invocation string
	started    string
	finished   string
}

// check turns the short name of a type into its URI, and refuses parts of a
// predicate that has other sources.
func (p *predicateOptions) check() error {
	if p.kind == "" {
		return withHint(usagef("what is stated? --predicate-type is missing"), "--predicate-type slsa-provenance, vsa, test-result or a URI")
	}
	var err error
	if p.kind, err = intoto.PredicateType(p.kind); err != nil {
		return fail(exitUsage, "usage", err)
	}
	built := p.builderID != "" || p.buildType != "" || len(p.params) > 0 || len(p.deps) > 0 ||
		p.invocation != "" || p.started != "" || p.finished != ""
	switch {
	case built && p.kind != intoto.SLSAProvenance:
		return usagef("flags build a predicate of type slsa-provenance only; give others with --predicate")
	case built && p.file != "":
		return usagef("--predicate is the whole predicate: leave the flags that build one out")
	case p.kind == intoto.SLSAProvenance && p.file == "" && (p.builderID == "" || p.buildType == ""):
		return usagef("slsa-provenance needs --builder-id and --build-type, or --predicate")
	case (p.kind == intoto.VSA || p.kind == intoto.TestResult) && p.file == "":
		return usagef("predicates of type %s come from a file: --predicate", p.kind)
	}
	return nil
}

// statement reads and hashes all that a statement is made of.
func (o *attestOptions) statement(ctx context.Context, env *env) (*intoto.Statement, error) {
	s := &intoto.Statement{PredicateType: o.kind}
	var err error
	if s.Predicate, err = o.predicate(ctx, env); err != nil {
		return nil, err
	}
	hash := func(ctx context.Context, arg string) hashedSubject {
		subject, err := subjectOf(ctx, env, arg)
		return hashedSubject{subject, err}
	}
	err = inOrder(ctx, env.cpus, slices.Values(o.subjects), hash, func(h hashedSubject) error {
		s.Subjects = append(s.Subjects, h.subject)
		return h.err
	})
	return s, err
}

type hashedSubject struct {
	subject intoto.Subject
	err     error
}

// subjectOf is what the statement calls an argument: a file by its path with
// slashes, or what stands in NAME@sha256:HEX.
func subjectOf(ctx context.Context, env *env, arg string) (intoto.Subject, error) {
	if s, ok, err := intoto.ParseSubject(arg); ok {
		return s, err
	}
	if arg == "-" {
		return intoto.Subject{}, withHint(usagef("standard input has no name"), "NAME@sha256:HEX")
	}
	if info, err := os.Stat(env.path(arg)); err == nil && info.IsDir() {
		return intoto.Subject{}, withHint(usagef("%s is a directory: subjects are files", arg), "kai sign %s, then attest %s.kai-manifest", arg, filepath.Clean(arg))
	}
	m := &message{env: env, name: arg}
	sums, err := m.Sums(ctx, []digest.Spec{{Algorithm: digest.SHA256}})
	if err != nil {
		return intoto.Subject{}, err
	}
	return intoto.FileSubject(filepath.ToSlash(filepath.Clean(arg)), sums[0]), nil
}

// predicate comes from a file or, for provenance, from flags. Types that are
// not known here may do without.
func (p *predicateOptions) predicate(ctx context.Context, env *env) (json.RawMessage, error) {
	if p.file != "" {
		in, err := env.open(ctx, p.file)
		if err != nil {
			return nil, err
		}
		defer in.Close()
		data, err := sig.EnvelopeLimits.ReadAll(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.file, err)
		}
		return data, nil
	}
	if p.kind != intoto.SLSAProvenance {
		return nil, nil
	}
	b := intoto.Provenance{BuilderID: p.builderID, BuildType: p.buildType, Invocation: p.invocation}
	var err error
	if b.Parameters, err = intoto.ParseParameters(p.params); err != nil {
		return nil, err
	}
	for _, arg := range p.deps {
		d, err := intoto.ParseDependency(arg)
		if err != nil {
			return nil, err
		}
		b.Dependencies = append(b.Dependencies, d)
	}
	if b.Started, err = buildTime("--started", p.started); err != nil {
		return nil, err
	}
	if b.Finished, err = buildTime("--finished", p.finished); err != nil {
		return nil, err
	}
	return b.Predicate()
}

// buildTime reads a time, zero for none.
func buildTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, withHint(usagef("%s %s: not a time", flag, text), "%s 2026-01-31T12:00:00Z", flag)
	}
	return t, nil
}
