package manifest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/digest"
)

// The first lines of the two formats. The namespace of signatures under either
// is that of the manifest: a proof repeats the manifest's head.
const (
	magic      = "kai-manifest/1"
	proofMagic = "kai-proof/1"

	// Namespace is the namespace of every signature of a manifest.
	Namespace = "kai-manifest/1"
)

// Head is what a signature of a manifest covers directly.
type Head struct {
	Algorithm digest.Algorithm // of the entries
	Entries   int64
	Root      tlog.Hash // RFC 6962 tree hash over the entries' lines
	Size      int64     // sum of the sizes of regular files, in bytes
	Exclude   []string  // sorted, each once
}

// Bytes returns the signed bytes: the head with its empty line.
func (h *Head) Bytes() []byte {
	b := fmt.Appendf(nil, "%s\nalg %s\ntree sha256 %d %s\nsize %d\n", magic, h.Algorithm, h.Entries, h.Root, h.Size)
	for _, pattern := range h.Exclude {
		b = fmt.Appendf(b, "exclude %s\n", pattern)
	}
	return append(b, '\n')
}

// parseHead reads the lines of a head, without their line feeds and without the
// empty line. line is the number of the one that an error is about.
func parseHead(lines []string) (h Head, line int, err error) {
	if len(lines) < 4 {
		return h, max(len(lines)-1, 0), fault("head with less than four lines")
	}
	if lines[0] != magic {
		return h, 0, fault("first line is not " + magic)
	}
	if h.Algorithm, err = parseAlgorithm(lines[1]); err != nil {
		return h, 1, err
	}
	if h.Entries, h.Root, err = parseTree(lines[2]); err != nil {
		return h, 2, err
	}
	size, ok := strings.CutPrefix(lines[3], "size ")
	if !ok {
		return h, 3, fault(`line that is not "size BYTES"`)
	}
	if h.Size, err = parseSize(size); err != nil {
		return h, 3, err
	}
	for i, line := range lines[4:] {
		pattern, ok := strings.CutPrefix(line, "exclude ")
		if !ok {
			return h, 4 + i, fault("unknown line in the head")
		}
		if err := checkPattern(pattern); errors.Is(err, ErrPattern) {
			return h, 4 + i, fault("exclude pattern that is empty or not understood")
		} else if err != nil {
			return h, 4 + i, err
		}
		if i > 0 && h.Exclude[i-1] >= pattern {
			return h, 4 + i, fault("exclude patterns not sorted, or one twice")
		}
		h.Exclude = append(h.Exclude, pattern)
	}
	return h, 0, nil
}

func parseAlgorithm(line string) (digest.Algorithm, error) {
	name, ok := strings.CutPrefix(line, "alg ")
	if !ok {
		return 0, fault(`line that is not "alg NAME"`)
	}
	a, err := digest.ByName(name)
	if err != nil {
		return 0, fault("unknown hash algorithm")
	}
	return a, nil
}

// parseTree reads "tree sha256 ENTRIES ROOT".
func parseTree(line string) (entries int64, root tlog.Hash, err error) {
	fields := strings.Split(line, " ")
	if len(fields) != 4 || fields[0] != "tree" || fields[1] != "sha256" {
		return 0, root, fault(`line that is not "tree sha256 ENTRIES ROOT"`)
	}
	if entries, err = parseSize(fields[2]); err != nil {
		return 0, root, err
	}
	if entries > MaxEntries {
		return 0, root, tooLarge("%d entries, at most %d", entries, MaxEntries)
	}
	root, err = parseHash(fields[3])
	return entries, root, err
}

// parseHash reads a hash in canonical base64.
func parseHash(s string) (tlog.Hash, error) {
	h, err := tlog.ParseHash(s)
	if err != nil || base64.StdEncoding.EncodeToString(h[:]) != s {
		return tlog.Hash{}, fault("hash that is not 32 bytes in base64")
	}
	return h, nil
}

// patterns returns the exclude lines for a list of patterns.
func patterns(list []string) ([]string, error) {
	for _, pattern := range list {
		if err := checkPattern(pattern); err != nil {
			return nil, err
		}
	}
	list = slices.Clone(list)
	slices.Sort(list)
	list = slices.Compact(list)
	if n := len(strings.Join(list, "\nexclude ")); n > maxHead-headFixed {
		return nil, tooLarge("exclude patterns of %d bytes together", n)
	}
	return list, nil
}

func checkPattern(pattern string) error {
	if pattern == "" || !utf8.ValidString(pattern) || strings.ContainsFunc(pattern, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return fmt.Errorf("%w %q", ErrPattern, pattern)
	}
	if len(pattern) > MaxPath {
		return tooLarge("exclude pattern of %d bytes", len(pattern))
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("%w %q", ErrPattern, pattern)
	}
	return nil
}

// Excludes reports whether the patterns leave out a path, which is not escaped:
// itself or a directory above it matches.
func (h *Head) Excludes(raw string) bool {
	for i := range raw {
		if raw[i] == '/' && h.excluded(raw[:i]) {
			return true
		}
	}
	return h.excluded(raw)
}

// excluded reports whether a path, unescaped, matches one of the patterns.
func (h *Head) excluded(raw string) bool {
	for _, pattern := range h.Exclude {
		if ok, _ := path.Match(pattern, raw); ok {
			return true
		}
	}
	return false
}
