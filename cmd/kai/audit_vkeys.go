package main

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"kai/internal/audit/checkpoint"
	"kai/internal/durable"
)

// vkeysFile holds the verifier keys of the log's newest checkpoint, one a line. The event of a
// checkpoint names only its first key: a post-quantum one has eighteen hundred characters.
const vkeysFile = "vkeys"

// rememberVKeys keeps the keys that signed a checkpoint, where they are not the same as before.
func (o *openedLog) rememberVKeys(s *noteSigners) error {
	text := strings.Join(s.vkeys(), "\n") + "\n"
	if old, err := o.dir.ReadFile(vkeysFile, checkpoint.MaxNote); err == nil && string(old) == text {
		return nil
	}
	return o.dir.WriteFile(vkeysFile, []byte(text), 0o600)
}

// vkeys are the keys that sign for this log: those that its events name, and those of the file
// that have signed the newest checkpoint, too. What else the file says counts for nothing.
func (o *openedLog) vkeys(named []string) ([]string, error) {
	data, err := o.dir.ReadFile(vkeysFile, checkpoint.MaxNote)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrTooLarge) {
		return named, nil
	}
	if err != nil {
		return nil, err
	}
	signed, err := o.CheckpointNote()
	if errors.Is(err, fs.ErrNotExist) {
		return named, nil
	}
	if err != nil {
		return nil, err
	}
	note, err := checkpoint.ParseNote(signed)
	if err != nil {
		return named, nil //nolint:nilerr // kai audit verify says so
	}
	keys := make([]*checkpoint.Verifier, 0, 1)
	for _, text := range named {
		if k, err := checkpoint.ParseVerifier(text); err == nil {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return named, nil // only with a key that an event names are the others the log's
	}
	if verified, err := note.Verify(keys...); err != nil || !hasLines(verified, keys) {
		return named, nil //nolint:nilerr // kai audit verify says so
	}
	for line := range strings.Lines(string(data)) {
		k, err := checkpoint.ParseVerifier(strings.TrimSuffix(line, "\n"))
		if err != nil || k.Name() != o.Info().Origin || slices.ContainsFunc(keys, k.Equal) {
			continue
		}
		if verified, err := note.Verify(k); err == nil && hasLines(verified, []*checkpoint.Verifier{k}) {
			keys, named = append(keys, k), append(named, k.String())
		}
	}
	return named, nil
}

// hasLines reports whether each of the keys has signed.
func hasLines(v *checkpoint.Verified, keys []*checkpoint.Verifier) bool {
	for _, k := range keys {
		if _, ok := v.By(k); !ok {
			return false
		}
	}
	return true
}
