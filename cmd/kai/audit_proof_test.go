package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/proof"
)

// provenLog is a home whose log has a signed checkpoint, the verifier key of the log, and the
// proof of event 3.
func provenLog(t *testing.T) (w *world, vkey, file string) {
	t.Helper()
	w = newWorld(t, "")
	w.must(t, exitDone, "audit", "init")
	w.must(t, exitDone, "keygen", "-o", "ak", "--no-passphrase")
	w.must(t, exitDone, "sign", "ak.pub", "--key", "file:ak")
	w.must(t, exitDone, "audit", "checkpoint", "--key", "file:ak")
	w.must(t, exitDone, "audit", "status", "--vkey")
	vkey = strings.TrimSpace(w.out.String())
	w.must(t, exitDone, "audit", "prove", "3", "-o", "e3.tlog-proof")
	return w, vkey, filepath.Join(w.system.workDir, "e3.tlog-proof")
}

// TestEachByteOfAProof changes every byte of a proof, in several ways: none is accepted.
func TestEachByteOfAProof(t *testing.T) {
	w, vkey, file := provenLog(t)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	check := func() int {
		return w.run(t, "audit", "check-proof", "e3.tlog-proof", "--log", vkey)
	}
	if code := check(); code != exitDone {
		t.Fatalf("exit %d of the proof itself: %s", code, w.err.String())
	}
	var exits [exitUndecidable + 1]int
	try := func(what string, i int, data []byte) {
		t.Helper()
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		code := check()
		if code != exitBad && code != exitUntrusted && code != exitUndecidable {
			t.Errorf("%s at byte %d: exit %d, %s%s", what, i, code, w.out.String(), w.err.String())
			return
		}
		if w.out.Len() > 0 {
			t.Errorf("%s at byte %d: an answer, %s", what, i, w.out.String())
		}
		exits[code]++
	}
	for i := range good {
		for _, other := range []byte{good[i] ^ 1, good[i] ^ 0x80, otherByte(good[i])} {
			changed := bytes.Clone(good)
			changed[i] = other
			try("changed", i, changed)
		}
		try("removed", i, append(bytes.Clone(good[:i]), good[i+1:]...))
		try("doubled", i, append(append(bytes.Clone(good[:i+1]), good[i]), good[i+1:]...))
		try("cut", i, good[:i])
	}
	t.Logf("%d bytes: bad %d, untrusted %d, malformed %d", len(good), exits[exitBad], exits[exitUntrusted], exits[exitUndecidable])
	for _, code := range []int{exitBad, exitUntrusted, exitUndecidable} {
		if exits[code] == 0 {
			t.Errorf("no change ended in exit %d: the test is blind", code)
		}
	}
}

// Go's own note and tlog packages come to the same conclusion.
func TestProofByOthers(t *testing.T) {
	_, vkey, file := provenLog(t)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := proof.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(p.Note, note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(opened.Text, "\n")
	root, err := tlog.ParseHash(lines[2])
	if err != nil || lines[0] != verifier.Name() || lines[1] != "8" {
		t.Fatalf("%q, %v", opened.Text, err)
	}
	if err := tlog.CheckRecord(p.Hashes, 8, root, 3, tlog.RecordHash(p.Extra)); err != nil {
		t.Error(err)
	}
}
