// Package metrics counts what the audit log holds, for Prometheus.
//
// # Counters
//
// [Counters] follow from the events alone. They are kept in metrics.json beside the log, canonical
// JSON, so that a command that has appended an event adds one and need not read the log:
//
//	{"alerts":{"pager delivered":2},"events":{"authentication medium fail":3},"log_id":"01J…","n":42,
//	 "recoveries":0,"v":1,"violations":{"trust_violation":1}}
//
// The keys are the labels' values with spaces between. n is how many events were counted; a file
// whose n is not the number of events before those that are to be added is of no use, and is made
// anew from the log.
//
// # Text
//
// [Write] gives the text format of Prometheus, version 0.0.4, in a fixed order:
//
//	kai_audit_events_total{type,severity,outcome}   counter
//	kai_audit_violations_total{pattern}             counter
//	kai_audit_alerts_total{sink,result}             counter
//	kai_audit_recoveries_total                      counter
//	kai_audit_outbox_pending                        gauge
//	kai_audit_size_events                           gauge
//	kai_audit_size_bytes                            gauge
//	kai_audit_epoch                                 gauge
//	kai_audit_unsigned_events                       gauge
//	kai_audit_unanchored_events                     gauge
//	kai_audit_last_event_timestamp_seconds          gauge
//	kai_audit_last_checkpoint_timestamp_seconds     gauge
//	kai_audit_last_verify_timestamp_seconds         gauge
//	kai_audit_verify_ok                             gauge, 1 or 0
//
// Times that are not known, and with them verify_ok, are left out.
package metrics
