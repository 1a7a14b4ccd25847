package secret

import (
	"crypto/subtle"
	"runtime"
	"sync"
)

// Bytes holds secret bytes. It is made by [New], [Take], [Read] or [ReadTrimmed] and used through
// a pointer; the zero value and nil behave as wiped.
//
// Methods may be called from several goroutines, with one exception that no method can prevent:
// nobody may use a slice from Expose while or after somebody calls Wipe.
type Bytes struct {
	_ noCopy

	// hold yields the memory. It is a function because printers and comparers that walk values
	// by reflection, ours in tests or a logger's in production, stop at functions.
	hold func() *region
}

// region is the memory of one secret.
type region struct {
	mu     sync.Mutex
	mem    []byte // all of it; guarded by mu; nil once wiped
	size   int    // the secret is mem[:size]; guarded by mu
	wiped  bool   // guarded by mu
	locked bool   // fixed
	free   func() // fixed; nil when there is nothing to give back
}

// noCopy makes go vet complain about copies of a Bytes.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// New returns n zero bytes, to be filled through Expose. It panics when n is negative. It never
// fails: when no protected memory is to be had, Locked says so.
func New(n int) *Bytes {
	if n < 0 {
		panic("secret: negative size")
	}
	r := allocate(n)
	return &Bytes{hold: func() *region { return r }}
}

// Take moves b into a new secret: the bytes are copied and b is overwritten with zeros.
func Take(b []byte) *Bytes {
	s := New(len(b))
	copy(s.Expose(), b)
	Zero(b)
	return s
}

// Zero overwrites b with zeros.
func Zero(b []byte) {
	clear(b)
	// Without a use after it, a compiler may one day drop the store.
	runtime.KeepAlive(b)
}

func (s *Bytes) region() *region {
	if s == nil || s.hold == nil {
		return nil
	}
	return s.hold()
}

// Expose returns the bytes themselves, not a copy. The slice is valid until Wipe and must not be
// kept longer; writing to it changes the secret. Expose panics after Wipe.
func (s *Bytes) Expose() []byte {
	r := s.region()
	if r == nil {
		panic("secret: use of a nil or zero value")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wiped {
		panic("secret: use after wipe")
	}
	return r.mem[:r.size:r.size]
}

// Len is the number of bytes, 0 after Wipe.
func (s *Bytes) Len() int {
	r := s.region()
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.size
}

// Wiped reports whether the bytes are gone, which is so for nil and the zero value too.
func (s *Bytes) Wiped() bool {
	r := s.region()
	if r == nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wiped
}

// Locked reports whether the bytes are kept out of swap. It is false where the system has no such
// means, where it refused (RLIMIT_MEMLOCK), for an empty secret and after Wipe.
func (s *Bytes) Locked() bool {
	r := s.region()
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.locked && !r.wiped
}

// Wipe overwrites the bytes and gives the memory back. It may be called any number of times, and
// on nil, so that a deferred call needs no condition.
func (s *Bytes) Wipe() {
	r := s.region()
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wiped {
		return
	}
	Zero(r.mem)
	r.mem, r.size, r.wiped = nil, 0, true
	if r.free != nil {
		r.free()
	}
}

// Clone returns an independent copy. It panics after Wipe.
func (s *Bytes) Clone() *Bytes {
	from := s.Expose()
	c := New(len(from))
	copy(c.Expose(), from)
	return c
}

// Equal compares in a time that depends on the lengths only. It panics when either is wiped: two
// wiped secrets are not a match.
func (s *Bytes) Equal(other *Bytes) bool {
	return subtle.ConstantTimeCompare(s.Expose(), other.Expose()) == 1
}

// EqualBytes is Equal for bytes that are not secret themselves, such as a public check value.
func (s *Bytes) EqualBytes(b []byte) bool {
	return subtle.ConstantTimeCompare(s.Expose(), b) == 1
}

// truncate shortens the secret to n bytes and clears the rest.
func (s *Bytes) truncate(n int) {
	r := s.region()
	r.mu.Lock()
	defer r.mu.Unlock()
	Zero(r.mem[n:])
	r.size = n
}
