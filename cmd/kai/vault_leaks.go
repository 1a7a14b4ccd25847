package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kai/internal/secret"
	"kai/internal/vault"
	"kai/internal/vault/mask"
)

const (
	minLeak     = 8    // bytes of the shortest value that is looked for, but for line feeds at its end
	leakBatch   = 2048 // values that are looked for at a time
	maxLeaks    = 100  // findings a file
	leakContext = 4 * mask.MaxHead
)

// labels are fields that name things, and would be found everywhere.
var labels = []string{"email", "host", "login", "name", "port", "title", "url", "user", "username"}

// leak is a value that is looked for.
type leak struct {
	name  string // NAMESPACE/PATH#FIELD
	value *secret.Bytes
}

// findLeaks reports the files below a directory that hold a value of the vault.
func (o *openedVault) findLeaks(ctx context.Context, dir string, report func(vault.Finding)) error {
	root, err := os.OpenRoot(o.env.path(dir))
	if err != nil {
		return err
	}
	defer root.Close()
	var batch []leak
	wipe := func() {
		for _, l := range batch {
			l.value.Wipe()
		}
		batch = nil
	}
	defer wipe()
	search := func() error {
		defer wipe()
		return o.searchLeaks(ctx, root, dir, batch, report)
	}
	err = o.each(&secretFilter{}, func(l *listedSecret) (err error) {
		if batch, err = o.addLeaks(batch, l); err == nil && len(batch) >= leakBatch {
			err = search()
		}
		return err
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return search()
}

// addLeaks adds the fields of a secret, if the keys open it.
func (o *openedVault) addLeaks(batch []leak, l *listedSecret) ([]leak, error) {
	list, buf, err := l.space.Value(l.version)
	if errors.Is(err, vault.ErrDenied) || errors.Is(err, vault.ErrNeedsUser) {
		o.env.warn("%s: not looked for: %v", printable(l.full()), err)
		return batch, nil
	}
	if err != nil {
		return batch, err
	}
	defer buf.Wipe()
	for _, f := range list {
		if len(bytes.TrimRight(f.Value, "\r\n")) < minLeak || slices.Contains(labels, strings.ToLower(f.Name)) {
			continue
		}
		value := secret.New(len(f.Value))
		copy(value.Expose(), f.Value)
		batch = append(batch, leak{l.full() + "#" + f.Name, value})
	}
	return batch, nil
}

func (o *openedVault) searchLeaks(ctx context.Context, root *os.Root, dir string, batch []leak, report func(vault.Finding)) error {
	values := make([]*secret.Bytes, len(batch))
	for i, l := range batch {
		values[i] = l.value
	}
	all := mask.New(values)
	defer all.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil || !e.Type().IsRegular() {
			if err != nil {
				o.env.warn("not looked at: %v", err)
			}
			return nil
		}
		f, err := root.OpenFile(name, os.O_RDONLY, 0)
		if err != nil {
			o.env.warn("not looked at: %v", err)
			return nil
		}
		defer f.Close()
		if err := searchFile(f, filepath.Join(dir, filepath.FromSlash(name)), all, batch, report); err != nil {
			o.env.warn("not looked at to its end: %v", err)
		}
		return nil
	})
}

// searchFile looks for all values at once, and only around what it finds for which one it is.
func searchFile(f *os.File, name string, all *mask.Masker, batch []leak, report func(vault.Finding)) error {
	var hits []int64
	if err := all.Find(f, func(at int64) {
		if len(hits) < maxLeaks {
			hits = append(hits, at)
		}
	}); err != nil {
		return err
	}
	line, counted := 1, int64(0)
	for _, at := range hits {
		n, err := countLines(io.NewSectionReader(f, counted, at-counted))
		if err != nil {
			return err
		}
		line, counted = line+n, at
		for _, l := range batch {
			one := mask.New([]*secret.Bytes{l.value})
			here := false
			err := one.Find(io.NewSectionReader(f, at, leakContext), func(offset int64) { here = here || offset == 0 })
			one.Close()
			if err != nil {
				return err
			}
			if here {
				secretName, _, _ := strings.Cut(l.name, "#")
				report(vault.Finding{
					Finding: "leaked", Severity: vault.Notice, Path: fmt.Sprintf("%s:%d", name, line),
					Text: "holds the value of " + printable(l.name), Hint: "kai vault rotate --compromised " + shellWord(secretName),
				})
			}
		}
	}
	return nil
}

func countLines(r io.Reader) (n int, err error) {
	buf := make([]byte, 64<<10)
	for {
		got, err := r.Read(buf)
		for _, b := range buf[:got] {
			if b == '\n' {
				n++
			}
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
