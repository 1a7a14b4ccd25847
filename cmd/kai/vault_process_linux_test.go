package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kai/internal/durable"
	"kai/internal/secret"
	"kai/internal/vault"
	"kai/internal/vault/objectid"
	"kai/internal/vault/slot"
)

// vaultHome is a home with a vault, a runtime directory, and the real program that runs with them. The
// vault is open and has the namespaces default and ci.
type vaultHome struct {
	*world
	home, run string
	password  string
	environ   []string
	program   string // "": this test binary as kai
}

// newVaultHome makes a home with a vault whose password is derived from as the words of kdf say.
func newVaultHome(t testing.TB, kdf ...string) *vaultHome {
	t.Helper()
	return newVaultHomeIn(t, "", kdf...)
}

// newVaultHomeIn makes the home where it is told to.
func newVaultHomeIn(t testing.TB, home string, kdf ...string) *vaultHome {
	t.Helper()
	needKeyring(t)
	dir := t.TempDir()
	v := &vaultHome{
		world: &world{system: system{workDir: dir}},
		home:  cmp.Or(home, filepath.Join(dir, "home")), run: filepath.Join(dir, "run"), password: rand.Text() + rand.Text(),
	}
	v.environ = []string{"HOME=" + dir, "KAI_HOME=" + v.home, "XDG_RUNTIME_DIR=" + v.run, "PATH=" + os.Getenv("PATH"), "GOCOVERDIR=" + t.TempDir()}
	if err := os.Mkdir(v.run, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, dir := range []string{dir, filepath.Dir(v.home)} {
			forgetSessions(t, dir)
			forgetLogs(t, dir)
		}
	})
	v.write(t, "pw", v.password+"\n")
	if len(kdf) == 0 {
		kdf = []string{"--kdf", "pbkdf2"}
	}
	v.done(t, append([]string{"vault", "init", "--passphrase-file", "pw"}, kdf...)...)
	v.done(t, "vault", "ns", "add", "ci")
	return v
}

func (v *vaultHome) path(name string) string { return filepath.Join(v.workDir, name) }

func (v *vaultHome) write(t testing.TB, name, text string) string {
	t.Helper()
	if err := os.WriteFile(v.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return v.path(name)
}

// command prepares the program.
func (v *vaultHome) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	program := v.program
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		program = self
	}
	cmd := exec.Command(program, args...)
	cmd.Args[0] = "kai" // by this name TestMain knows it
	cmd.Dir, cmd.Env = v.workDir, slices.Clone(v.environ)
	return cmd
}

// answer is what a run has left.
type answer struct {
	code      int
	out, said string
}

func (a answer) String() string { return fmt.Sprintf("exit %d\n%s%s", a.code, a.out, a.said) }

// call runs the program with text on its standard input.
func (v *vaultHome) call(t testing.TB, stdin string, args ...string) answer {
	t.Helper()
	return finish(t, stdin, v.command(t, args...))
}

// finish runs a prepared program.
func finish(t testing.TB, stdin string, cmd *exec.Cmd) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return answer{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// done is call for what must succeed; it returns standard output.
func (v *vaultHome) done(t testing.TB, args ...string) string {
	t.Helper()
	return v.set(t, "", args...)
}

// set is done with text on the standard input.
func (v *vaultHome) set(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	a := v.call(t, stdin, args...)
	if a.code != exitDone {
		t.Fatalf("kai %s: %v", strings.Join(args, " "), a)
	}
	return a.out
}

// fails is call for what must end with a code; it returns all that was printed.
func (v *vaultHome) fails(t testing.TB, code int, args ...string) string {
	t.Helper()
	a := v.call(t, "", args...)
	if a.code != code || a.out != "" {
		t.Errorf("kai %s: want exit %d and no answer: %v", strings.Join(args, " "), code, a)
	}
	return a.said
}

// id is the vault's.
func (v *vaultHome) id(t testing.TB) objectid.ID {
	t.Helper()
	return v.opened(t).ID()
}

func (v *vaultHome) opened(t testing.TB) *vault.Vault {
	t.Helper()
	root, err := os.OpenRoot(filepath.Join(v.home, "vault"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	opened, err := vault.Open(durable.NewDir(root), vault.Options{Now: time.Now, Random: rand.Reader, Recipient: parseRecipient})
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// unlocked opens the vault in this process.
func (v *vaultHome) unlocked(t testing.TB) (*vault.Vault, *vault.Keys) {
	t.Helper()
	opened := v.opened(t)
	s, err := opened.Slot(opened.Slots()[0])
	if err != nil {
		t.Fatal(err)
	}
	who, err := s.Open(t.Context(), opened.ID(), opened.Root(), slot.PasswordOpener(func(context.Context, slot.Request) (*secret.Bytes, error) {
		return secret.Take([]byte(v.password)), nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := opened.Unlock(s.ID(), who)
	if err != nil {
		t.Fatal(err)
	}
	return opened, keys
}

// keys are all keys of the vault, by what they are.
func (v *vaultHome) keys(t testing.TB) map[string][]byte {
	t.Helper()
	opened, keys := v.unlocked(t)
	for _, name := range []string{"ci/x", "default/x"} { // keys of namespaces come when they are needed
		ref, err := parseSecretName(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := opened.Resolve(keys, ref.Path); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string][]byte{}
	plain, user := keys.Encode()
	for _, b := range [][]byte{plain.Expose(), user.Expose()} {
		// u8 type ‖ u32 length ‖ content, of which the keys are the end.
		for n := 0; len(b) > 0; n++ {
			size := binary.LittleEndian.Uint32(b[1:])
			content := b[5 : 5+size]
			name := map[byte]string{'R': "root key", 'D': "device key", 'L': "local key", 'N': "namespace key", 'U': "user key", 'K': "credentials key"}[b[0]]
			switch {
			case b[0] == 'U': // text: what is secret begins behind the prefix
				found[name] = bytes.Clone(content[20:])
			case name != "":
				found[fmt.Sprint(name, " ", n)] = bytes.Clone(content[len(content)-32:])
			}
			b = b[5+size:]
		}
	}
	if len(found) < 6 {
		t.Fatalf("only %d keys", len(found))
	}
	return found
}

// blobs are the names of the files of sessions.
func (v *vaultHome) blobs(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, dir := range []string{filepath.Join(v.run, "kai"), filepath.Join(v.home, "vault", "local", "run")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.Contains(e.Name(), ".") {
				names = append(names, filepath.Join(dir, e.Name()))
			}
		}
	}
	return names
}

// kernelKey is the id of the key that carries the session, in the kernel's user keyring.
func kernelKey(id objectid.ID, suffix string) (int, error) {
	return unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, "user", "kai:session:"+id.String()+suffix, 0)
}

// mustKernelKey is kernelKey for one that is there, with its payload.
func mustKernelKey(t testing.TB, id objectid.ID, suffix string) (key int, payload []byte) {
	t.Helper()
	key, err := kernelKey(id, suffix)
	if err != nil {
		t.Fatalf("key of the session: %v", err)
	}
	payload = make([]byte, 32)
	// A thread reads what it possesses.
	if _, err := unix.KeyctlInt(unix.KEYCTL_LINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_PROCESS_KEYRING, 0, 0); err != nil {
		t.Fatal(err)
	}
	if n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, key, payload, 0); err != nil || n != len(payload) {
		t.Fatalf("key of the session: %d bytes, %v", n, err)
	}
	return key, payload
}

// stuck is a program that has done everything and cannot give out its answer: the pipe is full.
type stuck struct {
	cmd  *exec.Cmd
	pipe *os.File
}

// startStuck starts a program that blocks when it writes to standard output for the first time.
func startStuck(t *testing.T, cmd *exec.Cmd) *stuck {
	t.Helper()
	var fd [2]int
	if err := unix.Pipe2(fd[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	r, w := os.NewFile(uintptr(fd[0]), "r"), os.NewFile(uintptr(fd[1]), "w")
	size, err := unix.FcntlInt(uintptr(fd[1]), unix.F_SETPIPE_SZ, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	s := &stuck{cmd, r}
	t.Cleanup(func() { r.Close(); cmd.Process.Kill(); _ = cmd.Wait() })
	waitFor(t, "the answer", func() bool { return s.writes(1) })
	return s
}

// writes reports whether some thread waits in write(fd).
func (s *stuck) writes(fd int) bool {
	calls, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", s.cmd.Process.Pid))
	for _, name := range calls {
		text, _ := os.ReadFile(name)
		if strings.HasPrefix(string(text), fmt.Sprintf("%d %#x ", unix.SYS_WRITE, fd)) {
			return true
		}
	}
	return false
}

// waitFor polls until something is so, a minute at most.
func waitFor(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// searchMemory searches all that a process can read of itself, as root does by /proc/PID/mem, and says where
// each of the needles lies: the mapping's name or its permissions.
func searchMemory(t *testing.T, pid int, needles map[string][]byte) map[string][]string {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Skipf("only root reads the memory of kai: %v", err)
	}
	defer mem.Close()
	found := map[string][]string{}
	total := 0
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var perms string
		if n, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &perms); n != 3 {
			t.Fatalf("%q: %v", line, err)
		}
		fields := strings.Fields(line)
		place := perms
		if len(fields) > 5 {
			place += " " + fields[5]
		}
		if perms[0] != 'r' || strings.HasSuffix(place, "[vvar]") || strings.HasSuffix(place, "[vvar_vclock]") {
			continue
		}
		data := make([]byte, to-from)
		n, err := mem.ReadAt(data, int64(from))
		if err != nil && n == 0 {
			t.Errorf("%s: %v", strings.TrimSpace(line), err)
			continue
		}
		total += n
		for name, needle := range needles {
			for at := 0; ; at++ {
				i := bytes.Index(data[at:n], needle)
				if i < 0 {
					break
				}
				at += i
				found[name] = append(found[name], fmt.Sprintf("%#x %s", from+uint64(at), place))
			}
		}
	}
	if total < 1<<20 {
		t.Fatalf("only %d bytes of memory", total)
	}
	return found
}

// files are all regular files below directories, by name.
func filesBelow(t testing.TB, dirs ...string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			all[name], err = os.ReadFile(name)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// kais are the processes of kai that have the home.
func (v *vaultHome) kais(t testing.TB) []string {
	t.Helper()
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	var found []string
	for _, name := range environs {
		environ, _ := os.ReadFile(name)
		if slices.Contains(strings.Split(string(environ), "\x00"), "KAI_HOME="+v.home) && !strings.Contains(name, fmt.Sprintf("/%d/", os.Getpid())) {
			cmdline, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
			found = append(found, strings.ReplaceAll(string(cmdline), "\x00", " "))
		}
	}
	return found
}

// userCredential is an ordinary user.
func userCredential() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: true}}
}
