package home_test

import (
	"errors"
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

// openers are what opens vault/local.
func openers(h *home.Home) map[string]func() (*os.Root, error) {
	return map[string]func() (*os.Root, error){"open": h.OpenLocal, "create": h.CreateLocal}
}

func TestLocal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	h := create(t, path)
	_, err := h.OpenLocal()
	wantErr(t, "no vault", err, home.ErrNotExist)
	if got := err.Error(); got != "home "+filepath.Join(path, "vault")+": does not exist" {
		t.Errorf("error %q", got)
	}
	if got := names(t, path); !reflect.DeepEqual(got, []string{"version"}) {
		t.Errorf("OpenLocal made something: %q", got)
	}
	vault, err := h.CreateArea(home.Vault)
	must(t, err)
	vault.Close()
	_, err = h.OpenLocal()
	wantErr(t, "no local", err, home.ErrNotExist)
	if got := err.Error(); got != "home "+filepath.Join(path, "vault", "local")+": does not exist" {
		t.Errorf("error %q", got)
	}
	for range 2 {
		root, err := h.CreateLocal()
		must(t, err)
		must(t, durable.NewDir(root).WriteFile("f", []byte("x"), 0o600))
		root.Close()
	}
	root, err := h.OpenLocal()
	must(t, err)
	must(t, h.Close()) // it stays open
	if got, err := root.ReadFile("f"); string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := root.Open("../../version"); err == nil {
		t.Error("local reaches the home")
	}
	root.Close()
}

func TestLocalMakesTheVaultDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	var wg sync.WaitGroup
	create(t, path)
	for range 6 {
		wg.Go(func() {
			h, err := home.Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer h.Close()
			root, err := h.CreateLocal()
			if err != nil {
				t.Error(err)
				return
			}
			root.Close()
		})
	}
	wg.Wait()
	if runtime.GOOS == "windows" {
		return
	}
	for _, p := range []string{filepath.Join(path, "vault"), filepath.Join(path, "vault", "local")} {
		info, err := os.Stat(p)
		must(t, err)
		if info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("%s: mode %v", p, info.Mode())
		}
	}
}

func TestLocalUmaskDoesNotMatter(t *testing.T) {
	bits(t)
	path := filepath.Join(t.TempDir(), "h")
	h := create(t, path)
	restore := umask(0o777)
	root, err := h.CreateLocal()
	restore()
	must(t, err)
	root.Close()
	info, err := os.Stat(filepath.Join(path, "vault", "local"))
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestLocalIsJudged(t *testing.T) {
	bits(t)
	path := filepath.Join(t.TempDir(), "h")
	h := create(t, path)
	root, err := h.CreateLocal()
	must(t, err)
	root.Close()
	vault := filepath.Join(path, "vault")
	local := filepath.Join(vault, "local")
	for _, dir := range []string{vault, local} {
		for _, mode := range []fs.FileMode{0o701, 0o704, 0o710, 0o720, 0o755, 0o777} {
			must(t, os.Chmod(dir, mode))
			for name, open := range openers(h) {
				_, err := open()
				var p *home.PermissionError
				if !errors.As(err, &p) || p.Path != dir || p.Hint() != "chmod 700 "+dir {
					t.Errorf("%s, %s with mode %v: %v", name, dir, mode, err)
				}
			}
		}
		must(t, os.Chmod(dir, 0o700))
	}

	must(t, os.Remove(local))
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	must(t, os.Mkdir(elsewhere, 0o700))
	must(t, os.Mkdir(filepath.Join(vault, "other"), 0o700))
	for what, plant := range map[string]func() error{
		"link outside":  func() error { return os.Symlink(elsewhere, local) },
		"link inside":   func() error { return os.Symlink("other", local) },
		"dangling link": func() error { return os.Symlink("nowhere", local) },
		"file":          func() error { return os.WriteFile(local, nil, 0o600) },
	} {
		must(t, plant())
		for name, open := range openers(h) {
			if _, err := open(); err == nil || !strings.HasSuffix(err.Error(), "local: not a directory") {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		must(t, os.Remove(local))
	}
	if got := names(t, elsewhere); len(got) != 0 {
		t.Errorf("written through a link: %q", got)
	}
}

func TestForeignOwnerOfAreas(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only the superuser can give a directory away; the decision is tested as a table")
	}
	path := filepath.Join(t.TempDir(), "h")
	h := create(t, path)
	root, err := h.CreateLocal()
	must(t, err)
	root.Close()
	root, err = h.CreateArea(home.Audit)
	must(t, err)
	root.Close()
	foreign := func(dir string, opens ...func() (*os.Root, error)) {
		t.Helper()
		must(t, os.Chown(dir, 12345, 12345))
		for _, open := range opens {
			_, err := open()
			var p *home.PermissionError
			if !errors.As(err, &p) || p.Path != dir || p.Owner != 12345 || p.User != 0 {
				t.Errorf("%s: %v", dir, err)
			}
		}
		must(t, os.Chown(dir, 0, 0))
	}
	area := func(open func(home.Area) (*os.Root, error), a home.Area) func() (*os.Root, error) {
		return func() (*os.Root, error) { return open(a) }
	}
	foreign(filepath.Join(path, "audit"), area(h.OpenArea, home.Audit), area(h.CreateArea, home.Audit))
	foreign(filepath.Join(path, "vault"), area(h.OpenArea, home.Vault), h.OpenLocal, h.CreateLocal)
	foreign(filepath.Join(path, "vault", "local"), h.OpenLocal, h.CreateLocal)
}
