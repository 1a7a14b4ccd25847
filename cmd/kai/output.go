package main

import (
	"errors"
	"io"
	"io/fs"

	"kai/internal/durable"
)

// writeOptions say how an output file is made.
type writeOptions struct {
	replace bool // an existing file may be replaced
	secret  bool // only the owner may read it
	binary  bool // no terminal should get it unasked
	asked   bool // "-" was written by the person, not chosen by default
}

// output is a file in the making, or standard output. Nothing is there before
// Commit; Abort after Commit does nothing.
type output interface {
	io.Writer
	Commit() error
	Abort() error
}

// create begins an output file; "-" is standard output.
//
// An existing file is exit 10 unless it may be replaced. Binary output to a
// terminal is refused unless it was asked for.
func (e *env) create(name string, o writeOptions) (output, error) {
	if name == "-" {
		if o.binary && !o.asked && e.sys.stdoutTerminal {
			return nil, withHint(usagef("binary output does not belong on a terminal"), "-o FILE, or -o - to have it all the same")
		}
		return standardOutput{e.stdout}, nil
	}
	mode := fs.FileMode(0o666) // the umask takes its part
	if o.secret {
		mode = 0o600
	}
	out, err := durable.CreatePath(e.path(name), durable.CreateOptions{Mode: mode, Replace: o.replace})
	if errors.Is(err, fs.ErrExist) {
		return nil, exists(name)
	}
	if err != nil {
		return nil, err
	}
	return &outputFile{out, name}, nil
}

// writeFile writes a whole output file.
func (e *env) writeFile(name string, data []byte, o writeOptions) error {
	out, err := e.create(name, o)
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := out.Write(data); err != nil {
		return err
	}
	return out.Commit()
}

// exists is the refusal to overwrite.
func exists(name string) error {
	return failf(exitConflict, "exists", "%s: already exists", name)
}

type outputFile struct {
	*durable.Output
	name string
}

// Commit is where another process can have been faster.
func (o *outputFile) Commit() error {
	err := o.Output.Commit()
	if errors.Is(err, fs.ErrExist) {
		return exists(o.name)
	}
	return err
}

type standardOutput struct{ io.Writer }

func (standardOutput) Commit() error { return nil }
func (standardOutput) Abort() error  { return nil }
