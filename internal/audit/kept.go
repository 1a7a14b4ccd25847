package audit

import (
	"io/fs"
	"os"
	"strings"

	"kai/internal/durable"
)

// kept is a file that stays open from one append of a Log to the next. What the state file holds is
// read anew each time, and the others with it unless it says what it said then.
type kept struct {
	durable.File             // nil: none
	info         fs.FileInfo // of File, when it was opened
	size         int64       // of File, when this append took it
	again        bool        // the append before had it, too
	place        string      // among the kept ones, for one file each; "" where none is for it
}

func (k *kept) close() {
	if k.File != nil {
		_ = k.File.Close() // everything that matters was synced
		*k = kept{}
	}
}

// keptPlace is the place of a file; there is one for the segments, of which the last one is open.
func keptPlace(name string) string {
	place, _, _ := strings.Cut(name, "/")
	return place
}

// openKept opens a file for reading and writing, or takes the one of the append before, if that still
// has the name. The errors are those of openPrivate.
//
// Expected system calls: fstatat(name), and those of openPrivate where it is another file.
func (l *Log) openKept(name string) (kept, error) {
	place := keptPlace(name)
	l.keptMu.Lock()
	k := l.kept[place]
	delete(l.kept, place)
	l.keptMu.Unlock()
	if k.File != nil {
		perm, size, err := l.dir.Still(name, k.info)
		if err == nil && !othersMay(perm) {
			k.size, k.again = size, true
			return k, nil
		}
		k.close()
	}
	return openNew(l.dir, name, os.O_RDWR, place)
}

func openNew(d *durable.Dir, name string, flag int, place string) (kept, error) {
	f, info, err := openDescribed(d, name, flag)
	if err != nil {
		return kept{}, err
	}
	return kept{File: f, info: info, size: info.Size(), place: place}, nil
}

// keep leaves a file to the next append.
func (l *Log) keep(k kept) {
	if k.File == nil || k.place == "" {
		k.close()
		return
	}
	l.keptMu.Lock()
	defer l.keptMu.Unlock()
	if l.kept == nil {
		l.kept = map[string]kept{}
	}
	old := l.kept[k.place]
	old.close()
	l.kept[k.place] = k
}
