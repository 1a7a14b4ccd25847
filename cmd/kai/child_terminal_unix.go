//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// childTerminal is a terminal between the child and ours, so that a masked program still sees
// one. The zero value is none.
//
// When our stdin is the terminal as well and we are in its foreground, the child has a session of
// its own: what is typed goes to it as it is, and ^C becomes a signal there. Otherwise it stays in
// our process group, with our terminal to ask questions on, and only writes to the new one.
type childTerminal struct {
	master  *os.File // nil: none
	screen  *os.File // ours, whose size counts
	session bool

	// With a session:
	keyboard *os.File
	before   *term.State // of keyboard; nil once restored
	stopRead *os.File    // closed to end reading the keyboard
	stopped  *os.File    // its other end
	wg       sync.WaitGroup
}

// connectTerminal puts a terminal between when stdout and stderr are one.
func (c *child) connectTerminal(cmd *exec.Cmd, out *childOutput) (ok bool, err error) {
	if !isTerminal(c.stdout) || !isTerminal(c.stderr) || !sameFile(c.stdout, c.stderr) {
		return false, nil
	}
	master, slave, err := openChildTerminal()
	if err != nil {
		return false, fmt.Errorf("terminal for the child: %w", err)
	}
	t := &out.pty
	t.master, t.screen = master, c.stdout
	out.theirs = append(out.theirs, slave)
	out.add(master, c.stdout)
	t.resize()
	cmd.Stdout, cmd.Stderr = slave, slave
	if !isTerminal(c.stdin) || !inForeground(c.stdin) {
		// Our own terminal makes CR LF of a line feed, once is enough.
		_, err = term.MakeRaw(int(slave.Fd()))
	} else {
		cmd.Stdin = slave
		ownSession(cmd)
		err = t.takeKeyboard(c.stdin, slave)
	}
	if err != nil {
		return false, fmt.Errorf("terminal for the child: %w", err)
	}
	return true, nil
}

// openChildTerminal returns both ends. Reads from the master end when it is closed.
func openChildTerminal() (master, slave *os.File, err error) {
	blocking, slave, err := pty.Open()
	if err != nil {
		return nil, nil, err
	}
	defer blocking.Close()
	fd, err := unix.FcntlInt(blocking.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, nil, errors.Join(err, slave.Close())
	}
	return os.NewFile(uintptr(fd), blocking.Name()), slave, nil
}

// takeKeyboard sets the new terminal up like ours, and ours to pass on what is typed.
func (t *childTerminal) takeKeyboard(keyboard, slave *os.File) error {
	state, err := term.GetState(int(keyboard.Fd()))
	if err != nil {
		return err
	}
	if err := term.Restore(int(slave.Fd()), state); err != nil {
		return err
	}
	if t.stopped, t.stopRead, err = os.Pipe(); err != nil {
		return err
	}
	t.session, t.keyboard = true, keyboard
	t.before, err = term.MakeRaw(int(keyboard.Fd()))
	return err
}

// start begins to pass on what is typed.
func (t *childTerminal) start() {
	if t.session {
		t.wg.Go(t.copyKeyboard)
	}
}

// copyKeyboard passes on what is typed until close. It reads only what is there: a key that is
// pressed later is for whoever reads next.
func (t *childTerminal) copyKeyboard() {
	buf := make([]byte, 4096)
	fds := []unix.PollFd{
		{Fd: int32(t.keyboard.Fd()), Events: unix.POLLIN},
		{Fd: int32(t.stopped.Fd()), Events: unix.POLLIN},
	}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil || fds[1].Revents != 0:
			return
		}
		n, err := unix.Read(int(fds[0].Fd), buf)
		switch {
		case errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN):
			continue
		case err != nil || n <= 0:
			return
		}
		if _, err := t.master.Write(buf[:n]); err != nil {
			return
		}
	}
}

// resize gives the new terminal the size of ours.
func (t *childTerminal) resize() {
	size, err := unix.IoctlGetWinsize(int(t.screen.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return // a terminal without a size
	}
	if raw, err := t.master.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, size) })
	}
}

// close gives our terminal back as it was. It may be called again.
func (t *childTerminal) close() {
	if t.stopRead != nil {
		t.stopRead.Close()
		t.master.Close() // ends a write that nobody takes
		t.wg.Wait()
		t.stopped.Close()
		t.stopRead = nil
	}
	if t.before != nil {
		_ = term.Restore(int(t.keyboard.Fd()), t.before)
		t.before = nil
	}
}

// pass reports whether a signal that we got is to be sent to the child.
func (o *childOutput) pass(s os.Signal) bool {
	t := &o.pty
	if s == syscall.SIGWINCH && t.master != nil {
		t.resize() // of which its own terminal tells the child, if it is that
		return !t.session
	}
	return t.session || !fromKeyboard(s)
}
