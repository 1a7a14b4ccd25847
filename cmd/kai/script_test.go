package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"kai/internal/audit"
	"kai/internal/audit/memory"
	"kai/internal/vectortest"
)

// TestMain lets the test binary be kai: scripts run the real program in a process of its
// own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kai": main, "kai-ask": askProgram, "kai-child": childProgram})
}

// TestScripts runs testscripts/*.txtar. Each script has an empty home of its own in $HOME.
//
// Beyond the usual commands a script may say:
//
//	exitcode N PROG ARGS...     run PROG; its exit code must be N
//	json FILE[:LINE] PATH WANT  the member at PATH (error.code, keys.0.type) of a line of FILE
//	flip FILE OFFSET            change a byte; a negative OFFSET counts from the end
//	cut FILE SIZE               cut FILE to SIZE bytes; a negative SIZE cuts that many off
//	size FILE SIZE              FILE has SIZE bytes
//	mode FILE MODE              FILE has these permission bits, as in 0600
//	clean FILE...               no raw control bytes but line feeds (also: stdout, stderr, ttyout)
//
// and ask for a peer program: [!peer:minisign] skip 'minisign is not installed', for a keyring of
// the kernel: [!keyring] skip 'the kernel keeps no keys here', or for a directory in memory, which
// is $MEMORY: [!memory] skip 'no /dev/shm here'.
// With KAI_REQUIRE_PEERS=1 a missing peer fails the script instead.
func TestScripts(t *testing.T) {
	const dir = "../../testscripts"
	if found, err := filepath.Glob(filepath.Join(dir, "*.txtar")); err != nil || len(found) == 0 {
		t.Fatalf("no scripts in %s (%v)", dir, err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                dir,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, ".home")
			env.Setenv("HOME", home)
			env.Setenv("USERPROFILE", home)
			env.Setenv("LC_ALL", "C.UTF-8")
			env.Setenv("TZ", "UTC")
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			for _, name := range []string{"KAI_VECTORS", "GORACE"} {
				if value := os.Getenv(name); value != "" {
					env.Setenv(name, value)
				}
			}
			if dir, err := os.MkdirTemp("/dev/shm", "kai-script-"); err == nil {
				env.Setenv("MEMORY", dir)
				env.Defer(func() { _ = os.RemoveAll(dir) })
			}
			env.Defer(func() { forgetLogs(t, env.WorkDir) })
			env.Defer(func() { forgetSessions(t, env.WorkDir) })
			return os.Mkdir(home, 0o700)
		},
		Condition: peerCondition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode": scriptExitCode,
			"json":     scriptJSON,
			"flip":     scriptFlip,
			"cut":      scriptCut,
			"size":     scriptSize,
			"mode":     scriptMode,
			"clean":    scriptClean,
		},
	})
}

// forgetLogs removes what the kernel's keyring remembers of the logs below a directory.
func forgetLogs(t testing.TB, dir string) {
	logs, err := filepath.Glob(filepath.Join(dir, "*", "*", "audit", "log.json"))
	hidden, hiddenErr := filepath.Glob(filepath.Join(dir, "*", "audit", "log.json"))
	if err = errors.Join(err, hiddenErr); err != nil {
		t.Error(err)
	}
	for _, name := range append(logs, hidden...) {
		data, err := os.ReadFile(name)
		var info audit.Info
		if err != nil || json.Unmarshal(data, &info) != nil {
			continue // a script that breaks logs
		}
		_ = memory.Keyring{}.Forget(info.LogID) // there may be no keyring
	}
}

// peerCondition is [peer:PROG], or [keyring]. Programs whose version matters have a name of their
// own.
func peerCondition(cond string) (bool, error) {
	if cond == "keyring" {
		return haveKeyring(), nil
	}
	if cond == "memory" {
		info, err := os.Stat("/dev/shm")
		return err == nil && info.IsDir(), nil
	}
	name, ok := strings.CutPrefix(cond, "peer:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	_, err := findPeer(name)
	if err != nil && requirePeers() {
		return false, err
	}
	return err == nil, nil
}

// peer returns the path of a program tests compare with. It skips the test when the program
// is missing, and fails it under KAI_REQUIRE_PEERS=1.
func peer(t testing.TB, name string) string {
	t.Helper()
	path, err := findPeer(name)
	if err != nil {
		vectortest.Missing(t, err.Error())
	}
	return path
}

func requirePeers() bool { return os.Getenv("KAI_REQUIRE_PEERS") == "1" }

// findPeer finds a program in PATH. age-keygen-pq is an age-keygen that makes post-quantum
// keys (1.3 and later).
func findPeer(name string) (string, error) {
	program := strings.TrimSuffix(name, "-pq")
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("peer %s is not installed", program)
	}
	if program != name {
		if err := exec.CommandContext(context.Background(), path, "-pq").Run(); err != nil {
			return "", fmt.Errorf("peer %s has no -pq", program)
		}
	}
	return path, nil
}

func scriptExitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode N PROG [ARGS...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json FILE[:LINE] PATH WANT")
	}
	file, number, _ := strings.Cut(args[0], ":")
	line := 1
	if number != "" {
		n, err := strconv.Atoi(number)
		ts.Check(err)
		line = n
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile(file), "\n"), "\n")
	if line < 1 || line > len(lines) {
		ts.Fatalf("%s has %d lines", file, len(lines))
	}
	var value any
	ts.Check(json.Unmarshal([]byte(lines[line-1]), &value))
	got, err := jsonMember(value, strings.Split(args[1], "."))
	if neg {
		if err == nil && got == args[2] {
			ts.Fatalf("%s is %s", args[1], got)
		}
		return
	}
	ts.Check(err)
	if got != args[2] {
		ts.Fatalf("%s is %s, want %s", args[1], got, args[2])
	}
}

// jsonMember follows path; strings come back bare, everything else as JSON. The step "#" is
// the length of an array.
func jsonMember(value any, path []string) (string, error) {
	for _, step := range path {
		switch v := value.(type) {
		case map[string]any:
			member, ok := v[step]
			if !ok {
				return "", fmt.Errorf("no member %s", step)
			}
			value = member
		case []any:
			if step == "#" {
				return strconv.Itoa(len(v)), nil
			}
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return "", fmt.Errorf("no element %s of %d", step, len(v))
			}
			value = v[i]
		default:
			return "", fmt.Errorf("nothing below %s", step)
		}
	}
	if s, ok := value.(string); ok {
		return s, nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}

// otherByte returns another byte: for a digit of base64 the next one, so that base64 and
// hexadecimal digits change their value and stay what they are.
func otherByte(b byte) byte {
	const row = "0123456789abcdefABCDEFghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ"
	switch i := strings.IndexByte(row, b); {
	case b == 'f': // stay within hexadecimal digits of one case
		return '0'
	case b == 'Z', b == '+', b == '/', b == '-', b == '_': // in base64 of either alphabet
		return 'A'
	case i >= 0:
		return row[i+1]
	}
	return b ^ 1
}

func scriptFlip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE OFFSET")
	}
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	data := []byte(ts.ReadFile(args[0]))
	if offset < 0 {
		offset += len(data)
	}
	if offset < 0 || offset >= len(data) {
		ts.Fatalf("%s has %d bytes", args[0], len(data))
	}
	data[offset] = otherByte(data[offset])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

func scriptCut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE SIZE")
	}
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	name := ts.MkAbs(args[0])
	info, err := os.Stat(name)
	ts.Check(err)
	if size < 0 {
		size += info.Size()
	}
	ts.Check(os.Truncate(name, size))
}

func scriptSize(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: size FILE SIZE")
	}
	want, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if info.Size() != want {
		ts.Fatalf("%s has %d bytes, want %d", args[0], info.Size(), want)
	}
}

func scriptMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode FILE MODE")
	}
	want, err := strconv.ParseUint(args[1], 8, 32)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := info.Mode().Perm(); got != os.FileMode(want) {
		ts.Fatalf("%s has mode %04o, want %04o", args[0], got, want)
	}
}

func scriptClean(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: clean FILE...")
	}
	for _, name := range args {
		for i, line := range strings.Split(ts.ReadFile(name), "\n") {
			line = strings.TrimSuffix(line, "\r") // a terminal ends its lines so
			if !isPrintable(line) {
				ts.Fatalf("%s:%d: raw control bytes in %q", name, i+1, line)
			}
		}
	}
}
