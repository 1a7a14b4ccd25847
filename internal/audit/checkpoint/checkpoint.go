package checkpoint

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the head of a log: which log, how many records, and their root.
type Checkpoint struct {
	Origin string   // the log's identity, 1–255 bytes on one line
	Size   uint64   // of the tree in leaves, at most MaxSize
	Root   [32]byte // RFC 6962 tree hash; of an empty tree, SHA-256 of nothing
}

// Format returns the three lines that are signed,
//
//	ORIGIN LF SIZE LF BASE64(ROOT) LF
//
// SIZE in decimal without leading zeros. Parse reads them back.
//
// The error is ErrMalformed, for a checkpoint that no body can hold.
//
// Format: https://c2sp.org/tlog-checkpoint, "Note text", without extension lines.
func Format(c Checkpoint) ([]byte, error) {
	if reason := c.flaw(); reason != "" {
		return nil, &SyntaxError{What: "checkpoint", Reason: reason}
	}
	return fmt.Appendf(nil, "%s\n%d\n%s\n", c.Origin, c.Size, tlog.Hash(c.Root)), nil
}

// Parse reads exactly what Format writes: other spellings of the number or of
// the base64, extension lines and whatever else follows are refused.
//
// The error is ErrMalformed. A nil error says nothing about who wrote it.
//
// Format: https://c2sp.org/tlog-checkpoint, "Note text", without extension lines.
func Parse(body []byte) (Checkpoint, error) {
	if len(body) > maxBody {
		return Checkpoint{}, &SyntaxError{What: "checkpoint", Offset: maxBody, Reason: "longer than three lines can be"}
	}
	origin, rest, ok := strings.Cut(string(body), "\n")
	size, rest, ok2 := strings.Cut(rest, "\n")
	root, rest, ok3 := strings.Cut(rest, "\n")
	fail := func(offset int, reason string) (Checkpoint, error) {
		return Checkpoint{}, &SyntaxError{What: "checkpoint", Offset: offset, Reason: reason}
	}
	if !ok || !ok2 || !ok3 {
		return fail(len(body), "fewer than three lines")
	}
	c := Checkpoint{Origin: origin}
	n, err := strconv.ParseUint(size, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != size {
		return fail(len(origin)+1, "size is not a decimal number")
	}
	c.Size = n
	rootAt := len(origin) + len(size) + 2
	hash, err := tlog.ParseHash(root)
	if err != nil || hash.String() != root {
		return fail(rootAt, "root is not the base64 of 32 bytes")
	}
	c.Root = hash
	if rest != "" {
		return fail(len(body)-len(rest), "more than three lines")
	}
	if reason := c.flaw(); reason != "" {
		return fail(0, reason)
	}
	return c, nil
}

// flaw says why a checkpoint has no body, or "".
func (c Checkpoint) flaw() string {
	switch {
	case c.Origin == "" || len(c.Origin) > MaxName:
		return fmt.Sprintf("origin of %d bytes, want 1 to %d", len(c.Origin), MaxName)
	case !utf8.ValidString(c.Origin):
		return "origin is not UTF-8"
	case strings.ContainsFunc(c.Origin, unicode.IsControl):
		return "control character in the origin"
	case c.Size > MaxSize:
		return fmt.Sprintf("size above %d", uint64(MaxSize))
	case c.Size == 0 && c.Root != sha256.Sum256(nil):
		return "an empty tree has another root"
	}
	return ""
}
