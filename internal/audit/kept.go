package audit

import (
	"io/fs"
	"os"

	"kai/internal/durable"
)

// kept is a file that stays open from one append of a Log to the next. What it holds is read anew
// each time.
type kept struct {
	durable.File             // nil: none
	info         fs.FileInfo // of File, when it was opened
}

func (k *kept) close() {
	if k.File != nil {
		_ = k.File.Close() // everything that matters was synced
		*k = kept{}
	}
}

// openKept opens a file for reading and writing, or takes the one of the append before, if that still
// has the name. The errors are those of openPrivate.
//
// Expected system calls: fstatat(name), and those of openPrivate where it is another file.
func (l *Log) openKept(name string) (kept, error) {
	l.keptMu.Lock()
	k := l.kept[name]
	delete(l.kept, name)
	l.keptMu.Unlock()
	if k.File != nil {
		now, err := l.dir.Lstat(name)
		if err == nil && now.Mode().IsRegular() && !othersMay(now.Mode()) && os.SameFile(k.info, now) {
			return k, nil
		}
		k.close()
	}
	f, info, err := openDescribed(l.dir, name, os.O_RDWR)
	return kept{f, info}, err
}

// keep leaves a file to the next append.
func (l *Log) keep(name string, k kept) {
	if k.File == nil {
		return
	}
	l.keptMu.Lock()
	defer l.keptMu.Unlock()
	if l.kept == nil {
		l.kept = map[string]kept{}
	}
	old := l.kept[name]
	old.close()
	l.kept[name] = k
}
