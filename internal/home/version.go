package home

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"kai/internal/durable"
)

// version is the layout this package reads and writes.
const version = 1

const (
	versionWord = "kai-home "
	versionText = "kai-home 1\n"
)

// checkVersion reads the version file. Without one the directory is not a home.
func (h *Home) checkVersion() error {
	text, err := h.dir.ReadFile(versionFile, maxVersion)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, durable.ErrTooLarge), errors.Is(err, durable.ErrNotRegular):
		return h.notHome()
	case err != nil:
		return fmt.Errorf("home %s: %w", quote(h.path), err)
	}
	n, ok := parseVersion(string(text))
	switch {
	case !ok:
		return h.notHome()
	case n > version:
		return fmt.Errorf("home %s: version %d: %w", quote(h.path), n, ErrNewer)
	}
	return nil
}

// parseVersion reads the version file's text: the word, a number from 1 without leading zeros or
// sign, and a line feed.
func parseVersion(text string) (int, bool) {
	number, ok := strings.CutPrefix(text, versionWord)
	number, line := strings.CutSuffix(number, "\n")
	n, err := strconv.Atoi(number)
	return n, ok && line && err == nil && n >= 1 && strconv.Itoa(n) == number
}

func (h *Home) notHome() error {
	return &hinted{
		fmt.Errorf("home %s: %w", quote(h.path), ErrNotHome),
		"name an empty or new directory with --home",
	}
}
