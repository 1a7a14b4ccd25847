package vault

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A commit of one secret is made durable by one fdatasync of the log, and nothing else is waited for.
func TestOneSync(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("KAI_REQUIRE_PEERS") != "" {
			t.Fatal(err)
		}
		t.Skip("strace is not there:", err)
	}
	b := newMemoryVault(t)
	b.now = time.Now()
	must(t, setIn(b, put("first", KindAPIKeys, "value")))
	b.writeKeys()
	out := filepath.Join(t.TempDir(), "trace")
	exe, err := os.Executable()
	must(t, err)
	const commits = 3
	cmd := exec.Command(strace, "-f", "-y", "-e", "trace=fsync,fdatasync,sync,syncfs,sync_file_range", "-o", out, exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s,one,%d,w", workerVariable, b.path, commits))
	if text, err := cmd.CombinedOutput(); err != nil {
		if strings.Contains(string(text), "ptrace") {
			t.Skipf("strace may not trace here: %s", text)
		}
		t.Fatalf("%v: %s", err, text)
	}
	trace, err := os.ReadFile(out)
	must(t, err)
	calls := regexp.MustCompile(`(?m)^\d+ +(\w+)\(\d+<([^>]*)>`).FindAllStringSubmatch(string(trace), -1)
	for _, c := range calls {
		if c[1] != "fdatasync" || !strings.HasSuffix(c[2], logSuffix) {
			t.Errorf("%s of %s", c[1], c[2])
		}
	}
	if len(calls) != commits {
		t.Errorf("%d commits, %d syncs:\n%s", commits, len(calls), trace)
	}
}
