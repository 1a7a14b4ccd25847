package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// vaultActs makes a vault and does with it what leaves acts of its own.
func (w *world) vaultActs(t *testing.T) {
	needKeyring(t)
	home := filepath.Dir(w.auditDir(t))
	t.Cleanup(func() { forgetSessions(t, home) })
	put := func(name, text string) string {
		t.Helper()
		w.put(t, name, []byte(text))
		return filepath.Join(w.workDir, name)
	}
	pass, wrong := put("password", "correct horse battery staple\n"), put("wrong", "wrong\n")
	set := func(code int, args ...string) {
		t.Helper()
		w.stdin = strings.NewReader("a value")
		w.must(t, code, append([]string{"vault", "set"}, args...)...)
		w.stdin = strings.NewReader("")
	}
	vault := func(code int, args ...string) {
		t.Helper()
		w.must(t, code, append([]string{"vault"}, args...)...)
	}
	vault(exitDone, "init", "--kdf", "pbkdf2", "--passphrase-file", pass)
	vault(exitDone, "lock")
	vault(exitLocked, "unlock", "--passphrase-file", wrong)
	vault(exitDone, "unlock", "--passphrase-file", pass, "--ttl", "1h")
	later := w.now().Add(2 * time.Hour)
	w.now = func() time.Time { return later }
	vault(exitLocked, "list") // session_expired
	vault(exitDone, "unlock", "--passphrase-file", pass, "--read-only")
	set(exitDenied, "default/a", "--service", "s") // vault_access_denied
	vault(exitDone, "unlock", "--passphrase-file", pass)

	set(exitDone, "default/a", "--service", "s")
	vault(exitDone, "get", "default/a")
	vault(exitDone, "list")
	set(exitDone, "default/old", "--expires", "2001-01-01")
	vault(exitUntrusted, "get", "default/old") // secret_expired_access
	vault(exitDone, "inject", "-i", put("template", "{{ kai://default/a }}"), "-o", "filled")
	vault(exitDone, "rotate", "default/a", "--rotate-with", "random")
	vault(exitDone, "rm", "default/old")
	vault(exitDone, "import", "dotenv", put("dotenv", "NAME=value\n"))
	vault(exitDone, "export", "-o", "export.age", "-r", "a.pub", "--passphrase-file", pass)
	vault(exitDone, "backup", "-o", "backup.tar")
	vault(exitConflict, "restore", "backup.tar", "--passphrase-file", pass)
	vault(exitDone, "compact")
	vault(exitNotFound, "resolve", "default/a", "99")

	vault(exitDone, "ns", "add", "ci") // vault_rekeyed
	vault(exitDone, "role", "add", "build")
	vault(exitDone, "role", "rm", "build")
	vault(exitDone, "slot", "add", "age", "-r", "a.pub")
	vault(exitDone, "slot", "rm", strings.TrimSpace(w.out.String()))
	vault(exitDone, "device", "list")
	old := strings.Fields(w.out.String())[1]
	vault(exitDone, "device", "new", "--replace")
	vault(exitDone, "device", "rm", old)
	vault(exitDone, "sync", filepath.Join(t.TempDir(), "copy"))

	// An older copy of a log is put back, and then a byte of a newer one is changed.
	set(exitDone, "default/b", "--service", "s")
	logs, err := filepath.Glob(filepath.Join(home, "vault", "ns", "*", "*.vlog"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no logs (%v)", err)
	}
	before := map[string][]byte{}
	for _, name := range logs {
		if before[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	restore := func(files map[string][]byte, change func([]byte)) {
		t.Helper()
		for name, data := range files {
			change(data)
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	set(exitDone, "default/b")
	restore(before, func([]byte) {})
	vault(exitBad, "get", "default/b") // vault_rollback_detected
	manifests, err := filepath.Glob(filepath.Join(home, "vault", "admin", "*.json"))
	if err != nil || len(manifests) == 0 {
		t.Fatalf("no manifests (%v)", err)
	}
	newest := manifests[len(manifests)-1]
	data, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	restore(map[string][]byte{newest: data}, func(b []byte) { b[len(b)/2] ^= 1 })
	vault(exitBad, "get", "default/a") // vault_tampered
}
