package vault

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"kai/internal/durable"
	"kai/internal/secret"
)

// workerVariable makes the test binary a process that works on a vault: DIR,MODE,COUNT,NAME. COUNT 0 is
// without end. The keys of a session are in the file DIR.keys.
const workerVariable = "KAI_VAULT_TEST_WORKER"

func TestMain(m *testing.M) {
	if order := os.Getenv(workerVariable); order != "" {
		if err := work(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// work does what a worker is told, and tells on standard output what is durable: the path and its
// value, or "won N".
func work(order string) error {
	words := strings.Split(order, ",")
	root, err := os.OpenRoot(words[0])
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(words[2])
	if err != nil {
		return err
	}
	b := &worker{dir: durable.NewDir(root), name: words[3]}
	if b.keys, b.user, err = readKeys(words[0]); err != nil {
		return err
	}
	for i := 0; count == 0 || i < count; i++ {
		if err := b.open(); err != nil {
			return err
		}
		switch words[1] {
		case "set":
			err = b.set(i)
		case "anything":
			err = b.anything(i)
		case "one":
			err = b.one()
		case "race":
			err = b.race()
		case "once":
			err = b.once()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// worker is a process that uses a vault.
type worker struct {
	dir        *durable.Dir
	keys, user *secret.Bytes
	name       string
	v          *Vault
	held       *Keys
	last       *Space // that was used before, by a process that goes on
}

func keysFile(dir string) string { return filepath.Clean(dir) + ".keys" }

// writeKeys gives the keys of a test's vault to its workers.
func (b *testVault) writeKeys() {
	b.Helper()
	keys, user := b.keys.Encode()
	data := appendU32(nil, uint32(keys.Len()))
	must(b, os.WriteFile(keysFile(b.path), append(append(data, keys.Expose()...), user.Expose()...), 0o600))
	b.Cleanup(func() { os.Remove(keysFile(b.path)) })
}

func readKeys(dir string) (keys, user *secret.Bytes, err error) {
	data, err := os.ReadFile(keysFile(dir))
	if err != nil {
		return nil, nil, err
	}
	n, rest, _ := cutU32(data)
	return cloneSecret(rest[:n]), cloneSecret(rest[n:]), nil
}

// open opens the vault anew, as each command of a user does, or goes on with it.
func (b *worker) open() (err error) {
	if b.v != nil && mathrand.IntN(3) > 0 {
		return nil
	}
	b.held.Wipe()
	b.last = nil
	if b.v, err = Open(b.dir, Options{Now: time.Now, Random: rand.Reader, Warn: warn}); err != nil {
		return err
	}
	if b.held, err = DecodeKeys(b.keys, b.user); err != nil {
		return err
	}
	return b.v.CheckMemory(b.held)
}

func warn(text string) { fmt.Printf("warning %s\n", text) }

func (b *worker) space() (s *Space, err error) {
	if b.last == nil {
		b.last, err = b.v.Space(b.held, DefaultNamespace)
	}
	return b.last, err
}

// set writes one or a few secrets of its own.
func (b *worker) set(i int) error {
	s, err := b.space()
	if err != nil {
		return err
	}
	var changes []Change
	for k := range 1 + mathrand.IntN(3)*mathrand.IntN(2) {
		value := fmt.Sprintf("value-%d-%s", mathrand.Uint64(), strings.Repeat("x", mathrand.IntN(2)*mathrand.IntN(9000)))
		changes = append(changes, put(fmt.Sprintf("%s/%d/%d", b.name, i, k), Kinds()[mathrand.IntN(2)], value))
	}
	if _, err := s.Commit(context.Background(), changes); err != nil {
		return err
	}
	for _, c := range changes {
		fmt.Printf("%s %s\n", c.Meta.Path, c.Fields[0].Value)
	}
	// It reads what it has written, and what others have.
	for _, path := range []string{changes[0].Meta.Path, "shared"} {
		x, err := s.Find(path)
		if errors.Is(err, ErrNotFound) && path == "shared" {
			continue
		}
		if err == nil {
			_, err = s.text(x)
		}
		if err != nil {
			return fmt.Errorf("get %s: %w", path, err)
		}
	}
	return nil
}

// one writes one secret.
func (b *worker) one() error {
	s, err := b.space()
	if err == nil {
		_, err = s.Commit(context.Background(), []Change{put("one", KindCredentials, "value")})
	}
	return err
}

// anything is set, and now and then something larger.
func (b *worker) anything(i int) error {
	ctx := context.Background()
	s, err := b.space()
	if err != nil {
		return err
	}
	switch mathrand.IntN(24) {
	case 0:
		_, err = s.Compact(ctx, CompactOptions{})
	case 1:
		name := fmt.Sprintf("ns-%s-%d", b.name, i)
		if err = b.v.AddNamespace(ctx, b.held, name, false); err == nil {
			fmt.Printf("namespace %s\n", name)
		}
	case 2:
		_, err = s.List(false)
	case 3:
		_, err = s.Commit(ctx, []Change{put("shared", KindAPIKeys, fmt.Sprint(i))})
	default:
		return b.set(i)
	}
	return err
}

// race adds one to a number, on condition that nobody has changed it since it was read.
func (b *worker) race() error {
	s, err := b.space()
	if err != nil {
		return err
	}
	for {
		x, err := s.Find("counter")
		if err != nil {
			return err
		}
		text, err := s.text(x)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		c := put("counter", KindAPIKeys, strconv.Itoa(n+1))
		c.IfVersion = x.Version
		_, err = s.Commit(context.Background(), []Change{c})
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err == nil {
			fmt.Printf("won %d\n", n+1)
		}
		return err
	}
}

// once makes a secret that all others want to make too.
func (b *worker) once() error {
	s, err := b.space()
	if err != nil {
		return err
	}
	c := put("once", KindAPIKeys, b.name)
	c.New = true
	_, err = s.Commit(context.Background(), []Change{c})
	if errors.Is(err, ErrExists) {
		return nil
	}
	if err == nil {
		fmt.Printf("once %s\n", b.name)
	}
	return err
}

// spawn starts a worker. What it says that is wrong fails the test, unless it was killed.
func (b *testVault) spawn(mode string, count int, name string) (cmd *exec.Cmd, out io.Reader, wait func(killed bool)) {
	b.Helper()
	exe, err := os.Executable()
	must(b, err)
	cmd = exec.Command(exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s,%s,%d,%s", workerVariable, b.path, mode, count, name))
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err = cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	return cmd, out, func(killed bool) {
		if err := cmd.Wait(); complaint.Len() > 0 || err != nil && !killed {
			b.Errorf("worker %s: %v: %s", name, err, complaint.String())
		}
	}
}

var digits = regexp.MustCompile(`[0-9]+|[a-z2-7]{26}`)

// told is what workers have said is durable.
type told struct {
	mu       sync.Mutex
	lines    map[string]string // guarded by mu
	twice    []string          // guarded by mu
	warnings map[string]int    // guarded by mu
}

// read takes what a worker says to its end. A last line without its end says nothing.
func (a *told) read(r io.Reader, first func()) {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if word == "won" || word == "namespace" || word == "once" {
			word, rest = word+" "+rest, ""
		}
		a.mu.Lock()
		if word == "warning" {
			if a.warnings == nil {
				a.warnings = map[string]int{}
			}
			a.warnings[digits.ReplaceAllString(rest, "#")]++
			a.mu.Unlock()
			continue
		}
		if _, ok := a.lines[word]; ok {
			a.twice = append(a.twice, word)
		}
		a.lines[word] = rest
		a.mu.Unlock()
		first()
	}
}

// lookFor fails when something is not there that was acknowledged.
func (b *testVault) lookFor(what string, a *told) {
	b.Helper()
	s, err := b.v.Space(b.keys, DefaultNamespace)
	must(b, err)
	list, err := s.List(false)
	must(b, err)
	values := map[string]*Version{}
	for _, x := range list {
		values[x.Path] = x
	}
	names, err := b.v.Namespaces(b.keys)
	must(b, err)
	for _, n := range names {
		values["namespace "+n] = nil
	}
	for word, value := range a.lines {
		x, ok := values[word]
		if !ok {
			b.Errorf("%s: %s is lost", what, word)
			continue
		}
		if x == nil {
			continue
		}
		if got, err := s.text(x); err != nil || got != value {
			b.Errorf("%s: %s is %.40q, not %.40q: %v", what, word, got, value, err)
		}
	}
	if len(a.twice) > 0 {
		b.Errorf("%s: acknowledged twice: %v", what, a.twice)
	}
}

// Six processes write and are killed at any moment. Whatever one of them has told is there, and none
// of them, nor the next, finds anything but what writers leave.
func TestKilledWriters(t *testing.T) {
	kills := 1002
	if testing.Short() {
		kills = 30
	}
	b := newMemoryVault(t)
	b.now = time.Now()
	b.writeKeys()
	a := &told{lines: map[string]string{}}
	const writers = 6
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			for round := range (kills + w) / writers {
				cmd, out, wait := b.spawn("anything", 0, fmt.Sprintf("w%d/%d", w, round))
				done, working := make(chan struct{}), make(chan struct{})
				go func() { defer close(done); a.read(out, sync.OnceFunc(func() { close(working) })) }()
				soon := 20 * time.Second
				if round%3 != 0 {
					soon = time.Duration(mathrand.IntN(60)) * time.Millisecond // many are killed before they have written
				}
				select {
				case <-working:
				case <-done:
				case <-time.After(soon):
				}
				time.Sleep(time.Duration(mathrand.IntN(12)) * time.Millisecond) // a moment of its work, not a wait for something
				_ = cmd.Process.Kill()
				<-done
				wait(true)
			}
		})
	}
	running.Wait()
	must(t, b.enter())
	must(t, setIn(b, put("after", KindAPIKeys, "value"))) // the last one may have left something to recover
	must(t, b.enter())
	b.want("default/after", "value")
	b.lookFor("after the kills", a)
	must(t, b.damage())
	if len(a.lines) == 0 {
		t.Error("nothing was written: the test is blind")
	}
	t.Logf("%d kills, %d secrets and namespaces acknowledged, warnings %v", kills, len(a.lines), a.warnings)
}

// Fifty processes write and read at once: all is there. Of those that write on a condition one
// succeeds each time.
func TestManyProcesses(t *testing.T) {
	processes, each := 50, 2
	if testing.Short() {
		processes, each = 10, 1
	}
	b := newMemoryVault(t)
	b.now = time.Now()
	must(t, setIn(b, put("counter", KindAPIKeys, "0")))
	b.writeKeys()
	a := &told{lines: map[string]string{}}
	counts := map[string]int{}
	var running sync.WaitGroup
	for p := range processes {
		mode, count := "set", each
		switch p % 5 {
		case 3:
			mode, count = "race", 2
		case 4:
			mode, count = "once", 1
		}
		counts[mode] += count
		_, out, wait := b.spawn(mode, count, fmt.Sprint("p", p))
		running.Go(func() { a.read(out, func() {}); wait(false) })
	}
	running.Wait()
	must(t, b.enter())
	b.want("default/counter", strconv.Itoa(counts["race"]))
	once := 0
	for word := range a.lines {
		switch {
		case strings.HasPrefix(word, "won "):
			counts["race"]--
			delete(a.lines, word)
		case strings.HasPrefix(word, "once "):
			once++
			b.want("default/once", strings.TrimPrefix(word, "once "))
			delete(a.lines, word)
		}
	}
	if counts["race"] != 0 || once != 1 {
		t.Errorf("%d conditional changes are missing, %d processes made the same new secret", counts["race"], once)
	}
	b.lookFor("after all", a)
	if len(a.lines) < counts["set"] {
		t.Errorf("%d secrets, %d processes wrote at least %d", len(a.lines), processes, counts["set"])
	}
	must(t, b.damage())
}
