package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"kai/internal/digest"
)

// hashCheckOptions is what kai hash -c knows about the command line.
type hashCheckOptions struct {
	hashOptions
	ignoreMissing bool
	quiet         bool
	status        bool
	strict        bool
}

// hashTally counts what became of the files and lines of all lists.
type hashTally struct {
	ok, failed, missing, errors int

	code  int      // the worst so far
	notes []string // about lists
	hint  string
}

// hashCheck checks the files of each list, up to the first list that cannot be read.
func hashCheck(ctx context.Context, env *env, o hashCheckOptions) error {
	env, flush := bufferedOutput(env)
	var t hashTally
	var err error
	for _, name := range o.files {
		if err = o.checkList(ctx, env, name, &t); err != nil {
			break
		}
	}
	if flushErr := flush(); err == nil {
		err = flushErr
	}
	if err != nil {
		return err
	}
	return t.verdict(o)
}

// checkList checks the files of one list.
func (o hashCheckOptions) checkList(ctx context.Context, env *env, name string, t *hashTally) error {
	in, err := env.open(ctx, name)
	if err != nil {
		return err
	}
	defer in.Close()
	l := hashList{in: in, name: name, options: o}
	if name == "-" {
		l.name = "standard input"
	}
	bar := env.progress("checking", 0)
	defer bar.end()
	err = digest.Files(ctx, l.jobs, openForHash(env, bar), o.workers, func(r digest.Result) error {
		bar.clear()
		return o.checked(ctx, env, r, t)
	})
	if err == nil && l.err != nil {
		err = fmt.Errorf("%s: %w", l.name, l.err)
	}
	if err == nil {
		l.judge(env, t)
	}
	return err
}

// hashList reads one list. Its counts belong to jobs until digest.Files returns.
type hashList struct {
	in      io.Reader
	name    string
	options hashCheckOptions

	entries, bad int
	firstBad     error // of the lines not understood
	err          error // reading the list failed
}

// jobs yields the files of the list.
func (l *hashList) jobs(yield func(digest.Job) bool) {
	o := l.options
	for e, err := range o.format.Entries(l.in, o.algorithm) {
		switch {
		case errors.Is(err, digest.ErrLine):
			if l.bad++; l.bad == 1 {
				l.firstBad = err
			}
			continue
		case err != nil:
			l.err = err
			return
		}
		l.entries++
		job := digest.Job{Path: e.Path, Algorithm: e.Algorithm, Want: e.Sum}
		if e.Path == "-" && slices.Contains(o.files, "-") {
			job.Err = failf(exitUndecidable, "stdin_is_list", "-: standard input is a list")
		}
		if !yield(job) {
			return
		}
	}
}

// judge adds what there is to say about the list itself.
func (l *hashList) judge(env *env, t *hashTally) {
	if l.bad == 0 && l.entries > 0 {
		return
	}
	var note string
	switch {
	case l.bad == 0:
		note = fmt.Sprintf("%s: no checksum line", l.name)
	case l.bad == 1:
		note = fmt.Sprintf("%s: %v", l.name, l.firstBad)
	default:
		note = fmt.Sprintf("%s: %d lines not understood, the first: %v", l.name, l.bad, l.firstBad)
	}
	if l.entries > 0 && !l.options.strict {
		if !l.options.status {
			env.warn("%s", note)
		}
		return
	}
	t.notes = append(t.notes, note)
	t.code = worstExit(t.code, exitUndecidable)
	if l.bad > 0 && strings.Contains(l.firstBad.Error(), "length") {
		t.hint = "kai hash -c --algo ALGO LIST"
	}
}

// checked counts and prints one result.
func (o hashCheckOptions) checked(ctx context.Context, env *env, r digest.Result, t *hashTally) error {
	switch {
	case errors.Is(r.Err, fs.ErrNotExist), errors.Is(r.Err, syscall.ENOTDIR):
		if o.ignoreMissing {
			return nil
		}
		t.missing++
		t.code = worstExit(t.code, exitNotFound)
		return o.printChecked(env, r, "missing")
	case r.Err != nil:
		failed := hashError(r)
		t.errors++
		t.code = worstExit(t.code, judge(ctx, failed).code)
		if o.status {
			return nil
		}
		if err := printHashFailure(ctx, env, r, failed); err != nil || env.json {
			return err
		}
		return o.printChecked(env, r, "error")
	case !bytes.Equal(r.Sum, r.Want):
		t.failed++
		t.code = worstExit(t.code, exitBad)
		return o.printChecked(env, r, "failed")
	}
	t.ok++
	if o.quiet {
		return nil
	}
	return o.printChecked(env, r, "ok")
}

func (o hashCheckOptions) printChecked(env *env, r digest.Result, status string) error {
	if o.status {
		return nil
	}
	if !env.json {
		return env.printf("%s: %s\n", printable(r.Path), strings.ToUpper(status))
	}
	j := newHashJSON(env, r, status)
	if status != "ok" {
		j.Want = hex.EncodeToString(r.Want)
	}
	return env.printJSON(j)
}

// verdict is the outcome of the whole run.
func (t *hashTally) verdict(o hashCheckOptions) error {
	if t.code == exitDone && t.ok == 0 {
		t.code = exitNotFound // with --ignore-missing
		t.notes = append(t.notes, "none of the files exists")
	}
	if t.code == exitDone || o.status {
		return reported(t.code)
	}
	var notes []string
	for _, n := range []struct {
		count    int
		one, all string
	}{
		{t.failed, "1 file differs", "%d files differ"},
		{t.missing, "1 file is missing", "%d files are missing"},
		{t.errors, "1 file could not be read", "%d files could not be read"},
	} {
		switch n.count {
		case 0:
		case 1:
			notes = append(notes, n.one)
		default:
			notes = append(notes, fmt.Sprintf(n.all, n.count))
		}
	}
	ident := map[int]string{exitBad: "differs", exitUndecidable: "malformed", exitNotFound: "missing"}[t.code]
	if ident == "" {
		ident = "failure"
	}
	err := failf(t.code, ident, "%s", strings.Join(append(notes, t.notes...), "; "))
	if t.hint != "" {
		err = withHint(err, "%s", t.hint)
	}
	return err
}
