//go:build unix

package main

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kai/internal/vault/mask"
)

func TestChildExitCodes(t *testing.T) {
	dir := t.TempDir()
	plain := writeFile(t, filepath.Join(dir, "plain"), "echo\n", 0o600)
	text := writeFile(t, filepath.Join(dir, "text"), "echo\n", 0o700)
	broken := writeFile(t, filepath.Join(dir, "broken"), "#!/no/such/program\n", 0o700)
	t.Setenv("PATH", os.Getenv("PATH")+":"+dir)
	value := valueFile(t, "some secret value")
	for _, test := range []struct {
		code   int
		stderr string
		args   []string
	}{
		{0, "", []string{"true"}},
		{7, "", []string{"sh", "-c", "exit 7"}},
		{255, "", []string{"sh", "-c", "exit 255"}},
		{143, "", []string{"sh", "-c", "kill -TERM $$"}},
		{137, "", []string{"sh", "-c", "kill -KILL $$"}},
		{127, "kai: error: no-such-program: no such command\n", []string{"no-such-program"}},
		{127, "kai: error: " + dir + "/none: no such command\n", []string{dir + "/none"}},
		{127, "kai: error: " + plain + "/none: no such command\n", []string{plain + "/none"}},
		{126, "kai: error: " + plain + ": not executable: permission denied\n", []string{plain}},
		{126, "kai: error: " + plain + ": not executable\n", []string{"plain"}},
		{126, "kai: error: " + dir + ": not executable: is a directory\n", []string{dir}},
		{126, "kai: error: " + text + ": exec format error\n", []string{text}},
		{126, "kai: error: " + broken + ": no such file or directory\n", []string{broken}},
		{125, "kai: error: no command\n", nil},
	} {
		for _, options := range [][]string{{"-env", "A=" + value}, {"-unmasked", "-env", "A=" + value}, {}} {
			_, stderr, code := runChild(t, append(append(options, "--"), test.args...)...)
			if code != test.code || stderr != test.stderr {
				t.Errorf("%q %q: exit %d, want %d: %q", options, test.args, code, test.code, stderr)
			}
		}
	}
	// No system takes a variable of this size.
	large := valueFile(t, strings.Repeat("canary-", 1<<20))
	if _, stderr, code := runChild(t, "-env", "A="+large, "--", "true"); code != exitBeforeChild || strings.Contains(stderr, "canary") {
		t.Errorf("a large value: exit %d: %.200q", code, stderr)
	}
}

func TestChildEnvironmentArrives(t *testing.T) {
	t.Setenv("KAI_SESSION", "canary-1")
	t.Setenv("KAI_PASSPHRASE", "canary-2")
	t.Setenv("KAI_PASSPHRASE_FILE", "canary-3")
	t.Setenv("TOKEN", "old")
	awkward := "two\nlines, \"quotes\" \xff=\\"
	stdout, _, code := runChild(t, "-unmasked", "-env", "TOKEN="+valueFile(t, awkward), "--", "sh", "-c", `env; printf '<%s>' "$TOKEN"; cat /proc/$$/cmdline 2>/dev/null || true`)
	if code != 0 || !strings.Contains(stdout, "<"+awkward+">") || strings.Contains(stdout, "canary") || strings.Contains(stdout, "TOKEN=old") {
		t.Errorf("exit %d: %q", code, stdout)
	}
	if stdout, _, _ := runChild(t, "-pristine", "--", "env"); strings.Contains(stdout, "TOKEN") || !strings.Contains(stdout, "PATH=") {
		t.Errorf("pristine: %q", stdout)
	}
}

func TestChildMasks(t *testing.T) {
	const value = "correct-horse/battery"
	file := valueFile(t, value+"\n")
	encoded := base64.StdEncoding.EncodeToString([]byte("user:" + value))
	for _, test := range []struct{ script, stdout, stderr string }{
		{`echo "a $V b"`, "a [kai:masked]\n b\n", ""},
		{`echo "$V" >&2`, "", "[kai:masked]\n\n"},
		{`printf correct-hor; sleep 0.01; printf se/battery`, "[kai:masked]", ""},
		{`printf ` + hex.EncodeToString([]byte(value)), "[kai:masked]", ""},
		{`echo ` + encoded, encoded[:7] + "[kai:masked]=\n", ""},
		{`printf correct-horse`, "correct-horse", ""},
		{`cat`, "", ""},
	} {
		stdout, stderr, code := runChild(t, "-env", "V="+file, "--", "sh", "-c", test.script)
		if code != 0 || stdout != test.stdout || stderr != test.stderr {
			t.Errorf("%s: exit %d, %q, %q", test.script, code, stdout, stderr)
		}
	}
	if stdout, _, _ := runChild(t, "-unmasked", "-env", "V="+file, "--", "sh", "-c", `echo "$V"`); !strings.Contains(stdout, value) {
		t.Errorf("unmasked: %q", stdout)
	}
}

// Standard output and error that go to one place keep their order.
func TestChildOrder(t *testing.T) {
	script := `i=0; while [ $i -lt 50 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done`
	cmd := childCommand(t, "-env", "V="+valueFile(t, "a secret value"), "--", "sh", "-c", script)
	got, err := cmd.CombinedOutput()
	var want strings.Builder
	for i := range 50 {
		fmt.Fprintf(&want, "out %d\nerr %d\n", i, i)
	}
	if err != nil || string(got) != want.String() {
		t.Errorf("%v: %q", err, got)
	}
}

// startChild starts childProgram and returns its streams.
func startChild(t *testing.T, args ...string) (cmd *exec.Cmd, in io.WriteCloser, out *bufio.Reader) {
	t.Helper()
	cmd = childCommand(t, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // away from a terminal of the tester
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	t.Cleanup(func() { late.Stop() })
	return cmd, in, bufio.NewReader(stdout)
}

// expectLine reads one line.
func expectLine(t *testing.T, out *bufio.Reader, want string) {
	t.Helper()
	if line, err := out.ReadString('\n'); line != want+"\n" {
		t.Fatalf("got %q, %v; want %q", line, err, want)
	}
}

// The end of a prompt that some secret begins with appears although nothing follows it.
func TestChildPrompt(t *testing.T) {
	cmd, in, out := startChild(t, "-env", "V="+valueFile(t, "rd: secret"), "--", "sh", "-c", `printf 'Passwo'; printf 'rd:'; read x; printf ' secret %s' "$x"`)
	prompt := make([]byte, 9)
	if _, err := io.ReadFull(out, prompt); err != nil || string(prompt) != "Password:" {
		t.Fatalf("got %q, %v", prompt, err)
	}
	if _, err := io.WriteString(in, "typed\n"); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(out)
	if err != nil || string(rest) != mask.Tag+" typed" {
		t.Errorf("got %q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestChildSignals(t *testing.T) {
	value := valueFile(t, "a secret value")
	for _, masking := range []string{"", "-unmasked"} {
		options := []string{"-env", "V=" + value}
		if masking != "" {
			options = append(options, masking)
		}
		for name, signal := range map[string]syscall.Signal{
			"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT,
			"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH,
		} {
			script := `trap 'echo got; exit 42' ` + name + `; echo ready; while :; do sleep 0.02; done`
			cmd, _, out := startChild(t, append(options, "--", "sh", "-c", script)...)
			expectLine(t, out, "ready")
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			expectLine(t, out, "got")
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 42 {
				t.Errorf("%s %s: exit %d", name, masking, code)
			}
		}
		// One that the child does not care for ends it, and we say how.
		cmd, _, out := startChild(t, append(options, "--", "sh", "-c", "echo ready; exec sleep 60")...)
		expectLine(t, out, "ready")
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 143 {
			t.Errorf("SIGTERM %s: exit %d", masking, code)
		}
		// Two are two.
		cmd, _, out = startChild(t, append(options, "--", "sh", "-c", "trap 'echo one' TERM; echo ready; while :; do sleep 0.02; done")...)
		expectLine(t, out, "ready")
		for range 2 {
			cmd.Process.Signal(syscall.SIGTERM)
			expectLine(t, out, "one")
		}
		cmd.Process.Signal(syscall.SIGUSR1)
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 128+int(syscall.SIGUSR1) {
			t.Errorf("SIGUSR1 %s: exit %d", masking, code)
		}
	}
}

// Whoever reads our output goes away: the child learns of it.
func TestChildBrokenPipe(t *testing.T) {
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	cmd := childCommand(t, "-env", "V="+valueFile(t, "a secret value"), "--", "yes")
	cmd.Stdout = to
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(time.Minute, func() { cmd.Process.Kill() }).Stop()
	to.Close()
	expectLine(t, bufio.NewReader(from), "y")
	from.Close()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 128+int(syscall.SIGPIPE) {
		t.Errorf("exit %d", code)
	}
}

// A program that the child left behind may still write; a signal ends the waiting.
func TestChildLeavesPrograms(t *testing.T) {
	value := valueFile(t, "a secret value")
	stdout, _, code := runChild(t, "-env", "V="+value, "--", "sh", "-c", `(sleep 0.05; echo "$V") & exit 3`)
	if code != 3 || stdout != mask.Tag+"\n" {
		t.Errorf("exit %d: %q", code, stdout)
	}
	cmd, _, out := startChild(t, "-env", "V="+value, "--", "sh", "-c", `sleep 50 & echo $! $$; exit 3`)
	line, err := out.ReadString('\n')
	var left, child int
	if err == nil {
		_, err = fmt.Sscan(line, &left, &child)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(left, syscall.SIGTERM) })
	poll(t, func() bool { return syscall.Kill(child, 0) == syscall.ESRCH }) // it has its exit code by itself
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(io.Discard, out)
		cmd.Wait()
	}()
	poll(t, func() bool {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit %d", code)
	}
}

// poll waits until what holds.
func poll(t *testing.T, what func() bool) {
	t.Helper()
	for range 3000 {
		if what() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("it never happens")
}

// runDirs lists the directories of children.
func runDirs(t *testing.T, runtimeDir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(runtimeDir, "kai", "run-*"))
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, name := range found {
		if info, err := os.Lstat(name); err == nil && info.IsDir() {
			dirs = append(dirs, name)
		}
	}
	return dirs
}

func TestChildRealFiles(t *testing.T) {
	runtimeDir := t.TempDir()
	value := valueFile(t, "a secret value")
	options := []string{"-real", runtimeDir, "-file", "F=" + value, "--"}
	stdout, _, code := runChild(t, append(options, "sh", "-c", `ls -l "$F" | cut -c1-10; case "$F" in */kai/run-*/F) echo there;; esac; cat "$F"`)...)
	if code != 0 || stdout != "-r--------\nthere\n"+mask.Tag {
		t.Errorf("exit %d: %q", code, stdout)
	}
	if left := runDirs(t, runtimeDir); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		cmd, _, out := startChild(t, append(options, "sh", "-c", "echo ready; exec sleep 60")...)
		expectLine(t, out, "ready")
		if made := runDirs(t, runtimeDir); len(made) != 1 {
			t.Errorf("while it runs: %q", made)
		}
		cmd.Process.Signal(signal)
		cmd.Wait()
		if left := runDirs(t, runtimeDir); len(left) > 0 {
			t.Errorf("left behind after %v: %q", signal, left)
		}
	}
	// Killed, it leaves the file. The next one removes it, but not that of one that lives.
	killed, in, out := startChild(t, append(options, "sh", "-c", "echo ready; read x; exit")...)
	expectLine(t, out, "ready")
	living, inOther, outOther := startChild(t, append(options, "sh", "-c", `echo ready; read x; cat "$F" >/dev/null`)...)
	expectLine(t, outOther, "ready")
	killed.Process.Kill()
	killed.Wait()
	in.Close() // for the child of the killed one
	if left := runDirs(t, runtimeDir); len(left) != 2 {
		t.Errorf("killed and living: %q", left)
	}
	if err := os.Mkdir(filepath.Join(runtimeDir, "kai", "run-1"), 0o700); err != nil { // without a lock, though process 1 lives
		t.Fatal(err)
	}
	if _, stderr, code := runChild(t, append(options, "true")...); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if left := runDirs(t, runtimeDir); len(left) != 1 || left[0] != filepath.Join(runtimeDir, "kai", fmt.Sprintf("run-%d", living.Process.Pid)) {
		t.Errorf("only the living one: %q", left)
	}
	inOther.Close()
	if err := living.Wait(); err != nil {
		t.Errorf("the living one: %v", err)
	}
}

func TestChildRealFilesRefused(t *testing.T) {
	open := t.TempDir()
	if err := os.Mkdir(filepath.Join(open, "kai"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(open, "kai"), 0o755); err != nil {
		t.Fatal(err)
	}
	value := valueFile(t, "a secret value")
	for name, dir := range map[string]string{"open to others": open, "no such directory": filepath.Join(open, "none"), "none given": ""} {
		stdout, stderr, code := runChild(t, "-real", dir, "-file", "F="+value, "--", "echo", "started")
		if code != exitBeforeChild || stdout != "" || !strings.HasPrefix(stderr, "kai: error: ") {
			t.Errorf("%s: exit %d: %q %q", name, code, stdout, stderr)
		}
	}
	// What was made before a failure is gone.
	dir := t.TempDir()
	if _, _, code := runChild(t, "-real", dir, "-file", "F="+value, "--", "no-such-program"); code != exitNoCommand {
		t.Errorf("exit %d", code)
	}
	if left := runDirs(t, dir); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// BenchmarkChildOutput is `cat` of 100 MiB, masked and not.
func BenchmarkChildOutput(b *testing.B) {
	const size = 100 << 20
	large := valueFile(b, strings.Repeat("The quick brown fox jumps over the lazy dog, and so on.\n", size/56))
	value := valueFile(b, "ghp_16C7e42F292c6912E7710c838347Ae178B4a")
	for name, options := range map[string][]string{"masked": {"-env", "V=" + value}, "unmasked": {"-unmasked", "-env", "V=" + value}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				cmd := childCommand(b, append(options, "--", "cat", large)...)
				out, err := cmd.StdoutPipe()
				if err != nil {
					b.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					b.Fatal(err)
				}
				if n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{out}, make([]byte, 1<<20)); err != nil || n != size/56*56 {
					b.Fatal(n, err)
				}
				if err := cmd.Wait(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
