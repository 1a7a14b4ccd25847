package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kai/internal/audit/event"
)

// Recommendation is something to do, and why.
type Recommendation struct {
	ID       string   `json:"id"` // R1 to R14
	Severity string   `json:"severity"`
	Text     string   `json:"text"`
	Evidence []string `json:"evidence"` // ids of events, at most 20
	Command  string   `json:"command"`  // the first step, for a POSIX shell

	severity event.Severity
}

// access is an agent's reading of a namespace.
type access struct {
	agent, namespace string
	first            mark // in the range, when it was not seen before
}

// denials are of one target to one agent.
type denials struct {
	agent, target string
	evidence
}

// trouble is an event that says that the log was not whole.
type trouble struct {
	n   uint64
	act string
}

// recommender collects what is recommended; the gravest comes first.
type recommender struct {
	c    *collector
	r    *Report
	list []Recommendation
}

func (c *collector) recommendations(r *Report) []Recommendation {
	p := recommender{c, r, []Recommendation{}}
	for _, rule := range []func(){
		p.openPatterns, p.unsigned, p.unanchored, p.unverified, p.notWhole, p.firstReads, p.overdue,
		p.unusedRoles, p.deniedAgain, p.degraded, p.outbox, p.disk, p.epoch, p.unfinished,
	} {
		rule()
	}
	slices.SortStableFunc(p.list, func(a, b Recommendation) int { return cmp.Compare(b.severity, a.severity) })
	return p.list
}

// more says at the last recommendation that there are others like it.
func (p *recommender) more(found, shown int) {
	if n := found - shown; n > 0 {
		p.list[len(p.list)-1].Text += fmt.Sprintf(" (and %d more like this)", n)
	}
}

func (p *recommender) add(id string, severity event.Severity, evidence []string, command, format string, args ...any) {
	if evidence == nil {
		evidence = []string{}
	}
	p.list = append(p.list, Recommendation{id, severity.String(), fmt.Sprintf(format, args...), evidence, command, severity})
}

// since is the time between t and now; for a zero t, between the log's first event and now.
func (p *recommender) since(t time.Time) (time.Duration, bool) {
	if t.IsZero() {
		if p.c.start > p.c.to {
			return 0, false
		}
		t = time.UnixMicro(p.c.start)
	}
	return p.c.options.Now.Sub(t), true
}

// openPatterns is R1: a pattern is open.
func (p *recommender) openPatterns() {
	byPattern := make(map[string][]*Violation)
	var order []string
	for i := range p.r.Violations {
		v := &p.r.Violations[i]
		if v.State != Open || v.act != "" && classOf(v.act) != plainAct { // those are R5
			continue
		}
		if byPattern[v.Pattern] == nil {
			order = append(order, v.Pattern)
		}
		byPattern[v.Pattern] = append(byPattern[v.Pattern], v)
	}
	for _, pattern := range order[:min(len(order), maxPatterns)] {
		open := byPattern[pattern]
		var ids, groups []string
		first, gravest := open[0].First, open[0].severity
		for _, v := range open {
			if len(ids) < maxIDs {
				ids = append(ids, v.ID)
			}
			if v.Group != "" && !slices.Contains(groups, v.Group) && len(groups) < 4 {
				groups = append(groups, v.Group)
			}
			first, gravest = earlier(first, v.First), max(gravest, v.severity)
		}
		where := ""
		if len(groups) > 3 {
			groups[3] = "others"
		}
		if len(groups) > 0 {
			where = " by " + strings.Join(groups, ", ")
		}
		command := queryPattern(pattern, first)
		if open[0].act != "" {
			command = queryAct(open[0].act, first)
		}
		p.add("R1", gravest, ids, command, "%s%s: %s not acknowledged; look at %s, then acknowledge %s (kai audit checkpoint --acknowledge N)",
			pattern, where, plural(uint64(len(open)), "violation"), these(len(open), "it", "them"), these(len(open), "it", "each"))
	}
	p.more(len(order), maxPatterns)
}

// unsigned is R2: many events, or events for long, are under no checkpoint.
func (p *recommender) unsigned() {
	n := p.r.Integrity.unsigned()
	age, known := p.since(p.r.Integrity.NewestCheckpoint)
	if n > maxUnsigned || n > 0 && known && age > maxUnsignedFor {
		p.add("R2", event.Medium, nil, checkpoint(), "%s under no signed checkpoint: %s could cut them off unseen",
			pluralIs(n, "event"), "whoever holds this home")
	}
}

// unanchored is R3: nothing outside the home has known the log's head for a week.
func (p *recommender) unanchored() {
	age, known := p.since(p.r.Integrity.NewestAnchor)
	if p.r.Integrity.Size > 0 && known && age > maxUnanchored {
		p.add("R3", event.Medium, nil, witnessRequest(), "no anchor outside this home for %s: restoring an old copy of it would go unnoticed", days(age))
	}
}

// unverified is R4: the whole log was not verified for a week.
func (p *recommender) unverified() {
	age, known := p.since(p.r.Integrity.NewestVerify)
	if p.r.Integrity.Size > 0 && known && age > maxUnverified {
		p.add("R4", event.Medium, nil, verify(), "the whole log was not verified for %s", days(age))
	}
}

// notWhole is R5: events were not recorded, or the clock went back.
func (p *recommender) notWhole() {
	var open evidence
	var acts []string
	last := uint64(0)
	for _, t := range p.c.troubles {
		if !p.c.acknowledged[t.n] {
			open.add(p.c.id(t.n))
			last = t.n
			if !slices.Contains(acts, t.act) {
				acts = append(acts, t.act)
			}
		}
	}
	if open.count > 0 {
		p.add("R5", event.Critical, open.ids, acknowledge(last), "the log is not whole: %s of %s; find out why, then acknowledge %s",
			plural(open.count, "event"), strings.Join(acts, ", "), these(int(open.count), "it", "each"))
	}
	if p.c.skewed.count > 0 {
		p.add("R5", event.Medium, p.c.skewed.ids, queryText("skew_ms", p.c.options.Range.From),
			"the clock went back in %s: look who sets it", plural(p.c.skewed.count, "event"))
	}
}

// firstReads is R6: an agent read a namespace that it had not read before.
func (p *recommender) firstReads() {
	var found []*access
	for _, key := range slices.Sorted(maps.Keys(p.c.namespaces)) {
		if a := p.c.namespaces[key]; a.first.set {
			found = append(found, a)
		}
	}
	for _, a := range found[:min(len(found), maxEach)] {
		p.add("R6", event.Low, []string{p.c.id(a.first.n)}, queryAgent(a.agent, "", time.UnixMicro(a.first.micros)),
			"%s read namespace %s for the first time: check that it should", a.agent, a.namespace)
	}
	p.more(len(found), maxEach)
}

// overdue is R7: keys or secrets are past the rotation of their class.
func (p *recommender) overdue() {
	list := p.c.options.Environment.Overdue
	for _, o := range list[:min(len(list), maxEach)] {
		command := rotateKey(o.Name)
		word := "key"
		if o.Kind == OverdueSecret {
			command, word = rotateSecret(o.Name), "secret"
		}
		p.add("R7", event.Medium, nil, command, "%s %s of class %s is %s old, rotation is every %s", word, o.Name, o.Class, days(o.Age), days(o.Limit))
	}
	p.more(len(list), maxEach)
}

// unusedRoles is R8: nobody has acted in a role for 90 days.
func (p *recommender) unusedRoles() {
	found := 0
	for _, role := range p.c.options.Environment.Roles {
		used := later(role.Granted, later(role.LastUsed, time.UnixMicro(p.c.roles[role.Name])))
		age := p.c.options.Now.Sub(used)
		if role.Granted.IsZero() || age <= maxRoleUnused {
			continue
		}
		if found++; found <= maxEach {
			p.add("R8", event.Low, nil, showRole(role.Name), "role %s is granted and unused for %s: remove what nobody needs", role.Name, days(age))
		}
	}
	p.more(found, maxEach)
}

// deniedAgain is R9: the same was denied to the same agent three times.
func (p *recommender) deniedAgain() {
	var found []*denials
	for _, key := range slices.Sorted(maps.Keys(p.c.denied)) {
		if d := p.c.denied[key]; d.count >= minDenials {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(a, b *denials) int { return int(b.count) - int(a.count) })
	for _, d := range found[:min(len(found), maxEach)] {
		p.add("R9", event.Medium, d.ids, queryAgent(d.agent, "deny", p.c.options.Range.From),
			"%s was denied %s %d times: grant it, or stop what asks", d.agent, d.target, d.count)
	}
	p.more(len(found), maxEach)
}

// degraded is R10: the sandbox ran with less than its policy asks for.
func (p *recommender) degraded() {
	if d := p.c.degraded; d.count > 0 {
		p.add("R10", event.High, d.ids, sandboxDoctor(), "the sandbox ran degraded %s: see what this system lacks", times(d.count))
	}
}

// outbox is R11: an alert waits for more than an hour.
func (p *recommender) outbox() {
	e := p.c.options.Environment
	if e.OutboxOldest.IsZero() {
		return
	}
	if age := p.c.options.Now.Sub(e.OutboxOldest); age > maxOutboxAge {
		p.add("R11", event.High, nil, flushAlerts(), "%s in the outbox, the oldest for %s: check the sinks", plural(uint64(max(e.OutboxPending, 1)), "alert"), span(age))
	}
}

// disk is R12: at this growth the file system is full within 30 days.
func (p *recommender) disk() {
	disk := p.c.options.Environment.Disk
	if disk == nil {
		return
	}
	growth := disk.GrowthPerDay
	if growth == 0 {
		growth = int64(p.r.Metrics.BytesPerDay)
	}
	if growth <= 0 || disk.FreeBytes/growth >= minDiskDays {
		return
	}
	p.add("R12", event.Medium, nil, archive(p.c.options.Now.Add(-archiveOlder)), "the log grows %s a day and %s are free: full in %s",
		size(growth), size(disk.FreeBytes), days(time.Duration(disk.FreeBytes/growth)*day))
}

// epoch is R13: the first key of the epoch lies open, or only the owner can verify.
func (p *recommender) epoch() {
	switch i := p.r.Integrity; {
	case i.Size == 0:
	case !i.Sealed:
		p.add("R13", event.High, nil, newEpoch(), "epoch %d is unsealed: whoever reads this home can forge its events; make an identity, then open an epoch", i.Epoch)
	case i.Auditors == 0:
		p.add("R13", event.Low, nil, newEpoch(), "no auditor: only the owner's key can verify the log; add an age recipient to audit.auditors, then open an epoch")
	}
}

// unfinished is R14: begun acts have no outcome.
func (p *recommender) unfinished() {
	u := p.r.Summary.Unfinished
	if u.Count == 0 {
		return
	}
	var ids []string
	since := p.c.options.Range.From
	for i, e := range u.Events {
		if i < maxIDs {
			ids = append(ids, e.ID)
			since = e.Time
		}
	}
	p.add("R14", event.Low, ids, queryOutcome("begin", since), "%s begun and without an outcome: still running, or killed", plural(u.Count, "act"))
}

// namespace notes which agent reads which namespace.
func (c *collector) namespace(v *event.View, m mark, match bool) {
	namespace := event.RawMember(v.Details, "ns")
	if v.Outcome != event.OK || len(namespace) == 0 || m.agent == nil && m.uid == nil {
		return
	}
	c.key = append(c.appendActor(c.key[:0], m), 0)
	c.key = append(c.key, namespace...)
	if c.namespaces[string(c.key)] != nil || len(c.namespaces) >= maxNames {
		return
	}
	a := &access{agent: actorName(m), namespace: decode(string(namespace))}
	if match && v.Micros >= c.from && c.settled(v.Micros) {
		a.first = m
	}
	c.namespaces[string(c.key)] = a
}

// targets are the members of d that may say what was wanted, the most telling first.
var targets = [...]string{"path", "key_id", "ns", "remote_agent", "agent_id", "identity", "channel_id", "what", "class", "wanted"}

// deny notes what was denied to whom.
func (c *collector) deny(v *event.View, m mark) {
	if m.agent == nil && m.uid == nil {
		return
	}
	member, target := "", []byte(nil)
	for _, member = range targets {
		if target = event.RawMember(v.Details, member); len(target) > 0 {
			break
		}
	}
	if len(target) == 0 {
		return
	}
	c.key = append(c.appendActor(c.key[:0], m), 0)
	c.key = append(append(c.key, member...), 0)
	c.key = append(c.key, target...)
	d := c.denied[string(c.key)]
	if d == nil {
		if len(c.denied) >= maxNames {
			return
		}
		d = &denials{agent: actorName(m), target: member + " " + decode(string(target))}
		c.denied[string(c.key)] = d
	}
	if d.count++; len(d.ids) < maxIDs {
		d.ids = append(d.ids, c.id(v.N))
	}
}

// trouble takes an event that says that the log was not whole.
func (c *collector) trouble(v *event.View, m mark, class actClass) {
	if len(c.troubles) < maxOpen {
		c.troubles = append(c.troubles, trouble{v.N, m.act.name()})
	}
	if class == gapAct && len(c.gaps) < maxListed {
		gap := c.reference(m)
		details := v.Event().Details
		gap.Count = max(details.Int("count"), details.Int("missing"))
		c.gaps = append(c.gaps, gap)
	}
}

// appendActor writes a name that an agent and a user id do not share.
func (c *collector) appendActor(b []byte, m mark) []byte {
	if m.agent != nil {
		return append(append(b, 'a'), m.agent.raw...)
	}
	return append(append(b, 'u'), m.uid.raw...)
}

// actorName is the agent, or the user when there is none.
func actorName(m mark) string {
	if m.agent != nil {
		return m.agent.name()
	}
	return "uid " + m.uid.name()
}
