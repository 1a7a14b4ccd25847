package replica

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"slices"

	"kai/internal/durable"
)

const (
	memoryFile  = "local/sync.json"
	maxMemory   = 64 << 20
	maxTargets  = 16 // that are remembered
	memoryFirst = 1
)

// memory is local/sync.json.
type memory struct {
	Last    string               `json:"last"`
	Targets map[string]*contents `json:"targets"`
	V       int                  `json:"v"`
}

// contents are the objects of a target, as they were seen last.
type contents struct {
	Objects map[string]seen `json:"objects"`
}

// seen is an object that was checked. Of a log the first size bytes are those of this vault's.
type seen struct {
	Size int64  `json:"size"`
	Sum  string `json:"sum,omitempty"` // SHA-256, hexadecimal; not of logs
	Tag  string `json:"tag"`
}

// LastTarget is the target of the last sync, "" when there was none.
func LastTarget(dir *durable.Dir) (string, error) {
	m, err := readMemory(dir)
	return m.Last, err
}

// readMemory reads the file. One that cannot be understood is as none: all is fetched again.
func readMemory(dir *durable.Dir) (*memory, error) {
	m := &memory{}
	data, err := dir.ReadFile(memoryFile, maxMemory)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, durable.ErrTooLarge) {
		return m, err
	}
	if err != nil || json.Unmarshal(data, m) != nil || m.V != memoryFirst || m.Targets == nil {
		m = &memory{Targets: map[string]*contents{}, V: memoryFirst}
	}
	return m, nil
}

// of are the contents of a target.
func (m *memory) of(target string) *contents {
	c := m.Targets[target]
	if c == nil || c.Objects == nil {
		c = &contents{Objects: map[string]seen{}}
	}
	return c
}

// keep writes the contents of a target.
func (m *memory) keep(dir *durable.Dir, target string, c *contents) error {
	m.Last, m.Targets[target] = target, c
	for _, name := range slices.Sorted(maps.Keys(m.Targets)) {
		if len(m.Targets) > maxTargets && name != target {
			delete(m.Targets, name)
		}
	}
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return dir.WriteFile(memoryFile, data, 0o600)
}
