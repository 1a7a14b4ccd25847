package report

import (
	"errors"
	"iter"
	"math"
	"strconv"
	"time"

	"kai/internal/audit/event"
)

// New sums up the events of a range. They come in the order of the log, from Range.Since on; the
// views need not outlive their turn.
//
// The errors are ErrRange, ErrVerdict, and what the events end with; a line that is no event
// (event.ErrMalformed) is counted and does not end them.
func New(o Options, events iter.Seq2[*event.View, error]) (*Report, error) {
	if !o.Range.From.Before(o.Range.To) {
		return nil, ErrRange
	}
	if err := o.Integrity.Verdict.check(); err != nil {
		return nil, err
	}
	c := newCollector(o)
	for v, err := range events {
		switch {
		case errors.Is(err, event.ErrMalformed):
			c.malformed++
		case err != nil:
			return nil, err
		default:
			c.add(v)
		}
	}
	return c.report(), nil
}

// collector is one pass over the events.
type collector struct {
	options          Options
	before, from, to int64 // microseconds; before is where the range before begins
	bucketName       string
	width            time.Duration
	buckets          int

	start   int64 // t of the first event of all
	created int64 // t of event 0, when it was among them
	times   []instant

	acts, agents, uids, ttys, parents table
	secrets, keys                     table
	actInfo                           map[*cell]actClass

	events, bytes, malformed uint64
	first, last              mark
	types                    [event.ConfigurationChange + 1]uint64
	bySeverity               [event.Critical + 1]uint64
	outcomes                 [event.Deny + 1]uint64
	hours                    [24]uint64
	failures                 [7][24]uint32
	series                   [fixedSeries]series
	severities               [event.Critical + 1][]uint32
	newActors                []NewActor
	largestGap               *Gap

	begun        map[uint64]mark
	begunBeyond  uint64 // begun in the range and not remembered
	gaps         []Reference
	acknowledged map[uint64]bool
	violations   []Violation
	direct       map[string]*direct
	covered      map[uint64]bool // events that an audit.violation lists

	namespaces map[string]*access
	denied     map[string]*denials
	key        []byte // to look up the two above
	troubles   []trouble
	skewed     evidence
	degraded   evidence
	roles      map[string]int64 // last use
}

// series counts one kind of events.
type series struct {
	counts      []uint32
	now, before uint64
}

// instant is when an event was.
type instant struct {
	n      uint64
	micros int64
}

// mark is an event, without a copy of its line.
type mark struct {
	n               uint64
	micros          int64
	act, agent, uid *cell
	set             bool
}

// actClass says what an act is to a report.
type actClass uint8

const (
	plainAct actClass = iota
	secretRead
	violationAct
	acknowledgement
	gapAct
	troubleAct // disk full, state lost
	degradedAct
)

func classOf(act string) actClass {
	switch act {
	case "secret_retrieved", "secret_injected", "secret_expired_access", "secret_revealed_to_agent", "sandbox_secret_released":
		return secretRead
	case "audit.violation":
		return violationAct
	case "audit.acknowledged":
		return acknowledgement
	case "audit.gap":
		return gapAct
	case "audit.disk_full", "audit.state_lost":
		return troubleAct
	case "sandbox_degraded":
		return degradedAct
	}
	return plainAct
}

func newCollector(o Options) *collector {
	c := &collector{
		options: o, before: o.Range.Before().From.UnixMicro(), from: o.Range.From.UnixMicro(), to: o.Range.To.UnixMicro(),
		start: math.MaxInt64, created: math.MinInt64, times: make([]instant, timesKept),
		acts: newTable(), agents: newTable(), uids: newTable(), ttys: newTable(), parents: newTable(),
		secrets: newTable(), keys: newTable(), actInfo: make(map[*cell]actClass),
		begun: make(map[uint64]mark), acknowledged: make(map[uint64]bool), direct: make(map[string]*direct),
		covered: make(map[uint64]bool), namespaces: make(map[string]*access), denied: make(map[string]*denials),
		roles: make(map[string]int64), newActors: []NewActor{}, gaps: []Reference{},
	}
	c.bucketName, c.width, c.buckets = o.Range.buckets()
	for i := range c.series {
		c.series[i].counts = make([]uint32, c.buckets)
	}
	for i := range c.severities {
		c.severities[i] = make([]uint32, c.buckets)
	}
	for _, n := range o.Integrity.Acknowledged {
		c.acknowledged[n] = true
	}
	for _, r := range o.Environment.Roles {
		c.roles[r.Name] = r.LastUsed.UnixMicro()
	}
	return c
}

// add takes one event. It allocates for names not seen before, and for rare acts.
func (c *collector) add(v *event.View) {
	c.start = min(c.start, v.Micros)
	if v.N == 0 {
		c.created = v.Micros
	}
	c.times[v.N%timesKept] = instant{v.N, v.Micros}
	act, isNew := c.acts.get(v.Act)
	if isNew {
		c.actInfo[act] = classOf(act.raw)
	}
	class := c.actInfo[act]
	if class == acknowledgement && v.Outcome == event.OK {
		c.acknowledge(v)
	}
	if len(c.begun) > 0 && v.Outcome != event.Begin {
		if ref, ok := number(event.RawMember(v.Context, "ref")); ok {
			delete(c.begun, ref)
		}
	}
	if len(c.roles) > 0 {
		c.useRole(v)
	}
	if v.Micros >= c.to {
		return
	}
	match := c.options.Match == nil || c.options.Match(v)
	m := c.actors(v, act, match && v.Micros >= c.from)
	switch {
	case v.Micros >= c.from && match:
		c.count(v, m, class)
	case v.Micros >= c.before && v.Micros < c.from && match:
		c.countBefore(v, m, class)
	}
	if class == secretRead || v.Type == event.DataAccess {
		c.namespace(v, m, match)
	}
}

// actors notes who the event is from.
func (c *collector) actors(v *event.View, act *cell, report bool) mark {
	m := mark{n: v.N, micros: v.Micros, act: act, set: true}
	m.agent = c.actor(v, &c.agents, "agent", "agent", report)
	m.uid = c.actor(v, &c.uids, "uid", "uid", report)
	c.actor(v, &c.ttys, "tty", "tty", report)
	c.actor(v, &c.parents, "parent", "ppexe", report)
	return m
}

func (c *collector) actor(v *event.View, t *table, kind, member string, report bool) *cell {
	raw := event.RawMember(v.Source, member)
	actor, isNew := t.get(raw)
	if actor == nil {
		if report && len(raw) > 0 {
			t.rest++
		}
		return nil
	}
	const memory = int64(actorMemory / time.Microsecond)
	if report {
		actor.count++
		if (isNew || v.Micros-actor.seen >= memory) && c.settled(v.Micros) && len(c.newActors) < maxListed {
			c.newActors = append(c.newActors, NewActor{kind, actor.name(), c.id(v.N), v.Time()})
		}
	}
	actor.seen = v.Micros
	return actor
}

// settled reports whether the log is old enough at t for something to be new in it.
func (c *collector) settled(t int64) bool { return t-c.start >= int64(settle/time.Microsecond) }

// countBefore takes an event of the range before.
func (c *collector) countBefore(v *event.View, m mark, class actClass) {
	one := func(i int) { c.series[i].before++ }
	eachSeries(v, class, one)
	if m.agent != nil {
		m.agent.before++
	}
}

// count takes an event of the range.
func (c *collector) count(v *event.View, m mark, class actClass) {
	c.events++
	c.bytes += uint64(len(v.Line)) + 1
	c.types[v.Type]++
	c.bySeverity[v.Severity]++
	c.outcomes[v.Outcome]++
	c.acts.hit(m.act, true)
	if !c.first.set {
		c.first = m
	} else {
		c.gap(c.last.micros, v.Micros)
	}
	c.last = m

	hours := v.Micros / int64(time.Hour/time.Microsecond)
	c.hours[hours%24]++
	bucket := min(int(time.Duration(v.Micros-c.from)*time.Microsecond/c.width), c.buckets-1)
	eachSeries(v, class, func(i int) {
		c.series[i].now++
		c.series[i].counts[bucket]++
	})
	c.severities[v.Severity][bucket]++
	if m.agent != nil {
		if m.agent.counts == nil {
			m.agent.counts = make([]uint32, c.buckets)
		}
		m.agent.counts[bucket]++
	}

	switch v.Outcome {
	case event.Begin:
		if len(c.begun) < maxOpen {
			c.begun[v.N] = m
		} else {
			c.begunBeyond++
		}
	case event.OK:
		c.used(v)
	case event.Deny:
		c.deny(v, m)
		fallthrough
	case event.Fail:
		const thursday = 3 // 1970-01-01, counted from Monday
		c.failures[(hours/24+thursday)%7][hours%24]++
	}
	if v.Type == event.SecurityViolation {
		c.violation(v, m, class)
	}
	switch class {
	case gapAct, troubleAct:
		c.trouble(v, m, class)
	case degradedAct:
		if v.Outcome != event.Begin {
			c.degraded.add(c.id(v.N))
		}
	}
	if event.RawMember(v.Context, "skew_ms") != nil {
		c.skewed.add(c.id(v.N))
	}
}

// eachSeries calls f with each series that the event belongs to.
func eachSeries(v *event.View, class actClass, f func(int)) {
	f(seriesAll)
	f(seriesTypes + int(v.Type) - 1)
	if v.Type == event.Authentication && v.Outcome == event.Fail {
		f(seriesFailedAuthentication)
	}
	if v.Outcome == event.Deny {
		f(seriesDenials)
	}
	if v.Severity >= event.High {
		f(seriesHigh)
	}
	if class == secretRead && v.Outcome == event.OK {
		f(seriesSecretReads)
	}
}

// gap remembers the longest time between two events.
func (c *collector) gap(from, to int64) {
	length := time.Duration(to-from) * time.Microsecond
	if c.largestGap == nil || length > c.largestGap.To.Sub(c.largestGap.From) {
		c.largestGap = &Gap{time.UnixMicro(from).UTC(), time.UnixMicro(to).UTC(), int64(length / time.Second)}
	}
}

// used counts the secrets and keys of what went well.
func (c *collector) used(v *event.View) {
	if len(v.Details) <= len("{}") {
		return
	}
	path := event.RawMember(v.Details, "path")
	secret, _ := c.secrets.get(path)
	c.secrets.hit(secret, len(path) > 0)
	id := event.RawMember(v.Details, "key_id")
	key, _ := c.keys.get(id)
	c.keys.hit(key, len(id) > 0)
}

// useRole notes that a role was acted in.
func (c *collector) useRole(v *event.View) {
	role := event.RawMember(v.Context, "role")
	if last, known := c.roles[string(role)]; known && v.Micros > last {
		c.roles[decode(string(role))] = v.Micros
	}
}

// id is how an event is named outside its log.
func (c *collector) id(n uint64) string { return c.options.LogID + ":" + strconv.FormatUint(n, 10) }

func (c *collector) reference(m mark) Reference {
	return Reference{ID: c.id(m.n), Time: time.UnixMicro(m.micros).UTC(), Act: m.act.name(), Agent: m.agent.name(), UID: m.uid.name()}
}

// number reads a whole number of a line.
func number(raw []byte) (uint64, bool) {
	if len(raw) == 0 || raw[0] == '-' {
		return 0, false
	}
	var n uint64
	for _, c := range raw {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, true
}

// evidence is ids of events, and how many there were.
type evidence struct {
	ids   []string
	count uint64
}

func (e *evidence) add(id string) {
	e.count++
	if len(e.ids) < maxIDs {
		e.ids = append(e.ids, id)
	}
}
