package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kai/internal/durable"
)

// Files of a child lie in DIR/kai/run-PID/, where DIR is the user's runtime directory, which is
// in memory, private, and removed at logout. The directory of a child holds a lock for as long as
// we live; without one it is stale, and whoever comes next removes it. A process number proves
// nothing: containers share the directory and not the numbers.
const (
	runParent   = "kai"
	runPrefix   = "run-"
	runLock     = ".lock"    // in a child's directory: held while we live
	runMainLock = "run.lock" // beside them: held while they come and go
	runPatience = 10 * time.Second
	runPoll     = 50 * time.Millisecond
)

var (
	errNoRuntimeDir   = errors.New("no runtime directory (XDG_RUNTIME_DIR) to put files in")
	errOpenRuntimeDir = errors.New("open to others")
)

// makeRunFiles writes one file for each value, which nobody else can read, and returns their
// paths. remove removes them. Stale ones of other processes are removed first.
func makeRunFiles(ctx context.Context, runtimeDir string, files []childValue) (paths []string, remove func(), err error) {
	d, err := makeRunDir(ctx, runtimeDir)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range files {
		if err := d.write(v.name, v.value.Expose(), 0o400); err != nil {
			d.remove()
			return nil, nil, fmt.Errorf("file for %s: %w", v.name, err)
		}
		paths = append(paths, d.path(v.name))
	}
	return paths, d.remove, nil
}

// makeRunDir makes an empty directory of this process.
func makeRunDir(ctx context.Context, runtimeDir string) (*runDir, error) {
	if runtimeDir == "" {
		return nil, errNoRuntimeDir
	}
	base := filepath.Join(runtimeDir, runParent)
	if err := os.Mkdir(base, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("runtime directory: %w", err)
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return nil, fmt.Errorf("runtime directory: %w", err)
	}
	d := &runDir{root: root, base: base, name: runPrefix + strconv.Itoa(os.Getpid())}
	if err := d.make(ctx); err != nil {
		d.remove()
		return nil, fmt.Errorf("runtime directory %s: %w", printable(base), err)
	}
	return d, nil
}

// runDir is the directory of one child.
type runDir struct {
	root *os.Root // of base
	base string
	name string
	held *durable.Held // nil until the directory is ours
}

// make sweeps, then makes the directory and locks it.
func (d *runDir) make(ctx context.Context) error {
	info, err := d.root.Stat(".")
	if err != nil {
		return err
	}
	if !isPrivate(info) {
		return errOpenRuntimeDir
	}
	dir := durable.NewDir(d.root)
	ctx, cancel := context.WithTimeout(ctx, runPatience)
	defer cancel()
	main, err := dir.Lock(ctx, runMainLock, runPoll)
	if err != nil {
		return err
	}
	defer main.Unlock()
	if err := d.sweep(dir); err != nil {
		return err
	}
	if err := d.root.Mkdir(d.name, 0o700); err != nil {
		return err
	}
	d.held, err = dir.Lock(ctx, d.name+"/"+runLock, 0)
	return err
}

// sweep removes the directories that nobody holds.
func (d *runDir) sweep(dir *durable.Dir) error {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), runPrefix) {
			continue
		}
		held, err := dir.Lock(context.Background(), e.Name()+"/"+runLock, 0)
		if errors.Is(err, durable.ErrLocked) {
			continue
		}
		if err == nil {
			_ = held.Unlock() // we have the main lock: nobody else comes
		}
		if err := d.root.RemoveAll(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

// path is where a file of the directory is found by others.
func (d *runDir) path(name string) string { return filepath.Join(d.base, d.name, name) }

// write writes one file.
func (d *runDir) write(name string, content []byte, mode fs.FileMode) error {
	f, err := d.root.OpenFile(d.name+"/"+name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// sweepRunDirs removes what processes have left that were killed. root is that of the parent
// directory. Whoever is making one now is left alone: that one sweeps itself.
func sweepRunDirs(root *os.Root) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return
	}
	stale := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() && strings.HasPrefix(e.Name(), runPrefix) })
	info, err := root.Stat(".")
	if !stale || err != nil || !isPrivate(info) {
		return
	}
	dir := durable.NewDir(root)
	main, err := dir.Lock(context.Background(), runMainLock, 0)
	if err != nil {
		return
	}
	defer main.Unlock()
	d := &runDir{root: root}
	_ = d.sweep(dir) // the next one tries again
}

// remove removes the directory when it is ours.
func (d *runDir) remove() {
	if d.held != nil {
		// While the lock is still held: one that is given back may be swept meanwhile.
		err := d.root.RemoveAll(d.name)
		_ = d.held.Unlock()
		if err != nil { // systems that keep open files
			_ = d.root.RemoveAll(d.name)
		}
		d.held = nil
	}
	d.root.Close()
}
