package gitobj

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrPerson: a committer or tagger that is missing, or not written as git
// writes one.
var ErrPerson = errors.New("no readable committer or tagger")

// Person is who made an object and when, as that person claims.
type Person struct {
	Name  string
	Email string
	Time  time.Time
}

// Person is the committer of a commit or the tagger of a tag. History holds
// many that are written oddly; those make no object malformed, and name nobody.
//
// The error is ErrPerson.
func (o *Object) Person() (Person, error) {
	name, rest, ok := strings.Cut(o.person, "<")
	email, rest, closed := strings.Cut(rest, ">")
	seconds, zone, timed := strings.Cut(strings.TrimPrefix(rest, " "), " ")
	if !o.hasPerson || !ok || !closed || !timed || rest == "" || rest[0] != ' ' ||
		strings.ContainsAny(name, ">") || strings.Contains(email, "<") || !isZone(zone) {
		return Person{}, ErrPerson
	}
	if name != "" && !strings.HasSuffix(name, " ") {
		return Person{}, ErrPerson
	}
	t, err := strconv.ParseUint(seconds, 10, 64)
	if err != nil || t > maxSeconds {
		return Person{}, ErrPerson
	}
	return Person{strings.TrimSuffix(name, " "), email, time.Unix(int64(t), 0).UTC()}, nil
}

// isZone accepts ±HHMM.
func isZone(zone string) bool {
	return len(zone) == 5 && (zone[0] == '+' || zone[0] == '-') && strings.Trim(zone[1:], "0123456789") == ""
}
