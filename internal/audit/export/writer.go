package export

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"

	"kai/internal/audit/event"
)

// Format is one of the formats of this package.
type Format string

// The formats.
const (
	JSONL   Format = "jsonl"
	Events  Format = "events"
	OCSF    Format = "ocsf"
	CEF     Format = "cef"
	RFC5424 Format = "rfc5424"
	CSV     Format = "csv"
)

// Formats lists all.
func Formats() []Format { return []Format{JSONL, Events, OCSF, CEF, RFC5424, CSV} }

// Writer writes events in one format.
type Writer interface {
	// Write adds an event; leaf is its leaf hash. Nothing that v shows is kept. After an error
	// every further call returns the same.
	Write(v *event.View, leaf [32]byte) error

	// Close writes what is still buffered. It does not close what is below. A file that was
	// written without an error from Close is whole.
	Close() error
}

// New returns a writer of a format. logID is the ULID of the log whose events are going to be
// written. It holds at most two buffers of bufferSize, however many events there are.
//
// The errors are ErrFormat, ErrLogID, and those of w.
func New(w io.Writer, format Format, logID string) (Writer, error) {
	if !isULID(logID) {
		return nil, fmt.Errorf("%w: %q", ErrLogID, logID)
	}
	s := stream{w: w, logID: logID}
	switch format {
	case JSONL:
		return &jsonlWriter{s}, nil
	case Events:
		return &eventsWriter{s}, nil
	case OCSF:
		return &ocsfWriter{s}, nil
	case CEF:
		return &cefWriter{s}, nil
	case RFC5424:
		return &rfc5424Writer{s}, nil
	case CSV:
		s.buf = appendCSVHeadings(s.buf)
		return &csvWriter{s}, nil
	}
	return nil, fmt.Errorf("%w: %q", ErrFormat, string(format))
}

// isULID reports whether s is 26 characters of Crockford's base32 in upper case.
func isULID(s string) bool {
	if len(s) != 26 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z' || c == 'I' || c == 'L' || c == 'O' || c == 'U') {
			return false
		}
	}
	return true
}

// bufferSize is when what is buffered is written. A record is at most a few times event.MaxLine.
const bufferSize = 64 << 10

// stream collects lines and writes them in large pieces.
type stream struct {
	w     io.Writer
	logID string
	buf   []byte
	err   error
}

// spill takes the buffer back and writes it once it is large.
func (s *stream) spill(b []byte) error {
	if s.buf = b; len(b) >= bufferSize {
		return s.Close()
	}
	return s.err
}

// Close implements Writer.
func (s *stream) Close() error {
	if s.err == nil && len(s.buf) > 0 {
		_, s.err = s.w.Write(s.buf)
	}
	s.buf = s.buf[:0]
	return s.err
}

type (
	jsonlWriter   struct{ stream }
	eventsWriter  struct{ stream }
	ocsfWriter    struct{ stream }
	cefWriter     struct{ stream }
	rfc5424Writer struct{ stream }
	csvWriter     struct{ stream }
)

func (w *jsonlWriter) Write(v *event.View, _ [32]byte) error {
	return w.spill(append(append(w.buf, v.Line...), '\n'))
}

func (w *eventsWriter) Write(v *event.View, leaf [32]byte) error {
	return w.spill(append(AppendSecurityEvent(w.buf, w.logID, v, leaf), '\n'))
}

func (w *ocsfWriter) Write(v *event.View, leaf [32]byte) error {
	return w.spill(append(AppendOCSF(w.buf, w.logID, v, leaf), '\n'))
}

func (w *cefWriter) Write(v *event.View, leaf [32]byte) error {
	return w.spill(append(AppendCEF(w.buf, w.logID, v, leaf), '\n'))
}

func (w *rfc5424Writer) Write(v *event.View, leaf [32]byte) error {
	return w.spill(append(AppendRFC5424(w.buf, v, leaf), '\n'))
}

func (w *csvWriter) Write(v *event.View, leaf [32]byte) error {
	return w.spill(appendCSV(w.buf, w.logID, v, leaf))
}

// appendID writes LOGID:N.
func appendID(b []byte, logID string, n uint64) []byte {
	return strconv.AppendUint(append(append(b, logID...), ':'), n, 10)
}

// appendHex writes a leaf hash.
func appendHex(b []byte, leaf [32]byte) []byte { return hex.AppendEncode(b, leaf[:]) }
