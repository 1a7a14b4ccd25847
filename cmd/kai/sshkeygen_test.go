package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/sshsig"
)

// keygenBench is a directory with keys, signatures and lists that ssh-keygen made, and both
// programs to try on them.
type keygenBench struct {
	program string
	dir     string
	environ []string
}

func newKeygenBench(t *testing.T) *keygenBench {
	t.Helper()
	b := &keygenBench{program: peer(t, "ssh-keygen"), dir: t.TempDir()}
	b.environ = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TZ=UTC", "SSH_ASKPASS_REQUIRE=never"}
	b.write(t, "m", "message\n")
	b.write(t, "other", "another message\n")
	for name, options := range map[string][]string{
		"k": {"-t", "ed25519"}, "rsa": {"-t", "rsa", "-b", "2048"}, "ca": {"-t", "ed25519"}, "user": {"-t", "ed25519"}, "stranger": {"-t", "ed25519"},
	} {
		b.keygen(t, append([]string{"-q", "-N", "", "-C", "comment", "-f", name}, options...)...)
	}
	b.keygen(t, "-q", "-t", "ed25519", "-N", "passphrase", "-C", "comment", "-f", "locked")
	b.keygen(t, "-q", "-s", "ca", "-I", "id", "-n", "alice", "-z", "5", "-V", "20200101Z:20300101Z", "user.pub")
	b.keygen(t, "-q", "-k", "-f", "revoked.krl", "k.pub")
	b.keygen(t, "-q", "-k", "-f", "ca.krl", "ca.pub")
	b.write(t, "serial", "serial: 5\n")
	b.keygen(t, "-q", "-k", "-f", "serial.krl", "-s", "ca.pub", "serial")

	public := func(name string) string { return strings.TrimSpace(b.read(t, name+".pub")) }
	b.write(t, "public.pub", public("k")+"\n")
	b.write(t, "literal", public("k")+"\n") // git writes keys out like this
	b.write(t, "mismatch", b.read(t, "stranger"))
	b.write(t, "mismatch.pub", public("k")+"\n")
	b.write(t, "allowed", "# signers\nalice,a* "+public("k")+"\nbob namespaces=\"file\" "+public("k")+
		"\ncarol valid-before=\"20250101Z\" "+public("k")+"\nr "+public("rsa")+"\nbroken line\n")
	b.write(t, "authority", "alice cert-authority "+public("ca")+"\n")
	b.write(t, "broken", "alice nonsense "+public("k")+"\n")
	b.write(t, "long", strings.Repeat("not a signature file\n", 10))
	b.write(t, "short", "junk\n")
	b.mkdir(t, "dir")
	for _, name := range []string{"k", "rsa"} {
		b.write(t, name+".sig", b.signature(t, name, "m"))
	}
	b.write(t, "cert.sig", b.signature(t, "user-cert.pub", "m"))
	b.write(t, "headless.sig", strings.Replace(b.read(t, "k.sig"), "END SSH", "END SSHX", 1))
	return b
}

func (b *keygenBench) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (b *keygenBench) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (b *keygenBench) mkdir(t *testing.T, name string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(b.dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
}

// keygen runs ssh-keygen, which must succeed.
func (b *keygenBench) keygen(t *testing.T, args ...string) {
	t.Helper()
	if o := b.theirs(t, "", args...); o.code != 0 {
		t.Fatalf("ssh-keygen %q: %s", args, o.stderr)
	}
}

// signature is what ssh-keygen writes for the namespace git.
func (b *keygenBench) signature(t *testing.T, key, file string) string {
	t.Helper()
	o := b.theirs(t, b.read(t, file), "-Y", "sign", "-n", "git", "-f", key)
	if o.code != 0 {
		t.Fatal(o.stderr)
	}
	return o.stdout
}

// keygenOutcome is all that a call leaves behind.
type keygenOutcome struct {
	code           int
	stdout, stderr string
	written        string // m.sig
}

func (o keygenOutcome) String() string {
	return fmt.Sprintf("exit %d, stdout %q, stderr %q, wrote %q", o.code, o.stdout, o.stderr, o.written)
}

// theirs runs ssh-keygen.
func (b *keygenBench) theirs(t *testing.T, stdin string, args ...string) keygenOutcome {
	t.Helper()
	b.clear(t)
	cmd := exec.Command(b.program, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = b.dir, b.environ, strings.NewReader(stdin)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return keygenOutcome{cmd.ProcessState.ExitCode(), out.String(), complaints.String(), b.written(t)}
}

// ours runs kai.
func (b *keygenBench) ours(t *testing.T, stdin string, args ...string) keygenOutcome {
	t.Helper()
	b.clear(t)
	w := newWorld(t, stdin)
	w.workDir, w.environ = b.dir, b.environ
	code := w.run(t, args...)
	return keygenOutcome{code, w.out.String(), w.err.String(), b.written(t)}
}

func (b *keygenBench) clear(t *testing.T) {
	t.Helper()
	if err := os.Remove(filepath.Join(b.dir, "m.sig")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

func (b *keygenBench) written(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, "m.sig"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

// compare runs both programs with m on stdin and wants the same from them.
func (b *keygenBench) compare(t *testing.T, line string) keygenOutcome {
	t.Helper()
	var args []string
	for _, word := range strings.Fields(line) {
		args = append(args, strings.ReplaceAll(word, "~", " "))
	}
	stdin := b.read(t, "m")
	if args[len(args)-1] == "<other" {
		args, stdin = args[:len(args)-1], b.read(t, "other")
	}
	want, got := b.theirs(t, stdin, args...), b.ours(t, stdin, args...)
	if got != want {
		t.Errorf("%s:\nkai        %s\nssh-keygen %s", line, got, want)
	}
	return got
}

// kai as ssh-keygen, on one set of files. The agent comes last: it stays.
func TestKeygen(t *testing.T) {
	b := newKeygenBench(t)
	t.Run("Agrees", b.testAgrees)
	t.Run("Usage", b.testUsage)
	t.Run("ReplacesLeftover", b.testReplacesLeftover)
	t.Run("LockedKey", b.testLockedKey)
	t.Run("TrustStore", b.testTrustStore)
	t.Run("Hybrid", b.testHybrid)
	t.Run("Agent", b.testAgent)
}

// Every call that git makes, and how they fail, byte for byte as ssh-keygen does it. The
// number is the exit code, so that the test shows what it is about.
func (b *keygenBench) testAgrees(t *testing.T) {
	calls := []struct {
		code int
		line string
	}{
		{0, "-Y verify -n git -f allowed -I alice -s k.sig"},
		{0, "-Y verify -n git -f allowed -I a-person -s k.sig"},
		{0, "-Y verify -n git -f allowed -I r -s rsa.sig"},
		{0, "-Y verify -n git -f allowed -I alice -s k.sig -Overify-time=20200101000000"},
		{0, "-Y verify -n git -f allowed -I carol -s k.sig -O verify-time=20240101000000Z"},
		{0, "-Y verify -n git -f allowed -I alice -s k.sig -Oprint-pubkey"},
		{0, "-Y verify -n git -f allowed -I alice -s k.sig -r ca.krl"},
		{0, "-Y verify -n git -f authority -I alice -s cert.sig"},
		{0, "-Y verify -n git -f authority -I alice -s cert.sig -O PRINT-PUBKEY"},
		{0, "-Y verify -n git -f allowed -I alice -s k.sig -q"},
		{255, "-Y verify -n git -f allowed -I alice -s k.sig <other"},
		{255, "-Y verify -n file -f allowed -I alice -s k.sig"},
		{255, "-Y verify -n git -f allowed -I bob -s k.sig"},
		{255, "-Y verify -n git -f allowed -I carol -s k.sig -Overify-time=20260101"},
		{255, "-Y verify -n git -f allowed -I dave -s k.sig"},
		{255, "-Y verify -n git -f allowed -I broken -s k.sig"},
		{255, "-Y verify -n git -f broken -I alice -s k.sig"},
		{255, "-Y verify -n git -f allowed -I alice -s cert.sig"},
		{255, "-Y verify -n git -f authority -I alice -s k.sig"},
		{255, "-Y verify -n git -f authority -I alice -s cert.sig -Overify-time=20310101"},
		{255, "-Y verify -n git -f authority -I alice -s cert.sig -Overify-time=20190101"},
		{255, "-Y verify -n git -f authority -I alice -s cert.sig -r ca.krl"},
		{255, "-Y verify -n git -f authority -I alice -s cert.sig -r serial.krl"},
		{255, "-Y verify -n git -f allowed -I alice -s k.sig -r revoked.krl"},
		{255, "-Y verify -n git -f allowed -I alice -s k.sig -r k.pub"},
		{255, "-Y verify -n git -f allowed -I alice -s k.sig -r short"},
		{255, "-Y verify -n git -f allowed -I alice -s k.sig -r missing"},
		{255, "-Y verify -n git -f missing -I alice -s k.sig"},
		{255, "-Y verify -n git -f dir -I alice -s k.sig"},
		{255, "-Y verify -n git -f allowed -I alice -s missing"},
		{255, "-Y verify -n git -f allowed -I alice -s dir"},
		{255, "-Y verify -n git -f allowed -I alice -s short"},
		{255, "-Y verify -n git -f allowed -I alice -s long"},
		{255, "-Y verify -n git -f allowed -I alice -s headless.sig"},
		{255, "-Y verify -n git -f allowed -I alice -s k.sig -Overify-time=2020"},
		{255, "-Y verify -n git -f allowed -I alice -s k.sig -O nonsense"},
		{255, "-Y verify -n git -f allowed -I alice -s k.sig -O hashalg=sha256"},
		{255, "-Y verify -n git -f allowed -I dave -s k.sig -q"},
		{1, "-Y verify -n git -s k.sig -f allowed"},

		{0, "-Y check-novalidate -n git -s k.sig"},
		{0, "-Y check-novalidate -n git -s rsa.sig -O print-pubkey"},
		{0, "-Y check-novalidate -n git -s cert.sig -f missing -I nobody -r revoked.krl"},
		{0, "-Y check-novalidate -n git -s k.sig -Overify-time=20200101"},
		{255, "-Y check-novalidate -n git -s k.sig <other"},
		{255, "-Y check-novalidate -n file -s k.sig"},
		{255, "-Y check-novalidate -n git -s missing"},

		{0, "-Y find-principals -f allowed -s k.sig"},
		{0, "-Y find-principals -f allowed -s rsa.sig -Overify-time=20200101000000"},
		{0, "-Y find-principals -f authority -s cert.sig"},
		{255, "-Y find-principals -f authority -s k.sig"},
		{255, "-Y find-principals -f authority -s cert.sig -Overify-time=20310101"},
		{255, "-Y find-principals -f allowed -s cert.sig"},
		{255, "-Y find-principals -f broken -s k.sig"},
		{255, "-Y find-principals -f missing -s k.sig"},
		{255, "-Y find-principals -f dir -s k.sig"},
		{255, "-Y find-principals -f allowed -s missing"},
		{255, "-Y find-principals -f allowed -s short"},
		{255, "-Y find-principals -f allowed -s k.sig -Overify-time=x"},

		{0, "-Y match-principals -f allowed -I alice"},
		{0, "-Y match-principals -f allowed -I carol"},
		{210, "-Y match-principals -f allowed -I dave"},
		{252, "-Y match-principals -f broken -I alice"},
		{210, "-Y match-principals -f dir -I alice"},
		{232, "-Y match-principals -f missing -I alice"},
		{246, "-Y match-principals -f allowed -I alice -O print-pubkey"},

		{0, "-Y sign -n git -f k m"},
		{0, "-Y sign -n git -f k -- m"},
		{0, "-Ysign -ngit -fk m"},
		{0, "-Y sign -n git -f k"},
		{0, "-Y sign -n git -f k -"},
		{0, "-Y sign -q -n git -f k m"},
		{0, "-Y sign -n a~name~space -f k m"},
		{0, "-Y sign -n git -f k.pub m"},
		{0, "-Y sign -n git -f rsa m"},
		{0, "-Y sign -n git -f rsa.pub -Ohashalg=sha256 m"},
		{0, "-Y sign -n git -f user-cert.pub m"},
		{0, "-Y sign -n git -f k -O hashalg=sha256 m"},
		{255, "-Y sign -n git -f k - m"},
		{255, "-Y sign -n git -f k missing m"},
		{255, "-Y sign -n git -f k m missing"},
		{255, "-Y sign -n git -f k dir"},
		{255, "-Y sign -n git -f k m -q"},
		{255, "-Y sign -n git -f k -O hashalg=md5 m"},
		{255, "-Y sign -n git -f k -O verify-time=20200101 m"},
		{255, "-Y sign -n git -f missing m"},
		{255, "-Y sign -n git -f short m"},
		{255, "-Y sign -n git -f dir m"},
		{255, "-Y sign -n git -f public.pub m"},
		{255, "-Y sign -n git -f literal m"},
		{255, "-Y sign -n git -f mismatch m"},
		{255, "-Y sign -n git -f mismatch.pub m"},
		{255, "-Y sign -n git -f k -U m"},
	}
	for _, c := range calls {
		if got := b.compare(t, c.line); got.code != c.code {
			t.Errorf("%s: exit code %d, want %d", c.line, got.code, c.code)
		}
	}
	if err := os.Chmod(filepath.Join(b.dir, "k"), 0o640); err != nil {
		t.Fatal(err)
	}
	if got := b.compare(t, "-Y sign -n git -f k m"); got.code != keygenFailed || !strings.Contains(got.stderr, "Permissions 0640") {
		t.Errorf("key that others may read: %s", got)
	}
	if err := os.Chmod(filepath.Join(b.dir, "k"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Wrong command lines: the exit code, and which word is missing. Versions of ssh-keygen differ
// in a space and in one operation's name.
func (b *keygenBench) testUsage(t *testing.T) {
	for _, line := range []string{
		"-Y find-principals", "-Y find-principals -s k.sig", "-Y match-principals", "-Y match-principals -f allowed",
		"-Y sign", "-Y sign -n git", "-Y sign -n ", "-Y check-novalidate", "-Y check-novalidate -n git",
		"-Y verify", "-Y verify -n git", "-Y verify -n git -s k.sig",
	} {
		args := strings.Split(line, " ")
		want, got := b.theirs(t, "", args...), b.ours(t, "", args...)
		if got.code != keygenUsage || want.code != keygenUsage || got.stdout != "" || normalUsage(got.stderr) != normalUsage(want.stderr) {
			t.Errorf("%s:\nkai        %s\nssh-keygen %s", line, got, want)
		}
	}
	for line, first := range map[string]string{
		"-Y":             "option requires an argument -- Y\r\n",
		"-Y sign -f":     "option requires an argument -- f\r\n",
		"-Y sign -! x":   "unknown option -- !\r\n",
		"-Y nonsense":    "Unsupported operation for -Y: \"nonsense\"\r\n",
		"-Y sign -qx":    "unknown option -- x\r\n",
		"-Y sign --help": "unknown option -- -\r\n",
	} {
		got := b.ours(t, "", strings.Split(line, " ")...)
		if got.code != keygenUsage || !strings.HasPrefix(got.stderr, first+"usage: kai -Y ") {
			t.Errorf("%s: %s", line, got)
		}
	}
}

func normalUsage(text string) string {
	return strings.NewReplacer(":missing", ": missing", "for sign: missing allowed", "for verify: missing allowed").Replace(text)
}

func (b *keygenBench) testReplacesLeftover(t *testing.T) {
	b.write(t, "left", "text")
	b.write(t, "left.sig", "leftover of an earlier run")
	got := b.ours(t, "", "-Y", "sign", "-n", "git", "-f", "k", "left")
	if got.code != 0 || got.stdout != "" || got.stderr != "Signing file left\nWrite signature to left.sig\n" {
		t.Errorf("%s", got)
	}
	if want := b.signature(t, "k", "left"); b.read(t, "left.sig") != want {
		t.Error("the leftover was not replaced by the signature")
	}
}

func (b *keygenBench) testLockedKey(t *testing.T) {
	got := b.ours(t, "", "-Y", "sign", "-n", "git", "-f", "locked", "m")
	if got.code != keygenFailed || got.written != "" || got.stdout != "" || !strings.Contains(got.stderr, "kai: hint: ssh-add locked, ") {
		t.Errorf("nobody to ask: %s", got)
	}
	b.write(t, "right", "passphrase\n")
	b.write(t, "wrong", "password\n")
	plain := b.environ
	defer func() { b.environ = plain }()
	b.environ = append(plain[:len(plain):len(plain)], "KAI_PASSPHRASE_FILE="+filepath.Join(b.dir, "wrong"))
	got = b.ours(t, "", "-Y", "sign", "-n", "git", "-f", "locked", "m")
	if got.code != keygenFailed || got.written != "" || !strings.Contains(got.stderr, "passphrase wrong") {
		t.Errorf("wrong passphrase: %s", got)
	}
	b.environ = append(plain[:len(plain):len(plain)], "KAI_PASSPHRASE_FILE="+filepath.Join(b.dir, "right"))
	got = b.ours(t, "", "-Y", "sign", "-n", "git", "-f", "locked.pub", "m")
	if got.code != 0 || got.stderr != "Signing file m\nWrite signature to m.sig\n" {
		t.Fatalf("right passphrase: %s", got)
	}
	b.write(t, "unlocked.sig", got.written)
	b.compare(t, "-Y check-novalidate -n git -s unlocked.sig")
}

// Keys in the ssh-agent: the file of -f need only be public, and an encrypted private file is
// left alone.
func (b *keygenBench) testAgent(t *testing.T) {
	b.startAgent(t)
	for _, line := range []string{"-Y sign -n git -f public.pub m", "-Y sign -n git -U -f k m"} {
		if got := b.compare(t, line); got.code != keygenFailed {
			t.Errorf("%s with an empty agent: %s", line, got)
		}
	}
	for _, key := range []string{"k", "rsa"} {
		cmd := exec.Command("ssh-add", "-q", key)
		cmd.Dir, cmd.Env = b.dir, b.environ
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ssh-add: %v\n%s", err, out)
		}
	}
	if err := os.Remove(filepath.Join(b.dir, "rsa")); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"-Y sign -n git -f literal m", "-Y sign -n git -f literal -U m",
		"-Y sign -n git -f public.pub m", "-Y sign -n git -U -f public.pub m", "-Y sign -n git -U -f k m", "-Y sign -n git -f rsa.pub m",
		"-Y sign -n git -f rsa.pub", "-Y sign -n git -U -f rsa.pub -O hashalg=sha256 m",
	} {
		if got := b.compare(t, line); got.code != 0 {
			t.Errorf("%s: %s", line, got)
		}
	}
	b.compare(t, "-Y sign -n git -U -f stranger.pub m")
}

func (b *keygenBench) startAgent(t *testing.T) {
	t.Helper()
	program := peer(t, "ssh-agent")
	dir, err := os.MkdirTemp("", "agent") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listening := exec.Command(program, "-D", "-a", socket)
	listening.Env = b.environ
	out, err := listening.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := listening.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = listening.Process.Kill()
		_ = listening.Wait()
	})
	if _, err := out.Read(make([]byte, 1)); err != nil { // it prints its variables once it listens
		t.Fatal(err)
	}
	b.environ = append(b.environ, "SSH_AUTH_SOCK="+socket)
}

// What begins like a trust store in the place of allowed signers and is none allows nobody.
func (b *keygenBench) testTrustStore(t *testing.T) {
	b.write(t, "truststore.json", "{}\n")
	for _, line := range []string{
		"-Y verify -n git -f truststore.json -I alice -s k.sig", "-Y find-principals -f truststore.json -s k.sig",
		"-Y match-principals -f truststore.json -I alice",
	} {
		got := b.ours(t, b.read(t, "m"), strings.Fields(line)...)
		if got.code != keygenFailed || !strings.Contains(got.stderr, "truststore.json: trust store: malformed") {
			t.Errorf("%s: %s", line, got)
		}
	}
}

// The block that ssh-keygen does not see counts here.
func (b *keygenBench) testHybrid(t *testing.T) {
	first, second := newHybridFile(t, "git", b.read(t, "m")), newHybridFile(t, "git", b.read(t, "m"))
	b.write(t, "both.sig", first)
	b.write(t, "text.sig", first+"text behind the signature\n")
	for _, name := range []string{"both.sig", "text.sig"} {
		if got := b.compare(t, "-Y check-novalidate -n git -s "+name); got.code != 0 {
			t.Errorf("%s: %s", name, got)
		}
	}
	kai := strings.Index(first, "-----BEGIN KAI")
	b.write(t, "mixed.sig", first[:kai]+second[strings.Index(second, "-----BEGIN KAI"):])
	got := b.ours(t, b.read(t, "m"), "-Y", "check-novalidate", "-n", "git", "-s", "mixed.sig")
	if got.code != keygenFailed || got.stdout != "Could not verify signature.\n" || !strings.Contains(got.stderr, "post-quantum half") {
		t.Errorf("foreign KAI block: %s", got)
	}
}

// newHybridFile signs with new keys, classical and post-quantum.
func newHybridFile(t *testing.T, namespace, text string) string {
	t.Helper()
	var signers [2]sig.Signer
	for i, kind := range []key.Type{key.Ed25519, key.MLDSA65} {
		private, err := key.Generate(kind, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := private.Signer()
		if err != nil {
			t.Fatal(err)
		}
		signers[i] = sig.Signer{Public: private.Public(), Signer: signer}
	}
	signers[0].PQ = &signers[1]
	sum := sha256.Sum256([]byte(text))
	file, err := sshsig.Sign(rand.Reader, signers[0], namespace, "sha256", sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}
