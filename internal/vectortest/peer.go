package vectortest

import (
	"bytes"
	"os/exec"
	"testing"
)

// Peer returns the path of another project's tool. Without it the test is
// skipped with a notice, or fails under KAI_REQUIRE_PEERS=1.
func Peer(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "no "+name+" to compare with: "+err.Error())
	}
	return path
}

// Run runs a peer and returns its standard output. The test fails when it does.
func Run(t testing.TB, stdin []byte, path string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(path, args...)
	var out, complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s", path, args, err, complaints.Bytes())
	}
	return out.Bytes()
}
