package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kai/internal/sig"
	"kai/internal/sig/gitobj"
)

// BenchmarkGitVerify verifies 1,000 signed commits with kai git verify, against git log
// --format=%G? that runs ssh-keygen (over 100 commits, scaled): x-git is kai's best time
// divided by git's best, on one processor and on all.
//
//	TMPDIR=/dev/shm go test -run '^$' -bench GitVerify -benchtime 5x ./cmd/kai
//
// Held: 0.05.
func BenchmarkGitVerify(b *testing.B) {
	const count, measured = 1000, 100
	peer(b, "ssh-keygen")
	kai := buildKai(b)
	ada := newGitSigner(b)
	r := newGitRepo(b, "sha1")
	r.git("update-ref", "refs/heads/main", r.signedHistory(count, ada))
	r.git("repack", "-q", "-a", "-d")
	signer := r.file("ada.pub", gitKeyLine(ada)+"\n")
	r.git("config", "gpg.ssh.allowedSignersFile", r.file("signers", "ada@example.org "+gitKeyLine(ada)+"\n"))

	run := func(variable, program string, args ...string) (time.Duration, string) {
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = r.dir, append(r.environ(), variable)
		start := time.Now()
		out, err := cmd.Output()
		if err != nil {
			b.Fatalf("%s: %v", program, err)
		}
		return time.Since(start), string(out)
	}
	for _, threads := range []int{1, 0} {
		name, variable := "all", "GOMAXPROCS="
		if threads > 0 {
			name, variable = strconv.Itoa(threads), fmt.Sprintf("GOMAXPROCS=%d", threads)
		}
		b.Run("threads="+name, func(b *testing.B) {
			var ours, theirs time.Duration
			for b.Loop() {
				took, out := run(variable, kai, "git", "verify", "--history", "main", "--signer", signer)
				if !strings.Contains(out, fmt.Sprintf("%7d  trusted\n", count)) {
					b.Fatal(out)
				}
				ours = shorter(ours, took)
				b.StopTimer()
				took, out = run(variable, r.program, "log", "--format=%G?", "-n", strconv.Itoa(measured), "main")
				if out != strings.Repeat("G\n", measured) {
					b.Fatal(out)
				}
				theirs = shorter(theirs, took*count/measured)
				b.StartTimer()
			}
			b.ReportMetric(float64(ours)/float64(theirs), "x-git")
			b.ReportMetric(count/ours.Seconds(), "commits/s")
		})
	}
}

// signedHistory makes a line of commits in two runs of git and returns the last one's id.
func (r *gitRepo) signedHistory(count int, signer *sig.Signer) string {
	r.t.Helper()
	dir := r.t.TempDir()
	var paths strings.Builder
	parent := ""
	for i := range count {
		c := gitCommit{signer: signer, time: int64(i), message: fmt.Sprintf("commit %d\n", i)}
		if parent != "" {
			c.parents = []string{parent}
		}
		content := r.commitText(c)
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			r.t.Fatal(err)
		}
		paths.WriteString(path + "\n")
		parent = gitobj.SHA1.ID(gitobj.Commit, []byte(content))
	}
	ids := strings.Fields(r.pipe(paths.String(), "hash-object", "-t", "commit", "-w", "--stdin-paths"))
	if len(ids) != count || ids[count-1] != parent {
		r.t.Fatalf("git made %d commits", len(ids))
	}
	return parent
}
