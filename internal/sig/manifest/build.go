package manifest

import (
	"context"
	"io/fs"
	"math"
	"os"

	"kai/internal/digest"
)

// Options say how Build makes a manifest. The zero value is BLAKE3, nothing
// excluded, all processors, all in memory.
type Options struct {
	// Algorithm hashes contents and the targets of links.
	Algorithm digest.Algorithm
	// Exclude are patterns of path.Match for paths, relative to the root, that
	// are left out with all that is in them. They are recorded in the head.
	Exclude []string
	// Workers is how many goroutines hash, at most 16; less than 1 is one for
	// each processor.
	Workers int
	// Spill makes a file for entries that do not fit in memory. Without it,
	// memory grows by about 100 bytes for each entry.
	Spill func() (Spill, error)
}

// Build describes the tree below root. Nothing outside it is touched, and
// nothing is written but Options.Spill. The manifest has no signatures.
//
// The same tree gives the same manifest, whatever the order, times, owners and
// other modes of its files, and whatever is excluded from it.
//
// The errors are ErrPattern, *PathError with ErrSpecial, ErrChanged,
// sig.ErrTooLarge or what the system says, and the context's cause.
func Build(ctx context.Context, root *os.Root, o Options) (*Manifest, error) {
	return build(ctx, root, o, bounds{maxNames, spillAt})
}

func build(ctx context.Context, root *os.Root, o Options, within bounds) (*Manifest, error) {
	if o.Algorithm == 0 {
		o.Algorithm = digest.BLAKE3
	}
	exclude, err := patterns(o.Exclude)
	if err != nil {
		return nil, err
	}
	b := &builder{head: Head{Algorithm: o.Algorithm, Exclude: exclude}, store: store{bound: within.memory, spill: o.Spill}}
	t := newTasks(o.Algorithm, o.Workers)
	err = t.run(ctx, func(ctx context.Context) error {
		w := walk{
			part:    within.names,
			exclude: b.head.excluded,
			visit:   func(f found) error { return b.visit(ctx, t, f) },
			enter:   func(string) (bool, error) { return true, nil },
		}
		return w.start(ctx, root)
	}, func(k *task) error { return b.add(&k.entry) })
	if err == nil {
		err = b.store.flush()
	}
	if err != nil {
		b.store.close()
		return nil, err
	}
	b.head.Entries, b.head.Root = b.tree.size, b.tree.root()
	return &Manifest{head: b.head, file: b.store.reader(), length: b.store.length, close: b.store.close}, nil
}

// builder collects the entries of a new manifest.
type builder struct {
	head  Head
	tree  tree
	line  []byte
	store store
}

// visit makes a task of what the walk found.
func (b *builder) visit(ctx context.Context, t *tasks, f found) error {
	switch f.name.kind {
	case 0, fs.ModeSymlink:
		return t.add(ctx, &task{found: f})
	case fs.ModeDir:
		if f.empty {
			return t.add(ctx, &task{entry: Entry{Type: Directory, Path: f.path()}})
		}
		return nil
	}
	return at(f.path(), ErrSpecial)
}

func (b *builder) add(e *Entry) error {
	if b.tree.size == MaxEntries {
		return tooLarge("more than %d entries", MaxEntries)
	}
	if e.Type.IsRegular() {
		if e.Size > math.MaxInt64-b.head.Size {
			return tooLarge("sum of sizes above 2^63-1")
		}
		b.head.Size += e.Size
	}
	b.line = e.appendTo(b.line[:0])
	b.tree.add(b.line)
	b.line = append(b.line, '\n')
	return b.store.write(b.line)
}
