package digest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
)

// Entries reads a list. untagged is the algorithm of lines that do not name one.
//
// For a line that is not understood it yields a *LineError and goes on; any
// other error is r's, and the last. Empty lines and those that begin with # are
// left out, and a carriage return before a line feed is dropped, unless f.Zero.
// The end of the last line may be missing.
func (f Format) Entries(r io.Reader, untagged Algorithm) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		in := bufio.NewReaderSize(r, MaxLine+1)
		for number := 1; ; number++ {
			line, err := f.line(in)
			if err != nil && !errors.Is(err, ErrLine) && err != io.EOF {
				yield(Entry{}, err)
				return
			}
			atEnd := err == io.EOF
			if atEnd {
				err = nil
			}
			var e Entry
			switch {
			case err != nil:
			case f.ignored(line):
				if atEnd {
					return
				}
				continue
			default:
				e, err = f.Parse(line, untagged)
			}
			if err != nil {
				err = &LineError{number, err.Error()}
			}
			if !yield(e, err) || atEnd {
				return
			}
		}
	}
}

// ignored reports whether a line is empty or a comment.
func (f Format) ignored(line []byte) bool {
	return len(line) == 0 || line[0] == '#' && !f.Zero
}

// line returns the next line without its end, valid until the next call. With
// io.EOF it is the last. A line that is too long is passed over.
func (f Format) line(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice(f.end())
	if err == bufio.ErrBufferFull {
		for err == bufio.ErrBufferFull {
			_, err = in.ReadSlice(f.end())
		}
		if err == nil || err == io.EOF {
			err = reason("line too long")
		}
		return nil, err
	}
	if err == nil {
		line = line[:len(line)-1]
		if !f.Zero {
			line = bytes.TrimSuffix(line, []byte{'\r'})
		}
	}
	return line, err
}
