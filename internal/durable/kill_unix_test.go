//go:build unix

package durable_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"kai/internal/durable"
	"kai/internal/durable/durabletest"
)

// Tests that kill run this test binary again, with a role, a directory and a number as arguments.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 {
		if role, ok := roles[os.Args[1]]; ok {
			n, err := strconv.Atoi(os.Args[3])
			if err == nil {
				err = role(os.Args[2], n)
			}
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// A role works until it is killed, and prints a number whenever something is durable.
var roles = map[string]func(path string, n int) error{
	"role:write":     func(path string, n int) error { return writeForever(path, n, durable.Root) },
	"role:named":     func(path string, n int) error { return writeForever(path, n, kinds["named only"]) },
	"role:keys":      createForever,
	"role:append":    appendForever,
	"role:die-write": dieAtCall,
	"role:hardened":  writeHardened,
}

// generation is content that is recognised as whole.
func generation(n int) []byte {
	line := fmt.Sprintf("generation %d\n", n)
	return []byte(strings.Repeat(line, 1+n*997%4000))
}

func whole(b []byte) (n int, ok bool) {
	if _, err := fmt.Sscanf(string(b[:min(len(b), 40)]), "generation %d\n", &n); err != nil {
		return 0, false
	}
	return n, bytes.Equal(b, generation(n))
}

func writeForever(path string, n int, kind func(*os.Root) durable.FS) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	dir := durable.NewDirFS(kind(root))
	for ; ; n++ {
		if err := dir.WriteFile("f", generation(n), 0o600); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func createForever(path string, n int) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	dir := durable.NewDir(root)
	for ; ; n++ {
		err := dir.CreateNew(fmt.Sprint("key-", n), generation(n), 0o600)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err == nil {
			fmt.Println(n)
		}
	}
}

func appendForever(path string, n int) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	l, err := durable.NewDir(root).OpenLog(context.Background(), "log", logOptions)
	if err != nil {
		return err
	}
	for ; ; n++ {
		if err := l.Append(context.Background(), generation(n%50), []byte(fmt.Sprint(n))); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// dieAtCall kills itself just before call n of a WriteFile and a CreateNew.
func dieAtCall(path string, n int) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	dir := durable.NewDirFS(durabletest.Wrap(durable.Root(root), func(c durabletest.Call) *durabletest.Fault {
		if c.N == n {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}))
	if err := dir.WriteFile("f", []byte(newText), 0o600); err != nil {
		return err
	}
	if err := dir.CreateNew("key", []byte(newText), 0o600); err != nil {
		return err
	}
	return errors.New("not killed")
}

// runAndKill lets a child acknowledge a few numbers, kills it at once, and returns the last one,
// or from-1.
func runAndKill(t *testing.T, role, path string, from, acks int) int {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	c := exec.Command(exe, role, path, fmt.Sprint(from))
	out, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	lines := bufio.NewScanner(out)
	last := from - 1
	read := func() bool {
		if !lines.Scan() {
			return false
		}
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Errorf("%s: %s", role, lines.Text())
			return false
		}
		last = n
		return true
	}
	for range acks {
		if !read() {
			break
		}
	}
	must(t, c.Process.Kill())
	for read() {
	}
	_, _ = io.Copy(io.Discard, out)
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) {
		t.Errorf("%s: %v", role, err)
	}
	return last
}

// kills is how often each role is killed.
func kills() int {
	if testing.Short() {
		return 8
	}
	return 60
}

func TestKilledWhileReplacing(t *testing.T) {
	for _, role := range []string{"role:write", "role:named"} {
		path, root := temp(t)
		dir := durable.NewDir(root)
		last, left := 0, 0
		for range kills() {
			acked := runAndKill(t, role, path, last+1, 1+rand.IntN(4))
			b, err := os.ReadFile(filepath.Join(path, "f"))
			if errors.Is(err, fs.ErrNotExist) && acked == 0 {
				continue
			}
			must(t, err)
			n, ok := whole(b)
			if !ok || n < acked || n > acked+1 {
				t.Fatalf("%s: acknowledged %d, found %d, whole %t", role, acked, n, ok)
			}
			last = n
			swept, err := dir.Sweep(".")
			must(t, err)
			left += swept
			if got := names(t, path); len(got) != 1 {
				t.Fatalf("%s: directory holds %q", role, got)
			}
		}
		if last < kills() {
			t.Errorf("%s: only %d generations", role, last)
		}
		t.Logf("%s: %d kills, %d generations, %d temporaries swept", role, kills(), last, left)
	}
}

func TestKilledWhileCreatingKeys(t *testing.T) {
	path, _ := temp(t)
	unnamed := hasUnnamed(t)
	acked := map[int]bool{}
	last := -1
	for range kills() {
		n := runAndKill(t, "role:keys", path, last+1, 1+rand.IntN(4))
		for i := last + 1; i <= n; i++ {
			acked[i] = true
		}
		last = max(last, n)
	}
	found := 0
	for _, name := range names(t, path) {
		number, isKey := strings.CutPrefix(name, "key-")
		switch {
		case !isKey && unnamed:
			t.Errorf("left %q", name)
		case !isKey:
			continue
		}
		want, err := strconv.Atoi(number)
		must(t, err)
		n, ok := whole([]byte(content(t, filepath.Join(path, name))))
		if !ok || n != want {
			t.Errorf("%s: a half-written key", name)
		}
		delete(acked, n)
		found++
	}
	if len(acked) != 0 || found < kills() {
		t.Errorf("%d keys; acknowledged and missing: %v", found, acked)
	}
	t.Logf("%d kills, %d keys", kills(), found)
}

func TestKilledWhileAppending(t *testing.T) {
	path, root := temp(t)
	const writers = 3
	var next [writers]int // behind the last acknowledged record of each
	for range kills() / writers {
		var wg sync.WaitGroup
		for w := range writers {
			// Numbers of writer w are w, w+1, … from w*1e6 on, and each record has the number.
			wg.Go(func() {
				from := w*1_000_000 + next[w]
				next[w] = runAndKill(t, "role:append", path, from, 1+rand.IntN(3)) + 1 - w*1_000_000
			})
		}
		wg.Wait()
	}
	l := openLog(t, durable.NewDir(root), "log")
	seen := map[int]int{}
	all := records(t, l)
	for i := 0; i+1 < len(all); i += 2 {
		n, err := strconv.Atoi(all[i+1])
		must(t, err)
		if all[i] != string(generation(n%50)) {
			t.Fatalf("record %d is damaged", n)
		}
		seen[n]++
	}
	total := 0
	for w := range writers {
		for i := range next[w] {
			if seen[w*1_000_000+i] == 0 {
				t.Errorf("writer %d: acknowledged record %d is missing", w, i)
			}
		}
		total += next[w]
	}
	// A record may be there twice at most where its writer was killed before it could say so.
	if extra := len(all)/2 - total; extra < 0 || extra > kills() {
		t.Errorf("%d records, %d acknowledged", len(all)/2, total)
	}
	t.Logf("%d kills, %d records, %d acknowledged", kills()/writers*writers, len(all)/2, total)
}

// Killed just before each call in turn: old or new, and nothing left when files can be unnamed
// but in the one moment between naming and renaming.
func TestKilledBeforeEachCall(t *testing.T) {
	exe, err := os.Executable()
	must(t, err)
	unnamed := hasUnnamed(t)
	for k := 0; ; k++ {
		path, root := temp(t)
		put(t, path, "f", oldText)
		out, err := exec.Command(exe, "role:die-write", path, fmt.Sprint(k)).Output()
		if strings.Contains(string(out), "not killed") {
			if k < 10 {
				t.Errorf("only %d calls", k)
			}
			break
		}
		if len(out) > 0 || err == nil {
			t.Fatalf("call %d: %q, %v", k, out, err)
		}
		if got := content(t, filepath.Join(path, "f")); got != oldText && got != newText {
			t.Errorf("call %d: a mixture: %q", k, got)
		}
		if got := content(t, filepath.Join(path, "key")); got != "(none)" && got != newText {
			t.Errorf("call %d: half a key: %q", k, got)
		}
		n, err := durable.NewDir(root).Sweep(".")
		must(t, err)
		betweenNaming := k == 5 || k == 6 // close, rename
		if unnamed && n != 0 && !betweenNaming {
			t.Errorf("call %d: %d temporaries left", k, n)
		}
	}
}
