// Package secondtest is a second verifier of the audit log, for tests. It was
// written from the manual page kai-audit(5) alone, by somebody who had not read
// the package audit, and it shares no code with kai: where the two disagree,
// one of them is wrong or the page is unclear.
//
// It prefers clarity to speed and reads whole files into memory. It does not
// read archives and pruned logs, and does not look at the memories outside the
// directory of the log.
package secondtest
