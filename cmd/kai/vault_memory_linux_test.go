package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// remains are the keys that libraries keep in buffers which nobody can reach, until the process ends:
// moments later, for it waits for nothing but its output. The manual says so (kai-vault(1), SECURITY).
//
//   - password: the argument of crypto/pbkdf2 is copied, and argon2 keeps the last block of a hash.
//   - user key, root key: filippo.io/age takes identities as strings, and decrypts into its own buffer.
//   - device key: crypto/ed25519 keeps what it has made of a private key, to be quick.
//
// The other keys are looked for in the form in which they open something. That round keys of AES, which
// are as good as the key, remain of the keys of one namespace's names and values is so too: they are
// wiped with what opens a single record, and not with what is kept for the next one.
//
// And a signal that comes while a key is being copied lets the kernel write the registers, with the key
// in them, to the stack of Go's signal handlers. That is rare, and hits another key each time: what is
// looked for here is what is found in three runs of three.
var remains = map[string][]string{
	"unlock":             {"password", "user key", "root key"},
	"slot add":           {"password", "user key", "root key"},
	"get of credentials": {"user key"},
	"set":                {"user key", "device key"},
}

// What a process has used is gone from its memory when it gives out its answer. Only the answer itself
// is there, in the buffer that it is written from, and what stands in the table above.
func TestMemoryAfterUse(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root reads the memory of kai")
	}
	for _, kdf := range [][]string{{"--kdf", "pbkdf2"}, {"--kdf", "argon2id", "-t", "3", "-m", "32768", "-p", "2"}} {
		t.Run(kdf[1], func(t *testing.T) {
			v := newVaultHome(t, kdf...)
			value := rand.Text() + rand.Text()
			v.set(t, value, "vault", "set", "ci/github", "--service", "github")
			v.set(t, value, "vault", "set", "ci/mail")
			needles := v.keys(t)
			needles["password"] = []byte(v.password)
			needles["value"] = []byte(value)
			scan := func(what, stdin string, args ...string) {
				t.Helper()
				_, needles["session"] = mustKernelKey(t, v.id(t), "")
				suspects := needles
				for range 3 {
					cmd := v.command(t, args...)
					cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), io.Discard
					found := searchMemory(t, startStuck(t, cmd).cmd.Process.Pid, needles)
					if strings.HasPrefix(what, "get") && len(found["value"]) == 0 {
						t.Errorf("%s: the answer is nowhere: the search finds nothing", what)
					}
					t.Logf("%s: %v", what, found)
					again := map[string][]byte{}
					for name := range found {
						known := slices.ContainsFunc(remains[what], func(prefix string) bool { return strings.HasPrefix(name, prefix) })
						if _, suspected := suspects[name]; suspected && !known && (name != "value" || !strings.HasPrefix(what, "get")) {
							again[name] = needles[name]
						}
					}
					if suspects = again; len(suspects) == 0 {
						return
					}
				}
				t.Errorf("%s: what lies in memory each time: %q", what, slices.Collect(maps.Keys(suspects)))
			}
			scan("unlock", "", "vault", "unlock", "--json", "--passphrase-file", "pw")
			scan("get", "", "vault", "get", "ci/github")
			scan("get of credentials", "", "vault", "get", "ci/mail")
			scan("list", "", "vault", "list", "--json")
			scan("set", value, "vault", "set", "ci/other", "--json")
			scan("slot add", "", "vault", "slot", "add", "password", "--json", "--kdf", "pbkdf2", "--passphrase-file", "pw")
		})
	}
}

// A program that runs with secrets may take long: kai beside it holds what it must mask, and no key.
func TestMemoryBesideAChild(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root reads the memory of kai")
	}
	v := newVaultHome(t)
	value := rand.Text() + rand.Text()
	v.set(t, value, "vault", "set", "ci/github", "--service", "github")
	v.done(t, "vault", "unlock", "--passphrase-file", "pw")
	needles := v.keys(t)
	needles["password"] = []byte(v.password)
	cmd := v.command(t, "vault", "run", "--env", "TOKEN=kai://ci/github", "--", "sh", "-c", "echo started; exec cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if found := searchMemory(t, cmd.Process.Pid, needles); len(found) > 1 { // one may be of a signal, see remains
		t.Errorf("in memory: %q", found)
	}
	values := searchMemory(t, cmd.Process.Pid, map[string][]byte{"value": []byte(value)})["value"]
	t.Logf("value: %q", values)
	if len(values) == 0 {
		t.Error("what is to be masked is nowhere")
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// No core is written, whatever the limits were, and nobody but root may look into the process.
func TestNoCore(t *testing.T) {
	v := newVaultHome(t)
	v.set(t, "value", "vault", "set", "ci/github", "--service", "github")
	dumped := func(cmd *exec.Cmd) bool {
		t.Helper()
		_ = cmd.Wait()
		return cmd.ProcessState.Sys().(syscall.WaitStatus).CoreDump()
	}
	dir := t.TempDir()
	limits := func(cmd *exec.Cmd) *exec.Cmd {
		cmd.Args = append([]string{"sh", "-c", `ulimit -c unlimited && exec -a kai "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
		cmd.Path, cmd.Dir = "/bin/bash", dir
		cmd.Env = append(cmd.Env, "GOTRACEBACK=crash")
		return cmd
	}
	control := exec.Command("/bin/bash", "-c", "ulimit -c unlimited && kill -ABRT $$")
	control.Dir = dir
	if err := control.Start(); err != nil {
		t.Skip(err)
	}
	if !dumped(control) {
		t.Log("this system writes no cores at all: the test shows little")
	}
	aborted := limits(v.command(t, "vault", "get", "ci/github"))
	aborted.Stderr = io.Discard // where all goroutines are
	s := startStuck(t, aborted)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if i := bytes.Index(text, []byte("Max core file size")); i < 0 || string(bytes.Fields(text[i+len("Max core file size"):])[0]) != "0" {
		t.Errorf("%s", text)
	}
	if err := s.cmd.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	if dumped(s.cmd) {
		t.Error("a core was written")
	}
	cores, err := filepath.Glob(filepath.Join(dir, "core*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range cores {
		if data, err := os.ReadFile(name); err != nil || bytes.Contains(data, []byte("ci/github")) {
			t.Errorf("%s is kai's: %v", name, err)
		}
	}

	// What the kernel keeps about a process that may not be dumped belongs to root.
	if os.Getuid() != 0 {
		return
	}
	for _, user := range []struct {
		cmd  *exec.Cmd
		want uint32
	}{{v.command(t, "vault", "get", "--help"), 0}, {exec.Command("cat"), 65534}} {
		user.cmd.SysProcAttr = userCredential()
		owner := func(pid int) uint32 {
			info, err := os.Stat(fmt.Sprintf("/proc/%d/mem", pid))
			if err != nil {
				t.Fatal(err)
			}
			return info.Sys().(*syscall.Stat_t).Uid
		}
		if user.want == 0 {
			// The user may not go where the test binary is, but may run it.
			self, err := os.Open(user.cmd.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer self.Close()
			user.cmd.Path, user.cmd.ExtraFiles = "/proc/self/fd/3", []*os.File{self}
			user.cmd.Dir, user.cmd.Env = "/", []string{"HOME=/"}
			if s := startStuck(t, user.cmd); owner(s.cmd.Process.Pid) != 0 {
				t.Error("the memory of kai belongs to its user")
			}
			continue
		}
		in, err := user.cmd.StdinPipe()
		if err == nil {
			err = user.cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if owner(user.cmd.Process.Pid) != user.want {
			t.Error("the memory of the control belongs to root: the test shows nothing")
		}
		in.Close()
		_ = user.cmd.Wait()
	}
}
