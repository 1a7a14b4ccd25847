package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"kai/internal/audit/event"
	"kai/internal/canon"
)

// Anchor is a place outside the home that was told of a head.
type Anchor struct {
	Kind string // keyring, journald, git, tpm, …
	N    uint64
	Root [32]byte
	Ref  string // where it can be found again
	Time time.Time
}

// anchorLine is a line of anchors.jsonl.
type anchorLine struct {
	Kind string `json:"kind"`
	N    uint64 `json:"n"`
	Ref  string `json:"ref"`
	Root string `json:"root"` // base64, as in a checkpoint
	T    string `json:"t"`
	V    int    `json:"v"`
}

const (
	anchorsFile = "anchors.jsonl"
	maxAnchors  = 16 << 20
)

func (a *Anchor) line() anchorLine {
	return anchorLine{
		Kind: event.Outside(a.Kind), N: a.N, Ref: event.Outside(a.Ref), Root: base64.StdEncoding.EncodeToString(a.Root[:]),
		T: a.Time.UTC().Format(event.TimeLayout), V: 1,
	}
}

// Anchors lists what anchors.jsonl holds. The error is ErrMalformed.
func (l *Log) Anchors() ([]Anchor, error) {
	data, err := readPrivate(l.dir, anchorsFile, maxAnchors+1)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(data) > maxAnchors {
		return nil, fmt.Errorf("audit log: %s: %w: more than %d bytes", anchorsFile, ErrMalformed, maxAnchors)
	}
	var anchors []Anchor
	for i, line := range bytes.SplitAfter(data, []byte("\n")) {
		text, whole := bytes.CutSuffix(line, []byte("\n"))
		if !whole {
			break // torn by a crash, or the end
		}
		a, err := parseAnchor(text)
		if err != nil {
			return anchors, fmt.Errorf("audit log: %s: line %d: %w", anchorsFile, i+1, err)
		}
		anchors = append(anchors, a)
	}
	return anchors, nil
}

func parseAnchor(text []byte) (Anchor, error) {
	var line anchorLine
	if err := canon.Unmarshal(text, &line); err != nil {
		return Anchor{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(line.Root)
	if err != nil || len(root) != hashSize {
		return Anchor{}, fmt.Errorf("%w: root", ErrMalformed)
	}
	at, err := time.Parse(event.TimeLayout, line.T)
	if err != nil || at.Format(event.TimeLayout) != line.T { // Parse takes a comma, too
		return Anchor{}, fmt.Errorf("%w: t", ErrMalformed)
	}
	if line.V != 1 {
		return Anchor{}, fmt.Errorf("%w %d", ErrVersion, line.V)
	}
	return Anchor{line.Kind, line.N, [32]byte(root), line.Ref, at}, nil
}

// AddAnchor remembers that a head was told to somebody, and records it as audit.anchor. Time is
// set here.
func (l *Log) AddAnchor(ctx context.Context, a Anchor) error {
	a.Time = l.opts.Now()
	line := a.line()
	text, err := canon.Marshal(line)
	if err != nil {
		return err
	}
	_, err = l.Append(ctx, Draft{Act: "audit.anchor", Outcome: event.OK, Details: event.Details{
		{Name: "kind", Value: line.Kind}, {Name: "n", Value: int64(a.N)}, {Name: "root", Value: line.Root},
	}})
	if err != nil {
		return err
	}
	held, err := l.take(ctx)
	if err != nil {
		return err
	}
	defer held.Unlock()
	f, err := l.dir.OpenFile(anchorsFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(appendLine(f, text), f.Close())
}

// appendLine adds a line to a file, behind its last whole one.
func appendLine(f interface {
	ReadAt([]byte, int64) (int, error)
	WriteAt([]byte, int64) (int, error)
	Stat() (fs.FileInfo, error)
	SyncData() error
}, text []byte) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	end := info.Size()
	for b := [1]byte{}; end > 0; end-- {
		if _, err := f.ReadAt(b[:], end-1); err != nil {
			return err
		}
		if b[0] == '\n' {
			break
		}
	}
	if _, err := f.WriteAt(append(text, '\n'), end); err != nil {
		return err
	}
	return f.SyncData()
}
