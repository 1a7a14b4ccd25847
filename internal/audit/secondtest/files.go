//go:build unix

package secondtest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// file is one file of a log.
type file struct {
	name string // below the directory
	data []byte
}

// files are those of a log that a verifier reads. Of files that do not exist the
// bytes are nil.
type files struct {
	log, state, anchors []byte
	segs                []file // everything in seg, by name
	epochs              map[string][]byte
	notes               []file // checkpoint and what is in checkpoints
	details             map[string][]byte
}

// load reads the files of the log. The file tree is not read: everything in it
// follows from the lines.
func load(dir string) (*files, error) {
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()

	if _, err := os.Lstat(filepath.Join(dir, "pruned.json")); err == nil {
		return nil, errors.New("pruned.json: pruned logs are not supported")
	}
	archived, err := list(dir, "archive", ".jsonl.zst")
	if err != nil {
		return nil, err
	}
	if len(archived) > 0 {
		return nil, fmt.Errorf("%s: archives are not supported", archived[0].name)
	}

	f := &files{epochs: map[string][]byte{}, details: map[string][]byte{}}
	for name, p := range map[string]*[]byte{"log.json": &f.log, "state": &f.state, "anchors.jsonl": &f.anchors} {
		if *p, err = read(dir, name); err != nil {
			return nil, err
		}
	}
	if f.segs, err = list(dir, "seg", ".jsonl"); err != nil {
		return nil, err
	}
	details, err := list(dir, "details", ".bin")
	if err != nil {
		return nil, err
	}
	for _, d := range details {
		f.details[d.name] = d.data
	}
	for _, suffix := range []string{".age", ".key"} {
		l, err := list(dir, "epochs", suffix)
		if err != nil {
			return nil, err
		}
		for _, e := range l {
			f.epochs[e.name] = e.data
		}
	}
	if f.notes, err = list(dir, "checkpoints", ".note"); err != nil {
		return nil, err
	}
	newest, err := read(dir, "checkpoint")
	if err != nil {
		return nil, err
	}
	if newest != nil {
		f.notes = append(f.notes, file{"checkpoint", newest})
	}
	return f, nil
}

// list reads the files in a directory of the log whose names end in suffix, by
// name, without temporary ones. It may be missing.
func list(dir, sub, suffix string) ([]file, error) {
	entries, err := os.ReadDir(filepath.Join(dir, sub))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var l []file
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) || strings.HasPrefix(e.Name(), ".kai-tmp-") {
			continue
		}
		name := sub + "/" + e.Name()
		data, err := read(dir, name)
		if err != nil {
			return nil, err
		}
		l = append(l, file{name, data})
	}
	return l, nil
}

// read reads one file. It returns nil when there is none.
func read(dir, name string) ([]byte, error) {
	f, err := open(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return data, nil
}

// open opens a file unless it must be refused.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, errors.New("refused: not a plain file")
	}
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	switch {
	case err != nil:
	case !fi.Mode().IsRegular():
		err = errors.New("refused: not a plain file")
	case fi.Mode().Perm()&0o077 != 0:
		err = fmt.Errorf("refused: its mode is %04o", fi.Mode().Perm())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// lock takes a shared lock, so that nobody appends meanwhile. It may be missing.
func lock(path string) (unlock func(), err error) {
	f, err := open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock: %w", err)
	}
	return func() { f.Close() }, nil
}
