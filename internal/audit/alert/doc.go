// Package alert tells people and programs outside about events of the audit log: it keeps alerts in
// an outbox until they are sent, and sends them to sinks.
//
// The caller makes an [Alert] of each recorded event of severity high or critical, puts it into the
// [Outbox] for the sinks that [For] names, and calls [Outbox.Flush], at once or in a process of its
// own. Nothing is sent by Put, so no command waits for a receiver.
//
// # Alert
//
// An alert is one object of JSON, with its members in this order and without white space:
//
//	{"schema":"kai.audit.alert/1","id":"01KAM…","event":{…},"pattern":"privilege_escalation",
//	 "text":"critical: privilege_escalation: …","log_id":"01JGK…","n":17,"root":"jZEN…="}
//
// (here broken in two). id is a ULID; event is the SecurityEvent (id timestamp eventType severity
// source details context n action outcome leaf); pattern is there for audit.violation; text is one
// line, see [Text]; root is there when it is known. Members may be added behind these, never taken
// away. A receiver may get an alert more than once, with the same bytes and id.
//
// # Outbox
//
// The directory outbox/ of the audit directory has
//
//	<id>.<sink>.json   one alert on its way to one sink
//	recent.json        what was said in the last minutes
//	lock, flush.lock   empty: held while files change, and while alerts are sent
//
// An entry is one object of JSON, written in one step and synced:
//
//	{"schema":"kai.audit.outbox/1","sink":"pager","created":"2026-11-22T04:36:27.169927Z",
//	 "attempts":2,"not_before":"2026-11-22T04:39:27.169927Z","error":"timeout","alert":{…}}
//
// (here broken in two). Times are as in events. error is the code of the last attempt (refused,
// unreachable, timeout, no_key, failed), or interrupted when the process ended in it, or absent when
// there was none. A file that is not exactly what would be written for what it says is malformed.
//
// Put says an alert is a [Duplicate] when one was kept within [SilentFor] that had the same pattern
// and group, or for other events the same act and n; it is [Limited] when [MaxPerMinute] of the same
// rule, or act, were kept within a minute. Otherwise it is [Kept]: entries are written, and
// recent.json after them. That is canonical JSON:
//
//	{"alerts":[{"key":"<32 hex>","rule":"<32 hex>","t":"2026-11-22T04:36:27.169927Z"}],"v":1}
//
// where key and rule are the first 16 bytes of SHA-256 over each of the words as LENGTH:WORD,
//
//	key   violation PATTERN GROUP, or event LOG_ID ACT N
//	rule  rule RULE, or act ACT
//
// An entry is due at not_before. An attempt counts itself in the entry first: attempts one more,
// not_before in 1 m · 2^attempts before, 6 h at most, error interrupted. After success the entry is
// removed, after failure its error is written. Entries older than [MaxAge], the oldest of more than
// [MaxEntries], and malformed ones are dropped; the caller records each as audit.alert_failed.
//
// BUG(alert): a process killed after its event is in the log and before Put returns leaves no entry,
// or one for some of the sinks. The log has the event.
//
// # Sinks
//
// exec runs a program, no shell, in the root directory, with the alert and a line feed on standard
// input, output discarded, for at most [ExecLimit]; then its process group is killed. The environment
// is PATH, HOME, LANG as the caller gives them, and KAI_IN_HOOK=1. Exit code 0 is success.
//
// syslog writes RFC 5424 to a local socket, a datagram or, on a stream, a line:
//
//	<83>1 2026-11-22T04:36:27.169927Z build kai 4711 audit.violation
//	  [kai@32473 n="17" type="security_violation" act="audit.violation" out="ok" leaf="3206…" id="01KAM…"] TEXT
//
// (here broken in two). The facility is 10; info is severity 6, low 5, medium 4, high 3, critical 2.
// HOSTNAME is source.host and PROCID source.pid, or -; MSGID the act. It is the form of
// export --format rfc5424 with id behind it, and with the alert's text.
//
// journald writes one datagram in the native protocol, with MESSAGE (the text), PRIORITY (as above),
// SYSLOG_IDENTIFIER=kai, KAI_N KAI_ACT KAI_TYPE KAI_SEVERITY KAI_LEAF KAI_ID. A value with a line
// feed has the binary form.
//
// webhook posts the alert, without a line feed, to an https URL, or an http URL of this machine,
// within [SendLimit], and takes a status of 2xx for success. Redirects are not followed. Headers:
//
//	Content-Type: application/json
//	X-Kai-Id: 01KAM…
//	X-Kai-Timestamp: 1795322187              seconds since 1970, of the attempt
//	X-Kai-Signature: v1=<64 hex>             HMAC-SHA256(key, timestamp ‖ "." ‖ body)
//
// A receiver computes the signature over the bytes it got, refuses timestamps that are minutes off,
// and remembers ids.
package alert
