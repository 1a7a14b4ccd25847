//go:build unix

package main

import (
	"net"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// TestAnchorJournald: the journal gets one entry a checkpoint, in its native protocol.
func TestAnchorJournald(t *testing.T) {
	w, _, _ := provenLog(t)
	socket := filepath.Join(t.TempDir(), "s")
	journal, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skip(err) // a path that is too long for a socket
	}
	defer journal.Close()
	w.must(t, exitDone, "audit", "checkpoint", "--key", "file:ak", "--anchor", "journald:"+socket)
	if err := journal.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var entry [4096]byte
	n, err := journal.Read(entry[:])
	if err != nil {
		t.Fatal(err)
	}
	want := `^MESSAGE=kai-audit (kind\.local/audit/\w{26}) 10 (\S{44})\nPRIORITY=6\nSYSLOG_IDENTIFIER=kai\nKAI_ORIGIN=\S+\nKAI_N=10\nKAI_ROOT=\S{44}\n$`
	if !regexp.MustCompile(want).Match(entry[:n]) {
		t.Errorf("%q", entry[:n])
	}
	w.must(t, exitDone, "audit", "verify", "--anchors")
	if !regexp.MustCompile(`(?m)^anchor journald: not asked, 10 events$`).MatchString(w.out.String()) {
		t.Errorf("%s", w.out.String())
	}
}
