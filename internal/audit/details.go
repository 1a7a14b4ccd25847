package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"

	"kai/internal/audit/event"
)

// detailsFile is where details lie that a line has no room for, or that can be redacted:
// 32 bytes of salt, then the blob.
func detailsFile(n uint64) string { return "details/" + strconv.FormatUint(n, 10) + ".bin" }

const saltSize = 32

// moveDetails puts the details of event n into a file of their own, durably, and returns what
// stands for them: {"details":"c:…"}. The blob is d as the line would have had it.
func (l *Log) moveDetails(n uint64, d event.Details) (event.Details, error) {
	blob, err := d.Encode()
	if err != nil {
		return nil, err
	}
	if len(blob) > maxDetails {
		return nil, fmt.Errorf("%w: details of %d bytes, at most %d", event.ErrTooLarge, len(blob), maxDetails)
	}
	salted := make([]byte, saltSize, saltSize+len(blob))
	if _, err := io.ReadFull(l.opts.Random, salted); err != nil {
		return nil, err
	}
	salted = append(salted, blob...)
	if err := l.dir.Mkdir("details", 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	// An append that failed may have left another blob for this number.
	if err := l.dir.WriteFile(detailsFile(n), salted, 0o600); err != nil {
		return nil, err
	}
	return event.Details{{Name: "details", Value: commitment(salted)}}, nil
}

// commitment is what an event says of a salted blob.
func commitment(salted []byte) string {
	sum := sha256.Sum256(salted)
	return commitmentOf(sum[:])
}

func commitmentOf(sum []byte) string { return "c:" + base64.RawURLEncoding.EncodeToString(sum) }

// Details returns the details of an event, from their own file where they are there. Redacted
// ones are fs.ErrNotExist; a file that is not what the event says is ErrTampered.
func (l *Log) Details(e *event.Event) ([]byte, error) {
	want := e.Details.Text("details")
	if want == "" {
		return e.Details.Encode()
	}
	salted, err := l.dir.ReadFile(detailsFile(e.N), saltSize+maxDetails)
	if err != nil {
		return nil, err
	}
	if len(salted) < saltSize || commitment(salted) != want {
		return nil, &TamperError{N: e.N, Check: CheckDetails, Text: detailsFile(e.N) + " is not what the event says"}
	}
	return bytes.Clone(salted[saltSize:]), nil
}

// committed is the commitment of a line whose details lie in a file, "" when they do not: d is then
// nothing but that.
func committed(d []byte) string {
	const begin, end = `{"details":"`, `"}`
	if len(d) != len(begin)+len("c:")+base64.RawURLEncoding.EncodedLen(sha256.Size)+len(end) || !bytes.HasPrefix(d, []byte(begin+"c:")) {
		return ""
	}
	return string(d[len(begin) : len(d)-len(end)])
}

// checkDetails holds the file of an event's details against the commitment. That it is missing has
// to be said by an event that comes later.
func (v *verifier) checkDetails(n uint64, want string) error {
	f, err := v.openFile(detailsFile(n))
	if errors.Is(err, fs.ErrNotExist) {
		v.redacted[n] = false
		return nil
	}
	if err != nil {
		return err
	}
	h := sha256.New()
	size, err := io.Copy(h, io.LimitReader(f, saltSize+maxDetails+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("audit log: %s: %w", detailsFile(n), err)
	}
	if size < saltSize || size > saltSize+maxDetails || commitmentOf(h.Sum(nil)) != want {
		v.find(Finding{N: n, Check: CheckDetails, Text: detailsFile(n) + " is not what the event says"})
	}
	return nil
}

// checkRedactions tells of details that are gone without a word.
func (v *verifier) checkRedactions() {
	for _, n := range slices.Sorted(maps.Keys(v.redacted)) {
		if !v.redacted[n] {
			v.find(Finding{N: n, Check: CheckDetails, Text: detailsFile(n) + " is missing, and no event says that it was redacted"})
		}
	}
}
