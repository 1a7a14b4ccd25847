package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"kai/internal/digest"
)

// hashWorkers bounds the files hashed at once unless --jobs asks for more: each may hold
// 2 MiB.
const hashWorkers = 16

func hashCommand() command {
	var names []string
	for _, a := range digest.All() {
		names = append(names, a.String())
	}
	return command{
		name:    "hash",
		summary: "hash files, and check lists of hashes",
		examples: []example{
			{"kai hash *.tar.gz > SHA256SUMS", "as sha256sum prints it"},
			{"kai hash -c SHA256SUMS", "check every file of a list"},
			{"kai hash --algo blake3 big.img", "on all processors"},
			{"kai hash -r dir | ssh host kai hash -c --quiet", "compare two trees"},
			{"tar c dir | kai hash", "standard input"},
		},
		about: `Prints one line for each FILE: its digest, two spaces and its path. If the path
holds a backslash, line feed or carriage return, these are escaped and the line
begins with a backslash. Lists of sha256sum, b2sum, b3sum, cksum --tag and
openssl dgst can be checked, and those tools that check can check kai's.

-r hashes each regular file below a directory, hidden ones too, sorted by the
bytes of their paths. Symbolic links inside are not followed and not listed;
sockets, pipes and devices are errors.

-c prints OK, FAILED, MISSING or ERROR for each file. It exits with 3 if a file
differs, else with 5 if a list has no usable line (--strict: any unusable line),
else with 6 if a file is missing.`,
		args:       "[FILE...|-]",
		maxArgs:    anyNumber,
		readsStdin: true,
		flags: []cli.Flag{
			choiceFlag("algo", "use `ALGO`", digest.SHA256.String(), names...),
			&cli.BoolFlag{Name: "recursive", Aliases: []string{"r"}, Usage: "hash each file below a directory"},
			&cli.BoolFlag{Name: "tag", Usage: "print lines that name their algorithm"},
			&cli.BoolFlag{Name: "zero", Aliases: []string{"z"}, Usage: "end lines with NUL and escape nothing"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "hash with `N` workers (default: one for each processor)"},
			&cli.BoolFlag{Name: "check", Aliases: []string{"c"}, Usage: "read lists of hashes and check their files"},
			&cli.BoolFlag{Name: "ignore-missing", Usage: "with -c: pass over files that do not exist"},
			&cli.BoolFlag{Name: "quiet", Usage: "with -c: print nothing for files that are OK"},
			&cli.BoolFlag{Name: "status", Usage: "with -c: print nothing, the exit code is the answer"},
			&cli.BoolFlag{Name: "strict", Usage: "with -c: a line that is not understood is an error"},
		},
		recorded: readsOnly("computes from its input"),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			o, err := readHashOptions(env, c)
			if err != nil {
				return err
			}
			if c.Bool("check") {
				return hashCheck(ctx, env, hashCheckOptions{
					hashOptions: o, ignoreMissing: c.Bool("ignore-missing"),
					quiet: c.Bool("quiet"), status: c.Bool("status"), strict: c.Bool("strict"),
				})
			}
			return hashFiles(ctx, env, o)
		},
	}
}

// hashOptions is what both directions of kai hash share.
type hashOptions struct {
	algorithm digest.Algorithm
	format    digest.Format
	recursive bool
	workers   int
	files     []string // or lists
}

func readHashOptions(env *env, c *cli.Context) (hashOptions, error) {
	o := hashOptions{
		format:    digest.Format{Tag: c.Bool("tag"), Zero: c.Bool("zero")},
		recursive: c.Bool("recursive"),
		workers:   min(env.cpus, hashWorkers),
		files:     c.Args().Slice(),
	}
	var err error
	if o.algorithm, err = digest.ByName(c.String("algo")); err != nil {
		return o, usagef("%w", err)
	}
	if c.IsSet("jobs") {
		o.workers = c.Int("jobs")
	}
	if o.workers < 1 || o.workers > digest.MaxWorkers {
		return o, usagef("flag --jobs: %d is not between 1 and %d", o.workers, digest.MaxWorkers)
	}
	only := func(with string, names ...string) {
		for _, name := range names {
			if c.IsSet(name) && err == nil {
				err = usagef("flag --%s has no meaning %s", name, with)
			}
		}
	}
	if c.Bool("check") {
		only("with --check", "recursive", "tag")
	} else {
		only("without --check", "ignore-missing", "quiet", "status", "strict")
		if env.json {
			only("with --json", "tag", "zero")
		}
	}
	if c.Bool("status") {
		only("with --status", "quiet")
	}
	stdin := 0
	for _, name := range o.files {
		if name == "-" {
			stdin++
		}
	}
	if stdin > 1 && err == nil {
		err = usagef("standard input is named %d times", stdin)
	}
	return o, err
}

// hashFiles prints the digest of each file, in order. All are attempted.
func hashFiles(ctx context.Context, env *env, o hashOptions) error {
	env, flush := bufferedOutput(env)
	code := exitDone
	bar := env.progress("hashing", 0)
	defer bar.end()
	if bar != nil {
		bar.total = o.totalSize(env)
	}
	err := digest.Files(ctx, o.jobs(env), openForHash(env, bar), o.workers, func(r digest.Result) error {
		bar.clear()
		if r.Err == nil {
			return printHash(env, o.format, r)
		}
		failed := hashError(r)
		code = worstExit(code, judge(ctx, failed).code)
		return printHashFailure(ctx, env, r, failed)
	})
	if flushErr := flush(); err == nil {
		err = flushErr
	}
	if err != nil {
		return err
	}
	return reported(code)
}

// bufferedOutput returns env with a buffer before its stdout, if nobody watches that.
func bufferedOutput(e *env) (*env, func() error) {
	if e.sys.stdoutTerminal {
		return e, func() error { return nil }
	}
	buffered := *e
	out := bufio.NewWriter(e.stdout)
	buffered.stdout = out
	return &buffered, out.Flush
}

// totalSize is the number of bytes of the files, 0 if that is not known beforehand.
func (o hashOptions) totalSize(env *env) int64 {
	var total int64
	for _, name := range o.files {
		info, err := os.Stat(env.path(name))
		if err != nil || !info.Mode().IsRegular() {
			return 0
		}
		total += info.Size()
	}
	return total
}

// openForHash opens files, and says what to do about directories. Pipes and devices, which
// may make a reader wait, end with their context. What is read is counted by bar.
func openForHash(env *env, bar *progress) digest.Opener {
	return func(ctx context.Context, path string) (io.ReadCloser, error) {
		in, err := env.open(ctx, path)
		if err != nil {
			return nil, err
		}
		f, ok := in.(*os.File)
		if !ok {
			return struct {
				io.Reader
				io.Closer
			}{bar.reader(in), in}, nil
		}
		info, err := f.Stat()
		switch {
		case err != nil:
			f.Close()
			return nil, err
		case info.IsDir():
			f.Close()
			return nil, withHint(failf(exitFailure, "is_directory", "%s: is a directory", path), "kai hash -r %s", path)
		case info.Mode().IsRegular():
			return watchedFile{f, bar}, nil
		}
		return struct {
			io.Reader
			io.Closer
		}{bar.reader(contextReader{ctx, interruptible(f)}), f}, nil
	}
}

// watchedFile counts what is read from a file.
type watchedFile struct {
	*os.File
	bar *progress
}

func (w watchedFile) Read(b []byte) (int, error) {
	n, err := w.File.Read(b)
	w.bar.add(int64(n))
	return n, err
}

func (w watchedFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := w.File.ReadAt(b, off)
	w.bar.add(int64(n))
	return n, err
}

// hashError is the error of a result, with its path and a word for machines.
func hashError(r digest.Result) error {
	var f *failure
	var named *fs.PathError
	switch {
	case errors.As(r.Err, &f), errors.As(r.Err, &named):
		return r.Err
	case errors.Is(r.Err, digest.ErrChanged):
		return failf(exitFailure, "changed", "%s: %w", r.Path, r.Err)
	}
	return failf(exitFailure, "failure", "%s: %w", r.Path, r.Err)
}

// hashJSON is one file of kai hash --json.
type hashJSON struct {
	head
	File   string     `json:"file"`
	Base64 string     `json:"file_base64,omitempty"` // the path's bytes, if they are not UTF-8
	Algo   string     `json:"algo"`
	Hex    string     `json:"hex,omitempty"`
	Want   string     `json:"want,omitempty"` // what the list says, if it differs
	Size   *int64     `json:"size,omitempty"`
	Status string     `json:"status"` // ok, failed, missing, error
	Error  *errorBody `json:"error,omitempty"`
}

func newHashJSON(env *env, r digest.Result, status string) hashJSON {
	j := hashJSON{head: env.head(status == "ok"), File: r.Path, Algo: r.Algorithm.String(), Status: status}
	if !utf8.ValidString(r.Path) {
		j.Base64 = base64.StdEncoding.EncodeToString([]byte(r.Path))
	}
	if r.Err == nil {
		j.Hex, j.Size = hex.EncodeToString(r.Sum), &r.Size
	}
	return j
}

func printHash(env *env, format digest.Format, r digest.Result) error {
	if env.json {
		return env.printJSON(newHashJSON(env, r, "ok"))
	}
	line := format.Append(nil, digest.Entry{Algorithm: r.Algorithm, Sum: r.Sum, Path: r.Path})
	if env.sys.stdoutTerminal {
		return env.printf("%s", line)
	}
	_, err := env.stdout.Write(line) // paths byte for byte: this is a list, to be checked
	return err
}

func printHashFailure(ctx context.Context, env *env, r digest.Result, err error) error {
	o := judge(ctx, err)
	if !env.json {
		report(env, o)
		return nil
	}
	j := newHashJSON(env, r, "error")
	j.Error = &errorBody{o.ident, o.code, o.message, o.hint}
	return env.printJSON(j)
}
