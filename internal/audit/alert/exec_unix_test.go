//go:build unix

package alert_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kai/internal/audit/alert"
	"kai/internal/audit/event"
)

// program writes a shell script and gives a sink that runs it with the directory as its argument.
func program(t testing.TB, dir, script string, env ...string) *alert.Exec {
	t.Helper()
	path := filepath.Join(dir, "hook")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	e, err := alert.NewExec("hook", event.High, []string{path, dir, "a b;$(c)"}, env)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func content(t testing.TB, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestExec(t *testing.T) {
	t.Setenv("KAI_PASSPHRASE", "canary") // what kai's own environment has stays there
	dir := t.TempDir()
	e := program(t, dir, `cat >"$1/in"; env >"$1/env"; echo "$2" >"$1/arg"; pwd >"$1/pwd"; echo noise; echo noise >&2`,
		"PATH=/usr/bin:/bin", "HOME=/home/x", "LANG=C.UTF-8", "LD_PRELOAD=/x.so", "KAI_PASSPHRASE=canary", "PATHS=x")
	a := violation(t, 1, "p", "g")
	if err := e.Send(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	body, err := a.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, dir, "in"); got != string(body)+"\n" {
		t.Errorf("input %q", got)
	}
	if got := content(t, dir, "arg"); got != "a b;$(c)\n" {
		t.Errorf("argument %q", got)
	}
	if got := content(t, dir, "pwd"); got != "/\n" {
		t.Errorf("directory %q", got)
	}
	env := strings.Fields(content(t, dir, "env"))
	env = slices.DeleteFunc(env, func(v string) bool { // what the shell adds
		return strings.HasPrefix(v, "PWD=") || strings.HasPrefix(v, "_=") || strings.HasPrefix(v, "SHLVL=") || strings.HasPrefix(v, "OLDPWD=")
	})
	slices.Sort(env)
	if want := []string{"HOME=/home/x", "KAI_IN_HOOK=1", "LANG=C.UTF-8", "PATH=/usr/bin:/bin"}; !slices.Equal(env, want) {
		t.Errorf("environment %q", env)
	}
}

func TestExecFails(t *testing.T) {
	dir := t.TempDir()
	for script, code := range map[string]string{"exit 3": "refused", "kill -9 $$": "refused", "exec 0<&-; exit 0": ""} {
		err := program(t, dir, script, "PATH=/usr/bin:/bin").Send(context.Background(), exported(t, 1))
		if (err == nil) != (code == "") || err != nil && alert.Code(err) != code {
			t.Errorf("%s: %v", script, err)
		}
	}
	e, err := alert.NewExec("hook", event.High, []string{filepath.Join(dir, "none")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Send(context.Background(), exported(t, 1)); alert.Code(err) != "unreachable" {
		t.Error(err)
	}
	for _, argv := range [][]string{nil, {""}, {"sh", "-c", "x"}, {"./x"}} {
		if _, err := alert.NewExec("hook", event.High, argv, nil); !errors.Is(err, alert.ErrInvalid) {
			t.Errorf("%q: %v", argv, err)
		}
	}
}

// A slow program and all it has started are gone when the time is.
func TestSlowExec(t *testing.T) {
	dir := t.TempDir()
	e := program(t, dir, `sleep 60 & echo $! >"$1/child.tmp"; mv "$1/child.tmp" "$1/child"; sleep 60`, "PATH=/usr/bin:/bin")
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		eventually(func() bool { _, err := os.Stat(filepath.Join(dir, "child")); return err == nil })
		cancel()
	}()
	began := time.Now()
	err := e.Send(ctx, exported(t, 1))
	if alert.Code(err) != "interrupted" || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	child, err := strconv.Atoi(strings.TrimSpace(content(t, dir, "child")))
	if err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool { return gone(child) }) {
		t.Error("what the program has started goes on")
	}
}

// gone reports whether a process has ended, its last rites by its parent apart.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(status), ") Z ")
}

func TestExecLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the whole limit")
	}
	began := time.Now()
	err := program(t, t.TempDir(), "exec sleep 60", "PATH=/usr/bin:/bin").Send(context.Background(), exported(t, 1))
	if took := time.Since(began); alert.Code(err) != "timeout" || took < alert.ExecLimit || took > alert.ExecLimit+3*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}
