package report

import "kai/internal/audit/event"

// Two of the exit codes that all of kai has.
const (
	exitTampered = 3
	exitDenied   = 8
)

// Exit is the exit status for a report: 3 when the log is tampered with, 8 when an open violation
// is as grave as failOn, else 0. A zero failOn is never reached.
func (r *Report) Exit(failOn event.Severity) int {
	if r.Integrity.Verdict == Tampered {
		return exitTampered
	}
	for i := range r.Violations {
		if v := &r.Violations[i]; failOn != 0 && v.State == Open && v.severity >= failOn {
			return exitDenied
		}
	}
	return 0
}
