package main

import (
	"path/filepath"

	"kai/internal/sig/formats"
	"kai/internal/sig/manifest"
)

// manifestOf is where the manifest of a directory is, unless somebody says
// otherwise: beside it. A directory that is named by dots has its manifest
// beside it too, not in it.
func (e *env) manifestOf(dir string) string {
	clean := filepath.Clean(dir)
	if base := filepath.Base(clean); base != "." && base != ".." {
		return clean + formats.ManifestSuffix
	}
	whole, err := filepath.Abs(e.path(clean))
	if err == nil {
		whole, err = filepath.EvalSymlinks(whole)
	}
	if err != nil || filepath.Dir(whole) == whole { // the root has nothing beside it
		return clean + formats.ManifestSuffix
	}
	return filepath.Join(clean, "..", filepath.Base(whole)) + formats.ManifestSuffix
}

// checkOutside refuses an output that would be part of the tree that it
// describes: the next comparison would find it extra.
func (j *signJob) checkOutside() error {
	if j.out == "" || j.out == "-" {
		return nil
	}
	tree, err := filepath.EvalSymlinks(j.env.path(j.name))
	if err != nil {
		return err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(j.env.path(j.out)))
	if err != nil {
		return err
	}
	inside, err := filepath.Rel(tree, filepath.Join(dir, filepath.Base(j.out)))
	if err != nil || !filepath.IsLocal(inside) {
		return nil
	}
	inside = filepath.ToSlash(inside)
	if (&manifest.Head{Exclude: j.exclude}).Excludes(inside) {
		return nil
	}
	return withHint(usagef("%s is in the tree that it describes", j.out), "--exclude '%s', or -o outside of %s", inside, j.name)
}
