package manifest

import (
	"context"
	"io/fs"
	"os"
)

// found is one thing that the walk came upon.
type found struct {
	dir   *dir // that holds it; valid until visit returns, unless held
	name  name
	empty bool // a directory without entries of its own
}

func (f *found) path() string { return f.dir.path + f.name.path }

func (f *found) isDir() bool     { return f.name.kind == fs.ModeDir }
func (f *found) isLink() bool    { return f.name.kind == fs.ModeSymlink }
func (f *found) isRegular() bool { return f.name.kind == 0 }

// walk visits a tree in the order of a manifest.
//
// That order is bytewise by PATH. Sorting each directory's names is nearly
// enough; but what is in a directory "a" comes after a file "a.b", since '.' is
// below '/', while the directory itself, if it is empty, comes before. So a
// directory is visited in its own place, and entered in the place of "a/".
type walk struct {
	part    int // names of a directory that are held at a time, see maxNames
	exclude func(raw string) bool
	visit   func(found) error
	enter   func(path string) (bool, error) // path ends in a slash
}

// start walks the whole tree. root stays open.
func (w *walk) start(ctx context.Context, root *os.Root) error {
	own, err := root.OpenRoot(".") // it is closed by the last task in it
	if err != nil {
		return at("", err)
	}
	return w.inside(ctx, waiting{dir: newDir(own, "", "")})
}

// waiting is a directory that has been visited and is not entered yet. Of
// several, only the first keeps its handle and names, to bound both.
type waiting struct {
	name   name
	dir    *dir
	listed bool
	names  []name
	more   bool
}

func (s *waiting) drop() {
	if s.dir != nil {
		s.dir.release()
	}
}

// inside visits all that is in an open directory, and closes it.
func (w *walk) inside(ctx context.Context, s waiting) (err error) {
	defer s.drop()
	if !s.listed {
		if s.names, s.more, err = s.dir.list("", w.part, w.exclude); err != nil {
			return err
		}
	}
	l := level{walk: w, dir: s.dir}
	defer l.drop()
	for len(s.names) > 0 {
		if err := l.visitAll(ctx, s.names); err != nil {
			return err
		}
		if !s.more {
			break
		}
		after := s.names[len(s.names)-1].path
		if s.names, s.more, err = s.dir.list(after, w.part, w.exclude); err != nil {
			return err
		}
	}
	return l.enterBefore(ctx, "")
}

// level is a directory that is being walked. Each directory on the stack has a
// name that is a proper prefix of all names after it, so the last is the first
// to enter, and there are at most as many as a name has bytes.
type level struct {
	*walk
	dir   *dir
	stack []waiting
}

func (l *level) drop() {
	for i := range l.stack {
		l.stack[i].drop()
	}
}

func (l *level) visitAll(ctx context.Context, names []name) error {
	for _, n := range names {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := l.enterBefore(ctx, n.path); err != nil {
			return err
		}
		f := found{dir: l.dir, name: n}
		if len(l.dir.path)+len(n.path) > MaxPath {
			return at(f.path(), tooLarge("path of more than %d bytes", MaxPath))
		}
		if f.isDir() {
			f.empty = l.look(n)
		}
		if err := l.visit(f); err != nil {
			return err
		}
	}
	return nil
}

// look reports whether a directory is empty, and puts it on the stack if not.
// One that cannot be read is not empty: entering it fails, if it comes to that.
func (l *level) look(n name) (empty bool) {
	s := waiting{name: n}
	if sub, err := l.dir.open(n); err == nil {
		keep, part := len(l.stack) == 0, 1
		if keep {
			part = l.part
		}
		names, more, err := sub.list("", part, l.exclude)
		if err == nil && len(names) > 0 && keep {
			s = waiting{n, sub, true, names, more}
		} else {
			sub.release()
		}
		if err == nil && len(names) == 0 {
			return true
		}
	}
	l.stack = append(l.stack, s)
	return false
}

// enterBefore enters the directories whose place is before that of a name, ""
// being after all.
func (l *level) enterBefore(ctx context.Context, next string) error {
	for len(l.stack) > 0 {
		s := l.stack[len(l.stack)-1]
		if next != "" && s.name.path+"/" > next {
			return nil
		}
		l.stack = l.stack[:len(l.stack)-1]
		if err := l.into(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (l *level) into(ctx context.Context, s waiting) error {
	ok, err := l.enter(l.dir.path + s.name.path + "/")
	if err != nil || !ok {
		s.drop()
		return err
	}
	if s.dir == nil {
		if s.dir, err = l.dir.open(s.name); err != nil {
			return err
		}
	}
	return l.inside(ctx, s)
}
