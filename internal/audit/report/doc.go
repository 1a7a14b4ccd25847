// Package report sums up a part of the audit log: what happened, what looks wrong, what changed
// against the time before, and what to do about it.
//
// # Input
//
// [New] reads events once, in the order of the log, as views of lines, and keeps counts only: a
// million events take memory for their distinct names, not for themselves. The events begin at
// [Range.Since], which is before the range:
//
//	 Since              Before            From                          To
//	   │ actors only      │ compared with   │ summary, violations, trends │ ends of what began
//	───┴──────────────────┴─────────────────┴─────────────────────────────┴──────────────────▶ t
//
// Before is as long as the range; Since is at least 30 d before From, for who is new. Events at
// or after To, if there are any, only end what had begun and acknowledge violations. What the
// events do not say comes as facts: [Integrity] from verifying the log, [Environment] from the
// home around it. The time is [Options.Now].
//
// # Report
//
// [Report] is kai.audit.report/1 as it is marshalled by [Report.WriteJSON]; WriteText, WriteSARIF
// and WriteJUnit write the same for people, code scanners and CI, and package page a page.
//
// Strings of events are in the report as they were recorded. All writers but JSON show what a
// terminal or browser would act on as [Visible] does; JSON escapes it.
//
// # Trends
//
// The range is cut into equal buckets, counted from its beginning; the last may be short. A
// series goes up or down when the number of its events differs from that of the equally long
// range before by at least 5 and the two-sided binomial test of the two numbers at ½ gives
// p < 0.01: were both ranges alike, each event would fall in either with the same chance. A
// bucket x ≥ 5 is a spike when (x − median) / max(1, 1.4826·MAD) ≥ 5 over all buckets, of which
// there must be at least 8.
//
// # Violations
//
// Each event audit.violation is one. Other events of the type security_violation are violations
// of the pattern they name, or of their act, one for each act and group, unless an
// audit.violation lists them. A violation is acknowledged when an event audit.acknowledged or
// the integrity names it.
//
// # Recommendations
//
// R1 to R14, each only when its predicate is true: recommend.go has one function for each, and
// command.go the commands. Names that do not consist of printable ASCII are left out of
// commands, which somebody will copy.
package report
