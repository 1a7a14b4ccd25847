package event

import (
	"slices"
	"strings"
	"time"
)

// Event is one event. The zero value of a field means that the line does not have it, except
// for those that every line has.
type Event struct {
	N        uint64
	Time     time.Time // UTC, whole microseconds
	Severity Severity
	Type     Type
	Act      string
	Outcome  Outcome
	Source   Source
	Context  Context
	Details  Details
	Prev     [16]byte // p: first half of the hash of the event before
	MAC      [16]byte // m
}

// Source is where an event comes from.
type Source struct {
	Agent  string // kai1… or a name
	UID    uint32
	HasUID bool // whether UID says anything: 0 is root
	PID    int64
	Parent string // ppexe: 16 hexadecimal digits, see [Source] in kai-audit(5)
	TTY    string
	Host   string
	Ver    string // kai's version
}

// Context is the run that an event belongs to.
type Context struct {
	Cmd     string // the command: "vault get"
	Ref     uint64 // n of the begin event
	HasRef  bool   // whether Ref says anything: n counts from 0
	Session string // sid
	Role    string // owner, a role, or none
	CI      bool
	Sandbox string
	Config  string // cfg: 8 hexadecimal digits
	SkewMS  int64  // how far the clock went back
}

// Details are the members of d, in ascending order of their names.
type Details []Member

// Member is one member of d. Value is a string, an int64, a bool, or a []any of those.
type Member struct {
	Name  string
	Value any
}

// Get returns the value of a member, nil when there is none.
func (d Details) Get(name string) any {
	for _, m := range d {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// Text returns a string member, "" when there is none.
func (d Details) Text(name string) string {
	s, _ := d.Get(name).(string)
	return s
}

// Int returns an integer member, 0 when there is none.
func (d Details) Int(name string) int64 {
	i, _ := d.Get(name).(int64)
	return i
}

// With returns a copy that has one more member, or another value for it.
func (d Details) With(name string, value any) Details {
	out := slices.DeleteFunc(slices.Clone(d), func(m Member) bool { return m.Name == name })
	out = append(out, Member{name, value})
	slices.SortFunc(out, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Field returns what a rule or filter calls name: n, id is not among them; timestamp, eventType,
// severity, action, outcome, and src.*, ctx.*, d.* with the names that the line has. Values are
// strings, int64, bool or []any; ok is false when the event has no such member.
func (e *Event) Field(name string) (value any, ok bool) {
	switch name {
	case "n":
		return int64(e.N), true
	case "timestamp":
		return e.Time.Format(TimeLayout), true
	case "eventType":
		return e.Type.String(), true
	case "severity":
		return e.Severity.String(), true
	case "action":
		return e.Act, true
	case "outcome":
		return e.Outcome.String(), true
	}
	group, member, _ := strings.Cut(name, ".")
	switch group {
	case "src":
		return e.Source.field(member)
	case "ctx":
		return e.Context.field(member)
	case "d":
		value = e.Details.Get(member)
		return value, value != nil
	}
	return nil, false
}

func (s *Source) field(name string) (any, bool) {
	switch name {
	case "agent":
		return s.Agent, s.Agent != ""
	case "uid":
		return int64(s.UID), s.HasUID
	case "pid":
		return s.PID, s.PID != 0
	case "ppexe":
		return s.Parent, s.Parent != ""
	case "tty":
		return s.TTY, s.TTY != ""
	case "host":
		return s.Host, s.Host != ""
	case "ver":
		return s.Ver, s.Ver != ""
	}
	return nil, false
}

func (c *Context) field(name string) (any, bool) {
	switch name {
	case "cmd":
		return c.Cmd, c.Cmd != ""
	case "ref":
		return int64(c.Ref), c.HasRef
	case "sid":
		return c.Session, c.Session != ""
	case "role":
		return c.Role, c.Role != ""
	case "ci":
		return c.CI, c.CI
	case "sandbox":
		return c.Sandbox, c.Sandbox != ""
	case "cfg":
		return c.Config, c.Config != ""
	case "skew_ms":
		return c.SkewMS, c.SkewMS != 0
	}
	return nil, false
}

// IsField reports whether Field knows the name; every d.NAME of the right form is one.
func IsField(name string) bool {
	switch name {
	case "n", "timestamp", "eventType", "severity", "action", "outcome":
		return true
	}
	group, member, _ := strings.Cut(name, ".")
	switch group {
	case "src":
		return slices.Contains(sourceNames(), member)
	case "ctx":
		return slices.Contains(contextNames(), member)
	case "d":
		return isName(member)
	}
	return false
}

func sourceNames() []string { return []string{"agent", "uid", "pid", "ppexe", "tty", "host", "ver"} }

func contextNames() []string {
	return []string{"cmd", "ref", "sid", "role", "ci", "sandbox", "cfg", "skew_ms"}
}

// isName reports whether name may be that of a member of d.
func isName(name string) bool {
	if len(name) == 0 || len(name) > 32 || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
