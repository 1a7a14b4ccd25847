package vault

import (
	"context"
	"io/fs"
	"os"
	"time"

	"kai/internal/durable"
)

const (
	lockPoll = 20 * time.Millisecond
	maxKept  = 16 // logs that stay open for reading
)

// lock keeps other writers out. It is never held while somebody is asked something.
func (v *Vault) lock(ctx context.Context) (*held, error) { return v.take(ctx, lockPoll) }

// take is lock for who asks every poll, or once when that is 0.
func (v *Vault) take(ctx context.Context, poll time.Duration) (*held, error) {
	h, err := v.locking.Take(ctx, poll)
	if err != nil {
		return nil, err
	}
	v.locked = true
	return &held{v, h}, nil
}

// held is the lock of a vault.
type held struct {
	v  *Vault
	of *durable.Held
}

// Unlock gives it back: from now on others change the files.
func (h *held) Unlock() error {
	h.v.locked, h.v.recalled = false, nil
	for _, f := range h.v.kept {
		_ = f.File.Close() // nothing was written to it
	}
	h.v.kept = nil
	return h.of.Unlock()
}

// keptLog is a log that stays open for reading until the lock is given back: who holds it reads one
// again and again, and nobody else changes it meanwhile.
type keptLog struct {
	durable.File
	info fs.FileInfo
}

func (keptLog) Close() error { return nil }

// openLog opens a file of records for reading.
func (v *Vault) openLog(name string) (durable.File, error) {
	if k, ok := v.kept[name]; ok {
		if _, _, err := v.dir.Still(name, k.info); err == nil {
			return k, nil
		}
		_ = k.File.Close()
		delete(v.kept, name)
	}
	f, info, err := v.dir.OpenStat(name, os.O_RDONLY, 0)
	if err != nil || !v.locked || len(v.kept) == maxKept {
		return f, err
	}
	if v.kept == nil {
		v.kept = map[string]keptLog{}
	}
	k := keptLog{f, info}
	v.kept[name] = k
	return k, nil
}
