package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"kai/internal/vault/mask"
)

// holdTime is how long the beginning of what may be a secret is held back when it is so short
// that it is rather the end of a prompt: a person is waiting.
const (
	holdTime  = 50 * time.Millisecond
	holdBytes = 4 // fewer than this
)

// childOutput connects a child's streams with ours.
type childOutput struct {
	masker *mask.Masker // nil: the child writes for itself
	pumps  []*pump
	theirs []*os.File // the child's ends, ours only until it has started
	pty    childTerminal
	wg     sync.WaitGroup
}

// connect sets the child's streams.
func (c *child) connect(cmd *exec.Cmd) (*childOutput, error) {
	out := &childOutput{}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, c.stderr
	if c.unmasked || len(c.values)+len(c.files) == 0 {
		return out, nil
	}
	out.masker = c.masker()
	onTerminal, err := c.connectTerminal(cmd, out)
	if err != nil {
		out.close()
		return nil, err
	}
	if onTerminal {
		return out, nil
	}
	theirs, err := out.pipe(c.stdout)
	if err != nil {
		out.close()
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = theirs, theirs
	if sameFile(c.stdout, c.stderr) {
		return out, nil // one pipe keeps the order
	}
	if theirs, err = out.pipe(c.stderr); err != nil {
		out.close()
		return nil, err
	}
	cmd.Stderr = theirs
	return out, nil
}

// pipe makes a pipe to a stream of ours and returns the child's end.
func (o *childOutput) pipe(to *os.File) (*os.File, error) {
	from, theirs, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("output of the child: %w", err)
	}
	o.theirs = append(o.theirs, theirs)
	o.add(from, to)
	return theirs, nil
}

// add has from copied to a stream of ours.
func (o *childOutput) add(from, to *os.File) {
	o.pumps = append(o.pumps, &pump{from: from, to: o.masker.Writer(to)})
}

// sameFile reports whether two streams end at the same place.
func sameFile(a, b *os.File) bool {
	one, err := a.Stat()
	if err != nil {
		return false
	}
	other, err := b.Stat()
	return err == nil && os.SameFile(one, other)
}

// start begins to copy. The child has its ends now.
func (o *childOutput) start() {
	o.closeTheirs()
	for _, p := range o.pumps {
		o.wg.Go(p.run)
	}
	o.pty.start()
}

// finish waits for the rest of the output, which may come from programs that the child has left
// behind. Whoever does not want to wait sends a signal.
func (o *childOutput) finish(signals <-chan os.Signal) error {
	done := make(chan struct{})
	go func() {
		o.wg.Wait()
		close(done)
	}()
wait:
	for {
		select {
		case <-done:
			break wait
		case s := <-signals:
			if endsWaiting(s) {
				break wait
			}
		}
	}
	o.close()
	var errs []error
	for _, p := range o.pumps {
		errs = append(errs, p.err)
	}
	return errors.Join(errs...)
}

// close ends everything, in any state, and may be called again.
func (o *childOutput) close() {
	o.closeTheirs()
	o.pty.close()
	for _, p := range o.pumps {
		p.from.Close() // which ends a read, too
	}
	o.wg.Wait()
	for _, p := range o.pumps {
		p.close()
	}
	if o.masker != nil {
		o.masker.Close()
	}
}

func (o *childOutput) closeTheirs() {
	for _, f := range o.theirs {
		f.Close()
	}
	o.theirs = nil
}

// pump masks one stream.
type pump struct {
	from *os.File
	err  error // of a write; set by run

	mu    sync.Mutex
	to    *mask.Writer // guarded by mu
	timer *time.Timer  // flushes to; guarded by mu
}

// run copies until the stream ends.
func (p *pump) run() {
	defer p.close()
	buf := make([]byte, 128<<10)
	for {
		n, err := p.from.Read(buf)
		if n > 0 {
			if p.err = p.write(buf[:n]); p.err != nil {
				p.from.Close() // the child learns that nobody reads
				return
			}
		}
		if err != nil {
			return // the end, which of a terminal is EIO
		}
	}
}

func (p *pump) write(b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	if _, err := p.to.Write(b); err != nil {
		return err
	}
	if held := p.to.Held(); held == 0 || held >= holdBytes {
		return nil
	}
	if p.timer == nil {
		p.timer = time.AfterFunc(holdTime, p.release)
	} else {
		p.timer.Reset(holdTime)
	}
	return nil
}

// release lets out what was held too long.
func (p *pump) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.to.Held() < holdBytes {
		_ = p.to.Flush() // the next write has the error again
	}
}

// close lets out what is left.
func (p *pump) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	if err := p.to.Close(); err != nil && p.err == nil {
		p.err = err
	}
}
