package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// maxResident is what a streaming command may hold in memory, in KiB, at any input size.
const maxResident = 64 << 10

// TestMemoryIsBounded signs and verifies a sparse file with each streaming format and looks at
// the largest resident size of the process. The file has 1 GiB; with KAI_SPARSE_GIB it has as
// many GiB as that says:
//
//	KAI_SPARSE_GIB=20 go test -run TestMemoryIsBounded -v -timeout 60m ./cmd/kai
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("reads gigabytes")
	}
	dir := t.TempDir()
	large := filepath.Join(dir, "tree", "large")
	if err := os.Mkdir(filepath.Dir(large), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(large)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(sparseSize(t)); err != nil {
		t.Fatal(err)
	}
	kai, err := os.Executable() // see TestMain
	if err != nil {
		t.Fatal(err)
	}
	resident := func(args ...string) {
		t.Helper()
		cmd := exec.Command(kai, args...)
		cmd.Args[0] = "kai"
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		used := highWater(cmd.Process.Pid)
		if err := cmd.Wait(); err != nil {
			t.Errorf("kai %v: %v: %s", args, err, out.String())
			return
		}
		t.Logf("%6d KiB  kai %v", used, args)
		if used == 0 || used > maxResident {
			t.Errorf("kai %v: %d KiB resident, at most %d", args, used, maxResident)
		}
	}
	resident("keygen", "-o", "key", "--no-passphrase")
	resident("keygen", "-o", "ecdsa", "--type", "ecdsa-p256", "--no-passphrase")
	for _, format := range []string{"sshsig", "minisign"} {
		resident("sign", "tree/large", "--format", format, "--key", "file:key", "-o", format)
		resident("verify", "tree/large", "-s", format, "--signer", "key.pub")
	}
	resident("sign", "tree/large", "--format", "raw", "--key", "file:ecdsa", "-o", "raw")
	resident("verify", "tree/large", "-s", "raw", "--signer", "ecdsa.pub")
	resident("sign", "tree", "--key", "file:key")
	resident("verify", "tree", "--signer", "key.pub")
	resident("hash", "tree/large")
	resident("hash", "--algo", "blake3", "tree/large")
}

// highWater watches a process until it ends and returns the most memory it had at once, in KiB.
// What the system tells its parent afterwards would count the parent's own memory too, which
// the child had until it became another program.
func highWater(pid int) int64 {
	status := fmt.Sprintf("/proc/%d/status", pid)
	pattern := regexp.MustCompile(`(?m)^VmHWM:\s*(\d+) kB$`)
	most := int64(0)
	for {
		text, err := os.ReadFile(status)
		if err != nil {
			return most
		}
		found := pattern.FindSubmatch(text)
		if found == nil { // it has ended and waits to be asked for
			return most
		}
		kib, err := strconv.ParseInt(string(found[1]), 10, 64)
		if err != nil {
			return most
		}
		most = max(most, kib)
		time.Sleep(2 * time.Millisecond)
	}
}

func sparseSize(t *testing.T) int64 {
	t.Helper()
	text := os.Getenv("KAI_SPARSE_GIB")
	if text == "" {
		return 1 << 30
	}
	gib, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return gib << 30
}
