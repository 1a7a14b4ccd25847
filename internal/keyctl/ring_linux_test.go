package keyctl_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kai/internal/keyctl"
)

const description = "kai:test:keyctl"

// role is how a test starts its own program again: "join" takes a fresh session keyring and goes
// on as "fresh".
const role = "KAI_TEST_KEYCTL"

func TestMain(m *testing.M) {
	if os.Getenv(role) == "join" {
		runtime.LockOSThread()
		_, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
		if err == nil {
			err = os.Setenv(role, "fresh")
		}
		if err == nil {
			err = syscall.Exec("/proc/self/exe", os.Args, os.Environ())
		}
		panic(err)
	}
	os.Exit(m.Run())
}

// available skips a test where there is no keyring.
func available(t *testing.T) {
	t.Helper()
	err := keyctl.User(func(keyctl.Ring) error { return nil })
	if errors.Is(err, keyctl.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func use(t *testing.T, f func(r keyctl.Ring)) {
	t.Helper()
	err := keyctl.User(func(r keyctl.Ring) error { f(r); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLife(t *testing.T) {
	available(t)
	use(t, func(r keyctl.Ring) {
		must(t, r.Revoke(description))
		if _, err := r.Find(description); !errors.Is(err, keyctl.ErrNoKey) && !errors.Is(err, keyctl.ErrExpired) {
			t.Fatalf("before: %v", err)
		}
		k, err := r.Set(description, []byte("one"))
		must(t, err)
		again, err := r.Set(description, []byte("second"))
		must(t, err)
		found, err := r.Find(description)
		if err != nil || found != k || again != k {
			t.Errorf("%d, %d, %d, %v", k, again, found, err)
		}
		buf := make([]byte, 8)
		n, err := r.Read(k, buf)
		if err != nil || n != 6 || !bytes.Equal(buf[:n], []byte("second")) {
			t.Errorf("%d, %v, %q", n, err, buf)
		}
		if n, err := r.Read(k, buf[:2]); n != 6 || err != nil {
			t.Errorf("short: %d, %v", n, err)
		}
		must(t, r.Revoke(description))
		must(t, r.Revoke(description))
		if _, err := r.Read(k, buf); err == nil { // EACCES: no ring leads to it
			t.Error("after Revoke it is read")
		}
		if _, err := r.Find(description); !errors.Is(err, keyctl.ErrNoKey) {
			t.Errorf("after Revoke: %v", err)
		}
	})
}

// The kernel ends a key, and Set brings an expired one back, without a timeout.
func TestTimeout(t *testing.T) {
	available(t)
	use(t, func(r keyctl.Ring) {
		k, err := r.Set(description, []byte("x"))
		must(t, err)
		must(t, r.Timeout(k, time.Nanosecond))
	})
	deadline := time.Now().Add(30 * time.Second)
	for gone := false; !gone; {
		if time.Now().After(deadline) {
			t.Fatal("a key with a timeout of a second is there after 30")
		}
		time.Sleep(50 * time.Millisecond)
		use(t, func(r keyctl.Ring) {
			_, err := r.Find(description)
			gone = errors.Is(err, keyctl.ErrExpired) || errors.Is(err, keyctl.ErrNoKey)
			if err != nil && !gone {
				t.Fatal(err)
			}
		})
	}
	use(t, func(r keyctl.Ring) {
		k, err := r.Set(description, []byte("y"))
		must(t, err)
		var buf [1]byte
		if n, err := r.Read(k, buf[:]); n != 1 || err != nil || buf[0] != 'y' {
			t.Errorf("%d, %v", n, err)
		}
		must(t, r.Revoke(description))
	})
}

// In a session keyring that does not lead to @u, a thread that User was not on reads nothing, and
// a thousand goroutines on User all do.
func TestFreshSession(t *testing.T) {
	available(t)
	if os.Getenv(role) != "fresh" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestFreshSession$", "-test.v")
		cmd.Env = append(os.Environ(), role+"=join")
		out, err := cmd.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("a thousand")) {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	var k keyctl.Key
	use(t, func(r keyctl.Ring) {
		var err error
		k, err = r.Set(description+":fresh", []byte("x"))
		must(t, err)
		must(t, r.Timeout(k, time.Minute))
	})
	defer use(t, func(r keyctl.Ring) { must(t, r.Revoke(description+":fresh")) })

	denied := make(chan error)
	go func() { // on a thread of its own, without the link, which ends with the goroutine
		runtime.LockOSThread()
		_, _ = unix.KeyctlInt(unix.KEYCTL_UNLINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_THREAD_KEYRING, 0, 0)
		_, err := unix.KeyctlBuffer(unix.KEYCTL_READ, int(k), make([]byte, 1), 0)
		denied <- err
	}()
	if err := <-denied; !errors.Is(err, unix.EACCES) {
		t.Errorf("without the link: %v; the test is blind", err)
	}

	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			err := keyctl.User(func(r keyctl.Ring) error {
				found, err := r.Find(description + ":fresh")
				if err != nil {
					return err
				}
				var buf [1]byte
				_, err = r.Read(found, buf[:])
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	t.Log("a thousand")
}

// A key that another user has put there, as root can make one, is not taken for ours.
func TestForeign(t *testing.T) {
	available(t)
	if os.Getuid() != 0 {
		t.Skip("only root gives keys away")
	}
	const name = description + ":foreign"
	use(t, func(r keyctl.Ring) {
		planted, err := unix.AddKey("user", name, []byte("planted"), unix.KEY_SPEC_USER_KEYRING)
		must(t, err)
		defer func() {
			_, err := unix.KeyctlInt(unix.KEYCTL_UNLINK, planted, unix.KEY_SPEC_USER_KEYRING, 0, 0)
			must(t, err)
		}()
		if _, err := r.Find(name); err != nil {
			t.Fatalf("before it is given away: %v; the test is blind", err)
		}
		_, err = unix.KeyctlInt(unix.KEYCTL_CHOWN, planted, 65534, -1, 0)
		must(t, err)
		if k, err := r.Find(name); !errors.Is(err, keyctl.ErrForeign) {
			t.Errorf("%d, %v", k, err)
		}
		if err := r.Revoke(name); !errors.Is(err, keyctl.ErrForeign) {
			t.Errorf("Revoke: %v", err)
		}
	})
}
