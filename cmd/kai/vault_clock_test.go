package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What is open, for how long, by a clock that the test moves.
func TestVaultByTheClock(t *testing.T) {
	needKeyring(t)
	w := newLoggedWorld(t)
	t.Cleanup(func() { forgetSessions(t, filepath.Dir(w.auditDir(t))) })
	now := w.now()
	w.now = func() time.Time { return now }
	after := func(d time.Duration) { now = now.Add(d) }
	w.put(t, "pw", []byte("correct horse\n"))
	w.put(t, "wrong", []byte("wrong\n"))
	vault := func(code int, args ...string) {
		t.Helper()
		w.must(t, code, append([]string{"vault"}, args...)...)
		w.stdin = strings.NewReader("")
	}
	says := func(text string) {
		t.Helper()
		if !strings.Contains(w.out.String()+w.err.String(), text) {
			t.Errorf("no %q in %q and %q", text, w.out.String(), w.err.String())
		}
	}
	vault(exitDone, "init", "--kdf", "pbkdf2", "--passphrase-file", "pw")
	w.stdin = strings.NewReader("mail")
	vault(exitDone, "set", "default/login")
	w.stdin = strings.NewReader("token")
	vault(exitDone, "set", "default/token", "--service", "s")

	// Credentials open for five minutes after a factor was given, however often they are used.
	after(4 * time.Minute)
	vault(exitDone, "get", "default/login")
	after(59 * time.Second)
	vault(exitDone, "get", "default/login")
	after(2 * time.Second)
	vault(exitLocked, "get", "default/login")
	says("kai: hint: kai vault unlock, then the same within five minutes")
	vault(exitDone, "get", "default/token")
	vault(exitDone, "status")
	says("credentials  locked")
	w.stdin = strings.NewReader("more")
	vault(exitLocked, "set", "default/login")

	// A factor opens them again, a wrong one does not.
	vault(exitLocked, "get", "default/login", "--passphrase-file", "wrong")
	vault(exitDone, "get", "default/login", "--passphrase-file", "pw")
	says("mail")
	after(4 * time.Minute)
	vault(exitDone, "get", "default/login")

	// A change of the vault itself gives no further minutes.
	vault(exitDone, "ns", "add", "more")
	after(61 * time.Second)
	vault(exitLocked, "get", "default/login")

	// The session ends after 15 minutes without use, and 8 hours after its beginning.
	after(14 * time.Minute)
	vault(exitDone, "get", "default/token")
	after(15*time.Minute + time.Second)
	vault(exitLocked, "get", "default/token")
	vault(exitLocked, "status")
	vault(exitDone, "unlock", "--passphrase-file", "pw", "--ttl", "1h")
	for range 5 {
		after(10 * time.Minute)
		vault(exitDone, "get", "default/token")
	}
	after(10*time.Minute + time.Second)
	vault(exitLocked, "get", "default/token")

	// A clock that was set back opens nothing until it has caught up.
	vault(exitDone, "unlock", "--passphrase-file", "pw")
	after(-time.Hour)
	if code := w.run(t, "vault", "get", "default/token"); code == exitDone {
		t.Error("a session from the future was used")
	}
	after(time.Hour + time.Minute)
	vault(exitDone, "get", "default/token")

	// An API key ends after 30 days, and is due then.
	after(29 * 24 * time.Hour)
	vault(exitDone, "unlock", "--passphrase-file", "pw")
	vault(exitDone, "due")
	vault(exitDone, "get", "default/token")
	after(24 * time.Hour)
	vault(exitDone, "unlock", "--passphrase-file", "pw")
	vault(exitUntrusted, "due")
	says("default/token  expired")
	vault(exitUntrusted, "get", "default/token")
	vault(exitDone, "get", "default/token", "--allow-expired")
}
