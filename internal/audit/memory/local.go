package memory

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"kai/internal/audit"
	"kai/internal/canon"
	"kai/internal/durable"
)

const (
	headFile = "audit-head.json"
	headSize = 256
)

// Local remembers one head in a file.
type Local struct{ Dir *durable.Dir }

// localHead is what the file holds.
type localHead struct {
	LogID string `json:"log_id"`
	N     uint64 `json:"n"`
	Root  string `json:"root"`
	Sum   string `json:"sum"`
	V     int    `json:"v"`
}

func (h *localHead) sum() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %s", h.LogID, h.N, h.Root))
	return fmt.Sprintf("%x", sum[:8])
}

// Name implements audit.Memory.
func (Local) Name() string { return "local" }

// Load implements audit.Memory: whatever log the head is of.
func (l Local) Load(string) (audit.Head, bool, error) {
	data, err := l.Dir.ReadFile(headFile, headSize)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrTooLarge) {
		return audit.Head{}, false, nil
	}
	if err != nil {
		return audit.Head{}, false, err
	}
	var h localHead
	if err := canon.Unmarshal(bytes.TrimRight(data, " \n"), &h); err != nil || h.V != 1 || h.Sum != h.sum() {
		return audit.Head{}, false, nil
	}
	root, err := base64.StdEncoding.Strict().DecodeString(h.Root)
	if err != nil || len(root) != len(audit.Head{}.Root) {
		return audit.Head{}, false, nil
	}
	return audit.Head{LogID: h.LogID, N: h.N, Root: [32]byte(root)}, true, nil
}

// Store implements audit.Memory.
//
// Expected system calls: openat(audit-head.json), pwrite of 256 bytes.
func (l Local) Store(head audit.Head) error {
	h := localHead{LogID: head.LogID, N: head.N, Root: base64.StdEncoding.EncodeToString(head.Root[:]), V: 1}
	h.Sum = h.sum()
	text, err := canon.Marshal(h)
	if err != nil {
		return err
	}
	line := append(bytes.Repeat([]byte(" "), headSize-1), '\n')
	if copy(line[:headSize-1], text) < len(text) {
		return fmt.Errorf("%s: more than %d bytes", headFile, headSize)
	}
	f, err := l.Dir.OpenFile(headFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(line, 0)
	return errors.Join(err, f.Close())
}
