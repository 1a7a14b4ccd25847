package store

import (
	"bytes"
	"encoding/json"
	"sync"

	"kai/internal/canon"
	"kai/internal/identity"
)

// Entry is an identity as the home knows it.
type Entry struct {
	id     identity.ID
	local  Local
	sealed bool

	once     sync.Once // guards docs' being verified
	docs     []*identity.Unverified
	verified *identity.Identity
	err      error
}

// ID is the identity's.
func (e *Entry) ID() identity.ID { return e.id }

// Local is what the home says of it: class external, if nobody has sealed it.
func (e *Entry) Local() Local { return e.local }

// Sealed reports whether the head covers the entry.
func (e *Entry) Sealed() bool { return e.sealed }

// Identity is the document, verified when it is asked for the first time. The
// errors are those of identity.Unverified.Verify and identity.Merge.
func (e *Entry) Identity() (*identity.Identity, error) {
	e.once.Do(func() {
		for _, u := range e.docs {
			next, err := u.Verify()
			if err == nil && e.verified != nil {
				next, err = identity.Merge(e.verified, next)
			}
			if err != nil {
				e.verified, e.err = nil, err
				return
			}
			e.verified = next
		}
	})
	return e.verified, e.err
}

// line is an entry as it is written.
func line(id *identity.Identity, l Local) ([]byte, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	local, err := canon.Marshal(l)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(`{"doc":`)
	if err := json.Compact(&b, id.Document()); err != nil {
		return nil, err
	}
	b.WriteString(`,"local":`)
	b.Write(local)
	b.WriteByte('}')
	return b.Bytes(), nil
}
