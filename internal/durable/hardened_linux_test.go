package durable_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"kai/internal/durable"
)

// writeHardened writes as an ordinary user whose process is not dumpable, as kai's is: /proc/self
// then belongs to the superuser, and unnamed files get their names through it.
func writeHardened(path string, _ int) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return err
	}
	_, err = durable.Root(root).OpenUnnamed(".", 0o600)
	fmt.Println("unnamed:", err == nil)
	dir := durable.NewDir(root)
	if err := dir.CreateNew("key", []byte(newText), 0o400); err != nil {
		return err
	}
	if err := dir.WriteFile("key", []byte(newText), 0o400); err != nil {
		return err
	}
	return errors.New("none")
}

func TestHardenedOrdinaryUser(t *testing.T) {
	path, _ := temp(t)
	must(t, os.Chmod(path, 0o777))
	exe, err := os.Executable()
	must(t, err)
	out, _ := exec.Command(exe, "role:hardened", path, "0").Output()
	if want := fmt.Sprintf("unnamed: %t\nerror: none\n", hasUnnamed(t)); string(out) != want {
		t.Errorf("got  %q\nwant %q", out, want)
	}
	if got := names(t, path); !reflect.DeepEqual(got, []string{"key"}) || content(t, filepath.Join(path, "key")) != newText {
		t.Errorf("directory holds %q", got)
	}
}
