package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/alert"
	"kai/internal/audit/event"
	"kai/internal/audit/metrics"
	"kai/internal/durable"
)

const (
	metricsFile = "metrics.json" // derived from the log
	metricsLock = "metrics.lock"

	// maxMetrics bounds metrics.json: a few hundred counters.
	maxMetrics = 1 << 20

	// metricsPatience is how long a command waits for another one that counts. What it leaves
	// uncounted the next one counts.
	metricsPatience = 100 * time.Millisecond
	metricsPoll     = 10 * time.Millisecond
)

// updateMetrics brings the counters and audit.metrics_file up to date, once a command has ended.
func (e *env) updateMetrics(ctx context.Context, log *openedLog, appended []audit.Appended) error {
	done := slices.ContainsFunc(appended, func(a audit.Appended) bool { return a.Event.Outcome != event.Begin })
	if log.config.MetricsFile == "" || !done {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	c, err := log.counters(ctx, metricsPatience, nil)
	if errors.Is(err, durable.ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := e.metricsText(log, c)
	if err != nil {
		return err
	}
	return replaceFile(log.config.MetricsFile, text)
}

// countAlerts counts what became of alerts.
func (e *env) countAlerts(ctx context.Context, log *openedLog, r *alert.Report) error {
	if log.Log == nil || len(r.Sent)+len(r.Failed)+len(r.Dropped) == 0 {
		return nil
	}
	_, err := log.counters(ctx, flushLimit, func(c *metrics.Counters) {
		for _, a := range r.Sent {
			c.Alerted(a.Sink, "delivered")
		}
		for _, a := range r.Failed {
			c.Alerted(a.Sink, "failed")
		}
		for _, d := range r.Dropped {
			c.Alerted(d.Sink, "dropped")
		}
	})
	return err
}

// counters counts what was appended since the last time, all of it if there was none, changes the
// counters and keeps them. The error is durable.ErrLocked when somebody else is at it for too long.
func (o *openedLog) counters(ctx context.Context, patience time.Duration, change func(*metrics.Counters)) (*metrics.Counters, error) {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	held, err := o.dir.Lock(waiting, metricsLock, metricsPoll)
	if err != nil {
		return nil, err
	}
	defer held.Unlock()
	size, err := o.Size()
	if err != nil {
		return nil, err
	}
	c, err := o.readCounters(size)
	if err != nil {
		return nil, err
	}
	before := c.N
	err = o.count(ctx, c, size)
	if errors.Is(err, audit.ErrPruned) { // nobody can count it any more
		if c.N, err = o.firstLine(size); err == nil {
			err = o.count(ctx, c, size)
		}
	}
	if err != nil || c.N == before && change == nil {
		return c, err
	}
	return o.keepCounters(c, change)
}

// count counts on, up to size.
func (o *openedLog) count(ctx context.Context, c *metrics.Counters, size uint64) error {
	for v, err := range o.Views(ctx, c.N, size) {
		if err != nil {
			return err
		}
		c.Add(v)
	}
	return nil
}

func (o *openedLog) keepCounters(c *metrics.Counters, change func(*metrics.Counters)) (*metrics.Counters, error) {
	if change != nil {
		change(c)
	}
	data, err := c.Marshal()
	if err != nil {
		return nil, err
	}
	return c, o.dir.WriteFile(metricsFile, data, 0o600)
}

// readCounters reads metrics.json. What is no good, or counts events that are not there, is begun
// anew; how alerts went is in no other place, and is kept.
func (o *openedLog) readCounters(size uint64) (*metrics.Counters, error) {
	fresh := metrics.New(o.Info().LogID)
	data, err := o.dir.ReadFile(metricsFile, maxMetrics)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrTooLarge) {
		return fresh, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := metrics.Unmarshal(data, o.Info().LogID)
	if err != nil {
		return fresh, nil //nolint:nilerr // it is derived
	}
	if c.N > size {
		fresh.Alerts = c.Alerts
		return fresh, nil
	}
	return c, nil
}

// metricsText is what Prometheus reads.
func (e *env) metricsText(log *openedLog, c *metrics.Counters) ([]byte, error) {
	status, err := log.Status()
	if err != nil {
		return nil, err
	}
	s := metrics.Snapshot{
		Counters: c, SizeEvents: status.Head.N, SizeBytes: status.Bytes, Epoch: status.Epoch, Unsigned: status.Unsigned(),
	}
	if status.LastEvent != nil {
		s.LastEvent = status.LastEvent.Event.Time
	}
	if s.OutboxPending, _, err = log.outboxState(); err != nil {
		return nil, err
	}
	anchored, err := log.cosignedSize()
	if err != nil {
		return nil, err
	}
	if anchors, err := log.Anchors(); err == nil { // a file that is malformed vouches for nothing
		for _, a := range anchors {
			anchored = max(anchored, a.N)
		}
	}
	s.Unanchored = status.Head.N - min(status.Head.N, anchored)
	s.LastCheckpoint = log.checkpointTime(status.Signed)
	verified, found, err := log.lastVerified()
	if err != nil {
		return nil, err
	}
	if found {
		s.LastVerify, s.VerifyOK = verified.Time(), verified.OK
	}
	var text bytes.Buffer
	if err := metrics.Write(&text, &s); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// checkpointTime is when the checkpoint of a size was signed: the event that says so is the first
// behind what it covers, or, where others were quicker, one of the next.
func (o *openedLog) checkpointTime(size uint64) time.Time {
	if size == 0 {
		return time.Time{}
	}
	for v, err := range o.Views(context.Background(), size, size+16) {
		if err != nil {
			break
		}
		if string(v.Act) == "audit.checkpoint" {
			return v.Time()
		}
	}
	return time.Time{}
}

// outboxState is how many alerts wait, and since when the oldest does.
func (o *openedLog) outboxState() (pending int, oldest time.Time, err error) {
	box, err := openOutbox(o, false)
	if box == nil || err != nil {
		return 0, time.Time{}, err
	}
	list, err := box.List()
	for _, p := range list {
		if !p.Malformed && (oldest.IsZero() || p.Created.Before(oldest)) {
			oldest = p.Created
		}
	}
	return len(list), oldest, err
}

// replaceFile puts a file in the place of another one, whole and durably. Others may read it.
func replaceFile(name string, data []byte) error {
	out, err := durable.CreatePath(name, durable.CreateOptions{Mode: 0o644, Replace: true})
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := out.Write(data); err != nil {
		return err
	}
	return out.Commit()
}

// writeMetrics is kai audit status --metrics FILE.
func writeMetrics(ctx context.Context, env *env, log *openedLog, name string) error {
	if name == "-" && env.json {
		return usagef("--metrics - and --json share standard output")
	}
	c, err := log.counters(ctx, flushLimit, nil)
	if err != nil {
		return err
	}
	text, err := env.metricsText(log, c)
	if err != nil {
		return err
	}
	if name == "-" {
		_, err := env.stdout.Write(text)
		return err
	}
	return replaceFile(env.path(name), text)
}
