package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"kai/internal/digest"
	"kai/internal/sig"
	"kai/internal/sig/manifest"
	"kai/internal/verdict"
)

// tree judges a directory by its manifest: who signed the manifest, and whether
// the directory is as it says.
func (v *verifier) tree(ctx context.Context, name, dir string, j *judged) error {
	j.name = name
	f, err := os.Open(v.env.path(name))
	if errors.Is(err, fs.ErrNotExist) && name != dir {
		j.name = dir
		return v.conclude(ctx, j, nil, nil)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	j.size = info.Size()
	m, err := manifest.Open(f, info.Size())
	if err != nil {
		return v.conclude(ctx, j, nil, []source{{name: name, fault: err}})
	}
	s := source{name: name, claims: pointers(m.Claims())}
	if v.o.prove != "" {
		return v.prove(ctx, m, s, j)
	}
	if dir == name {
		return withHint(usagef("%s: the name does not tell which directory it is about", name), "kai verify %s DIR", shellWord(name))
	}
	j.manifest = &manifestJSON{
		Files: m.Head().Entries, Changed: []string{}, Missing: []string{}, Extra: []string{},
		Exclude: append([]string{}, m.Head().Exclude...),
	}
	compared := v.compare(ctx, m, dir, j.manifest)
	var bad *sig.BadSignature
	if compared != nil && !errors.As(compared, &bad) {
		return fmt.Errorf("%s: %w", dir, compared)
	}
	s.after = func(sig.Result) ([]verdict.Reason, error) { return nil, compared }
	return v.conclude(ctx, j, nil, []source{s})
}

// compare lists the differences between a manifest and a directory.
func (v *verifier) compare(ctx context.Context, m *manifest.Manifest, dir string, found *manifestJSON) error {
	root, err := os.OpenRoot(v.env.path(dir))
	if err != nil {
		return err
	}
	defer root.Close()
	o := manifest.CompareOptions{Workers: v.env.cpus, AllowExtra: v.o.allowExtra}
	return m.Compare(ctx, root, o, func(d manifest.Difference) error {
		switch d.Kind {
		case manifest.Changed:
			found.Changed = append(found.Changed, d.Path)
		case manifest.Missing:
			found.Missing = append(found.Missing, d.Path)
		case manifest.Extra:
			found.Extra = append(found.Extra, d.Path)
		default:
			return fmt.Errorf("%s: unknown difference %q", d.Path, d.Kind)
		}
		return nil
	})
}

// prove writes the proof for one path. The manifest must be good; whom its
// signer is trusted by is for those who check the proof.
func (v *verifier) prove(ctx context.Context, m *manifest.Manifest, s source, j *judged) error {
	if err := v.conclude(ctx, j, nil, []source{s}); err != nil {
		return err
	}
	if j.verdict.Word != verdict.Trusted && j.verdict.Word != verdict.Untrusted {
		return nil
	}
	proof, err := m.Prove(path.Clean(filepath.ToSlash(v.o.prove)))
	if errors.Is(err, manifest.ErrNoEntry) {
		return fail(exitNotFound, "not_found", err)
	}
	if err != nil {
		return err
	}
	return v.env.writeFile(ctx, v.o.output, proof.Bytes(), v.outputOptions())
}

// proofSource reads a proof that a file is part of a signed tree.
func (v *verifier) proofSource(name string, r io.Reader, m *message) source {
	proof, err := manifest.ReadProof(r)
	if err != nil {
		return source{name: name, fault: err}
	}
	algorithm := proof.Head().Algorithm
	m.require(algorithm)
	s := source{name: name, claims: pointers(proof.Claims())}
	for _, c := range s.claims {
		c.Comment = proof.Entry().Path
	}
	s.after = func(sig.Result) ([]verdict.Reason, error) {
		return nil, matchProof(proof, m, algorithm)
	}
	return s
}

func matchProof(proof *manifest.Proof, m *message, a digest.Algorithm) error {
	sum, err := m.sum(a)
	if err != nil {
		return err
	}
	return proof.Match(sum, m.size)
}
