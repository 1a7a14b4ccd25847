package main

// Rules for the terminal; this is the only file that touches one:
//
//   - Questions go to the controlling terminal (/dev/tty, or CONIN$ and CONOUT$), never to
//     stdin, stdout and stderr: those belong to data and to logs.
//   - Echo is off while a secret is typed, and on again whatever happens: the end of the line,
//     Ctrl-C, a signal, an error.
//   - A secret goes from the terminal straight into a secret.Bytes.
//   - Nothing foreign is written without printable, and no escape sequences at all.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"unicode/utf8"

	"golang.org/x/term"

	"kai/internal/secret"
)

// Limits of what is typed.
const (
	maxTypedSecret = 1024 // bytes; no person types more, and a pasted file is a mistake
	maxTypedLine   = 1024
)

var (
	errNoTerminal  = errors.New("no terminal")
	errNothing     = errors.New("nothing was typed")
	errTypedTooFar = fmt.Errorf("more than %d bytes were typed", maxTypedSecret)
)

// terminal is where a person is asked. Its methods end early when ctx does.
type terminal interface {
	// readSecret shows prompt and reads one line without echo. Ctrl-C is the error stopped;
	// Ctrl-D on an empty line is io.EOF. The caller wipes the result.
	readSecret(ctx context.Context, prompt string) (*secret.Bytes, error)

	// readLine shows prompt and reads one line.
	readLine(ctx context.Context, prompt string) (string, error)

	io.Closer
}

// isTerminal reports whether f is a terminal.
func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// openTerminal opens the controlling terminal. The error is errNoTerminal when there is none.
func openTerminal() (terminal, error) {
	in, out, err := openTTY()
	if err != nil {
		return nil, errNoTerminal
	}
	return &tty{in: in, out: out}, nil
}

// tty is a terminal: one device to read from and one to write to, which may be the same.
type tty struct {
	in, out *os.File
	pending chan typed // of a read that was abandoned
}

// typed is what one read of one byte gave.
type typed struct {
	b   byte
	err error
}

func (t *tty) Close() error {
	if t.out == t.in {
		return t.in.Close()
	}
	return errors.Join(t.in.Close(), t.out.Close())
}

// readByte reads one byte, and not one more: what is typed ahead belongs to the next
// question. A read that ctx has overtaken goes on and is given to the next caller.
func (t *tty) readByte(ctx context.Context) (byte, error) {
	if err := ctx.Err(); err != nil {
		return 0, context.Cause(ctx)
	}
	if t.pending == nil {
		got := make(chan typed, 1)
		t.pending = got
		go func() {
			var one [1]byte
			n, err := t.in.Read(one[:])
			if n == 1 {
				err = nil
			} else if err == nil {
				err = io.EOF
			}
			got <- typed{one[0], err}
			secret.Zero(one[:])
		}()
	}
	select {
	case got := <-t.pending:
		t.pending = nil
		return got.b, got.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// control runs f with the descriptor of t.in. It does not use Fd, which on some systems
// makes reads uninterruptible.
func (t *tty) control(f func(fd int) error) error {
	raw, err := t.in.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

func (t *tty) readSecret(ctx context.Context, prompt string) (s *secret.Bytes, err error) {
	// Raw mode: without it the line discipline keeps its own copy of the line, and lines end
	// at 4095 bytes.
	var before *term.State
	if err := t.control(func(fd int) (err error) { before, err = term.MakeRaw(fd); return err }); err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	defer func() {
		_, _ = io.WriteString(t.out, "\r\n")
		if restored := t.control(func(fd int) error { return term.Restore(fd, before) }); restored != nil && err == nil {
			s.Wipe()
			s, err = nil, fmt.Errorf("terminal: %w", restored)
		}
	}()
	if _, err := io.WriteString(t.out, printable(prompt)+" "); err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	line := secret.New(maxTypedSecret)
	defer line.Wipe()
	n, err := t.editSecret(ctx, line.Expose())
	if err != nil {
		return nil, err
	}
	s = secret.New(n)
	copy(s.Expose(), line.Expose()[:n])
	return s, nil
}

// editSecret reads a line into buf: Backspace takes back a character, Ctrl-U all of them.
// Other control characters are dropped, except the tab.
func (t *tty) editSecret(ctx context.Context, buf []byte) (n int, err error) {
	const (
		ctrlC, ctrlD, ctrlH, ctrlU = 3, 4, 8, 21
		del                        = 127
	)
	for {
		b, err := t.readByte(ctx)
		if err != nil {
			return 0, err
		}
		switch {
		case b == '\r' || b == '\n':
			return n, nil
		case b == ctrlC:
			return 0, stopped{syscall.SIGINT}
		case b == ctrlD && n == 0:
			return 0, io.EOF
		case b == ctrlH || b == del:
			_, size := utf8.DecodeLastRune(buf[:n])
			n -= size
		case b == ctrlU:
			n = 0
		case b < ' ' && b != '\t':
		case n == len(buf):
			return 0, errTypedTooFar
		default:
			buf[n] = b
			n++
		}
	}
}

func (t *tty) readLine(ctx context.Context, prompt string) (string, error) {
	if _, err := io.WriteString(t.out, printable(prompt)+" "); err != nil {
		return "", fmt.Errorf("terminal: %w", err)
	}
	var line []byte
	for {
		b, err := t.readByte(ctx)
		switch {
		case err != nil:
			return "", err
		case b == '\n':
			return string(line), nil
		case len(line) == maxTypedLine:
			return "", errTypedTooFar
		case b != '\r':
			line = append(line, b)
		}
	}
}
