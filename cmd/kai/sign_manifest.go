package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"kai/internal/digest"
	"kai/internal/sig/manifest"
)

// signManifest describes a tree and signs the head of the description; the
// entries may be far more than memory holds.
func signManifest(ctx context.Context, j *signJob) error {
	if j.before != nil {
		return j.addToManifest(ctx)
	}
	m, err := j.describe(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	return j.finishManifest(ctx, m)
}

// finishManifest signs a head and writes the whole. The signatures' own hash is
// SHA-256, whatever the entries are hashed with.
func (j *signJob) finishManifest(ctx context.Context, m *manifest.Manifest) error {
	for _, s := range j.signers {
		if err := m.Sign(j.env.random, s, "sha256"); err != nil {
			return err
		}
	}
	return j.writeFrom(ctx, m)
}

// describe makes the manifest of the tree.
func (j *signJob) describe(ctx context.Context) (*manifest.Manifest, error) {
	algorithm, err := digest.ByName(j.hash)
	if err != nil {
		return nil, err
	}
	if err := j.checkOutside(); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(j.env.path(j.name))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return manifest.Build(ctx, root, manifest.Options{
		Algorithm: algorithm, Exclude: j.exclude, Workers: j.env.cpus, Spill: spill,
	})
}

// spill is a place on disk for the entries of a large tree.
func spill() (manifest.Spill, error) {
	file, err := openTemporary()
	if err != nil {
		return nil, err
	}
	return file, nil
}

// addToManifest adds signatures to a manifest after comparing the tree with it:
// nobody signs for a tree that is another one.
func (j *signJob) addToManifest(ctx context.Context) error {
	m, err := manifest.Open(bytes.NewReader(j.before), int64(len(j.before)))
	if err != nil {
		return fmt.Errorf("%s: %w", j.out, err)
	}
	root, err := os.OpenRoot(j.env.path(j.name))
	if err != nil {
		return err
	}
	defer root.Close()
	same := func(d manifest.Difference) error {
		return failf(exitConflict, "content", "%s: %s %s: the tree is not the one in %s", j.name, d.Kind, d.Path, j.out)
	}
	if err := m.Compare(ctx, root, manifest.CompareOptions{Workers: j.env.cpus}, same); err != nil {
		return err
	}
	return j.finishManifest(ctx, m)
}
