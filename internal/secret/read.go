package secret

import (
	"errors"
	"fmt"
	"io"
)

// firstRead is how much Read asks for before it knows how much there is: one page on most systems.
const firstRead = 4096

// maxIdleReads is how many times in a row a reader may return nothing and no error, as in bufio.
const maxIdleReads = 100

// Read reads r to its end into a new secret of at most limit bytes. More is ErrTooLong. Any other
// error is the reader's, wrapped. On error what was read is wiped. The bytes go from r straight
// into the secret; buffers of r's own are r's business.
func Read(r io.Reader, limit int) (*Bytes, error) {
	return read(r, limit, 0)
}

// ReadTrimmed is Read, less one line ending (LF or CRLF) at the very end if there is one; the
// limit counts what remains. It is how passphrases are read from files and descriptors. A second
// line ending, and a lone CR, belong to the secret.
func ReadTrimmed(r io.Reader, limit int) (*Bytes, error) {
	s, err := read(r, limit, len("\r\n"))
	if err != nil {
		return nil, err
	}
	s.truncate(len(trimNewline(s.Expose())))
	if s.Len() > limit {
		s.Wipe()
		return nil, ErrTooLong
	}
	return s, nil
}

func trimNewline(b []byte) []byte {
	n := len(b)
	if n == 0 || b[n-1] != '\n' {
		return b
	}
	if n > 1 && b[n-2] == '\r' {
		return b[:n-2]
	}
	return b[:n-1]
}

// read reads to the end, at most limit+extra bytes.
func read(r io.Reader, limit, extra int) (*Bytes, error) {
	if limit < 0 {
		return nil, ErrTooLong
	}
	most := limit + extra
	if most < limit { // overflow: the caller means "any length"
		most = limit
	}
	s, n, idle := New(min(firstRead, most)), 0, 0
	for {
		if n == s.Len() {
			if n == most {
				break
			}
			s = grow(s, min(2*n, most))
		}
		got, err := r.Read(s.Expose()[n:])
		n += got
		if errors.Is(err, io.EOF) {
			s.truncate(n)
			return s, nil
		}
		if idle++; got > 0 {
			idle = 0
		}
		if err == nil && idle == maxIdleReads {
			err = io.ErrNoProgress
		}
		if err != nil {
			s.Wipe()
			return nil, fmt.Errorf("secret: %w", err)
		}
	}
	// The limit is reached; anything but the end is too much.
	var one [1]byte
	defer Zero(one[:])
	_, err := io.ReadFull(r, one[:])
	if errors.Is(err, io.EOF) {
		return s, nil
	}
	s.Wipe()
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	return nil, ErrTooLong
}

// grow moves s into a secret of n bytes, n ≥ s.Len().
func grow(s *Bytes, n int) *Bytes {
	g := New(n)
	copy(g.Expose(), s.Expose())
	s.Wipe()
	return g
}
