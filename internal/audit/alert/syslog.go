package alert

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"kai/internal/audit/event"
)

// SyslogPath is where syslog listens.
const SyslogPath = "/dev/log"

// Bounds of RFC 5424 §6.
const (
	maxHostname = 255
	maxMsgID    = 32
)

// Syslog sends alerts to the local syslog.
type Syslog struct {
	label
	path string
}

// NewSyslog makes a sink of a socket, SyslogPath when path is empty. The error is ErrInvalid.
func NewSyslog(name string, min event.Severity, path string) (*Syslog, error) {
	l, err := newLabel(name, min)
	if err != nil {
		return nil, err
	}
	if path == "" {
		path = SyslogPath
	}
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("%w: path of a socket", ErrInvalid)
	}
	return &Syslog{l, path}, nil
}

// Send writes one message of RFC 5424. A datagram that the receiver has taken is all there is to
// know: syslog does not answer.
func (s *Syslog) Send(ctx context.Context, a Alert) error {
	message, err := appendSyslog(nil, &a)
	if err != nil {
		return err
	}
	if err := sendTo(ctx, s.path, message, "\n"); err != nil {
		return fmt.Errorf("syslog of sink %s: %w", s.name, err)
	}
	return nil
}

// appendSyslog writes the message; see the package documentation.
func appendSyslog(b []byte, a *Alert) ([]byte, error) {
	e, err := a.subject()
	if err != nil {
		return nil, err
	}
	b = fmt.Appendf(b, "<%d>1 %s %s kai %s %s [kai@32473",
		80+priority(e.severity), token(e.timestamp, len(event.TimeLayout)), token(e.host, maxHostname), pid(e.pid),
		token(e.act[:min(len(e.act), maxMsgID)], maxMsgID))
	for _, p := range [][2]string{
		{"n", strconv.FormatUint(a.N, 10)}, {"type", e.eventType}, {"act", e.act}, {"out", e.outcome}, {"leaf", e.leaf}, {"id", a.ID},
	} {
		b = fmt.Appendf(b, ` %s="%s"`, p[0], strings.NewReplacer(`"`, `\"`, `\`, `\\`, `]`, `\]`).Replace(p[1]))
	}
	return append(append(b, "] "...), visible(a.Text)...), nil
}

func pid(n int64) string {
	if n <= 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

// token is text of printable ASCII without a space, or - in its place.
func token(text string, longest int) string {
	if text == "" || len(text) > longest || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "-"
	}
	return text
}
