package pass

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"kai/internal/vault/transfer"
)

// maxFile bounds one encrypted file: what the vault takes for one secret, its armor, and
// the head of a file with many recipients.
const maxFile = 2 * transfer.MaxValues

// ReadGPG reads a store of pass.
//
// The errors are those of package transfer: ErrNotRegular, ErrNoKey when gpg fails,
// with its name and the file's, ErrPath and ErrLimit.
func ReadGPG(ctx context.Context, source transfer.Source, opts transfer.Options) (*transfer.Store, error) {
	return read(ctx, source, ".gpg", func(file io.Reader, out *transfer.Buffer) error {
		if opts.Run == nil {
			return fmt.Errorf("%w: nothing runs gpg", transfer.ErrNoKey)
		}
		if err := opts.Run(ctx, file, out, "gpg", "--batch", "--quiet", "--decrypt"); err != nil {
			return fmt.Errorf("%w: gpg: %w", transfer.ErrNoKey, err)
		}
		return nil
	})
}

// ReadAge reads a store of passage. The errors are those of ReadGPG; a file that is no
// age file, or a damaged one, is ErrMalformed.
func ReadAge(ctx context.Context, source transfer.Source, opts transfer.Options) (*transfer.Store, error) {
	return read(ctx, source, ".age", func(file io.Reader, out *transfer.Buffer) error {
		return transfer.DecryptAge(file, out, opts.Identities)
	})
}

// read walks the directory.
func read(ctx context.Context, source transfer.Source, suffix string, decrypt func(io.Reader, *transfer.Buffer) error) (*transfer.Store, error) {
	if source.Root == nil {
		return nil, fmt.Errorf("%q: %w: a directory is needed", source.Name, transfer.ErrNotRegular)
	}
	b := transfer.NewBuilder(source.Name, false)
	defer b.Abort()
	plain := transfer.NewBuffer(transfer.MaxValues)
	defer plain.Wipe()
	total := 0
	err := fs.WalkDir(source.Root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		hidden := name != "." && strings.HasPrefix(entry.Name(), ".")
		secret, wanted := strings.CutSuffix(entry.Name(), suffix)
		switch {
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden, entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return &transfer.SyntaxError{Name: name, Reason: "link or device", Kind: transfer.ErrNotRegular}
		case !wanted || secret == "":
			b.Note(0, "", fmt.Sprintf("not imported: file %q", name))
			return nil
		}
		plain.Reset()
		if err := open(source.Root, name, plain, decrypt); err != nil {
			return err
		}
		if total += len(plain.Bytes()); total > transfer.MaxInput {
			return fmt.Errorf("%w: more than %d bytes", transfer.ErrLimit, transfer.MaxInput)
		}
		folders := strings.Split(name, "/")
		fields := parse(plain.Bytes(), b.Arena())
		return b.Add(transfer.Item{Fields: fields}, folders[:len(folders)-1], secret)
	})
	if err != nil {
		return nil, fmt.Errorf("%q: %w", source.Name, err)
	}
	return b.Done(), nil
}

// open decrypts one file.
func open(root *os.Root, name string, plain *transfer.Buffer, decrypt func(io.Reader, *transfer.Buffer) error) error {
	file, err := openRegular(root, name)
	if err != nil {
		return err
	}
	defer file.Close()
	limited := &io.LimitedReader{R: file, N: maxFile + 1}
	if err := decrypt(limited, plain); err != nil {
		return fmt.Errorf("file %q: %w", name, err)
	}
	if limited.N == 0 {
		return fmt.Errorf("file %q: %w: more than %d bytes", name, transfer.ErrLimit, maxFile)
	}
	return nil
}

// openRegular opens a file that was regular when the directory was read, and still is.
func openRegular(root *os.Root, name string) (*os.File, error) {
	listed, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !listed.Mode().IsRegular() {
		return nil, &transfer.SyntaxError{Name: name, Reason: "link or device", Kind: transfer.ErrNotRegular}
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	opened, err := file.Stat()
	if err == nil && !os.SameFile(listed, opened) {
		err = &transfer.SyntaxError{Name: name, Reason: "replaced while it was read", Kind: transfer.ErrNotRegular}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
