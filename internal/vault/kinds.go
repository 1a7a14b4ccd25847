package vault

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	day = 24 * time.Hour

	// What API keys are given unless somebody says otherwise.
	apiKeyLife    = 30 * day
	apiKeyOverlap = 24 * time.Hour
	// When signing keys are due: those of agents, and of roots.
	signingKeyDue = 90 * day

	// keptVersions is how many old versions stay.
	keptVersions = 10
)

// Defaults fills in what a kind says of expiry and rotation.
func Defaults(m *Meta, now time.Time) {
	switch m.Kind {
	case KindAPIKeys:
		if m.NotAfter == 0 {
			m.NotAfter = now.Add(apiKeyLife).Unix()
		}
		if m.RotateEvery == 0 {
			m.RotateEvery = int64(apiKeyLife.Seconds())
		}
	case KindSigningKeys:
		if m.RotateEvery == 0 {
			m.RotateEvery = int64(signingKeyDue.Seconds())
		}
	}
}

var errRetain = errors.New("want a number of versions, or 30d")

// CheckRetain accepts "", a number of versions, and days as in 30d.
func CheckRetain(text string) error {
	_, _, err := parseRetain(text)
	return err
}

func parseRetain(text string) (versions int, age time.Duration, err error) {
	if text == "" {
		return keptVersions, 0, nil
	}
	days, isDays := strings.CutSuffix(text, "d")
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, 0, errRetain
	}
	if isDays {
		return 0, time.Duration(n) * day, nil
	}
	return int(n), 0, nil
}

// keeps reports whether an old version stays: number is its place among the old ones, from 1 for the
// newest of them.
func (x *Version) keeps(number int, now time.Time) bool {
	if x.Kind == KindSigningKeys {
		return true // what they signed must stay checkable by those who have the secret only
	}
	versions, age, err := parseRetain(x.Retain)
	switch {
	case err != nil:
		return true
	case age > 0:
		return now.Sub(time.Unix(x.Updated, 0)) <= age
	}
	return number <= versions
}

// Rotator says how a secret gets its next value.
type Rotator struct {
	Method string // "random", "key", "csr" or "exec"
	Length int    // random: characters
	Argv   []string
}

const (
	randomLength    = 32
	maxRandomLength = 4096
)

var errRotator = errors.New(`want random[:LEN], key, csr or exec:["/absolute/path","argument"]`)

// ParseRotator reads what --rotate-with says.
func ParseRotator(text string) (*Rotator, error) {
	method, rest, more := strings.Cut(text, ":")
	r := &Rotator{Method: method, Length: randomLength}
	switch method {
	case "random":
		if !more {
			return r, nil
		}
		n, err := strconv.ParseUint(rest, 10, 16)
		if err != nil || n == 0 || n > maxRandomLength {
			return nil, errRotator
		}
		r.Length = int(n)
		return r, nil
	case "key", "csr":
		if more {
			return nil, errRotator
		}
		return r, nil
	case "exec":
		if err := json.Unmarshal([]byte(rest), &r.Argv); err != nil || len(r.Argv) == 0 || !filepath.IsAbs(r.Argv[0]) {
			return nil, errRotator
		}
		return r, nil
	}
	return nil, fmt.Errorf("%q: %w", method, errRotator)
}

// Overlap is how long the version before can be used when a secret of a kind is rotated; 0 for kinds
// whose old versions just stay in the history.
func Overlap(kind string) time.Duration {
	if kind == KindAPIKeys {
		return apiKeyOverlap
	}
	return 0
}
