package main

// Rules for the terminal, and this is the only file that touches one:
//
//   - Questions go to the controlling terminal (/dev/tty, or CONIN$ and CONOUT$), never to
//     stdin and stdout: those belong to data.
//   - Echo is off while a secret is typed, and back on whatever happens, Ctrl-C included.
//   - Nothing foreign is written without printable.

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal is the controlling terminal while a question is asked.
type terminal interface {
	io.ReadWriteCloser
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// openTerminal opens the controlling terminal.
func openTerminal() (terminal, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, errNoTerminal
	}
	return f, nil
}
