package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

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
	held    *heldBack // nil unless createHeld had to
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

// vacant refuses early what create would refuse later: a name that is taken.
func (e *env) vacant(name, flag string) error {
	info, err := os.Lstat(e.path(name))
	if err != nil {
		return nil // new, or create knows better what is wrong
	}
	if target, err := os.Stat(e.path(name)); err == nil {
		info = target
	}
	if info.Mode()&(fs.ModeCharDevice|fs.ModeNamedPipe) != 0 { // written through
		return nil
	}
	return withHint(failf(exitConflict, "exists", "%s: already exists", name), "%s replaces it", flag)
}

// createHeld is create for what must not be seen before Commit: where writing takes effect at
// once, on stdout, pipes and devices, everything is kept in a temporary file until then.
func (e *env) createHeld(name string, o outputOptions) (*output, error) {
	out, err := e.create(name, o)
	if err != nil || out.file != nil && !out.file.Direct() {
		return out, err
	}
	file, err := openTemporary()
	if err != nil {
		out.Abort()
		return nil, fmt.Errorf("temporary file for what is not verified yet: %w", err)
	}
	out.held = &heldBack{file: file, target: out.Writer}
	out.Writer = out.held
	return out, nil
}

// heldBack is content on its way to where it cannot be taken back.
type heldBack struct {
	file   *temporary
	size   int64
	target io.Writer
}

// Write keeps p.
func (h *heldBack) Write(p []byte) (int, error) {
	n, err := h.file.Write(p)
	h.size += int64(n)
	return n, err
}

func (h *heldBack) release() error {
	_, err := io.Copy(h.target, io.NewSectionReader(h.file, 0, h.size))
	return err
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
	if o.held != nil {
		if err := o.held.release(); err != nil {
			return err
		}
	}
	if o.file == nil {
		return nil
	}
	return existsError(o.file.Commit(), o.options)
}

// Abort removes what was written. After Commit it does nothing, so that it can be deferred.
func (o *output) Abort() {
	if o.held != nil {
		_ = o.held.file.Close() // it has no name, or loses it with this
		o.held = nil
	}
	if o.file != nil {
		_ = o.file.Abort() // the error that led here is the one to report
	}
}

// spares refuses an output that leads to one of the files that the run reads: -f is a word about
// an older output, not about those.
func (e *env) spares(out string, inputs ...string) error {
	if out == "" || out == "-" {
		return nil
	}
	there, err := os.Stat(e.path(out))
	if err != nil || !there.Mode().IsRegular() { // new, or not replaced
		return nil
	}
	for _, name := range inputs {
		if info, err := os.Stat(e.path(name)); name != "" && name != "-" && err == nil && os.SameFile(there, info) {
			return usagef("-o %s would take the place of %s, which is read", out, name)
		}
	}
	return nil
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
