package vault

import (
	"os"

	"kai/internal/vault/objectid"
	"kai/internal/vault/vlog"
)

func (s *Space) writer() *writer {
	return &writer{s: s, now: s.v.opts.Now(), added: map[string]*item{}, epoch: s.policy.Last().E, inner: s.inner()}
}

// ownLog is that of this device, nil when it has written nothing.
func (s *Space) ownLog() *deviceLog {
	for _, l := range s.view.logs {
		if l.dev == s.keys.device.id {
			return l
		}
	}
	return nil
}

// nextWriter is newWriter where the view stands and this device's log ends where the memory has it: then
// nothing has to be looked for.
func (s *Space) nextWriter() (*writer, error) {
	m, err := s.v.recall(s.keys.local)
	if err != nil {
		return nil, err
	}
	l := s.ownLog()
	if l == nil || l.end != m.places[logID{s.id, l.dev}] || l.end.Offset >= s.v.roll {
		s.view = nil
		return s.newWriter()
	}
	w := s.writer()
	w.named = true
	w.goOn(l)
	return w, nil
}

// goOn makes the commit one behind the end of a log.
func (w *writer) goOn(l *deviceLog) {
	w.own, w.file, w.from = l, logName{l.dev, l.end.generation, l.end.first}, l.end.Position
	for i := range l.files {
		if l.files[i].logName == w.file {
			w.b = vlog.NewBuilder(&l.files[i].header, l.end.Chain, l.end.Next)
		}
	}
}

// newWriter finds the end of this device's log, and cuts off what a crash has left there.
func (s *Space) newWriter() (*writer, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	w, dev := s.writer(), s.keys.device.id
	l := s.ownLog()
	if l == nil {
		if err := s.checkNewLog(dev); err != nil {
			return nil, err
		}
		w.begin(logName{dev, 1, 1})
		return w, nil
	}
	named, err := s.findEnd(l)
	if err != nil {
		return nil, err
	}
	w.named = named
	w.file = logName{dev, l.end.generation, l.end.first}
	if l.end.Offset <= vlog.HeaderSize {
		// The newest file holds no commit: the process died while it made it.
		s.v.log.close()
		if err := s.v.dir.Remove(spaceFile(s.id, w.file)); err != nil {
			return nil, err
		}
		s.view = nil
		return s.newWriter()
	}
	if l.torn {
		if err := s.cut(w.file, l.end.Offset); err != nil {
			return nil, err
		}
	}
	if l.end.Offset >= s.v.roll {
		// The sync of the new file says nothing of the end of this one, whose writer may have died before
		// it was durable.
		if err := s.syncFile(w.file); err != nil {
			return nil, err
		}
		w.begin(logName{dev, l.end.generation, l.end.Next})
		return w, nil
	}
	w.goOn(l)
	return w, nil
}

// checkNewLog keeps a device from beginning its log again after its files were removed.
func (s *Space) checkNewLog(dev objectid.ID) error {
	m, err := s.v.recall(s.keys.local)
	if err != nil {
		return err
	}
	if p, ok := m.places[logID{s.id, dev}]; ok {
		return s.v.checkPlace(logID{s.id, dev}, p)
	}
	return nil
}

// begin makes the commit one into a new file.
func (w *writer) begin(name logName) {
	s := w.s
	h := &vlog.Header{Vault: s.v.id, Namespace: s.id, Device: name.dev, Generation: name.generation, First: name.first}
	w.file, w.fresh, w.named = name, true, false
	w.from = h.Start()
	w.b = vlog.NewBuilder(h, h.Chain(), h.First)
}

// findEnd reads the log from what was seen of it to its end. named says that something was seen of
// its last file, whose name was durable then.
func (s *Space) findEnd(l *deviceLog) (named bool, err error) {
	m, err := s.v.recall(s.keys.local)
	if err != nil {
		return false, err
	}
	start, from := 0, l.files[0].header.Start()
	if p, ok := m.places[logID{s.id, l.dev}]; ok {
		if err := s.v.checkPlace(logID{s.id, l.dev}, p); err != nil {
			return false, err
		}
		for i := range l.files {
			if l.files[i].generation == p.generation && l.files[i].first == p.first {
				start, from, named = i, p.Position, i == len(l.files)-1
			}
		}
	}
	f := &l.files[start]
	f.end, l.end = from.Offset, place{f.generation, f.first, from}
	return named, s.scan(l, start, from, nil)
}

// cut removes what follows the last checkpoint of this device's log: it was acknowledged to nobody.
func (s *Space) cut(name logName, end int64) error {
	file := spaceFile(s.id, name)
	f, err := s.v.dir.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == end {
		return err
	}
	s.v.opts.warnf("%s: %d bytes of a commit that was cut short were removed", file, info.Size()-end)
	if err := f.Truncate(end); err != nil {
		return err
	}
	return f.SyncData()
}
