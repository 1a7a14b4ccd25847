package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	progressDelay = time.Second            // work that ends sooner shows nothing
	progressPause = 200 * time.Millisecond // between two drawings
	progressWidth = 78                     // columns; lines must not wrap
)

// progress shows on stderr how far long work has come. Nothing is shown in the first second,
// on anything but a terminal, and where escapes are unwanted. A nil progress does nothing.
type progress struct {
	env   *env
	what  string
	total int64 // bytes; 0 or less when unknown
	start time.Time

	done atomic.Int64 // bytes

	mu    sync.Mutex
	next  time.Time // when to draw again; guarded by mu
	drawn int       // columns on the screen; guarded by mu
	ended bool      // guarded by mu
}

// progress begins to show work of total bytes, as in "hashing big.img". The caller calls end.
func (e *env) progress(what string, total int64) *progress {
	if !e.sys.stderrTerminal || e.json || e.getenv("NO_COLOR") != "" || e.getenv("TERM") == "dumb" {
		return nil
	}
	now := e.now()
	return &progress{env: e, what: printable(what), total: total, start: now, next: now.Add(progressDelay)}
}

// add counts n more bytes. It may be called from several goroutines.
func (p *progress) add(n int64) {
	if p == nil {
		return
	}
	done := p.done.Add(n)
	if !p.mu.TryLock() {
		return // somebody is drawing
	}
	defer p.mu.Unlock()
	now := p.env.now()
	if p.ended || now.Before(p.next) {
		return
	}
	p.next = now.Add(progressPause)
	p.show(p.line(done, now.Sub(p.start)))
}

// reader counts what is read from r.
func (p *progress) reader(r io.Reader) io.Reader {
	if p == nil {
		return r
	}
	return progressReader{p, r}
}

type progressReader struct {
	p *progress
	r io.Reader
}

func (r progressReader) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	r.p.add(int64(n))
	return n, err
}

// clear takes the bar off the screen until it is drawn again, for a line of the answer.
func (p *progress) clear() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
}

// wipe overwrites the bar. The caller holds mu.
func (p *progress) wipe() {
	if p.drawn > 0 {
		p.show("")
		_, _ = io.WriteString(p.env.stderr, "\r")
	}
}

// end takes the bar off the screen. It may be called twice.
func (p *progress) end() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
	p.ended = true
}

// show draws a line over the last one: a return and spaces, no escapes.
func (p *progress) show(line string) {
	width := len([]rune(line))
	_, _ = io.WriteString(p.env.stderr, "\r"+line+strings.Repeat(" ", max(0, p.drawn-width)))
	p.drawn = width
}

// line is "what  45%  1.2 of 2.6 GiB  350 MiB/s".
func (p *progress) line(done int64, spent time.Duration) string {
	rate := ""
	if seconds := spent.Seconds(); seconds > 0 {
		rate = "  " + byteCount(int64(float64(done)/seconds)) + "/s"
	}
	state := "  " + byteCount(done) + rate
	if p.total > 0 {
		percent := min(100, 100*float64(done)/float64(p.total))
		state = fmt.Sprintf("  %3.0f%%  %s of %s%s", percent, byteCount(done), byteCount(p.total), rate)
	}
	what := []rune(p.what)
	if room := progressWidth - len(state); len(what) > room {
		what = append(what[:room-1], '…')
	}
	return string(what) + state
}

// byteCount writes n with three digits or so and a binary unit.
func byteCount(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1023.95 && unit < len(byteUnits)-1 {
		value /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", value, byteUnits[unit])
}

const byteUnits = "KMGTPE"
