package session_test

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
	"unsafe"

	"golang.org/x/sys/unix"

	"kai/internal/keyctl"
	"kai/internal/vault/objectid"
	"kai/internal/vault/session"
)

// role is how a test starts its own program again: "join" takes a session keyring that does not lead
// to the user keyring, and goes on as "fresh". dirVariable and vaultVariable say which session.
const (
	role          = "KAI_TEST_SESSION"
	dirVariable   = "KAI_TEST_SESSION_DIR"
	vaultVariable = "KAI_TEST_SESSION_VAULT"
)

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

// keyring is a bench whose kernel keys are forgotten at the end. Where there is no keyring, that this
// is said is all there is to test.
func keyring(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	_, err := b.Peek(start, session.Keyring{})
	wantError(t, "no session", err, session.ErrLocked)
	if errors.Is(err, session.ErrUnavailable) {
		t.Skip(err)
	}
	t.Cleanup(func() { must(t, b.EndAll(session.Keyring{})) })
	return b
}

func TestKeyring(t *testing.T) {
	b := keyring(t)
	k := session.Keyring{}
	if ended, err := b.End(k); ended || err != nil {
		t.Errorf("ended nothing: %v, %v", ended, err)
	}
	s := b.begin(t, k)
	for range 2 {
		got, err := b.Open(after(time.Second), session.Given{From: "KAI_SESSION"}, k)
		must(t, err)
		user, _, err := got.User(ctx, after(time.Second))
		must(t, err)
		if !got.Keys.EqualBytes([]byte(keysText)) || !user.EqualBytes([]byte(userText)) || got.Carrier() != "keyring" {
			t.Errorf("%+v", got)
		}
		user.Wipe()
		must(t, got.GrantUser(ctx, after(2*time.Second), hidden(userText)))
		got.Wipe()
	}
	// S_u alone expires, and a factor brings another one.
	must(t, keyctl.User(func(r keyctl.Ring) error { return r.Revoke(session.Description(b.Vault) + ":user") }))
	_, _, err := s.User(ctx, after(3*time.Second))
	wantError(t, "without S_u", err, session.ErrNoUser)
	must(t, s.GrantUser(ctx, after(3*time.Second), hidden("again")))
	user, _, err := s.User(ctx, after(4*time.Second))
	if err != nil || !user.EqualBytes([]byte("again")) {
		t.Errorf("granted: %v", err)
	}

	// Another session takes its place, and End takes everything.
	printed := given(t, s)
	next := b.begin(t, k)
	_, err = b.Open(after(0), printed)
	wantError(t, "the one before", err, session.ErrLocked)
	must(t, session.Keyring{}.Forget(b.Vault, printed.Token)) // not that one's any more
	if got, err := b.Open(after(0), k); err != nil || got.ID != next.ID {
		t.Errorf("the one that is: %v", err)
	}
	if ended, err := b.End(k); !ended || err != nil {
		t.Errorf("%v, %v", ended, err)
	}
	if names := b.blobs(t); len(names) != 0 {
		t.Errorf("left %q", names)
	}
	_, err = b.Open(after(0), k)
	wantError(t, "after End", err, session.ErrLocked)
	wantError(t, "after End", err, session.ErrNone)
	must(t, keyctl.User(func(r keyctl.Ring) error {
		for _, name := range []string{session.Description(b.Vault), session.Description(b.Vault) + ":user"} {
			if _, err := r.Find(name); !errors.Is(err, keyctl.ErrNoKey) {
				t.Errorf("%s: %v", name, err)
			}
		}
		return nil
	}))
	wantError(t, "renewed after End", k.Renew(b.Vault, next.Token(), time.Minute), session.ErrNone)
	wantError(t, "granted after End", k.KeepUser(b.Vault, next.Token(), time.Minute), session.ErrNone)
}

// The kernel ends a session that nobody uses, whatever our clock says.
func TestKeyringTimeout(t *testing.T) {
	b := keyring(t)
	k := session.Keyring{}
	o := options
	o.Idle = time.Second
	s, err := b.Begin(ctx, start, o, hidden(keysText), hidden(userText), k)
	must(t, err)
	defer s.Wipe()
	if got, err := b.Open(start, k); err != nil {
		t.Errorf("at once: %v", err)
	} else {
		got.Wipe()
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got, err := b.Peek(start, k)
		got.Wipe()
		if err != nil {
			wantError(t, "in the end", err, session.ErrLocked)
			if !errors.Is(err, session.ErrExpired) && !errors.Is(err, session.ErrNone) {
				t.Error(err)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("an idle time of a second is not over after 30")
		}
	}
	_, _, err = s.User(ctx, start)
	wantError(t, "its user key", err, session.ErrLocked)
	wantError(t, "a factor for it", s.GrantUser(ctx, start, hidden("u")), session.ErrLocked)
	// What began before ends: another one may begin in its place.
	b.begin(t, k)
	if got, err := b.Open(start, k); err != nil {
		t.Errorf("after another begin: %v", err)
	} else {
		got.Wipe()
	}
}

// A key of that name which is not ours is no session.
func TestKeyringForeign(t *testing.T) {
	b := keyring(t)
	set := func(payload []byte) {
		t.Helper()
		must(t, keyctl.User(func(r keyctl.Ring) error {
			_, err := r.Set(session.Description(b.Vault), payload)
			return err
		}))
	}
	for _, n := range []int{1, 31, 33, 4096} {
		set(make([]byte, n))
		_, err := b.Open(start, session.Keyring{})
		wantError(t, "length", err, session.ErrMalformed)
	}
	set(make([]byte, 32))
	_, err := b.Open(start, session.Keyring{})
	wantError(t, "another S", err, session.ErrLocked)
	if _, err := b.End(session.Keyring{}); err != nil {
		t.Error(err)
	}
	set([]byte("x"))
	if _, err := b.End(session.Keyring{}); err != nil {
		t.Errorf("a key that is not ours is not removed: %v", err)
	}
	_, err = b.Open(start, session.Keyring{})
	wantError(t, "removed", err, session.ErrNone)
}

// In a process whose session keyring does not lead to the user keyring, a thousand goroutines open the
// session.
func TestFreshSessionKeyring(t *testing.T) {
	if os.Getenv(role) == "fresh" {
		vault, err := objectid.Parse(os.Getenv(vaultVariable))
		must(t, err)
		b := benchIn(t, os.Getenv(dirVariable), vault)
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				s, err := b.Open(after(time.Second), session.Keyring{})
				if err != nil {
					t.Error(err)
					return
				}
				if !s.Keys.EqualBytes([]byte(keysText)) {
					t.Error("other keys")
				}
				s.Wipe()
			})
		}
		wg.Wait()
		t.Log("a thousand")
		return
	}
	b := keyring(t)
	b.begin(t, session.Keyring{})
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestFreshSessionKeyring$", "-test.v")
	cmd.Env = append(os.Environ(), role+"=join", dirVariable+"="+b.path, vaultVariable+"="+b.Vault.String())
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("a thousand")) {
		t.Fatalf("%v\n%s", err, out)
	}
}

// denied calls f on a thread on which keyctl(2) fails as containers let it fail.
func denied(t *testing.T, errno syscall.Errno, f func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		filter := []unix.SockFilter{
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // struct seccomp_data: nr
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_KEYCTL},
			{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
			{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		}
		program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
		err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		if err == nil {
			err = unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skipf("seccomp: %v", err)
	}
}

// Where the kernel's keys are denied nothing is kept, and the error says why.
func TestKeyringDenied(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.ENOSYS} {
		b := newBench(t)
		k := session.Keyring{}
		denied(t, errno, func() {
			_, err := b.Begin(ctx, start, options, hidden(keysText), hidden(userText), k)
			wantError(t, "begin", err, session.ErrUnavailable)
			if !errors.Is(err, errno) {
				t.Errorf("the cause is missing: %v", err)
			}
			if names := b.blobs(t); len(names) != 0 {
				t.Errorf("left %q", names)
			}
			_, err = b.Open(start, session.Given{From: "KAI_SESSION"}, k)
			wantError(t, "open", err, session.ErrLocked)
			want := "vault is locked: KAI_SESSION: no session given; keyring: not available here: kernel keyring not available: keyctl: " + errno.Error()
			if err == nil || err.Error() != want {
				t.Errorf("%v; want %s", err, want)
			}
			if ended, err := b.End(k); ended || err != nil {
				t.Errorf("end: %v, %v", ended, err)
			}
			if err := b.EndAll(k); err != nil {
				t.Errorf("end all: %v", err)
			}
			s, err := b.Begin(ctx, start, options, hidden(keysText), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := b.Open(start, given(t, s), k); err != nil {
				t.Errorf("KAI_SESSION needs the keyring: %v", err)
			} else {
				got.Wipe()
			}
			s.Wipe()
		})
	}
}
