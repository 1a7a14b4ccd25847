// Package rule judges the events of the audit log by rules: a subset of Sigma (sigmahq.io), read
// from YAML, and evaluated over what is in the log and nothing else.
//
// # File
//
// A file of rules is UTF-8 YAML of at most [MaxFile] bytes; each document is one rule, [MaxRules] at
// most. There are no anchors, aliases or tags, and no key stands twice in one mapping. A key,
// modifier, field or word that is not named here is an error ([*SyntaxError]) that names it and its
// line: a rule that was read in part would not mean what its author meant.
//
//	title: Secrets for one's own use, at night
//	id: night-secrets
//	logsource: {product: kai}
//	detection:
//	  read:
//	    action: [secret_retrieved, secret_injected]
//	    outcome: ok
//	  night:
//	    - timestamp|re: 'T2[2-3]:'
//	    - timestamp|re: 'T0[0-4]:'
//	  robot:
//	    ctx.ci: true
//	  condition: read and night and not robot
//	---
//	title: Ten secrets at night
//	id: night-harvest
//	kai_pattern: suspicious_data_access
//	level: high
//	correlation:
//	  type: value_count
//	  rules: [night-secrets]
//	  group-by: [src.uid, src.agent]
//	  timespan: 30m
//	  condition: {gte: 10, field: d.path}
//
// Keys of a rule:
//
//	title        1 to 128 bytes, required, different from all other titles and ids of the file
//	id           letters, digits and . _ -, 64 at most; the title when absent
//	level        informational (or info) low medium high critical
//	logsource    product: kai, and nothing else; required with detection
//	detection    searches and a condition; or
//	correlation  what is asked about several events; a rule has one of the two
//	kai_pattern  [a-z][a-z0-9_]*, 64 at most, the name that reports count under; the id when absent
//
// # Detection
//
// A search is a name ([A-Za-z][A-Za-z0-9_]*) with a mapping, in which all members must hold, or
// with a list of mappings, one of which must. A member is FIELD, FIELD|MODIFIER or
// FIELD|MODIFIER|all, with a value or a list of values, one of which must be met; all of them with
// the modifier all. Fields are those of [event.IsField]:
//
//	n timestamp eventType severity action outcome src.* ctx.* d.*
//
// and an event without the field meets nothing but exists: false. A field that is a list is met
// when one of its elements is.
//
//	(none)      equal, contains, startswith, endswith: as text, without regard to case
//	contains
//	startswith
//	endswith
//	re          a regular expression of RE2, anywhere in the text, with regard to case
//	gt gte lt lte   integers; a field of another kind does not meet them
//	exists      true or false
//	all         with the first five: every value, not one of them
//
// Values are strings, decimal integers, true and false; an integer equals its decimal digits as a
// string. Sigma's wildcards * and ? in strings are errors; \* \? and \\ are the characters.
//
//	condition = and { "or" and }
//	and       = not { "and" not }
//	not       = "not" not | "(" condition ")" | NAME
//	          | ( "1" | "all" ) "of" ( "them" | NAME | PREFIX "*" )
//
// Each search must be used by the condition.
//
// # Correlation
//
//	type       event_count   the events of the group are at least gte
//	           value_count   the different values of field in them are at least gte
//	           temporal      each of rules has an event in the group, in any order
//	rules      ids or titles of rules with a detection, in the same file
//	group-by   fields; events that agree in all of them are a group. Without it all are one group
//	timespan   a number and s, m, h or d, 7d at most; an event exactly so old still counts
//	condition  gte: 1 to 200000, and field for value_count; temporal has none
//
// A rule that a correlation names makes no violations of its own, as in Sigma, and needs no level.
// Every other rule has one.
//
// # Violation
//
// [Evaluate] is called for each event once it is in the log. It judges by the log alone, so that any
// process comes to the same result. A correlation is evaluated only when one of its rules matches
// the new event, looks back [MaxScan] events at most, and is silent while the log has an
// audit.violation of the same d.rule and d.group within its timespan. Those events match no rule.
//
// d.group is FIELD=VALUE for each field of group-by, joined by ", "; a value in which one of
// , = " \ or something that cannot be printed occurs, or that is empty, is a Go string literal, and
// an absent field has nothing behind the =. Rules about single events have the group of the fields
// action and src.agent, and no timespan: every event is a violation.
//
// The rules of kai itself are in builtin.yml.
package rule
