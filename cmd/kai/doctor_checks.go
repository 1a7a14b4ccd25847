package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"kai/internal/home"
	"kai/internal/secret"
)

// checkPatience bounds what a check waits for another program.
const checkPatience = 5 * time.Second

// oldestGit is the first git that signs and verifies with SSH keys as kai needs it.
var oldestGit = [2]int{2, 35}

// systemChecks are the checks in the order they are shown.
func systemChecks() []check {
	return append([]check{checkHome, checkQuestions, checkHardening, checkLocking, checkAgent, checkGit, checkClock}, platformChecks()...)
}

func checkHome(_ context.Context, env *env) checkResult {
	const name = "home"
	h, err := env.openHome()
	switch {
	case errors.Is(err, home.ErrNotExist):
		dir, _ := env.homeDir()
		return checkResult{Name: name, Status: checkOK, Detail: dir + ": not there yet; it is made when it is needed"}
	case err != nil:
		fix := judge(context.Background(), err).hint
		if fix == "" {
			fix = "name another directory with --home or KAI_HOME"
		}
		return checkResult{Name: name, Status: checkMissing, Detail: err.Error(), Fix: fix}
	}
	if _, err := env.config(); err != nil {
		return checkResult{Name: name, Status: checkMissing, Detail: err.Error(), Fix: "correct " + filepath.Join(h.Path(), "config.toml")}
	}
	return checkResult{Name: name, Status: checkOK, Detail: h.Path() + ": yours alone"}
}

func checkQuestions(_ context.Context, env *env) checkResult {
	r := checkResult{Name: "questions", Status: checkWarn, Fix: passphraseFlag + " where a passphrase is needed"}
	if why := env.noInput(); why != "" {
		r.Detail = "nobody is asked: " + why
		return r
	}
	t, err := env.sys.openTTY()
	if err != nil {
		r.Detail = "nobody can be asked: " + err.Error()
		return r
	}
	_ = t.Close()
	return checkResult{Name: "questions", Status: checkOK, Detail: "asked on the terminal"}
}

func checkHardening(_ context.Context, env *env) checkResult {
	if err := env.sys.harden(); err != nil {
		return checkResult{
			Name: "memory reading", Status: checkWarn, Detail: err.Error(),
			Fix: "ulimit -c 0",
		}
	}
	return checkResult{Name: "memory reading", Status: checkOK, Detail: "no core dumps, no debuggers of the same user"}
}

func checkLocking(context.Context, *env) checkResult {
	// A page for each of the few secrets a command holds, with room to spare.
	const enough = 16
	var held []*secret.Bytes
	locked := 0
	for range enough {
		s := secret.New(32)
		held = append(held, s)
		if s.Locked() {
			locked++
		}
	}
	for _, s := range held {
		s.Wipe()
	}
	if locked < enough {
		return checkResult{
			Name: "memory locking", Status: checkWarn, Detail: fmt.Sprintf("%d of %d secrets stay out of swap%s", locked, enough, lockLimit()),
			Fix: "ulimit -l 8192, or LimitMEMLOCK=8M in the unit, or encrypt the swap",
		}
	}
	return checkResult{Name: "memory locking", Status: checkOK, Detail: "secrets stay out of swap" + lockLimit()}
}

func checkAgent(ctx context.Context, env *env) checkResult {
	r := checkResult{Name: "ssh-agent", Status: checkMissing, Fix: `eval "$(ssh-agent)" && ssh-add`}
	socket := env.getenv("SSH_AUTH_SOCK")
	if socket == "" {
		r.Detail = "SSH_AUTH_SOCK is not set: keys of the form agent: cannot be used"
		return r
	}
	dialer := net.Dialer{Timeout: checkPatience}
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		r.Detail = err.Error()
		return r
	}
	_ = conn.Close()
	return checkResult{Name: "ssh-agent", Status: checkOK, Detail: socket + " answers"}
}

func checkGit(ctx context.Context, env *env) checkResult {
	r := checkResult{Name: "git", Status: checkMissing, Fix: fmt.Sprintf("install git %d.%d or later", oldestGit[0], oldestGit[1])}
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", "--version")
	cmd.Env = env.childEnviron()
	out, err := cmd.Output()
	if err != nil {
		r.Detail = "git is not there: " + err.Error()
		return r
	}
	r.Detail = strings.TrimSpace(string(out))
	version, ok := gitVersion(r.Detail)
	switch {
	case !ok:
		r.Status, r.Detail = checkWarn, r.Detail+": not a version kai knows"
	case version[0] < oldestGit[0] || version[0] == oldestGit[0] && version[1] < oldestGit[1]:
		r.Detail += ": too old to sign with SSH keys"
	default:
		r.Status, r.Fix = checkOK, ""
	}
	return r
}

// gitVersion reads "git version 2.39.5 (Apple Git-154)".
func gitVersion(line string) (version [2]int, ok bool) {
	rest, ok := strings.CutPrefix(line, "git version ")
	if !ok {
		return version, false
	}
	parts := strings.SplitN(rest, ".", 3)
	if len(parts) < 2 {
		return version, false
	}
	for i := range version {
		n, err := strconv.Atoi(parts[i])
		if err != nil {
			return version, false
		}
		version[i] = n
	}
	return version, true
}

// checkClock compares the clock with a day that has certainly passed.
func checkClock(_ context.Context, env *env) checkResult {
	now, passed := env.now(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if now.Before(passed) {
		return checkResult{
			Name: "clock", Status: checkWarn, Detail: now.UTC().Format(time.RFC3339) + ": in the past, so dates of keys are judged wrongly",
			Fix: "timedatectl set-ntp true",
		}
	}
	return checkResult{Name: "clock", Status: checkOK, Detail: now.UTC().Format(time.RFC3339)}
}
