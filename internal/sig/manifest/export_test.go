package manifest

import (
	"context"
	"io/fs"
	"os"

	"kai/internal/digest"
)

// The internals that the tests look at.
var (
	Escape     = escape
	Unescape   = unescape
	PathLength = pathLength
)

// BuildWithin is Build with smaller bounds: names of a directory and bytes of
// entries that are held in memory.
func BuildWithin(ctx context.Context, root *os.Root, o Options, names, memory int) (*Manifest, error) {
	return build(ctx, root, o, bounds{names, memory})
}

// CompareWithin is Compare with the smaller bound of BuildWithin.
func (m *Manifest) CompareWithin(ctx context.Context, root *os.Root, o CompareOptions, names int, report func(Difference) error) error {
	return m.compare(ctx, root, o, bounds{names: names}, report)
}

// OpenListed opens a directory that the walk has seen under a name.
func OpenListed(root *os.Root, raw string) error {
	d, err := newDir(root, "", "").open(name{raw: raw, path: escape(raw), kind: fs.ModeDir})
	if err == nil {
		d.release()
	}
	return err
}

// HashListed hashes what the walk has seen as a file or link.
func HashListed(ctx context.Context, root *os.Root, raw string, kind fs.FileMode) (Entry, error) {
	k := &task{found: found{dir: newDir(root, "", ""), name: name{raw: raw, path: escape(raw), kind: kind}}}
	newTasks(digest.BLAKE3, 1).hash(ctx, k)
	return k.entry, k.err
}
