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
	h.v.locked, h.v.current = false, false
	if openKeepsName { // others could not replace what is open
		h.v.log.close()
		h.v.memo.close()
	}
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

// writing is a file that stays open for who writes to it again. What is in it is not taken for known.
type writing struct {
	durable.File // nil: none is open
	info         fs.FileInfo
	name         string
}

func (w *writing) close() {
	if w.File != nil {
		_ = w.File.Close() // what was to be durable was synced
		*w = writing{}
	}
}

// openWriting opens a file for writing, unless it is open and has the name yet, and returns its size.
func (v *Vault) openWriting(w *writing, name string, flag int) (size int64, err error) {
	if w.File != nil && w.name == name {
		if _, size, err := v.dir.Still(name, w.info); err == nil {
			return size, nil
		}
	}
	w.close()
	f, info, err := v.dir.OpenStat(name, flag, 0o600)
	if err != nil {
		return 0, err
	}
	*w = writing{f, info, name}
	return info.Size(), nil
}

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
