package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CreatePath begins an output file at a path of the user's. The directory is opened once; what
// happens later to the names leading to it does not matter.
//
// A device or named pipe, such as /dev/null or what /dev/stdout leads to, is written through
// directly: nothing about it can be undone, and Replace is not asked for. Block devices, sockets
// and directories are ErrNotRegular. With Replace, a symbolic link leads to the file that is
// replaced; without, it is in the way like any file (fs.ErrExist).
//
// Expected system calls: stat(path), open(directory), then those of [Dir.Create].
func CreatePath(name string, opts CreateOptions) (*Output, error) {
	special, err := openSpecial(name)
	if err != nil || special != nil {
		return special, err
	}
	if opts.Replace {
		if name, err = followLinks(name); err != nil {
			return nil, err
		}
	}
	base := filepath.Base(name)
	if base == "." || base == ".." || base == string(filepath.Separator) || os.IsPathSeparator(name[len(name)-1]) {
		return nil, failed("create", name, ErrNotRegular)
	}
	dir := filepath.Dir(name)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, failed("directory", dir, err)
	}
	out, err := NewDir(root).Create(base, opts)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	out.extra = root
	return out, nil
}

// Direct reports whether what is written takes effect at once and cannot be undone: the name leads
// to a device or a pipe.
func (o *Output) Direct() bool { return o.direct }

// openSpecial opens a character device or pipe; nil means that it is none.
func openSpecial(name string) (*Output, error) {
	info, err := os.Stat(name)
	if err != nil {
		// Missing, or something that Create will complain about more exactly.
		return nil, nil
	}
	if !writable(info.Mode()) {
		if info.Mode().IsRegular() {
			return nil, nil
		}
		return nil, failed("create", name, ErrNotRegular)
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return nil, failed("open", name, err)
	}
	if info, err = f.Stat(); err == nil && !writable(info.Mode()) {
		err = fmt.Errorf("changed meanwhile: %w", ErrNotRegular)
	}
	if err != nil {
		return nil, errors.Join(failed("open", name, err), f.Close())
	}
	return &Output{name: name, file: osFile{f}, direct: true}, nil
}

func writable(mode fs.FileMode) bool {
	return mode&(fs.ModeCharDevice|fs.ModeNamedPipe) != 0
}

// followLinks returns the path of the file that name leads to, or name when there is none.
func followLinks(name string) (string, error) {
	info, err := os.Lstat(name)
	if err != nil || info.Mode().Type() != fs.ModeSymlink {
		return name, nil
	}
	target, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", failed("follow link", name, err)
	}
	return target, nil
}
