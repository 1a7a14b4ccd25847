package manifest

import (
	"context"
	"os"
)

// The internals that the tests look at.
var (
	Escape     = escape
	Unescape   = unescape
	CheckPath  = checkPath
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
