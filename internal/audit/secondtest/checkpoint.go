//go:build unix

package secondtest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const (
	maxNote       = 64 << 10
	maxSignatures = 32
)

// head checks that the log has a root at a size.
func (j *judge) head(what string, size uint64, root string) {
	r, err := bytes32(root, base64.StdEncoding)
	switch {
	case err != nil:
		j.find("%s: the root is %v", what, err)
	case size > j.n:
		j.find("%s: of %d events, there are %d", what, size, j.n)
	case r != j.tree.root(size):
		j.find("%s: another root at %d", what, size)
	}
}

// checkpoints checks all notes, and what the events audit.checkpoint say.
//
// Open: whether an event's d.n and d.root are a checkpoint in the meaning of
// VERIFYING. They are. Open: whether the note must exist that such an event
// follows, and whether an event must follow each note. They need not, as long as
// some event names the key of the note.
func (j *judge) checkpoints() {
	for _, h := range j.said {
		what := fmt.Sprintf("checkpoint: event %d", h.n)
		if h.size > h.n {
			j.find("%s: of %d events", what, h.size)
		}
		j.head(what, h.size, h.root)
	}
	known := j.verifiers()
	for _, f := range j.files.notes {
		size, root, signed, err := openNote(f.data, j.header.origin, known)
		if err != nil {
			j.find("checkpoint: %s: %v", f.name, err)
			continue
		}
		if f.name != "checkpoint" && f.name != fmt.Sprintf("checkpoints/%012d.note", size) {
			j.find("checkpoint: %s is of %d events", f.name, size)
		}
		j.head("checkpoint: "+f.name, size, root)
		if !signed && len(j.keys) > 0 {
			j.find("checkpoint: %s: no signature by a key of the log", f.name)
		}
		if signed && size > j.signed {
			j.signed = size
		}
	}
}

// verifiers are the log's keys: those that events audit.checkpoint name.
func (j *judge) verifiers() note.Verifiers {
	slices.Sort(j.keys)
	var l []note.Verifier
	for _, key := range slices.Compact(j.keys) {
		v, err := note.NewVerifier(key)
		if err == nil && v.Name() != j.header.origin {
			err = errors.New("of another name than the origin")
		}
		if err != nil {
			j.find("checkpoint: key %q: %v", key, err)
			continue
		}
		l = append(l, v)
	}
	return note.VerifierList(l...)
}

// openNote reads a signed note. A note that has signatures by unknown keys only
// is not signed. A wrong signature by a known one is an error.
//
// Open: whether the unused last bits of b64 must be zero, as those of b64url. In
// roots they must, in signatures they need not.
func openNote(data []byte, origin string, known note.Verifiers) (size uint64, root string, signed bool, err error) {
	if len(data) > maxNote {
		return 0, "", false, errors.New("more than 64 KiB")
	}
	n, err := note.Open(data, known)
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		n, err = unverified.Note, nil
	}
	if err != nil {
		return 0, "", false, err
	}
	if i := bytes.LastIndex(data, []byte("\n\n")); bytes.Count(data[i+2:], []byte("\n")) > maxSignatures {
		return 0, "", false, errors.New("more than 32 signatures")
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return 0, "", false, errors.New("not three lines")
	}
	if lines[0] != origin {
		return 0, "", false, errors.New("of another origin")
	}
	size, err = strconv.ParseUint(lines[1], 10, 63)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return 0, "", false, errors.New("the size is no number")
	}
	return size, lines[2], len(n.Sigs) > 0, nil
}
