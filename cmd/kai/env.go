package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"kai/internal/secret"
	"kai/internal/trust/store"
)

// env is what a command may do to the outside: capabilities, not flags.
type env struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
	random io.Reader
	cpus   int

	json   bool   // --json: stdout carries objects only
	schema string // of the command, for head
	// commandName is the command as it is typed, without "kai".
	commandName string
	trail       *trail     // what the command leaves in the audit log; nil: nothing
	ownLog      *openedLog // of a command about the log that appends to it; its events go there
	agent       string     // the variable that shows an AI agent is driving, "" when none is

	sys         system
	options     globalOptions
	given       *secret.Bytes // the passphrase from a flag, file or descriptor, once read
	environPass *secret.Bytes // KAI_PASSPHRASE; nil when it is not set
	session     *secret.Bytes // KAI_SESSION; nil when it is not set

	storeRead  bool // by trustStore
	storeValue *store.Store
	storeError error

	opened openedHome // by openHome or createHome
}

func newEnv(sys system) *env {
	environ, pass := takeVariable(sys.environ, passphraseVariable)
	environ, session := takeVariable(environ, sessionVariable)
	sys.environ = environ
	return &env{
		stdin: sys.stdin, stdout: sys.stdout, stderr: sys.stderr,
		now: sys.now, random: sys.random, cpus: sys.cpus,
		agent:   detectAgent(&sys),
		sys:     sys,
		options: globalOptions{passphraseFD: notGiven},

		environPass: pass, session: session,
	}
}

// close wipes what env keeps and lets go of the home.
func (e *env) close() {
	e.wipe()
	e.opened.close()
}

// globalOptions are the values of the global flags.
type globalOptions struct {
	home             string
	json             bool
	noInput          bool
	passphraseFD     int // or notGiven
	passphraseFile   string
	allowAgentReveal bool
}

// notGiven is no descriptor, not even a wrong one.
const notGiven = math.MinInt

// getenv reads a variable. KAI_PASSPHRASE and KAI_SESSION are not among them.
func (e *env) getenv(name string) string { return e.sys.getenv(name) }

// childEnviron is the environment for programs that kai starts: its own, less passphrase and
// session.
func (e *env) childEnviron() []string { return slices.Clone(e.sys.environ) }

// path resolves a name from the command line against the work directory.
func (e *env) path(name string) string { return e.sys.path(name) }

// open opens an input named on the command line; "-" is standard input.
func (e *env) open(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(contextReader{ctx, e.stdin}), nil
	}
	if info, err := os.Stat(e.path(name)); err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0 {
		return openStream(ctx, e.path(name))
	}
	f, err := os.Open(e.path(name))
	if err != nil {
		return nil, err
	}
	return f, nil
}

// openStream opens a pipe or device, which may take for ever, and so may reading it: both end
// with the context.
func openStream(ctx context.Context, path string) (io.ReadCloser, error) {
	type result struct {
		file *os.File
		err  error
	}
	done := make(chan result, 1)
	go func() {
		f, err := os.Open(path)
		done <- result{f, err}
	}()
	select {
	case got := <-done:
		if got.err != nil {
			return nil, got.err
		}
		return &streamFile{contextReader{ctx, interruptibleReader{got.file}}, got.file}, nil
	case <-ctx.Done():
		go func() {
			if late := <-done; late.err == nil {
				late.file.Close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// streamFile is a pipe or device whose reads end with their context.
type streamFile struct {
	contextReader
	file *os.File
}

// Stat describes the file.
func (s *streamFile) Stat() (fs.FileInfo, error) { return s.file.Stat() }

// Close closes it.
func (s *streamFile) Close() error { return s.file.Close() }

// contextReader ends a stream when its context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	if in, ok := c.r.(interruptibleReader); ok {
		return in.readContext(c.ctx, p)
	}
	return c.r.Read(p)
}

// printf writes text of the answer to stdout.
func (e *env) printf(format string, args ...any) error {
	_, err := io.WriteString(e.stdout, printableText(fmt.Sprintf(format, args...)))
	return err
}

// note tells the person something on stderr.
func (e *env) note(format string, args ...any) {
	fmt.Fprintln(e.stderr, "kai: "+printable(fmt.Sprintf(format, args...)))
}

// warn tells the person on stderr what needs attention but stops nothing.
func (e *env) warn(format string, args ...any) {
	fmt.Fprintln(e.stderr, "kai: warning: "+printable(fmt.Sprintf(format, args...)))
}

// head begins every JSON object.
type head struct {
	Schema string `json:"schema"`
	OK     bool   `json:"ok"`
}

// head returns the beginning of this command's objects.
func (e *env) head(ok bool) head { return head{Schema: e.schema, OK: ok} }

// printJSON writes one object and a line feed to stdout.
func (e *env) printJSON(object any) error { return writeJSON(e.stdout, object) }

// done is the answer of a command that has none but that it did what it should.
func (e *env) done() error {
	if !e.json {
		return nil
	}
	return e.printJSON(e.head(true))
}

// writeJSON encodes without HTML escapes, but with \u escapes for the characters that a
// terminal would act on: the same JSON, safe to look at.
func writeJSON(w io.Writer, object any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(object); err != nil {
		return fmt.Errorf("JSON: %w", err)
	}
	_, err := w.Write(escapeJSON(b.Bytes()))
	return err
}

func escapeJSON(text []byte) []byte {
	body := bytes.TrimSuffix(text, []byte("\n"))
	if isPrintable(string(body)) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		switch {
		case !hidden(r):
			b.Write(body[i : i+size])
		case r > 0xffff: // a surrogate pair, as JSON wants it
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	b.WriteByte('\n')
	return []byte(b.String())
}
