package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// After lock there is no key in the kernel, no blob and no process; and what was a blob opens nothing
// when it is put back.
func TestLockLeavesNothing(t *testing.T) {
	v := newVaultHome(t)
	v.set(t, "value", "vault", "set", "ci/github", "--service", "github")
	id := v.id(t)
	_, s := mustKernelKey(t, id, "")
	_, user := mustKernelKey(t, id, ":user")
	before := v.blobs(t)
	if len(before) != 2 {
		t.Fatalf("blobs %q", before)
	}
	copies := filesBelow(t, filepath.Join(v.run, "kai"))
	for name, data := range filesBelow(t, v.workDir) {
		for what, needle := range map[string][]byte{"S": s, "S_u": user, "S as text": []byte(base64.RawURLEncoding.EncodeToString(s))} {
			if bytes.Contains(data, needle) {
				t.Errorf("%s lies in %s", what, name)
			}
		}
	}
	v.done(t, "vault", "lock")
	for _, suffix := range []string{"", ":user"} {
		if key, err := kernelKey(id, suffix); !errors.Is(err, unix.ENOKEY) {
			t.Errorf("key %q is %d: %v", suffix, key, err)
		}
	}
	if left := v.blobs(t); len(left) != 0 {
		t.Errorf("left %q", left)
	}
	if left := v.kais(t); len(left) != 0 {
		t.Errorf("processes %q", left)
	}
	for name, data := range copies {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v.fails(t, exitLocked, "vault", "get", "ci/github")
}

// The kernel ends the session at its time. Who kept S from it finds that the blob says the same.
func TestSessionEndsByItself(t *testing.T) {
	v := newVaultHome(t)
	v.set(t, "value", "vault", "set", "ci/github", "--service", "github")
	v.done(t, "vault", "unlock", "--ttl", "3s", "--passphrase-file", "pw")
	id := v.id(t)
	_, s := mustKernelKey(t, id, "")
	_, user := mustKernelKey(t, id, ":user")
	copies := filesBelow(t, filepath.Join(v.run, "kai"))
	waitFor(t, "the kernel's timeout", func() bool {
		_, one := kernelKey(id, "")
		_, other := kernelKey(id, ":user")
		return one != nil && other != nil
	})
	v.fails(t, exitLocked, "vault", "get", "ci/github")

	// By another way to carry S, too.
	text := "kaisess1" + base64.RawURLEncoding.EncodeToString(append(bytes.Clone(s), user...))
	for name, data := range copies {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := v.command(t, "vault", "get", "ci/github")
	cmd.Env = append(cmd.Env, "KAI_SESSION="+text)
	// The kernel counts whole seconds, and may have been a little early.
	waitFor(t, "the end of the session", func() bool {
		again := exec.Command(cmd.Path)
		again.Args, again.Env, again.Dir = cmd.Args, cmd.Env, cmd.Dir
		a := finish(t, "", again)
		if a.code != exitDone && (a.code != exitLocked || a.out != "" || !strings.Contains(a.said, "session expired")) {
			t.Fatalf("by KAI_SESSION: %v", a)
		}
		return a.code != exitDone
	})
	if _, err := unix.AddKey("user", "kai:session:"+id.String(), s, unix.KEY_SPEC_USER_KEYRING); err != nil {
		t.Fatal(err)
	}
	for name, data := range copies { // a dead blob is cleared away
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if said := v.fails(t, exitLocked, "vault", "get", "ci/github"); !strings.Contains(said, "session expired") {
		t.Errorf("by the keyring: %s", said)
	}
}

// envDump is a program that leaves its environment in a directory and then does as do says.
func (v *vaultHome) envDump(t *testing.T, name, do string) string {
	t.Helper()
	path := v.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\n/usr/bin/env >> '%s.env'\n%s\n", path, do)
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// No child of kai has the session, the passphrase, or says where they come from.
func TestNoSessionInChildren(t *testing.T) {
	v := newVaultHome(t)
	v.set(t, "value", "vault", "set", "ci/github", "--service", "github")
	session := strings.TrimSpace(v.done(t, "vault", "unlock", "--print", "--passphrase-file", "pw"))
	v.done(t, "vault", "lock") // the one in the kernel
	given := []string{"KAI_SESSION=" + session, "KAI_PASSPHRASE=" + v.password}

	ask := v.envDump(t, "askpass", "cat '"+v.path("pw")+"'")
	hook := v.envDump(t, "hook", "cat > /dev/null")
	v.envDump(t, "bin/git", "exit 1")
	child := v.envDump(t, "child", "")
	rotator := v.envDump(t, "rotator", "cat")
	if err := os.WriteFile(filepath.Join(v.home, "config.toml"),
		fmt.Appendf(nil, "[audit]\nmode = \"inline\"\n[[audit.alert]]\nname = \"hook\"\nkind = \"exec\"\nargv = [%q]\nmin_severity = \"info\"\n", hook), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(code int, extra []string, args ...string) {
		t.Helper()
		cmd := v.command(t, args...)
		cmd.Env = append(append(cmd.Env, given...), extra...)
		if a := finish(t, "", cmd); code >= 0 && a.code != code {
			t.Errorf("kai %s: want exit %d: %v", strings.Join(args, " "), code, a)
		}
	}
	run(exitDone, []string{"KAI_ASKPASS=" + ask}, "vault", "unlock", "--print")
	run(exitDone, nil, "vault", "run", "--env", "T=kai://ci/github", "--", child)
	run(exitDone, nil, "vault", "run", "--pristine", "--", child)
	run(-1, []string{"PATH=" + v.path("bin") + ":" + os.Getenv("PATH")}, "git", "verify", "HEAD")
	run(-1, nil, "vault", "set", "ci/github", "--rotate-with", fmt.Sprintf("exec:[%q]", rotator))
	run(-1, nil, "vault", "rotate", "ci/github")
	run(exitDone, nil, "audit", "alert", "test", "hook")
	for _, name := range []string{"askpass", "hook", "bin/git", "child"} {
		dump, err := os.ReadFile(v.path(name) + ".env")
		if err != nil {
			t.Errorf("%s did not run: %v", name, err)
		}
		for _, secret := range []string{"KAI_SESSION", session, session[10:30], "KAI_PASSPHRASE", v.password} {
			if bytes.Contains(dump, []byte(secret)) {
				t.Errorf("%s got %q", name, secret)
			}
		}
	}
}

// Processes in session keyrings of their own, as those that services and logins are given, open the
// vault, many at once.
func TestManySessionKeyrings(t *testing.T) {
	keyctl := peer(t, "keyctl")
	runs := 200
	if testing.Short() {
		runs = 16
	}
	v := newVaultHome(t)
	v.set(t, "value", "vault", "set", "ci/github", "--service", "github")
	numbers := make(chan int)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range numbers {
				cmd := v.command(t, "vault", "get", "ci/github")
				// keyctl session NAME PROGRAM: the program is kai by the name of the link.
				cmd.Args = append([]string{"keyctl", "session", "fresh", v.path("kai")}, cmd.Args[1:]...)
				cmd.Path = keyctl
				if a := finish(t, "", cmd); a.code != exitDone || a.out != "value" {
					t.Errorf("%v", a)
				}
			}
		})
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, v.path("kai")); err != nil {
		t.Fatal(err)
	}
	for i := range runs {
		numbers <- i
	}
	close(numbers)
	wait.Wait()
}

// The key of the session is not for who only knows its number, and not for other users, even if the
// session keyring that they inherited leads to it.
func TestSessionOfOthers(t *testing.T) {
	keyctl := peer(t, "keyctl")
	v := newVaultHome(t)
	key, s := mustKernelKey(t, v.id(t), "")
	description := "kai:session:" + v.id(t).String()
	try := func(args ...string) answer {
		a := finish(t, "", exec.Command(keyctl, args...))
		if strings.Contains(a.out, fmt.Sprintf("%x", s)) {
			t.Errorf("keyctl %q tells S", args)
		}
		return a
	}
	if a := try("session", "-", keyctl, "print", fmt.Sprint(key)); a.code == 0 {
		t.Errorf("from a fresh session keyring: %v", a)
	}
	if os.Getuid() != 0 {
		return
	}
	asOther := func(args ...string) answer {
		const become = `"$0" link @u @s && exec setpriv --reuid 65534 --clear-groups "$0" "$@"`
		return try(append([]string{"session", "-", "sh", "-c", become, keyctl}, args...)...)
	}
	plain := finish(t, "", exec.Command(keyctl, "add", "user", description+":plain", "seen", "@u"))
	plainKey := strings.TrimSpace(plain.out)
	defer finish(t, "", exec.Command(keyctl, "unlink", plainKey, "@u"))
	if a := asOther("print", plainKey); a.code != 0 || !strings.Contains(a.out, "seen") {
		t.Fatalf("a key that lies bare in @u: %v; the test is blind", a)
	}
	cover := strings.TrimSpace(try("search", "@u", "keyring", description).out)
	for _, args := range [][]string{
		{"print", fmt.Sprint(key)}, {"describe", fmt.Sprint(key)}, {"search", "@u", "user", description}, {"search", "@s", "user", description},
		{"link", fmt.Sprint(key), "@s"}, {"link", fmt.Sprint(key), "@u"}, {"update", fmt.Sprint(key), "other"}, {"revoke", fmt.Sprint(key)},
		{"invalidate", fmt.Sprint(key)}, {"timeout", fmt.Sprint(key), "100000"}, {"setperm", fmt.Sprint(key), "0x3f3f3f3f"},
		{"rlist", cover}, {"link", cover, "@s"}, {"clear", cover}, {"setperm", cover, "0x3f3f3f3f"}, {"revoke", cover}, {"add", "user", description, "other", cover},
	} {
		if a := asOther(args...); a.code == 0 {
			t.Errorf("another user: keyctl %q: %v", args, a)
		}
	}
	v.done(t, "vault", "list") // it is still open
}

// withoutKeys is set in a process that is to become kai without keyctl(2).
const withoutKeys = "KAI_TEST_WITHOUT_KEYS"

// becomeWithoutKeys lets the kernel refuse the calls of the keyring, as containers do, and becomes kai.
func becomeWithoutKeys(errno uint32) error {
	runtime.LockOSThread()
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // struct seccomp_data: nr
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 2, K: unix.SYS_KEYCTL},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: unix.SYS_ADD_KEY},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_REQUEST_KEY},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | errno},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return err
	}
	args := strings.Split(os.Getenv(withoutKeys), "\x1f")
	var environ []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, withoutKeys+"=") {
			environ = append(environ, pair)
		}
	}
	return syscall.Exec("/proc/self/exe", append([]string{"kai"}, args...), environ)
}

// Where there is no keyring, that is said, with the ways that are left; no session lies in a file
// instead.
func TestNoKeyring(t *testing.T) {
	if os.Getenv(withoutKeys) != "" {
		errno := syscall.EPERM
		if os.Getenv("ERRNO") == "ENOSYS" {
			errno = syscall.ENOSYS
		}
		t.Fatal(becomeWithoutKeys(uint32(errno)))
	}
	v := newVaultHome(t)
	v.set(t, "value", "vault", "set", "ci/github", "--service", "github")
	v.done(t, "vault", "lock")
	for _, errno := range []string{"EPERM", "ENOSYS"} {
		call := func(session string, args ...string) answer {
			t.Helper()
			cmd := v.command(t, "-test.run=^TestNoKeyring$")
			cmd.Args[0] = cmd.Path
			cmd.Env = append(cmd.Env, "ERRNO="+errno, withoutKeys+"="+strings.Join(args, "\x1f"))
			if session != "" {
				cmd.Env = append(cmd.Env, "KAI_SESSION="+session)
			}
			return finish(t, "", cmd)
		}
		refused := call("", "vault", "unlock", "--passphrase-file", "pw")
		if refused.code != exitLocked || refused.out != "" ||
			!strings.Contains(refused.said, "keyring") || !strings.Contains(refused.said, "--print") || !strings.Contains(refused.said, "--as KEYREF") {
			t.Errorf("%s: unlock: %v", errno, refused)
		}
		if left := v.blobs(t); len(left) != 0 {
			t.Errorf("%s: a refused unlock left %q", errno, left)
		}
		if a := call("", "vault", "get", "ci/github"); a.code != exitLocked || a.out != "" || !strings.Contains(a.said, "KAI_SESSION") || !strings.Contains(a.said, "keyring") {
			t.Errorf("%s: get: %v", errno, a)
		}
		printed := call("", "vault", "unlock", "--print", "--passphrase-file", "pw")
		if printed.code != exitDone || !strings.HasPrefix(printed.out, "kaisess1") {
			t.Fatalf("%s: unlock --print: %v", errno, printed)
		}
		session := strings.TrimSpace(printed.out)
		if a := call(session, "vault", "get", "ci/github"); a.code != exitDone || a.out != "value" {
			t.Errorf("%s: get by KAI_SESSION: %v", errno, a)
		}
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(session, "kaisess1"))
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range filesBelow(t, v.workDir) {
			if bytes.Contains(data, raw[:32]) || bytes.Contains(data, []byte(session[8:50])) {
				t.Errorf("%s: S lies in %s", errno, name)
			}
		}
		if a := call(session, "vault", "lock"); a.code != exitDone {
			t.Errorf("%s: lock: %v", errno, a)
		}
		if a := call(session, "vault", "get", "ci/github"); a.code != exitLocked {
			t.Errorf("%s: get after lock: %v", errno, a)
		}
		if a := call("", "vault", "lock", "--all"); a.code != exitDone {
			t.Errorf("%s: lock --all: %v", errno, a)
		}
	}
	if _, err := kernelKey(v.id(t), ""); err == nil {
		t.Error("the calls were not refused: the kernel has a key")
	}
}
