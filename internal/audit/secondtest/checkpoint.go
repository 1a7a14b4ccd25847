//go:build unix

package secondtest

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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

// checkpoints checks all notes.
func (j *judge) checkpoints() {
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
		if !signed {
			j.find("checkpoint: %s: no signature by a key of the log", f.name)
		}
		if signed && size > j.signed {
			j.signed = size
		}
	}
}

// verifiers are the log's keys: those that events audit.checkpoint name. What
// golang.org/x/mod takes for a verifier key is one of type 0x01.
func (j *judge) verifiers() []note.Verifier {
	slices.Sort(j.keys)
	var l []note.Verifier
	for _, key := range slices.Compact(j.keys) {
		v, err := note.NewVerifier(key)
		if err == nil && v.Name() == j.header.origin {
			l = append(l, v)
		}
	}
	return l
}

// openNote reads a signed note. A note that has signatures by unknown keys only
// is not signed. A wrong signature by a known one is an error.
func openNote(data []byte, origin string, known []note.Verifier) (size uint64, root string, signed bool, err error) {
	fail := func(what string) (uint64, string, bool, error) { return 0, "", false, errors.New(what) }
	if len(data) > maxNote {
		return fail("more than 64 KiB")
	}
	text, lines, divided := strings.Cut(string(data), "\n\n")
	if !divided || !strings.HasSuffix(lines, "\n") {
		return fail("not text, an empty line and signatures")
	}
	text += "\n"
	parts := strings.Split(text, "\n")
	if len(parts) != 4 {
		return fail("not three lines")
	}
	if parts[0] != origin {
		return fail("of another origin")
	}
	size, err = strconv.ParseUint(parts[1], 10, 53)
	if err != nil || strconv.FormatUint(size, 10) != parts[1] {
		return fail("the size is no number")
	}
	signatures := strings.Split(strings.TrimSuffix(lines, "\n"), "\n")
	if len(signatures) > maxSignatures {
		return fail("more than 32 signatures")
	}
	for _, line := range signatures {
		name, hash, signature, err := parseSignature(line)
		if err != nil {
			return fail(err.Error())
		}
		for _, v := range known {
			if v.Name() != name || v.KeyHash() != hash {
				continue
			}
			if !v.Verify([]byte(text), signature) {
				return fail("a signature by the log is wrong")
			}
			signed = true
		}
	}
	return size, parts[2], signed, nil
}

// parseSignature reads a line without its line feed.
func parseSignature(line string) (name string, hash uint32, signature []byte, err error) {
	rest, dashed := strings.CutPrefix(line, "— ")
	name, text, divided := strings.Cut(rest, " ")
	odd := func(r rune) bool { return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r) }
	if !dashed || !divided || name == "" || len(name) > 255 || !utf8.ValidString(name) || strings.ContainsFunc(name, odd) {
		return "", 0, nil, errors.New("not a line of a signature")
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(data) != text || len(data) < 5 {
		return "", 0, nil, errors.New("not the base64 of a signature")
	}
	return name, binary.BigEndian.Uint32(data), data[4:], nil
}
