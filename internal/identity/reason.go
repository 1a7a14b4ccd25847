package identity

// Reason is why keys were changed or something was revoked. The words are part
// of the format.
type Reason string

// The reasons.
const (
	Scheduled   Reason = "scheduled"   // of rotations
	Superseded  Reason = "superseded"  // of both
	Compromised Reason = "compromised" // of both
	Recovery    Reason = "recovery"    // of rotations
	Retired     Reason = "retired"     // of revocations
	Mistake     Reason = "mistake"     // of revocations
	Unspecified Reason = "unspecified" // of revocations
)

// ParseRotationReason checks the reason of a rotation. The error is ErrMalformed.
func ParseRotationReason(word string) (Reason, error) {
	switch r := Reason(word); r {
	case Scheduled, Superseded, Compromised, Recovery:
		return r, nil
	}
	return "", malformed("reason of a rotation is not scheduled, superseded, compromised or recovery")
}

// ParseRevocationReason checks the reason of a revocation. The error is
// ErrMalformed.
func ParseRevocationReason(word string) (Reason, error) {
	switch r := Reason(word); r {
	case Compromised, Superseded, Retired, Mistake, Unspecified:
		return r, nil
	}
	return "", malformed("reason of a revocation is not compromised, superseded, retired, mistake or unspecified")
}

// Hard reports whether the reason voids what was signed before as well: who has
// the key can write any date.
func (r Reason) Hard() bool {
	switch r {
	case Scheduled, Superseded, Recovery, Retired, Mistake:
		return false
	}
	return true
}
