package secret_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"kai/internal/secret"
)

// The parts of these tests that cannot be undone run in child processes: this test binary again,
// with a role as its only argument.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 {
		if role, ok := roles[os.Args[1]]; ok {
			if err := role(); err != nil {
				fmt.Println("error:", err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

var roles = map[string]func() error{
	"role:plain":    func() error { return beRead(nil) },
	"role:hardened": func() error { return beRead(secret.Harden) },
	"role:spy":      spy,
	"role:no-lock":  noLock,
}

// beRead prints what a parent needs to try to read this process, and waits for the end of stdin.
func beRead(first func() error) error {
	if first != nil {
		if err := first(); err != nil {
			return err
		}
	}
	s := secret.Take([]byte(canary))
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		return err
	}
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil {
		return err
	}
	fmt.Println(uintptr(unsafe.Pointer(unsafe.SliceData(s.Expose()))), dumpable, core.Cur)
	// Waits until the parent has looked; how the wait ends does not matter.
	_, _ = os.Stdin.Read(make([]byte, 1))
	if s.Wiped() {
		return errors.New("wiped")
	}
	return nil
}

// dropPrivileges becomes an ordinary user, since the superuser may read everything.
func dropPrivileges() error {
	if os.Geteuid() != 0 {
		return nil
	}
	return errors.Join(syscall.Setgroups(nil), syscall.Setgid(65534), syscall.Setuid(65534))
}

// spy starts a process in each role, as the same ordinary user, and prints what it can learn.
func spy() error {
	if err := dropPrivileges(); err != nil {
		return err
	}
	for _, role := range []string{"role:plain", "role:hardened"} {
		c := exec.Command("/proc/self/exe", role)
		in, err := c.StdinPipe()
		if err != nil {
			return err
		}
		out, err := c.StdoutPipe()
		if err != nil {
			return err
		}
		if err := c.Start(); err != nil {
			return err
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			return err
		}
		word := strings.Fields(line)
		if len(word) != 3 {
			return fmt.Errorf("unexpected line %q", line)
		}
		addr, err := strconv.ParseUint(word[0], 10, 64)
		if err != nil {
			return err
		}
		read, vm := peek(c.Process.Pid, int64(addr))
		fmt.Println(role, "dumpable", word[1], "core", word[2], "mem", read, "readv", vm)
		in.Close()
		if err := c.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// peek tries to read the canary of another process in two ways.
func peek(pid int, addr int64) (viaMem, viaReadv string) {
	got := make([]byte, len(canary))
	viaMem, viaReadv = "refused", "refused"
	if f, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid)); err == nil {
		if _, err := f.ReadAt(got, addr); err == nil && string(got) == canary {
			viaMem = "read"
		}
		f.Close()
	}
	clear(got)
	local := unix.Iovec{Base: &got[0]}
	local.SetLen(len(got))
	remote := unix.RemoteIovec{Base: uintptr(addr), Len: len(got)}
	if _, err := unix.ProcessVMReadv(pid, []unix.Iovec{local}, []unix.RemoteIovec{remote}, 0); err == nil && string(got) == canary {
		viaReadv = "read"
	}
	return viaMem, viaReadv
}

func runRole(t *testing.T, role string) string {
	t.Helper()
	var out bytes.Buffer
	c := exec.Command("/proc/self/exe", role)
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", role, err, out.String())
	}
	return out.String()
}

func TestHardenRefusesDebuggersOfTheSameUser(t *testing.T) {
	out := runRole(t, "role:spy")
	if !strings.Contains(out, "role:hardened dumpable 0 core 0 mem refused readv refused\n") {
		t.Errorf("hardened process can be read:\n%s", out)
	}
	// The control: without Harden the same attempts succeed, so their failure means something.
	if !strings.Contains(out, "role:plain dumpable 1 ") || !strings.Contains(out, "mem read readv read\n") {
		t.Errorf("the control process cannot be read, so this test shows nothing:\n%s", out)
	}
}

// noLock has nothing to lock memory with: the limit is 0 and the privilege to exceed it is gone.
func noLock() error {
	if err := dropPrivileges(); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{}); err != nil {
		return err
	}
	s := secret.Take([]byte(canary))
	fmt.Println(s.Locked(), string(s.Expose()) == canary, flags(s))
	s.Wipe()
	return nil
}

func TestRefusedLockIsAFactNotAFailure(t *testing.T) {
	word := strings.Fields(runRole(t, "role:no-lock"))
	if len(word) < 3 || word[0] != "false" || word[1] != "true" {
		t.Fatalf("got %q", word)
	}
	if has(word[2:], "lo") || !has(word[2:], "dd") {
		t.Errorf("flags %q", word[2:])
	}
}

func has(words []string, w string) bool {
	for _, x := range words {
		if x == w {
			return true
		}
	}
	return false
}

// flags returns the VmFlags of the mapping of s, from /proc/self/smaps (proc_pid_smaps(5)).
func flags(s *secret.Bytes) string {
	addr := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(s.Expose()))))
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return err.Error()
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		var lo, hi uint64
		if n, _ := fmt.Sscanf(line, "%x-%x ", &lo, &hi); n == 2 {
			inside = lo <= addr && addr < hi
		}
		if rest, ok := strings.CutPrefix(line, "VmFlags: "); ok && inside {
			return strings.TrimSpace(rest)
		}
	}
	return "not found"
}

func TestMemoryIsLockedAndLeftOutOfDumps(t *testing.T) {
	s := secret.New(100)
	defer s.Wipe()
	if !s.Locked() {
		t.Skip("this user may lock no memory (ulimit -l)")
	}
	if f := strings.Fields(flags(s)); !has(f, "lo") || !has(f, "dd") {
		t.Errorf("flags %q", f)
	}
}

func TestGuardPages(t *testing.T) {
	s := secret.New(10)
	defer s.Wipe()
	page := os.Getpagesize()
	first := unsafe.Pointer(unsafe.SliceData(s.Expose()))
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var got byte
	panics(t, "read before", func() { got = *(*byte)(unsafe.Add(first, -1)) })
	panics(t, "read after", func() { got = *(*byte)(unsafe.Add(first, page)) })
	if got != 0 {
		t.Error("a guard page was read")
	}
	if *(*byte)(unsafe.Add(first, page-1)) != 0 {
		t.Error("the rest of the page is not zero")
	}
}

func TestWipeGivesMemoryBack(t *testing.T) {
	count := func() int {
		text, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(text, []byte("\n"))
	}
	before := count()
	for range 500 {
		secret.New(5000).Wipe()
	}
	if after := count(); after > before+100 {
		t.Errorf("%d mappings became %d", before, after)
	}
}
