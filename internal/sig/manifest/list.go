package manifest

import (
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
)

// dir is an open directory of the tree. The walk and every task in it hold one
// reference.
type dir struct {
	root *os.Root
	path string // PATH of what is in it begins with this: "" or "a/b/"
	raw  string // the same, unescaped
	refs atomic.Int32
}

func newDir(root *os.Root, path, raw string) *dir {
	d := &dir{root: root, path: path, raw: raw}
	d.refs.Store(1)
	return d
}

func (d *dir) hold() *dir {
	d.refs.Add(1)
	return d
}

// release closes the directory after the last one who needed it.
func (d *dir) release() {
	if d.refs.Add(-1) == 0 {
		d.root.Close()
	}
}

// open opens the directory of a name, and never follows a link to it.
//
// os.Root follows links that stay inside the tree, so the name is looked at
// again. The "/." makes the system refuse a FIFO, which would block.
func (d *dir) open(n name) (*dir, error) {
	root, err := d.root.OpenRoot(n.raw + "/.")
	if err != nil {
		return nil, at(d.path+n.path, err)
	}
	opened, err := root.Stat(".")
	if err == nil {
		var named fs.FileInfo
		if named, err = d.root.Lstat(n.raw); err == nil && !os.SameFile(opened, named) {
			err = ErrChanged
		}
	}
	if err != nil {
		root.Close()
		return nil, at(d.path+n.path, err)
	}
	return newDir(root, d.path+n.path+"/", d.raw+n.raw+"/"), nil
}

// name is what a directory says about one thing in it.
type name struct {
	raw  string
	path string // escaped; names are sorted by this
	kind fs.FileMode
}

func compareNames(a, b name) int { return strings.Compare(a.path, b.path) }

// list returns, sorted, the first part names above after that are not excluded,
// and whether there are more.
func (d *dir) list(after string, part int, exclude func(raw string) bool) (names []name, more bool, err error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, false, at(strings.TrimSuffix(d.path, "/"), err)
	}
	defer f.Close()
	last := "" // names above are for another part, "" being none
	for {
		entries, err := f.ReadDir(listChunk)
		for _, e := range entries {
			n := name{raw: e.Name(), path: escape(e.Name()), kind: e.Type()}
			if n.path > after && (last == "" || n.path < last) && !exclude(d.raw+n.raw) {
				names = append(names, n)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, false, at(strings.TrimSuffix(d.path, "/"), err)
		}
		if len(names) > part+part/4 {
			names, more = lowest(names, part), true
			last = names[part-1].path
		}
	}
	more = more || len(names) > part
	return lowest(names, part), more, nil
}

// lowest returns at most the first part names in order, and lets go of the
// others.
func lowest(names []name, part int) []name {
	slices.SortFunc(names, compareNames)
	part = min(part, len(names))
	clear(names[part:])
	return names[:part]
}
