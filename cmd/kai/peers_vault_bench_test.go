//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/argon2"
	"golang.org/x/sys/unix"

	"kai/internal/vault"
	"kai/internal/vault/fields"
	"kai/internal/vault/vlog"
)

// manySecrets is how many secrets a large vault has; with -short a tenth.
const manySecrets = 100_000

// enoughRuns is from how many runs on a median says enough to fail a benchmark.
const enoughRuns = 20

// timings are of programs that run in turn, by what they are.
type timings map[string][]time.Duration

func (m timings) add(what string, d time.Duration) { m[what] = append(m[what], d) }

// median is the middle of what was measured.
func (m timings) median(what string) time.Duration {
	list := slices.Clone(m[what])
	slices.Sort(list)
	return list[len(list)/2]
}

// report shows the medians in milliseconds.
func (m timings) report(b *testing.B) {
	b.Helper()
	for what := range m {
		b.ReportMetric(float64(m.median(what).Microseconds())/1000, what+"-ms")
	}
	b.ReportMetric(0, "ns/op") // of everything in turn, which means nothing
}

// ratio shows how one median compares with another, and holds it against a bound.
func (m timings) ratio(b *testing.B, what, peer string, most float64) {
	b.Helper()
	r := float64(m.median(what)) / float64(m.median(peer))
	b.ReportMetric(r, what+"/"+peer)
	if r > most && len(m[what]) >= enoughRuns {
		b.Errorf("%s takes %v, %.2f times as long as %s, more than %.2f", what, m.median(what), r, peer, most)
	}
}

// watch measures a program that must succeed.
func (m timings) watch(b *testing.B, what string, cmd *exec.Cmd) []byte {
	b.Helper()
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	start := time.Now()
	err := cmd.Run()
	m.add(what, time.Since(start))
	if err != nil {
		b.Fatalf("%s: %v\n%s%s", what, err, out.Bytes(), said.Bytes())
	}
	return out.Bytes()
}

// releasedVault is a vault of the program as it is released, in the directory that the benchmark and
// its peers share, so that all write to one disk.
func releasedVault(b *testing.B, kdf ...string) *vaultHome {
	b.Helper()
	v := newVaultHome(b, kdf...)
	v.program = buildRelease(b)
	return v
}

// fillVault adds n secrets of 64 bytes in one commit.
func (v *vaultHome) fillVault(b *testing.B, n int) {
	b.Helper()
	opened, keys := v.unlocked(b)
	defer keys.Wipe()
	ref, err := parseSecretName("ci/x")
	if err != nil {
		b.Fatal(err)
	}
	s, _, err := opened.Resolve(keys, ref.Path)
	if err != nil {
		b.Fatal(err)
	}
	var changes []vault.Change
	for i := range n {
		m := vault.Meta{Path: secretNumber(i), Kind: vault.KindAPIKeys, Scope: vault.Scope{Service: "github"}}
		vault.Defaults(&m, time.Now())
		changes = append(changes, vault.Change{Type: vlog.Put, Meta: m, Fields: []fields.Field{{Name: "value", Value: fmt.Appendf(nil, "%064d", i)}}})
	}
	if _, err := s.Commit(b.Context(), changes); err != nil {
		b.Fatal(err)
	}
}

func secretNumber(i int) string { return fmt.Sprintf("team-%d/host-%d/token", i%97, i) }

// passStore is a store of pass with one secret of 64 bytes, and its environment.
func passStore(b *testing.B, dir string) (pass string, environ []string) {
	b.Helper()
	pass = peer(b, "pass")
	gpg := peer(b, "gpg")
	home := filepath.Join(dir, "gpg")
	if err := os.Mkdir(home, 0o700); err != nil {
		b.Fatal(err)
	}
	environ = append(os.Environ(), "GNUPGHOME="+home, "PASSWORD_STORE_DIR="+filepath.Join(dir, "store"))
	run := func(stdin string, args ...string) {
		b.Helper()
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env, cmd.Stdin = environ, strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Skipf("%q: %v\n%s", args, err, out)
		}
	}
	run("", gpg, "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "bench@example.org", "default", "default", "never")
	b.Cleanup(func() {
		cmd := exec.Command("gpgconf", "--kill", "gpg-agent")
		cmd.Env = environ
		_ = cmd.Run() // the agent of this home alone
	})
	run("", pass, "init", "bench@example.org")
	run(strings.Repeat("x", 64)+"\n", pass, "insert", "-m", "ci/github")
	return pass, environ
}

// ageFile is 64 bytes that are encrypted to a key.
func ageFile(b *testing.B, dir string) (key, file string) {
	b.Helper()
	who, err := age.GenerateX25519Identity()
	if err != nil {
		b.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, who.Recipient())
	if err == nil {
		if _, err = w.Write(bytes.Repeat([]byte{'x'}, 64)); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	key, file = filepath.Join(dir, "age.key"), filepath.Join(dir, "x.age")
	for name, data := range map[string][]byte{key: []byte(who.String() + "\n"), file: sealed.Bytes()} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return key, file
}

// appender writes and syncs, as whatever keeps a record must at least.
type appender struct{ file *os.File }

func newAppender(b *testing.B, dir string) *appender {
	b.Helper()
	f, err := os.Create(filepath.Join(dir, "appended"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return &appender{f}
}

func (a *appender) write(b *testing.B, size int) time.Duration {
	b.Helper()
	data := make([]byte, size)
	start := time.Now()
	if _, err := a.file.Write(data); err != nil {
		b.Fatal(err)
	}
	if err := unix.Fdatasync(int(a.file.Fd())); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// BenchmarkPeersVaultGet measures whole processes that print one secret of 64 bytes out of 10 and of
// 100,000: from an open session, and with the key of a bot. To hold: at most 0.5 of pass show, and at
// most 3 times age -d and one fdatasync.
//
//	go test ./cmd/kai -run '^$' -bench PeersVaultGet -benchtime 20x
func BenchmarkPeersVaultGet(b *testing.B) {
	many := manySecrets
	if testing.Short() {
		many /= 10
	}
	for _, n := range []int{10, many} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v := releasedVault(b)
			pass, environ := passStore(b, v.workDir)
			ageProgram := peer(b, "age")
			key, sealed := ageFile(b, v.workDir)
			disk := newAppender(b, v.workDir)
			v.fillVault(b, n)
			who, err := age.GenerateX25519Identity()
			if err != nil {
				b.Fatal(err)
			}
			v.write(b, "bot.key", who.String()+"\n")
			v.done(b, "vault", "grant", who.Recipient().String(), "ci", "--yes")
			name := "ci/" + secretNumber(n/2)
			v.done(b, "vault", "get", name) // once, for what is made for the next time
			m := timings{}
			for b.Loop() {
				show := exec.Command(pass, "show", "ci/github")
				show.Env = environ
				m.watch(b, "pass", show)
				m.watch(b, "age+sync", exec.Command(ageProgram, "-d", "-i", key, sealed))
				m["age+sync"][len(m["age+sync"])-1] += disk.write(b, 400)
				if out := m.watch(b, "get", v.command(b, "vault", "get", name)); string(out) != fmt.Sprintf("%064d", n/2) {
					b.Fatalf("got %q", out)
				}
				m.watch(b, "as-file", v.command(b, "vault", "get", name, "--as", "file:bot.key"))
				m.watch(b, "version", v.command(b, "version"))
			}
			m.report(b)
			m.ratio(b, "get", "pass", 0.5)
			m.ratio(b, "get", "age+sync", 3)
			m.ratio(b, "as-file", "age+sync", 4)
		})
	}
}

// BenchmarkPeersVaultSet measures what the vault's part of a set costs: one commit of one secret after
// the other, against a write and an fdatasync of as many bytes. To hold: at most 1.5 times.
//
//	go test ./cmd/kai -run '^$' -bench PeersVaultSet -benchtime 1000x
func BenchmarkPeersVaultSet(b *testing.B) {
	v := newVaultHome(b)
	v.fillVault(b, 1)
	opened, keys := v.unlocked(b)
	defer keys.Wipe()
	ref, err := parseSecretName("ci/x")
	if err != nil {
		b.Fatal(err)
	}
	s, _, err := opened.Resolve(keys, ref.Path)
	if err != nil {
		b.Fatal(err)
	}
	disk := newAppender(b, v.workDir)
	m := timings{}
	meta := vault.Meta{Path: "one", Kind: vault.KindAPIKeys, Scope: vault.Scope{Service: "github"}}
	vault.Defaults(&meta, time.Now())
	time.Sleep(4 * time.Second) // a vault is not made a moment before
	for b.Loop() {
		change := vault.Change{Type: vlog.Put, Meta: meta, Fields: []fields.Field{{Name: "value", Value: make([]byte, 64)}}}
		start := time.Now()
		if _, err := s.Commit(b.Context(), []vault.Change{change}); err != nil {
			b.Fatal(err)
		}
		m.add("commit", time.Since(start))
		m.add("write+sync", disk.write(b, 592))
	}
	m.report(b)
	m.ratio(b, "commit", "write+sync", 1.5)
}

// deriveOnly is set in a process that derives a key and ends.
const deriveOnly = "KAI_TEST_DERIVE"

// TestDeriveOnly is the peer of BenchmarkPeersVaultUnlock: the key derivation with the memory of a
// process that has just begun.
func TestDeriveOnly(t *testing.T) {
	password := os.Getenv(deriveOnly)
	if password == "" {
		t.Skip("not in a process of its own")
	}
	argon2.IDKey([]byte(password), make([]byte, 32), 3, 64<<10, 4, 32)
}

// BenchmarkPeersVaultUnlock measures unlock against the key derivation that it cannot do without, each
// in a process of its own. To hold: at most 1.3 times.
//
//	go test ./cmd/kai -run '^$' -bench PeersVaultUnlock -benchtime 20x
func BenchmarkPeersVaultUnlock(b *testing.B) {
	v := releasedVault(b, "--kdf", "argon2id")
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	m := timings{}
	for b.Loop() {
		derive := exec.Command(self, "-test.run=^TestDeriveOnly$")
		derive.Env = append(slices.Clone(v.environ), deriveOnly+"="+v.password)
		m.watch(b, "kdf", derive)
		m.watch(b, "unlock", v.command(b, "vault", "unlock", "--passphrase-file", "pw"))
	}
	m.report(b)
	m.ratio(b, "unlock", "kdf", 1.3)
}

// BenchmarkPeersVaultSlotRm measures the removal of one of five slots of a vault with fifty namespaces,
// for which all their keys are made anew and sealed again. The design wants less than a second. Each
// removal adds an epoch to every namespace, whose credentials key the next one has to seal again: few
// runs say what a vault in use takes.
//
//	go test ./cmd/kai -run '^$' -bench PeersVaultSlotRm -benchtime 3x
func BenchmarkPeersVaultSlotRm(b *testing.B) {
	v := releasedVault(b)
	opened, keys := v.unlocked(b)
	for i := range 48 { // beside default and ci
		if err := opened.AddNamespace(b.Context(), keys, fmt.Sprintf("team%d", i), false); err != nil {
			b.Fatal(err)
		}
	}
	keys.Wipe()
	add := func() string {
		v.done(b, "vault", "unlock", "--slot", v.opened(b).Slots()[0].String(), "--passphrase-file", "pw")
		return strings.TrimSpace(v.done(b, "vault", "slot", "add", "password", "--kdf", "pbkdf2", "--passphrase-file", "pw"))
	}
	for range 3 {
		add()
	}
	m := timings{}
	for b.Loop() {
		id := add()
		m.watch(b, "slot-rm", v.command(b, "vault", "slot", "rm", id))
		m.watch(b, "version", v.command(b, "version"))
	}
	m.report(b)
}

// One set is one fdatasync of the vault's log; the others are the audit log's.
func TestSetSyncsOnce(t *testing.T) {
	strace := peer(t, "strace")
	v := newVaultHome(t)
	v.set(t, "value", "vault", "set", "ci/github", "--service", "github")
	cmd := v.command(t, "vault", "set", "ci/github", "--service", "github")
	cmd.Args = append([]string{"strace", "-f", "-y", "-qq", "-e", "trace=fsync,fdatasync,sync,syncfs,msync", "-e", "signal=none", "-o", v.path("trace"), v.path("kai")}, cmd.Args[1:]...)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, v.path("kai")); err != nil {
		t.Fatal(err)
	}
	cmd.Path = strace
	if a := finish(t, "another", cmd); a.code != exitDone {
		t.Skipf("strace: %v", a)
	}
	trace, err := os.ReadFile(v.path("trace"))
	if err != nil {
		t.Fatal(err)
	}
	counted := map[string]int{}
	for _, call := range regexp.MustCompile(`(?m)^\d+ +(\w+)\(\d+<(.*)>`).FindAllSubmatch(trace, -1) {
		name, err := filepath.Rel(v.home, string(call[2]))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(name, "vault/ns/") && strings.HasSuffix(name, ".vlog") && string(call[1]) == "fdatasync":
			counted["vlog"]++
		case strings.HasPrefix(name, "audit/"):
			counted["audit"]++
		default:
			counted[name]++
		}
	}
	if counted["vlog"] != 1 || counted["audit"] == 0 || len(counted) != 2 {
		t.Errorf("syncs %v\n%s", counted, trace)
	}
}
