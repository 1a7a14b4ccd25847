package main

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process prepares the real program in the world's directory.
func (w *world) process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "kai" // by this name TestMain knows it
	cmd.Dir = w.workDir
	cmd.Env = []string{"HOME=" + w.workDir, "GOCOVERDIR=" + t.TempDir()}
	return cmd
}

// A process that is killed leaves the old output or the new one, or none where there was none:
// never a part. 200 runs are killed at random moments.
func TestKilledOutputs(t *testing.T) {
	runs := 200
	if testing.Short() {
		runs = 20
	}
	w := limitsWorld(t)
	message := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	w.put(t, "m", message)
	for _, line := range []string{"sign m --key file:ada -f", "sign tree --key file:ada -f"} {
		if code := w.run(t, strings.Fields(line)...); code != exitDone {
			t.Fatalf("kai %s: exit %d", line, code)
		}
	}
	old := []byte("an older output\n")
	jobs := []struct {
		line   string
		result []byte
	}{
		{"sign m --key file:ada -o out", w.get(t, "m.sig")},
		{"verify m -s m.sig --signer ada.pub -o out", message},
		{"sign tree --key file:ada -o out", w.get(t, "tree.kai-manifest")},
	}
	out := filepath.Join(w.workDir, "out")
	ended := map[string]int{}
	begin := time.Now()
	if err := w.process(t, "verify", "m", "-s", "m.sig", "--signer", "ada.pub", "-o", "whole").Run(); err != nil {
		t.Fatal(err)
	}
	span := int64(time.Since(begin)) * 5 / 4
	for i := range runs {
		job, replace := jobs[i%len(jobs)], i/len(jobs)%2 == 0
		args := strings.Fields(job.line)
		if err := os.Remove(out); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if replace {
			w.put(t, "out", old)
			args = append(args, "-f")
		}
		cmd := w.process(t, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		killer := time.AfterFunc(time.Duration(rand.Int64N(span)), func() { cmd.Process.Kill() })
		err := cmd.Wait()
		killer.Stop()
		got, readErr := os.ReadFile(out)
		switch {
		case readErr == nil && bytes.Equal(got, job.result):
			ended["new"]++
		case err == nil:
			t.Errorf("kai %v: done, and the output is %.40q (%v)", args, got, readErr)
		case replace && readErr == nil && bytes.Equal(got, old), !replace && errors.Is(readErr, os.ErrNotExist):
			ended["old"]++
		default:
			t.Errorf("kai %v: killed, and the output is %d bytes %.40q (%v)", args, len(got), got, readErr)
		}
	}
	t.Logf("after the kill: %v", ended)
}

// Of processes that make the same output one wins; the others say so, and touch nothing.
func TestSameOutputAtOnce(t *testing.T) {
	w := limitsWorld(t)
	for _, line := range []string{
		"sign m --key file:ada -o out", "verify m -s m.sig --signer ada.pub -o copy", "keygen -o key --no-passphrase",
	} {
		const processes = 8
		var codes [processes]int
		var wait sync.WaitGroup
		for i := range processes {
			cmd := w.process(t, strings.Fields(line)...)
			wait.Go(func() {
				cmd.Run()
				codes[i] = cmd.ProcessState.ExitCode()
			})
		}
		wait.Wait()
		count := map[int]int{}
		for _, code := range codes {
			count[code]++
		}
		if count[exitDone] != 1 || count[exitConflict] != processes-1 {
			t.Errorf("kai %s: exit codes %v", line, codes)
		}
	}
	if code := w.run(t, "verify", "m", "-s", "out", "--signer", "ada.pub"); code != exitDone {
		t.Errorf("the winner's signature: exit %d", code)
	}
	if code := w.run(t, "sign", "m", "--key", "file:key", "-o", "by-key"); code != exitDone {
		t.Errorf("the winner's key: exit %d, %s", code, w.err.String())
	}
	mustHold(t, filepath.Join(w.workDir, "copy"), "{\"a\":1}\n")
}

// On a full disk nothing is left, and what was there stays. As root the disk is a small one,
// else a limit on the size of files stands for it.
func TestDiskFull(t *testing.T) {
	w := limitsWorld(t)
	message := bytes.Repeat([]byte("0123456789abcdef"), 16<<10)
	w.put(t, "m", message)
	if code := w.run(t, "sign", "m", "--key", "file:ada", "-f"); code != exitDone {
		t.Fatalf("exit %d", code)
	}
	disk := filepath.Join(w.workDir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	limit := ""
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Logf("no small disk (%v): a limit on the size of files instead", err)
		limit = "ulimit -f 64; "
	} else {
		defer syscall.Unmount(disk, syscall.MNT_DETACH)
	}
	w.put(t, "disk/old", []byte("old"))
	for _, args := range []string{
		"verify m -s m.sig --signer ada.pub -o disk/out", "verify m -s m.sig --signer ada.pub -o disk/old -f",
		"sign m --format dsse --key file:ada -o disk/out", "sign m --format dsse --key file:ada -o disk/old -f",
	} {
		cmd := w.process(t, strings.Fields(args)...)
		if limit != "" {
			named := filepath.Join(t.TempDir(), "kai") // by this name TestMain knows it
			if err := os.Symlink(cmd.Path, named); err != nil {
				t.Fatal(err)
			}
			cmd.Args = append([]string{"sh", "-c", limit + `exec "$0" "$@"`, named}, cmd.Args[1:]...)
			cmd.Path = peer(t, "sh")
		}
		said, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != exitFailure || bytes.Contains(said, []byte("trusted")) {
			t.Errorf("kai %s: exit %d, %s", args, code, said)
		}
		mustHold(t, filepath.Join(disk, "old"), "old")
		mustBeAlone(t, filepath.Join(disk, "old"))
	}
}

// Ctrl-C at the question for a key's passphrase ends the command: no signature, and the
// terminal is as it was.
func TestSignInterrupted(t *testing.T) {
	w := limitsWorld(t)
	before := entriesOf(t, w.workDir)
	s := startPTY(t, w.process(t, "sign", "m", "--key", "file:locked", "-o", "out"))
	s.expect("locked: ")
	s.send("rig\x03")
	if code := s.wait(); code != exitSignal+int(syscall.SIGINT) {
		t.Errorf("exit %d: %q", code, s.text())
	}
	if !s.echo() {
		t.Error("echo is still off")
	}
	if after := entriesOf(t, w.workDir); len(after) != len(before) {
		t.Errorf("left %q", after)
	}
	s = startPTY(t, w.process(t, "sign", "m", "--key", "file:locked", "-o", "out"))
	s.expect("locked: ")
	s.send("right\r")
	if code := s.wait(); code != exitDone || strings.Contains(s.text(), "right") {
		t.Errorf("exit %d: %q", code, s.text())
	}
	if code := w.run(t, "verify", "m", "-s", "out", "--signer", "locked.pub"); code != exitDone {
		t.Errorf("the signature: exit %d", code)
	}
}

// Opening a pipe that nobody writes to ends with the context.
func TestOpenPipeInterrupted(t *testing.T) {
	w := newWorld(t, "")
	if err := syscall.Mkfifo(filepath.Join(w.workDir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if in, err := newEnv(w.system).open(ctx, "fifo"); !errors.Is(err, stop) {
		t.Errorf("%v, %v", in, err)
	}
	// Nor does a read that waits.
	ctx, cancel = context.WithCancelCause(t.Context())
	writer := make(chan *os.File, 1)
	go func() {
		f, _ := os.OpenFile(filepath.Join(w.workDir, "fifo"), os.O_WRONLY, 0)
		writer <- f
	}()
	in, err := newEnv(w.system).open(ctx, "fifo")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer (<-writer).Close()
	cancel(stop)
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, stop) {
		t.Error(err)
	}
}
