package manifest

import (
	"bytes"
	"fmt"
	"io"
)

// Spill is a temporary file for the entries of a large manifest.
type Spill interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// store holds the lines of a new manifest: in memory until they are many, then
// in a file.
type store struct {
	bound  int // of memory
	spill  func() (Spill, error)
	memory []byte // all of it, or what the file does not have yet
	file   Spill
	length int64 // of all lines
}

func (s *store) write(line []byte) error {
	if s.length += int64(len(line)); s.length > maxEntriesSize {
		return tooLarge("entries of more than %d bytes", int64(maxEntriesSize))
	}
	s.memory = append(s.memory, line...)
	if s.spill == nil || len(s.memory) < s.bound {
		return nil
	}
	if s.file == nil {
		file, err := s.spill()
		if err != nil {
			return fmt.Errorf("temporary file for the entries: %w", err)
		}
		s.file = file
	}
	return s.flush()
}

// flush brings everything into the file, if there is one.
func (s *store) flush() error {
	if s.file == nil {
		return nil
	}
	if _, err := s.file.Write(s.memory); err != nil {
		return fmt.Errorf("temporary file for the entries: %w", err)
	}
	s.memory = s.memory[:0]
	return nil
}

func (s *store) reader() io.ReaderAt {
	if s.file != nil {
		return s.file
	}
	return bytes.NewReader(s.memory)
}

func (s *store) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
