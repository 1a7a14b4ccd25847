package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Where the log cannot be written no secret is given out and nothing is changed, and that is said; but
// lock locks.
func TestVaultWithoutLog(t *testing.T) {
	needKeyring(t)
	outside := newWorld(t, "")
	disk, ok := smallDisk(t, outside)
	if !ok {
		return
	}
	remount := func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|flags, "size=4m,mode=0700"); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name         string
		break_, mend func(v *vaultHome)
		code         int
		says         string
	}{
		{"full", func(v *vaultHome) {
			// Until the page is full that the last line is on, nothing is amiss; and there is room that the
			// log has kept, for the last events.
			for row, i := 0, 0; row < 5; i++ {
				fill(t, filepath.Join(disk, "filler"))
				if row++; v.call(t, "", "vault", "get", "ci/github").code == exitDone {
					row = 0
				}
				if i == 200 {
					t.Fatal("the disk does not become full")
				}
			}
		}, func(v *vaultHome) {
			if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
				t.Fatal(err)
			}
		}, exitFailure, "hint: make room"},
		{"read-only", func(v *vaultHome) { remount(syscall.MS_RDONLY) }, func(v *vaultHome) { remount(0) }, exitFailure, "read-only file system"},
		{"removed", func(v *vaultHome) {
			if err := os.Rename(filepath.Join(v.home, "audit"), filepath.Join(v.home, "audit-away")); err != nil {
				t.Fatal(err)
			}
		}, func(v *vaultHome) {
			if err := os.RemoveAll(filepath.Join(v.home, "audit")); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(v.home, "audit-away"), filepath.Join(v.home, "audit")); err != nil {
				t.Fatal(err)
			}
		}, exitBad, "audit"},
		{"no directory", func(v *vaultHome) {
			if err := os.Rename(filepath.Join(v.home, "audit"), filepath.Join(v.home, "audit-away")); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(v.home, "audit"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, func(v *vaultHome) {
			if err := os.Rename(filepath.Join(v.home, "audit-away"), filepath.Join(v.home, "away")); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(v.home, "audit")); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(v.home, "away"), filepath.Join(v.home, "audit")); err != nil {
				t.Fatal(err)
			}
		}, -1, "audit"},
	}
	v := newVaultHomeIn(t, filepath.Join(disk, "home"))
	v.set(t, "value", "vault", "set", "ci/github", "--service", "github")
	id := v.id(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v.done(t, "vault", "unlock", "--passphrase-file", "pw")
			test.break_(v)
			before := v.snapshot(t)
			for _, args := range []string{
				"vault get ci/github", "vault set ci/github", "vault run -- echo ran", "vault rm ci/github", "vault unlock --passphrase-file pw", "vault list",
			} {
				a := v.call(t, "another", strings.Fields(args)...)
				if a.code == exitDone || test.code >= 0 && a.code != test.code || a.out != "" || !strings.Contains(a.said, test.says) || !strings.Contains(a.said, "kai: error: ") {
					t.Errorf("kai %s: want exit %d, no answer, and %q: %v", args, test.code, test.says, a)
				}
			}
			v.sameAs(t, before)
			if _, err := kernelKey(id, ""); err != nil {
				t.Fatalf("the session is gone before its time: %v", err)
			}
			if a := v.call(t, "", "vault", "lock"); a.code != exitDone || !strings.Contains(a.said, "kai: warning: ") {
				t.Errorf("lock: %v", a)
			}
			if _, err := kernelKey(id, ""); err == nil {
				t.Error("the key is in the kernel after lock")
			}
			if left := v.blobs(t); len(left) != 0 {
				t.Errorf("left %q", left)
			}
			test.mend(v)
		})
	}
	v.done(t, "vault", "unlock", "--passphrase-file", "pw")
	if got := v.done(t, "vault", "get", "ci/github"); got != "value" {
		t.Errorf("%q", got)
	}
}
