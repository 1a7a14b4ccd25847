package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"kai/internal/durable"
	"kai/internal/vault/authority"
)

// clearUnfinished removes what a Create has left that did not come to its end: without vault.json there
// was no vault. Files that a vault has only after that are not touched; the error is then ErrTampered,
// since it is vault.json that is missing. The lock is held.
func clearUnfinished(dir *durable.Dir) error {
	first := authority.ManifestName(1, authority.Digest{})[:11]
	for _, check := range []struct {
		dir  string
		deep int
		more func(name string) bool
	}{
		{adminDir, 0, func(name string) bool { return isManifestName(name) && !strings.HasPrefix(name, first) }},
		{spaceDir, 1, func(name string) bool { return strings.HasSuffix(name, logSuffix) }},
	} {
		err := walkFiles(dir, check.dir, check.deep, func(name string, e fs.DirEntry) error {
			if check.more(e.Name()) {
				return fileError(rootFile, fmt.Errorf("%w: it is missing, and %s is there", ErrTampered, name))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	remove := func(name string, _ fs.DirEntry) error { return dir.Remove(name) }
	for _, name := range []string{seenFile, deviceFile} {
		if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, name := range []string{adminDir, slotDir, deviceDir, spaceDir} {
		if err := walkFiles(dir, name, 2, remove); err != nil {
			return err
		}
	}
	return nil
}

// walkFiles visits what lies in a directory, and that many levels below it, files before the directory
// that they are in. A directory that is not there is empty.
func walkFiles(dir *durable.Dir, name string, deep int, visit func(name string, e fs.DirEntry) error) error {
	entries, err := dir.ReadDir(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		full := path.Join(name, e.Name())
		if e.IsDir() && deep > 0 {
			if err := walkFiles(dir, full, deep-1, visit); err != nil {
				return err
			}
		}
		if err := visit(full, e); err != nil {
			return err
		}
	}
	return nil
}
