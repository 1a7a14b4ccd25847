// Package directory keeps a copy of a vault in a directory: on a stick, a shared disk, or one that some
// other program carries to other machines.
//
// An object is a file of its name, and its tag the SHA-256 of its content. Beside the objects lies
// .kai-lock, the lock of those who write at the same time on one machine; what else writes there, such
// as a syncing program, does not know it, and whoever reads checks what came of that.
package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"kai/internal/durable"
	"kai/internal/vault/remote"
)

const (
	lockFile = ".kai-lock"
	lockPoll = 50 * time.Millisecond
	maxDepth = 8
)

// Directory is a directory that is a remote.Remote.
type Directory struct {
	root *os.Root
	dir  *durable.Dir
	held *durable.Held
}

var _ remote.Remote = (*Directory)(nil)

// Open opens a directory, and makes it when only its parent exists. Close closes it.
func Open(name string) (*Directory, error) {
	if err := os.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, unreachable(err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, unreachable(err)
	}
	return &Directory{root: root, dir: durable.NewDir(root)}, nil
}

func unreachable(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("directory: %w: %w", remote.ErrUnreachable, err)
}

// List hashes all files.
func (d *Directory) List(ctx context.Context) ([]remote.Object, error) {
	d.unlock()
	var out []remote.Object
	err := d.walk(ctx, ".", 0, &out)
	return out, err
}

func (d *Directory) walk(ctx context.Context, dir string, depth int, out *[]remote.Object) error {
	entries, err := d.dir.ReadDir(dir)
	if err != nil {
		return unreachable(err)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case e.IsDir() && depth < maxDepth:
			if err := d.walk(ctx, name, depth+1, out); err != nil {
				return err
			}
		case e.Type().IsRegular() && !strings.HasPrefix(e.Name(), "."):
			o, err := d.describe(name)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrNotRegular) {
				continue // gone meanwhile
			}
			if err != nil {
				return unreachable(err)
			}
			if *out = append(*out, o); len(*out) > remote.MaxObjects {
				return fmt.Errorf("directory: %w: more than %d files", remote.ErrUnreachable, remote.MaxObjects)
			}
		}
	}
	return nil
}

func (d *Directory) describe(name string) (remote.Object, error) {
	f, err := d.dir.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return remote.Object{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return remote.Object{Name: name, Size: n, Tag: hex.EncodeToString(h.Sum(nil))}, err
}

// Get opens a file. Its tag is that of what is there; the file may grow while it is read.
func (d *Directory) Get(_ context.Context, name string) (io.ReadCloser, string, error) {
	o, err := d.describe(name)
	if err != nil {
		return nil, "", notThere(err)
	}
	f, err := d.dir.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, "", notThere(err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(f, o.Size), f}, o.Tag, nil
}

func notThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return unreachable(err)
}

// lock keeps out others who write here, until the next List or Finish.
func (d *Directory) lock(ctx context.Context) (err error) {
	if d.held != nil {
		return nil
	}
	if d.held, err = d.dir.Lock(ctx, lockFile, lockPoll); err != nil {
		d.held = nil
		return unreachable(err)
	}
	return nil
}

func (d *Directory) unlock() {
	if d.held != nil {
		_ = d.held.Unlock()
		d.held = nil
	}
}

// match takes the lock and compares what is there with a tag, "" for nothing.
func (d *Directory) match(ctx context.Context, name, tag string) error {
	if err := d.lock(ctx); err != nil {
		return err
	}
	o, err := d.describe(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && tag == "", err == nil && o.Tag == tag:
		return nil
	case errors.Is(err, fs.ErrNotExist), err == nil:
		return fmt.Errorf("%s: %w", name, remote.ErrChanged)
	}
	return unreachable(err)
}

// Put writes a file, durably.
func (d *Directory) Put(ctx context.Context, name, tag string, content *io.SectionReader) (string, error) {
	if err := d.match(ctx, name, tag); err != nil {
		return "", err
	}
	if err := d.mkdirs(path.Dir(name)); err != nil {
		return "", unreachable(err)
	}
	out, err := d.dir.Create(name, durable.CreateOptions{Mode: 0o600, Replace: tag != ""})
	if err != nil {
		return "", d.putError(name, err)
	}
	defer func() { _ = out.Abort() }()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, h), content); err != nil {
		return "", err
	}
	if err := out.Commit(); err != nil {
		return "", d.putError(name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (d *Directory) putError(name string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", name, remote.ErrChanged)
	}
	return unreachable(err)
}

func (d *Directory) mkdirs(dir string) error {
	if dir == "." {
		return nil
	}
	if _, err := d.dir.Lstat(dir); err == nil {
		return nil
	}
	if err := d.mkdirs(path.Dir(dir)); err != nil {
		return err
	}
	err := d.dir.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return err
}

// Remove removes a file.
func (d *Directory) Remove(ctx context.Context, name, tag string) error {
	if _, err := d.dir.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := d.match(ctx, name, tag); err != nil {
		return err
	}
	if err := d.dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unreachable(err)
	}
	return nil
}

// Finish gives the lock back.
func (d *Directory) Finish(context.Context) error {
	d.unlock()
	return nil
}

// Close closes the directory.
func (d *Directory) Close() error {
	d.unlock()
	return d.root.Close()
}
