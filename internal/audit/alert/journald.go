package alert

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"kai/internal/audit/event"
)

// JournaldPath is where journald listens.
const JournaldPath = "/run/systemd/journal/socket"

// Journald sends alerts to the journal of systemd.
type Journald struct {
	label
	path string
}

// NewJournald makes a sink of a socket, JournaldPath when path is empty. The error is ErrInvalid.
func NewJournald(name string, min event.Severity, path string) (*Journald, error) {
	l, err := newLabel(name, min)
	if err != nil {
		return nil, err
	}
	if path == "" {
		path = JournaldPath
	}
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("%w: path of a socket", ErrInvalid)
	}
	return &Journald{l, path}, nil
}

// Send writes one entry in journald's native protocol. As with syslog there is no answer.
func (j *Journald) Send(ctx context.Context, a Alert) error {
	message, err := appendJournal(nil, &a)
	if err != nil {
		return err
	}
	if err := sendTo(ctx, j.path, message, ""); err != nil {
		return fmt.Errorf("journald of sink %s: %w", j.name, err)
	}
	return nil
}

// appendJournal writes the fields; see the package documentation.
func appendJournal(b []byte, a *Alert) ([]byte, error) {
	e, err := a.subject()
	if err != nil {
		return nil, err
	}
	for _, f := range [][2]string{
		{"MESSAGE", a.Text},
		{"PRIORITY", strconv.Itoa(priority(e.severity))},
		{"SYSLOG_IDENTIFIER", "kai"},
		{"KAI_N", strconv.FormatUint(a.N, 10)},
		{"KAI_ACT", e.act},
		{"KAI_TYPE", e.eventType},
		{"KAI_SEVERITY", e.severity.String()},
		{"KAI_LEAF", e.leaf},
		{"KAI_ID", a.ID},
	} {
		b = appendField(b, f[0], f[1])
	}
	return b, nil
}

// appendField writes NAME=value, or, when the value has a line feed, the name alone on its line, the
// length in 64 bits, little-endian, and the value.
//
// Source: systemd.io/JOURNAL_NATIVE_PROTOCOL.
func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	if strings.Contains(value, "\n") {
		b = binary.LittleEndian.AppendUint64(append(b, '\n'), uint64(len(value)))
	} else {
		b = append(b, '=')
	}
	return append(append(b, value...), '\n')
}
