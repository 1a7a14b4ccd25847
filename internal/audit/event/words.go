package event

import "fmt"

// Severity says how much attention an event needs.
type Severity uint8

// The severities, in ascending order. The zero value is none of them.
const (
	Info Severity = iota + 1
	Low
	Medium
	High
	Critical
)

// Type is the kind of an event.
type Type uint8

// The types. The zero value is none of them.
const (
	Authentication Type = iota + 1
	Authorization
	Encryption
	TrustChange
	SecurityViolation
	SystemAccess
	DataAccess
	ConfigurationChange
)

// Outcome says how an act went.
type Outcome uint8

// The outcomes. The zero value is none of them.
const (
	Begin Outcome = iota + 1
	OK
	Fail
	Deny
)

var (
	severities = [...]string{"", "info", "low", "medium", "high", "critical"}
	types      = [...]string{
		"", "authentication", "authorization", "encryption", "trust_change",
		"security_violation", "system_access", "data_access", "configuration_change",
	}
	outcomes = [...]string{"", "begin", "ok", "fail", "deny"}
)

// Severities lists all, in ascending order.
func Severities() []Severity { return []Severity{Info, Low, Medium, High, Critical} }

// Types lists all.
func Types() []Type {
	return []Type{
		Authentication, Authorization, Encryption, TrustChange,
		SecurityViolation, SystemAccess, DataAccess, ConfigurationChange,
	}
}

// Outcomes lists all.
func Outcomes() []Outcome { return []Outcome{Begin, OK, Fail, Deny} }

func (s Severity) String() string { return severities[s] }
func (t Type) String() string     { return types[t] }
func (o Outcome) String() string  { return outcomes[o] }

// ParseSeverity reads a word from outside. The error is ErrWord.
func ParseSeverity(word string) (Severity, error) { return parseWord[Severity](severities[:], word) }

// ParseType reads a word from outside. The error is ErrWord.
func ParseType(word string) (Type, error) { return parseWord[Type](types[:], word) }

// ParseOutcome reads a word from outside. The error is ErrWord.
func ParseOutcome(word string) (Outcome, error) { return parseWord[Outcome](outcomes[:], word) }

func parseWord[W ~uint8](words []string, word string) (W, error) {
	for i, w := range words {
		if i > 0 && w == word {
			return W(i), nil
		}
	}
	return 0, fmt.Errorf("%w: %q", ErrWord, word)
}
