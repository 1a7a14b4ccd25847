package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ptySession is a program on a terminal of its own.
type ptySession struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	waited chan error

	mu   sync.Mutex
	more *sync.Cond   // tells that out has grown or ended; uses mu
	out  bytes.Buffer // guarded by mu
	seen int          // bytes of out that expect has consumed; guarded by mu
	end  bool         // guarded by mu
}

// startPTY starts cmd as the leader of a session whose controlling terminal is a new pty of
// 200 columns. Streams of cmd that are not set are the terminal. The program is killed when
// the test ends.
func startPTY(t *testing.T, cmd *exec.Cmd) *ptySession {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 200}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	if cmd.Stdin == nil {
		cmd.Stdin = slave
	}
	if cmd.Stdout == nil {
		cmd.Stdout = slave
	}
	if cmd.Stderr == nil {
		cmd.Stderr = slave
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, slave)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2 + len(cmd.ExtraFiles)}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &ptySession{t: t, master: master, cmd: cmd, waited: make(chan error, 1)}
	s.more = sync.NewCond(&s.mu)
	go s.read()
	go func() { s.waited <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
	return s
}

// read collects what the program writes until the terminal is closed.
func (s *ptySession) read() {
	buf := make([]byte, 4096)
	for {
		n, err := s.master.Read(buf)
		s.mu.Lock()
		s.out.Write(buf[:n])
		s.end = err != nil
		s.more.Broadcast()
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// send types text.
func (s *ptySession) send(text string) {
	s.t.Helper()
	if _, err := s.master.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// expect waits until text appears behind what was expected before, and consumes it.
func (s *ptySession) expect(text string) {
	s.t.Helper()
	late := time.AfterFunc(time.Minute, func() {
		s.mu.Lock()
		s.end = true
		s.more.Broadcast()
		s.mu.Unlock()
	})
	defer late.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		rest := s.out.String()[s.seen:]
		if i := strings.Index(rest, text); i >= 0 {
			s.seen += i + len(text)
			return
		}
		if s.end {
			s.t.Fatalf("the terminal never showed %q; after %q it showed %q", text, s.out.String()[:s.seen], rest)
		}
		s.more.Wait()
	}
}

// text is all that the terminal has shown.
func (s *ptySession) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}

// wait returns the program's exit code.
func (s *ptySession) wait() int {
	s.t.Helper()
	select {
	case <-s.waited:
	case <-time.After(time.Minute):
		s.t.Fatalf("the program goes on; the terminal shows %q", s.text())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.end { // what it wrote last may still be on its way
		s.more.Wait()
	}
	return s.cmd.ProcessState.ExitCode()
}

// echo reports whether the terminal echoes what is typed.
func (s *ptySession) echo() bool {
	s.t.Helper()
	termios, err := unix.IoctlGetTermios(int(s.master.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	return termios.Lflag&unix.ECHO != 0
}
