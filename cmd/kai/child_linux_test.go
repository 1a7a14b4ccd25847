package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"kai/internal/vault/mask"
)

func TestChildMemoryFiles(t *testing.T) {
	one, other := valueFile(t, "the first secret"), valueFile(t, strings.Repeat("the second secret\n", 10_000))
	script := `
echo "$ONE $OTHER"
cat "$ONE" "$ONE" "$OTHER" | wc -c
cmp "$OTHER" ` + other + ` && echo same
(echo x >"$ONE") 2>/dev/null || echo sealed
chmod u+w "$ONE"; (echo x >"$ONE") 2>/dev/null || echo sealed
cat "$ONE"`
	stdout, stderr, code := runChild(t, "-file", "ONE="+one, "-file", "OTHER="+other, "--", "sh", "-c", script)
	want := "/proc/self/fd/3 /proc/self/fd/4\n180032\nsame\nsealed\nsealed\n" + mask.Tag
	if code != 0 || stdout != want || stderr != "" {
		t.Errorf("exit %d: %q, want %q; %q", code, stdout, want, stderr)
	}
}

// startChildTerminal starts childProgram on a terminal.
func startChildTerminal(t *testing.T, stdin *os.File, args ...string) *ptySession {
	t.Helper()
	cmd := childCommand(t, args...)
	if stdin != nil {
		cmd.Stdin = stdin
	}
	return startPTY(t, cmd)
}

// The child has a terminal, and secrets that it shows are masked; ours is as before afterwards.
func TestChildTerminal(t *testing.T) {
	value := valueFile(t, "two\nlines of a secret")
	script := `test -t 0 && test -t 1 && test -t 2 && echo terminal; stty size; echo "$V"; printf 'name: '; read x; echo "hello $x"; exit 9`
	s := startChildTerminal(t, nil, "-env", "V="+value, "--", "sh", "-c", script)
	s.expect("terminal\r\n50 200\r\n" + mask.Tag + "\r\nname: ")
	if s.echo() {
		t.Error("our own terminal echoes")
	}
	s.send("ada\r")
	s.expect("ada\r\nhello ada\r\n")
	if code := s.wait(); code != 9 {
		t.Errorf("exit %d", code)
	}
	if !s.echo() {
		t.Error("the terminal is still raw")
	}
}

// A ^C is one SIGINT, wherever the streams lead; and so is the size of the window.
func TestChildTerminalSignals(t *testing.T) {
	value := valueFile(t, "a secret value")
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for name, c := range map[string]struct {
		stdin   *os.File
		options []string
		pipe    string // where the script writes to
	}{
		"terminal":            {},
		"terminal, no stdin":  {stdin: null},
		"terminal, unmasked":  {options: []string{"-unmasked"}},
		"stdout is elsewhere": {pipe: "| cat"},
	} {
		t.Run(name, func(t *testing.T) {
			script := writeFile(t, filepath.Join(t.TempDir(), "script"), `
trap 'n=$((n+1)); echo "int $n"' INT
trap 'echo "size $(stty size <&2)"' WINCH
trap 'echo "bye $n"; exit 5' TERM
echo ready
while :; do sleep 0.02; done
`, 0o600)
			var s *ptySession
			args := append(c.options, "-env", "V="+value, "--", "sh", script)
			if c.pipe == "" {
				s = startChildTerminal(t, c.stdin, args...)
			} else {
				// Stdout is no terminal, and the terminal is there all the same.
				out, in, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				cmd := childCommand(t, args...)
				cmd.Stdout, cmd.Stderr = in, in
				s = startPTY(t, cmd)
				in.Close()
				go func() {
					buf := make([]byte, 100)
					for {
						n, err := out.Read(buf)
						s.mu.Lock()
						s.out.Write(buf[:n])
						s.more.Broadcast()
						s.mu.Unlock()
						if err != nil {
							out.Close()
							return
						}
					}
				}()
			}
			s.expect("ready")
			s.send("\x03")
			s.expect("int 1")
			s.send("\x03")
			s.expect("int 2")
			if c.pipe == "" {
				if err := unix.IoctlSetWinsize(int(s.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 33, Col: 77}); err != nil {
					t.Fatal(err)
				}
				s.expect("size 33 77")
			}
			s.cmd.Process.Signal(syscall.SIGTERM)
			s.expect("bye 2")
			if code := s.wait(); code != 5 {
				t.Errorf("exit %d: %q", code, s.text())
			}
			if !s.echo() {
				t.Error("the terminal is still raw")
			}
		})
	}
}

// Whatever ends the child, our terminal is as before.
func TestChildTerminalEnds(t *testing.T) {
	value := valueFile(t, "a secret value")
	for name, c := range map[string]struct {
		script string
		signal syscall.Signal
		code   int
	}{
		"killed":          {"echo ready; kill -KILL $$", 0, 137},
		"SIGTERM":         {"echo ready; exec sleep 60", syscall.SIGTERM, 143},
		"SIGHUP":          {"echo ready; exec sleep 60", syscall.SIGHUP, 129},
		"left a program":  {"echo ready; sleep 60 & exit 4", 0, 4},
		"large, and exit": {"echo ready; yes | head -c 200000; exit 6", 0, 6},
	} {
		t.Run(name, func(t *testing.T) {
			s := startChildTerminal(t, nil, "-env", "V="+value, "--", "sh", "-c", c.script)
			s.expect("ready")
			if c.signal != 0 {
				s.cmd.Process.Signal(c.signal)
			}
			if code := s.wait(); code != c.code {
				t.Errorf("exit %d: %.200q", code, s.text())
			}
			if !s.echo() {
				t.Error("the terminal is still raw")
			}
			if name == "large, and exit" && strings.Count(s.text(), "y\r\n") != 100_001 {
				t.Errorf("%d lines", strings.Count(s.text(), "y\r\n"))
			}
		})
	}
}
