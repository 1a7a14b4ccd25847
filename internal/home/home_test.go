package home_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"kai/internal/durable"
	"kai/internal/home"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func create(t testing.TB, path string) *home.Home {
	t.Helper()
	h, err := home.Create(path)
	must(t, err)
	t.Cleanup(func() { h.Close() })
	return h
}

// bits skips a test where directories have no permission bits.
func bits(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits")
	}
}

func names(t testing.TB, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path)
	must(t, err)
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	return got
}

func TestCreateThenOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".kind")
	h := create(t, path)
	if !h.Created() || h.Path() != path {
		t.Errorf("created %t, path %q", h.Created(), h.Path())
	}
	if again := create(t, path); again.Created() {
		t.Error("created twice")
	}
	opened, err := home.Open(path)
	must(t, err)
	defer opened.Close()
	if opened.Created() {
		t.Error("opened means created")
	}
	if got := names(t, path); !reflect.DeepEqual(got, []string{"version"}) {
		t.Errorf("home holds %q", got)
	}
	text, err := os.ReadFile(filepath.Join(path, "version"))
	must(t, err)
	if string(text) != "kai-home 1\n" {
		t.Errorf("version %q", text)
	}
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != 0o700 {
			t.Errorf("mode %v", info.Mode())
		}
	}
}

func TestCreateInEmptyDirectoryAndRelative(t *testing.T) {
	bits(t)
	t.Chdir(t.TempDir())
	must(t, os.Mkdir("empty", 0o700))
	if !create(t, "empty").Created() || !create(t, "new").Created() || !create(t, "./other/").Created() {
		t.Error("not created")
	}
	must(t, os.Mkdir("inside", 0o700))
	t.Chdir("inside")
	if !create(t, ".").Created() {
		t.Error("not created here")
	}
	if create(t, "../inside").Created() {
		t.Error("created twice")
	}
	must(t, os.Mkdir("killed", 0o700))
	must(t, os.WriteFile("killed/.kai-tmp-0123456789abcdef", []byte("kai-h"), 0o600))
	if !create(t, "killed").Created() {
		t.Error("not created after a killed creation")
	}
}

func TestOpenOfNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none")
	_, err := home.Open(path)
	wantErr(t, "open", err, home.ErrNotExist)
	wantErr(t, "open", err, fs.ErrNotExist)
	if got := err.Error(); got != "home "+path+": does not exist" {
		t.Errorf("error %q", got)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("Open made something")
	}
	_, err = home.Create(filepath.Join(path, "deeper"))
	wantErr(t, "create below nothing", err, fs.ErrNotExist)
}

func TestOthersAreKeptOut(t *testing.T) {
	bits(t)
	path := filepath.Join(t.TempDir(), "my home")
	create(t, path)
	for _, mode := range []fs.FileMode{0o701, 0o704, 0o710, 0o720, 0o750, 0o755, 0o777, 0o770} {
		must(t, os.Chmod(path, mode))
		for name, open := range map[string]func(string) (*home.Home, error){"open": home.Open, "create": home.Create} {
			_, err := open(path)
			var p *home.PermissionError
			if !errors.As(err, &p) || !errors.Is(err, fs.ErrPermission) {
				t.Fatalf("%s, mode %v: %v", name, mode, err)
			}
			if want := fmt.Sprintf("home %s: mode %04o lets others in", path, mode); err.Error() != want {
				t.Errorf("%s:\n got %v\nwant %s", name, err, want)
			}
			if p.Hint() != "chmod 700 '"+path+"'" {
				t.Errorf("hint %q", p.Hint())
			}
		}
	}
	must(t, os.Chmod(path, 0o700))
	h, err := home.Open(path)
	must(t, err)
	h.Close()
}

func TestForeignOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only the superuser can give a directory away; the decision is tested as a table")
	}
	path := filepath.Join(t.TempDir(), "h")
	create(t, path)
	must(t, os.Chown(path, 12345, 12345))
	_, err := home.Open(path)
	var p *home.PermissionError
	if !errors.As(err, &p) || p.Owner != 12345 || p.User != 0 {
		t.Fatal(err)
	}
	if want := "home " + path + ": owned by user 12345, not by user 0"; err.Error() != want {
		t.Errorf("got %v", err)
	}
	if want := "run as user 12345, or name a home of your own with --home"; p.Hint() != want {
		t.Errorf("hint %q", p.Hint())
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		mode        fs.FileMode
		owner, user int
		ok          bool
	}{
		{0o700, 1000, 1000, true},
		{0o500, 1000, 1000, true},
		{0o700, 0, 0, true},
		{0o700, 0, 1000, false},
		{0o700, 1000, 0, false},
		{0o700, -2, 1000, false},
		{0o710, 1000, 1000, false},
		{0o707, 1000, 1000, false},
		{0o777, -1, -1, true}, // a system without owners
		{fs.ModeSticky | 0o700, 1, 1, true},
	} {
		if got := home.Judge("p", fs.ModeDir|c.mode, c.owner, c.user); (got == nil) != c.ok {
			t.Errorf("mode %v of %d for %d: %v", c.mode, c.owner, c.user, got)
		}
	}
}

func TestHintIsAShellCommand(t *testing.T) {
	for path, want := range map[string]string{
		"/home/ada/.kind":    "chmod 700 /home/ada/.kind",
		"/home/a b":          "chmod 700 '/home/a b'",
		"it's":               `chmod 700 'it'\''s'`,
		"-rf":                "chmod 700 -- '-rf'",
		"$(reboot)":          "chmod 700 '$(reboot)'",
		"a\nb\x1b[1m\\'\xff": `chmod 700 $'a\x0ab\x1b[1m\\\'\xff'`,
		"":                   "chmod 700 ''",
	} {
		if got := (&home.PermissionError{Path: path, Mode: 0o755}).Hint(); got != want {
			t.Errorf("%q:\n got %s\nwant %s", path, got, want)
		}
	}
}

// An empty directory is no home yet, and becomes one.
func TestEmptyDirectory(t *testing.T) {
	bits(t)
	path := filepath.Join(t.TempDir(), "h")
	must(t, os.Mkdir(path, 0o700))
	_, err := home.Open(path)
	wantErr(t, "empty", err, home.ErrNotExist)
	if got := names(t, path); len(got) != 0 {
		t.Errorf("directory holds %q", got)
	}
	h, err := home.Create(path)
	must(t, err)
	must(t, h.Close())
	h, err = home.Open(path)
	must(t, err)
	must(t, h.Close())
}

func TestOtherDirectoriesAreLeftAlone(t *testing.T) {
	bits(t)
	for name, fill := range map[string]func(path string) error{
		"somebody's files": func(p string) error { return os.WriteFile(filepath.Join(p, "notes.txt"), nil, 0o600) },
		"a directory":      func(p string) error { return os.Mkdir(filepath.Join(p, "vault"), 0o700) },
		"another version file": func(p string) error {
			return os.WriteFile(filepath.Join(p, "version"), []byte("1.2.3\n"), 0o600)
		},
		"empty version file": func(p string) error { return os.WriteFile(filepath.Join(p, "version"), nil, 0o600) },
		"long version file": func(p string) error {
			return os.WriteFile(filepath.Join(p, "version"), []byte(strings.Repeat("kai-home 1\n", 100)), 0o600)
		},
		"version directory": func(p string) error { return os.Mkdir(filepath.Join(p, "version"), 0o700) },
		"version link":      func(p string) error { return os.Symlink("/etc/hostname", filepath.Join(p, "version")) },
	} {
		path := filepath.Join(t.TempDir(), "h")
		must(t, os.Mkdir(path, 0o700))
		must(t, fill(path))
		before := names(t, path)
		for _, open := range []func(string) (*home.Home, error){home.Open, home.Create} {
			_, err := open(path)
			wantErr(t, name, err, home.ErrNotHome)
			var h interface{ Hint() string }
			if !errors.As(err, &h) || !strings.Contains(h.Hint(), "--home") {
				t.Errorf("%s: no hint", name)
			}
		}
		if got := names(t, path); !reflect.DeepEqual(got, before) {
			t.Errorf("%s: directory holds %q", name, got)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := home.Open(file); err == nil {
		t.Error("opened a file")
	}
	if _, err := home.Create(file); err == nil {
		t.Error("created on a file")
	}
}

func TestVersions(t *testing.T) {
	for text, want := range map[string]error{
		"kai-home 1\n":                     nil,
		"kai-home 2\n":                     home.ErrNewer,
		"kai-home 999\n":                   home.ErrNewer,
		"kai-home 0\n":                     home.ErrNotHome,
		"kai-home -1\n":                    home.ErrNotHome,
		"kai-home +1\n":                    home.ErrNotHome,
		"kai-home 01\n":                    home.ErrNotHome,
		"kai-home 1":                       home.ErrNotHome,
		"kai-home 1\r\n":                   home.ErrNotHome,
		"kai-home 1\n\n":                   home.ErrNotHome,
		"kai-home \n":                      home.ErrNotHome,
		"kai-home 99999999999999999999\n":  home.ErrNotHome,
		"kai-home 1 ":                      home.ErrNotHome,
		"1\n":                              home.ErrNotHome,
		"Kai-home 1\n":                     home.ErrNotHome,
		"kai-home 1\x00\n":                 home.ErrNotHome,
		"kai-home 000000000000000000001\n": home.ErrNotHome,
	} {
		path := filepath.Join(t.TempDir(), "h")
		create(t, path)
		must(t, os.WriteFile(filepath.Join(path, "version"), []byte(text), 0o600))
		for _, open := range []func(string) (*home.Home, error){home.Open, home.Create} {
			h, err := open(path)
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%q: %v, want %v", text, err, want)
			}
			if h != nil {
				h.Close()
			}
		}
	}
}

func TestManyCreateAtOnce(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "h")
		var wg sync.WaitGroup
		var created [6]bool
		for i := range created {
			wg.Go(func() {
				h, err := home.Create(path)
				if err != nil {
					t.Error(err)
					return
				}
				defer h.Close()
				created[i] = h.Created()
				area, err := h.CreateArea(home.Vault)
				if err != nil {
					t.Error(err)
					return
				}
				area.Close()
			})
		}
		wg.Wait()
		n := 0
		for _, c := range created {
			if c {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d created it", n)
		}
	}
}

func TestAreas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	h := create(t, path)
	for _, a := range []home.Area{home.Vault, home.Audit} {
		_, err := h.OpenArea(a)
		wantErr(t, "missing area", err, home.ErrNotExist)
		for range 2 {
			root, err := h.CreateArea(a)
			must(t, err)
			must(t, durable.NewDir(root).WriteFile("f", []byte(a), 0o600))
			root.Close()
		}
		root, err := h.OpenArea(a)
		must(t, err)
		if _, err := root.Open("../version"); err == nil {
			t.Error("an area reaches the home")
		}
		root.Close()
		if got, err := os.ReadFile(filepath.Join(path, string(a), "f")); string(got) != string(a) {
			t.Errorf("%s: %q, %v", a, got, err)
		}
	}
	for _, a := range []home.Area{"", ".", "..", "other", "vault/x", "/etc"} {
		if _, err := h.OpenArea(a); err == nil {
			t.Errorf("opened area %q", a)
		}
		if _, err := h.CreateArea(a); err == nil {
			t.Errorf("created area %q", a)
		}
	}
}

func TestAreasAreJudgedToo(t *testing.T) {
	bits(t)
	path := filepath.Join(t.TempDir(), "h")
	h := create(t, path)
	root, err := h.CreateArea(home.Vault)
	must(t, err)
	root.Close()
	must(t, os.Chmod(filepath.Join(path, "vault"), 0o755))
	for _, open := range []func(home.Area) (*os.Root, error){h.OpenArea, h.CreateArea} {
		_, err = open(home.Vault)
		var p *home.PermissionError
		if !errors.As(err, &p) || p.Hint() != "chmod 700 "+filepath.Join(path, "vault") {
			t.Errorf("open area: %v", err)
		}
	}
	must(t, os.Chmod(filepath.Join(path, "vault"), 0o700))
	must(t, os.Symlink("vault", filepath.Join(path, "audit")))
	for _, open := range []func(home.Area) (*os.Root, error){h.OpenArea, h.CreateArea} {
		if _, err := open(home.Audit); err == nil || !strings.HasSuffix(err.Error(), "audit: not a directory") {
			t.Errorf("link in place of an area: %v", err)
		}
	}
}

func TestUmaskDoesNotMatter(t *testing.T) {
	bits(t)
	path := filepath.Join(t.TempDir(), "h")
	restore := umask(0o777)
	h, err := home.Create(path)
	var root *os.Root
	if err == nil {
		root, err = h.CreateArea(home.Vault)
	}
	restore()
	must(t, err)
	defer h.Close()
	defer root.Close()
	for _, p := range []string{path, filepath.Join(path, "vault")} {
		info, err := os.Stat(p)
		must(t, err)
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s: mode %v", p, info.Mode())
		}
	}
}

func TestLocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	a, b := create(t, path), create(t, path)
	held, err := a.Lock(context.Background(), 0)
	must(t, err)
	_, err = b.RLock(context.Background(), 0)
	wantErr(t, "reader beside a writer", err, durable.ErrLocked)
	must(t, held.Unlock())
	r, err := b.RLock(context.Background(), 0)
	must(t, err)
	_, err = a.Lock(context.Background(), 0)
	wantErr(t, "writer beside a reader", err, durable.ErrLocked)
	must(t, r.Unlock())
}

func TestHomeBehindALink(t *testing.T) {
	dir := t.TempDir()
	create(t, filepath.Join(dir, "real"))
	must(t, os.Symlink("real", filepath.Join(dir, "link")))
	h, err := home.Open(filepath.Join(dir, "link"))
	must(t, err)
	h.Close()
	must(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	_, err = home.Create(filepath.Join(dir, "dangling"))
	wantErr(t, "dangling", err, home.ErrNotExist)
}
