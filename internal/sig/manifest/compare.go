package manifest

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
)

// Kind is how a path of a tree differs from a manifest.
type Kind string

// The kinds of differences.
const (
	Changed Kind = "changed" // it is there and is something else
	Missing Kind = "missing" // it is in the manifest only
	Extra   Kind = "extra"   // it is in the tree only
)

// Difference is one path that is not as a manifest says.
type Difference struct {
	Kind Kind
	Path string // escaped, as in a manifest
	// What changed: "type", "mode" (the owner's execute bit), "size",
	// "content" or "target". Empty for other kinds.
	What string
}

// CompareOptions say how to compare. The zero value is strict.
type CompareOptions struct {
	Workers    int  // as in Options
	AllowExtra bool // what is not in the manifest is neither reported nor entered
}

// Compare looks for differences between the manifest and the tree below root,
// and passes them to report in the order of paths. What the head excludes is
// not looked at.
//
// Links are never followed; sockets, devices and FIFOs differ from anything. A
// directory that the manifest has as empty may hold files that are extra.
//
// The error is *sig.BadSignature with code "content" if there is a difference;
// *PathError with ErrChanged or what the system says, when a file cannot be
// read; ErrChanged for the manifest itself; report's; and the context's cause.
func (m *Manifest) Compare(ctx context.Context, root *os.Root, o CompareOptions, report func(Difference) error) error {
	return m.compare(ctx, root, o, bounds{names: maxNames}, report)
}

func (m *Manifest) compare(ctx context.Context, root *os.Root, o CompareOptions, within bounds, report func(Difference) error) error {
	t := newTasks(m.head.Algorithm, o.Workers)
	counts := map[Kind]int{}
	err := t.run(ctx, func(ctx context.Context) error {
		c := comparison{tasks: t, entries: m.reader(), allowExtra: o.AllowExtra}
		return c.run(ctx, root, within.names, m.head.excluded)
	}, func(k *task) error {
		diff := k.diff
		if diff == nil {
			diff = difference(k.want, &k.entry)
		}
		if diff == nil {
			return nil
		}
		counts[diff.Kind]++
		return report(*diff)
	})
	if err != nil {
		return err
	}
	if len(counts) > 0 {
		return differs("tree is not that of the manifest: %d changed, %d missing, %d extra",
			counts[Changed], counts[Missing], counts[Extra])
	}
	return nil
}

// difference compares two entries of one path.
func difference(want, got *Entry) *Difference {
	changed := func(what string) *Difference { return &Difference{Changed, want.Path, what} }
	switch {
	case want.Type.IsRegular() != got.Type.IsRegular():
		return changed("type")
	case want.Type != got.Type:
		return changed("mode")
	case want.Type == Link && !bytes.Equal(want.Sum, got.Sum):
		return changed("target")
	case want.Size != got.Size:
		return changed("size")
	case !bytes.Equal(want.Sum, got.Sum):
		return changed("content")
	}
	return nil
}

// comparison merges the walk of a tree with the entries of a manifest, both in
// the same order.
type comparison struct {
	tasks      *tasks
	entries    *again
	allowExtra bool

	next Entry // of the manifest, not yet matched
	end  bool  // there is none
}

func (c *comparison) run(ctx context.Context, root *os.Root, part int, exclude func(string) bool) error {
	if err := c.advance(); err != nil {
		return err
	}
	w := walk{
		part:    part,
		exclude: exclude,
		visit:   func(f found) error { return c.visit(ctx, f) },
		enter: func(path string) (bool, error) {
			err := c.missingBefore(ctx, path)
			return !c.allowExtra || !c.end && strings.HasPrefix(c.next.Path, path), err
		},
	}
	if err := w.start(ctx, root); err != nil {
		return err
	}
	for !c.end {
		if err := c.missing(ctx); err != nil {
			return err
		}
	}
	return nil
}

// advance reads the next entry.
func (c *comparison) advance() (err error) {
	c.next, err = c.entries.next()
	if err == io.EOF {
		c.end, err = true, nil
	}
	return err
}

// missing reports the next entry as missing.
func (c *comparison) missing(ctx context.Context) error {
	if err := c.differ(ctx, Difference{Missing, c.next.Path, ""}); err != nil {
		return err
	}
	return c.advance()
}

func (c *comparison) missingBefore(ctx context.Context, path string) error {
	for !c.end && c.next.Path < path {
		if err := c.missing(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) differ(ctx context.Context, d Difference) error {
	return c.tasks.add(ctx, &task{diff: &d})
}

func (c *comparison) visit(ctx context.Context, f found) error {
	path := f.path()
	if err := c.missingBefore(ctx, path); err != nil {
		return err
	}
	if c.end || c.next.Path != path {
		if c.allowExtra || f.isDir() && !f.empty {
			return nil
		}
		return c.differ(ctx, Difference{Extra, path, ""})
	}
	want := c.next
	if err := c.advance(); err != nil {
		return err
	}
	switch {
	case want.Type == Directory && f.isDir():
		return nil
	case want.Type == Link && f.isLink(), want.Type.IsRegular() && f.isRegular():
		return c.tasks.add(ctx, &task{found: f, want: &want})
	}
	return c.differ(ctx, Difference{Changed, path, "type"})
}
