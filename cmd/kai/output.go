package main

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"kai/internal/durable"
)

// outputOptions say what may happen to an output.
type outputOptions struct {
	mode   fs.FileMode // of a new file, less the umask; 0 is 0600
	force  bool        // an existing file may be replaced; never for keys and secrets
	flag   string      // the flag that sets force, as in "-f"; "" when nothing does
	binary bool        // not for the eyes: refused on a terminal unless "-" was asked for
}

// output is what a command writes. It appears whole with Commit, or not at all.
//
//	out, err := env.create(name, outputOptions{mode: 0o644, force: options.force, flag: "-f"})
//	if err != nil {
//		return err
//	}
//	defer out.Abort()
//	… write to out …
//	return out.Commit(ctx)
type output struct {
	io.Writer
	file    *durable.Output // nil for stdout
	options outputOptions
}

// create begins an output. The name "-" is stdout, and so is "", by which a command says that
// no name was given.
//
// An existing file without force is fs.ErrExist, exit 10, and nothing is touched. A file is
// written beside its place and moved there by Commit.
func (e *env) create(name string, o outputOptions) (*output, error) {
	if name == "" && o.binary && e.sys.stdoutTerminal {
		return nil, withHint(usagef("binary output to a terminal"), "-o FILE writes a file; -o - insists")
	}
	if name == "" || name == "-" {
		return &output{Writer: e.stdout}, nil
	}
	file, err := durable.CreatePath(e.path(name), durable.CreateOptions{Mode: o.mode, Replace: o.force})
	if err != nil {
		return nil, existsError(err, o)
	}
	return &output{Writer: file, file: file, options: o}, nil
}

// existsError adds to fs.ErrExist how the file may be replaced.
func existsError(err error, o outputOptions) error {
	if errors.Is(err, fs.ErrExist) && o.flag != "" {
		return withHint(err, "%s replaces it", o.flag)
	}
	return err
}

// Commit makes the output appear under its name, unless ctx is done. A file that appeared
// there meanwhile is fs.ErrExist as in create.
func (o *output) Commit(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if o.file == nil {
		return nil
	}
	return existsError(o.file.Commit(), o.options)
}

// Abort removes what was written. After Commit it does nothing, so that it can be deferred.
func (o *output) Abort() {
	if o.file != nil {
		_ = o.file.Abort() // the error that led here is the one to report
	}
}

// writeFile is create, one write and Commit.
func (e *env) writeFile(ctx context.Context, name string, data []byte, o outputOptions) error {
	out, err := e.create(name, o)
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := out.Write(data); err != nil {
		return err
	}
	return out.Commit(ctx)
}
