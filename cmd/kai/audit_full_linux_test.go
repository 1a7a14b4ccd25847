package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"kai/internal/audit/event"
	"kai/internal/vectortest"
)

// inNamespaces marks the test that runs itself again with namespaces of its own.
const inNamespaces = "KAI_TEST_IN_NAMESPACES"

// smallDisk is a file system of 4 MiB in the world's directory. Who may not mount one runs the test
// again as a process that may, in namespaces of its own; then ok is false, and all is said.
func smallDisk(t *testing.T, w *world) (disk string, ok bool) {
	t.Helper()
	disk = filepath.Join(w.workDir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=4m,mode=0700")
	if err == nil {
		t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
		return disk, true
	}
	if os.Getenv(inNamespaces) != "" {
		vectortest.Missing(t, "no tmpfs can be mounted, in namespaces of its own neither: "+err.Error())
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	again := exec.Command(self, "-test.v", "-test.run=^"+t.Name()+"$")
	again.Env = append(os.Environ(), inNamespaces+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := again.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Fatalf("in namespaces of its own:\n%s", out)
	case err != nil:
		vectortest.Missing(t, "no tmpfs can be mounted, and there are no namespaces: "+err.Error())
	case bytes.Contains(out, []byte("--- SKIP")):
		t.Skipf("in namespaces of its own:\n%s", out)
	}
	return "", false
}

// kaiOn is a home, and the real program that runs with it.
type kaiOn struct {
	*world
	home string
}

// call runs the program and returns its exit code and streams.
func (k kaiOn) call(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	cmd := k.process(t, args...)
	cmd.Env = append(cmd.Env, "KAI_HOME="+k.home)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// done is call for what must succeed.
func (k kaiOn) done(t *testing.T, args ...string) (out, said string) {
	t.Helper()
	code, out, said := k.call(t, args...)
	if code != exitDone {
		t.Fatalf("kai %s: exit %d\n%s%s", strings.Join(args, " "), code, out, said)
	}
	return out, said
}

// recorded is what its log holds, past the first n events.
func (k kaiOn) recorded(t *testing.T, n int) []event.Event {
	t.Helper()
	return parseSegment(t, filepath.Join(k.home, "audit", "seg", "000000000000.jsonl"))[n:]
}

// fill leaves no byte on the disk.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}

// On a disk that is full a command that has to be recorded does nothing and says nothing, and the log
// tells that the disk was full. Commands about the log go on; what they could not leave is counted,
// and told first when there is room again.
func TestFullDiskOfTheLog(t *testing.T) {
	w := newWorld(t, "")
	disk, ok := smallDisk(t, w)
	if !ok {
		return
	}
	k := kaiOn{w, filepath.Join(disk, "home")}
	t.Cleanup(func() { forgetLogs(t, w.workDir) })
	filler := filepath.Join(disk, "filler")
	w.put(t, "f", []byte("text\n"))
	k.done(t, "audit", "init")
	k.done(t, "keygen", "-o", "key", "--no-passphrase")

	// refused runs a command that prints what it makes until the log has no room for it, some times in
	// a row. Until the page is full that the last line is on, nothing is amiss; and a shorter line may
	// still find room.
	refused := func(times int) {
		t.Helper()
		for row := 0; row < times; {
			code, out, said := k.call(t, "sign", "f", "--key", "file:key", "-o", "-")
			switch {
			case code == exitDone && out != "":
				row = 0
			case code != exitFailure || out != "" || !strings.Contains(said, "hint: make room"):
				t.Fatalf("exit %d, stdout %q\n%s", code, out, said)
			default:
				row++
			}
		}
	}
	fullTold := func() int {
		t.Helper()
		n := 0
		for _, e := range k.recorded(t, 0) {
			if e.Act == "audit.disk_full" {
				n++
				if e.Outcome != event.Fail || e.Severity != event.Critical {
					t.Errorf("%+v", e)
				}
			}
		}
		return n
	}
	fill(t, filler)
	refused(1)
	if fullTold() != 1 {
		t.Fatalf("full: told %d times", fullTold())
	}
	k.done(t, "audit", "verify")

	// Somebody takes the room that was kept, too.
	fill(t, filler)
	refused(5)
	size := len(k.recorded(t, 0))
	refused(3)
	code, out, said := k.call(t, "keygen", "-o", "none", "--no-passphrase")
	if _, err := os.Lstat(filepath.Join(w.workDir, "none")); code != exitFailure || out != "" || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("keygen: exit %d, stdout %q, %v\n%s", code, out, err, said)
	}
	if now := k.recorded(t, 0); len(now) != size || fullTold() != 1 {
		t.Errorf("%d events, then %d; full: told %d times", size, len(now), fullTold())
	}
	if out, _ := k.done(t, "audit", "verify"); !strings.Contains(out, "ok: ") {
		t.Errorf("%s", out)
	}
	k.done(t, "audit", "query")

	// There is room: the log goes on, and keeps room again.
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	k.done(t, "sign", "f", "--key", "file:key", "-o", "-")
	wantActs(t, k.recorded(t, size), "signature_created begin", "key_retrieved ok", "signature_created ok")
	if info, err := os.Stat(filepath.Join(k.home, "audit", "reserve")); err != nil || info.Size() != 1<<20 {
		t.Errorf("the reserve is not back: %v", err)
	}
	k.done(t, "audit", "verify")

	// A command about the log runs all the same. What is told first, then, is that.
	fill(t, filler)
	for i := range 100 {
		if _, said := k.done(t, "audit", "export", "--format", "csv", "-f", "-o", "csv"); strings.Contains(said, "runs unrecorded") {
			break
		} else if i == 99 {
			t.Fatal("the disk does not become full")
		}
	}
	if got, err := os.ReadFile(filepath.Join(w.workDir, "csv")); err != nil || len(got) == 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if fullTold() != 2 {
		t.Errorf("%d times full", fullTold())
	}
	size = len(k.recorded(t, 0))
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	k.done(t, "sign", "f", "--key", "file:key", "-o", "-")
	events := k.recorded(t, size)
	wantActs(t, events, "audit.gap fail", "signature_created begin", "key_retrieved ok", "signature_created ok")
	if events[0].Details.Int("count") != 1 || slices.IndexFunc(events, func(e event.Event) bool { return e.Severity == event.Critical }) != 0 {
		t.Errorf("%+v", events[0])
	}
	if out, _ := k.done(t, "audit", "verify"); !strings.Contains(out, "ok: ") {
		t.Errorf("%s", out)
	}
}
