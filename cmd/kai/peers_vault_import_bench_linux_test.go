package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkVaultImport imports 100,000 secrets of 64 bytes, and lists them, each as a process of its
// own, beside `pass insert` of 1,000 (30-vault.md §12, 32): at most 3 s and 64 MiB above the input,
// 1/20 of pass for each secret, and 1 s for the list. The thousand inserts take three minutes and more,
// since each is 0.2 s of gpg and of shells; with -short there are twenty, enough for a mean that is held
// against a twentieth.
func BenchmarkVaultImport(b *testing.B) {
	const secrets, inserts = 100_000, 1000
	needKeyring(b)
	for b.Loop() { // it forgets what was reported before it; what is measured is below
	}
	dir := b.TempDir()
	b.Cleanup(func() { forgetSessions(b, dir) })
	var text strings.Builder
	text.WriteString("{\n")
	for i := range secrets {
		if i > 0 {
			text.WriteString(",\n")
		}
		fmt.Fprintf(&text, `"dir-%d/host-%d": {"password": "%064d"}`, i%97, i, i)
	}
	text.WriteString("}\n")
	for name, content := range map[string]string{"many.json": text.String(), "one.json": `{"one": "x"}`, "pw": "correct horse battery staple\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	kai := func(args ...string) (took time.Duration, memory int64) {
		cmd := exec.Command(self, args...)
		cmd.Args[0], cmd.Dir = "kai", dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "KAI_HOME="+filepath.Join(dir, ".kind"), "KAI_PASSPHRASE_FILE=pw")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		start := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		memory = highWater(cmd.Process.Pid) << 10
		if err := cmd.Wait(); err != nil {
			b.Fatalf("%q: %v\n%.2000s", args, err, out.Bytes())
		}
		return time.Since(start), memory
	}
	kai("vault", "init", "--kdf", "pbkdf2")
	_, base := kai("vault", "import", "json", "one.json")
	took, memory := kai("vault", "import", "json", "many.json")
	b.ReportMetric(took.Seconds(), "s/import")
	b.ReportMetric(float64(memory-base-int64(text.Len()))/(1<<20), "MiB-above-input")
	each := took / secrets
	kai("vault", "get", "default/dir-0/host-0") // makes the index
	took, _ = kai("vault", "list")
	b.ReportMetric(took.Seconds(), "s/list")
	pass, gpg := peer(b, "pass"), peer(b, "gpg")
	run := func(stdin, program string, args ...string) {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "HOME="+dir, "GNUPGHOME="+filepath.Join(dir, "gnupg"), "PASSWORD_STORE_DIR="+filepath.Join(dir, "store"))
		cmd.Stdin = strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%s %q: %v\n%s", program, args, err, out)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "gnupg"), 0o700); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd := exec.Command("gpgconf", "--kill", "gpg-agent")
		cmd.Env = append(os.Environ(), "GNUPGHOME="+filepath.Join(dir, "gnupg"))
		_ = cmd.Run() // it ends by itself when its directory is gone
	})
	run("", gpg, "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "me@example.org", "default", "default", "never")
	run("", pass, "init", "me@example.org")
	n := inserts
	if testing.Short() {
		n = 20
	}
	start := time.Now()
	for i := range n {
		run(fmt.Sprintf("%064d\n", i), pass, "insert", "-m", fmt.Sprintf("dir-%d/host-%d", i%97, i))
	}
	theirs := time.Since(start) / time.Duration(n)
	b.ReportMetric(float64(theirs)/float64(each), "pass-insert/import")
}
