package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// startAsk starts askProgram on a terminal, with data on stdin and stdout caught.
func startAsk(t *testing.T, stdin io.Reader, environ ...string) (*ptySession, *strings.Builder) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stdout strings.Builder
	cmd := exec.Command(self, "ask", "ci_key\x1b[31m")
	cmd.Args[0] = "kai-ask" // by this name TestMain knows it
	cmd.Env = append([]string{"HOME=" + t.TempDir(), "TERM=xterm", "GOCOVERDIR=" + t.TempDir()}, environ...)
	cmd.Stdin, cmd.Stdout = stdin, &stdout
	return startPTY(t, cmd), &stdout
}

func TestTypedPassphrase(t *testing.T) {
	s, stdout := startAsk(t, strings.NewReader("data\n"))
	s.expect("Passphrase for ci_key\\x1b[31m: ")
	if s.echo() {
		t.Error("the terminal echoes what is typed")
	}
	s.send("wrong\x15corre\x01ctt\x7f hörsé\x7fe\r") // Ctrl-U, a control character, Backspace twice
	if code := s.wait(); code != exitDone {
		t.Errorf("exit %d", code)
	}
	if got, want := stdout.String(), "typed \"correct hörse\"\ndata\n"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
	if strings.Contains(s.text(), "correct") {
		t.Errorf("the terminal shows the passphrase: %q", s.text())
	}
	if !s.echo() {
		t.Error("echo is still off")
	}
}

// Whatever ends a question, the terminal echoes again.
func TestPromptEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(*ptySession)
		code int
	}{
		{"Ctrl-C", func(s *ptySession) { s.send("abc\x03") }, 130},
		{"Ctrl-D", func(s *ptySession) { s.send("\x04") }, exitLocked},
		{"empty line", func(s *ptySession) { s.send("\r") }, exitLocked},
		{"SIGINT", func(s *ptySession) { s.cmd.Process.Signal(syscall.SIGINT) }, 130},
		{"SIGTERM", func(s *ptySession) { s.cmd.Process.Signal(syscall.SIGTERM) }, 143},
		{"SIGHUP", func(s *ptySession) { s.cmd.Process.Signal(syscall.SIGHUP) }, 129},
		{"too long", func(s *ptySession) { s.send(strings.Repeat("x", maxTypedSecret+1)) }, exitFailure},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, stdout := startAsk(t, strings.NewReader(""))
			s.expect(": ")
			test.end(s)
			if code := s.wait(); code != test.code {
				t.Errorf("exit %d, want %d: %q", code, test.code, s.text())
			}
			if !s.echo() {
				t.Error("echo is still off")
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout %q", stdout)
			}
		})
	}
}

// A signal ends a read from a pipe nobody writes to.
func TestSignalEndsRead(t *testing.T) {
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		s, _ := startAsk(t, r)
		s.expect(": ")
		s.send("x\r")
		// The program is in the read, or about to be: both must end.
		s.cmd.Process.Signal(sig)
		if code := s.wait(); code != want {
			t.Errorf("%v: exit %d, want %d", sig, code, want)
		}
		if want := fmt.Sprintf("kai: error: stopped by signal: %v", sig); !strings.Contains(s.text(), want) {
			t.Errorf("%v: %q", sig, s.text())
		}
	}
}

// A reader that goes away ends kai quietly with the code of SIGPIPE.
func TestClosedPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command(self, "help", "formats")
	cmd.Args[0] = "kai" // by this name TestMain knows it
	cmd.Stdout, cmd.Stderr = w, &stderr
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 141 || stderr.Len() > 0 {
		t.Errorf("exit %d, stderr %q", code, stderr.String())
	}
}
