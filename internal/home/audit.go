package home

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// AuditConfig is the table audit of config.toml. The zero value is that of a file without it, and
// is the strict one.
type AuditConfig struct {
	OnFailure      OnFailure
	Auditors       []string // age recipients, by their form
	AllowNetworkFS bool     // whether the log may lie on a network file system
	Signer         []string // key references that sign checkpoints, by their form
	MetricsFile    string   // absolute path; "" when not set
	Mode           AlertMode
	React          map[Pattern]Reaction
	Witnesses      []string // note verifier keys, by their form
	Alerts         []Alert  // with different names
}

// OnFailure says what happens to a command whose event cannot be recorded.
type OnFailure string

// The words for on_failure. The empty one means that it is not set, and then the command is
// denied: compare with FailureWarn.
const (
	FailureDeny OnFailure = "deny"
	FailureWarn OnFailure = "warn"
)

// AlertMode says who sends alerts.
type AlertMode string

// The words for mode. The empty one means that it is not set, and then it is a process of its
// own: compare with ModeInline.
const (
	ModeDetached AlertMode = "detached" // a process of its own, for which nothing waits
	ModeInline   AlertMode = "inline"   // the command itself, as CI needs it
)

// Pattern is a built-in pattern of events.
type Pattern string

// The patterns that react may name.
const (
	RepeatedFailedAuthentication Pattern = "repeated_failed_authentication"
	UnauthorizedAccessAttempt    Pattern = "unauthorized_access_attempt"
	PrivilegeEscalation          Pattern = "privilege_escalation"
	SuspiciousDataAccess         Pattern = "suspicious_data_access"
	TrustViolation               Pattern = "trust_violation"
)

// Patterns are all of them.
func Patterns() []Pattern {
	return []Pattern{
		RepeatedFailedAuthentication, UnauthorizedAccessAttempt, PrivilegeEscalation,
		SuspiciousDataAccess, TrustViolation,
	}
}

// Reaction is what a pattern sets off besides an alert.
type Reaction string

// ReactLock ends the session; there is no other reaction.
const ReactLock Reaction = "lock"

// Severity is that of an event.
type Severity string

// The words for min_severity, in their order.
const (
	SeverityInfo     Severity = "info"
	SeverityLow      Severity = "low"
	SeverityMedium   Severity = "medium"
	SeverityHigh     Severity = "high"
	SeverityCritical Severity = "critical"
)

// AlertKind says how a sink is reached.
type AlertKind string

// The words for kind.
const (
	AlertExec     AlertKind = "exec"
	AlertSyslog   AlertKind = "syslog"
	AlertJournald AlertKind = "journald"
	AlertWebhook  AlertKind = "webhook"
)

// Alert is a sink of alerts. What a kind does not use is empty.
type Alert struct {
	Name        string // lower-case letters, digits and inner dashes; at most 32
	Kind        AlertKind
	MinSeverity Severity // SeverityHigh when not given

	Argv       []string // exec: the program, by its absolute path, and its arguments
	URL        string   // webhook: https, or http to this machine
	SecretFile string   // webhook: absolute path of the key
	Path       string   // syslog, journald: absolute path of another socket; "" for the usual one
}

func readAudit(table *value) (AuditConfig, error) {
	var c AuditConfig
	if table.kind != isTable {
		return c, table.refuse("not a table")
	}
	for _, m := range table.members {
		if err := c.set(m); err != nil {
			return AuditConfig{}, err
		}
	}
	return c, nil
}

func (c *AuditConfig) set(v *value) (err error) {
	switch v.name {
	case "on_failure":
		c.OnFailure, err = asWord(v, FailureDeny, FailureWarn)
	case "auditors":
		c.Auditors, err = v.asTexts(maxAuditors, false, checkRecipient)
	case "allow_network_fs":
		c.AllowNetworkFS, err = v.asTruth()
	case "signer":
		c.Signer, err = readSigner(v)
	case "metrics_file":
		c.MetricsFile, err = v.asText(checkPath)
	case "mode":
		c.Mode, err = asWord(v, ModeDetached, ModeInline)
	case "react":
		c.React, err = readReact(v)
	case "witnesses":
		c.Witnesses, err = v.asTexts(maxWitnesses, false, checkVerifierKey)
	case "alert":
		c.Alerts, err = readAlerts(v)
	default:
		err = v.unknown()
	}
	return err
}

// readSigner reads one key reference, or several in an array.
func readSigner(v *value) ([]string, error) {
	if v.kind != isText {
		return v.asTexts(maxSigners, false, checkKeyReference)
	}
	ref, err := v.asText(checkKeyReference)
	if err != nil {
		return nil, err
	}
	return []string{ref}, nil
}

func readReact(table *value) (map[Pattern]Reaction, error) {
	if table.kind != isTable {
		return nil, table.refuse("not a table")
	}
	var react map[Pattern]Reaction
	for _, m := range table.members {
		pattern := Pattern(m.name)
		if !slices.Contains(Patterns(), pattern) {
			return nil, m.unknown()
		}
		reaction, err := asWord(m, ReactLock)
		if err != nil {
			return nil, err
		}
		if react == nil {
			react = map[Pattern]Reaction{}
		}
		react[pattern] = reaction
	}
	return react, nil
}

func readAlerts(list *value) ([]Alert, error) {
	if list.kind != isList {
		return nil, list.refuse("not an array of tables")
	}
	if len(list.list) > maxAlerts {
		return nil, list.refuse("more than %d", maxAlerts)
	}
	var alerts []Alert
	named := map[string]bool{}
	for _, e := range list.list {
		a, err := readAlert(e)
		if err != nil {
			return nil, err
		}
		if named[a.Name] {
			return nil, e.member("name").refuse("given twice")
		}
		named[a.Name] = true
		alerts = append(alerts, a)
	}
	return alerts, nil
}

func readAlert(table *value) (Alert, error) {
	if table.kind != isTable {
		return Alert{}, table.refuse("not a table")
	}
	kind := table.member("kind")
	if kind == nil {
		return Alert{}, table.refuse("no kind")
	}
	a := Alert{MinSeverity: SeverityHigh}
	var err error
	a.Kind, err = asWord(kind, AlertExec, AlertSyslog, AlertJournald, AlertWebhook)
	if err != nil {
		return Alert{}, err
	}
	for _, m := range table.members {
		if err := a.set(m); err != nil {
			return Alert{}, err
		}
	}
	for _, name := range required(a.Kind) {
		if table.member(name) == nil {
			return Alert{}, table.refuse("no %s, which kind %s needs", name, a.Kind)
		}
	}
	return a, nil
}

// required are the members that an alert of a kind has.
func required(k AlertKind) []string {
	switch k {
	case AlertExec:
		return []string{"name", "argv"}
	case AlertWebhook:
		return []string{"name", "url", "secret_file"}
	}
	return []string{"name"}
}

// set gives one member its value; the kind is known.
func (a *Alert) set(v *value) (err error) {
	owned := true
	switch v.name {
	case "name":
		a.Name, err = v.asText(checkAlertName)
	case "kind":
	case "min_severity":
		a.MinSeverity, err = asWord(v, SeverityInfo, SeverityLow, SeverityMedium, SeverityHigh, SeverityCritical)
	case "argv":
		if owned = a.Kind == AlertExec; owned {
			a.Argv, err = readArgv(v)
		}
	case "url":
		if owned = a.Kind == AlertWebhook; owned {
			a.URL, err = v.asText(checkURL)
		}
	case "secret_file":
		if owned = a.Kind == AlertWebhook; owned {
			a.SecretFile, err = v.asText(checkPath)
		}
	case "path":
		if owned = a.Kind == AlertSyslog || a.Kind == AlertJournald; owned {
			a.Path, err = v.asText(checkPath)
		}
	default:
		err = v.unknown()
	}
	if !owned {
		err = v.refuse("does not belong to kind %s", a.Kind)
	}
	return err
}

func readArgv(v *value) ([]string, error) {
	argv, err := v.asTexts(maxArgv, true, checkArgument)
	if err != nil {
		return nil, err
	}
	if len(argv) == 0 {
		return nil, v.refuse("empty")
	}
	if err := checkPath(argv[0]); err != nil {
		return nil, v.list[0].refuse("%v", err)
	}
	return argv, nil
}

// What follows looks at the form of a string only; none of the errors says what is in it.

func checkLength(s string) error {
	switch {
	case s == "":
		return errors.New("empty")
	case len(s) > maxText:
		return fmt.Errorf("more than %d bytes", maxText)
	}
	return nil
}

// checkVisible wants what is not too long and can be read on one line.
func checkVisible(s string) error {
	if err := checkLength(s); err != nil {
		return err
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return errors.New("invisible character")
	}
	return nil
}

func checkPath(s string) error {
	if err := checkVisible(s); err != nil {
		return err
	}
	if !filepath.IsAbs(s) {
		return errors.New("not an absolute path")
	}
	return nil
}

// checkArgument lets through what a program can be given: line feeds too, and nothing.
func checkArgument(s string) error {
	switch {
	case len(s) > maxText:
		return fmt.Errorf("more than %d bytes", maxText)
	case strings.ContainsRune(s, 0):
		return errors.New("zero byte")
	}
	return nil
}

// checkRecipient wants age1… or age1pq1…; age itself checks the rest. Recipients of plugins have
// another name before the last 1: what opens the log needs no program but kai.
func checkRecipient(s string) error {
	if err := checkLength(s); err != nil {
		return err
	}
	data, ok := strings.CutPrefix(s, "age1pq1")
	if !ok {
		data, ok = strings.CutPrefix(s, "age1")
	}
	const bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l" // BIP 173
	if !ok || data == "" || strings.Trim(data, bech32) != "" {
		return errors.New("not an age recipient (age1… or age1pq1…)")
	}
	return nil
}

// checkKeyReference wants SCHEME:REST; which schemes there are, others know.
func checkKeyReference(s string) error {
	if err := checkVisible(s); err != nil {
		return err
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || rest == "" || !isWord(scheme) {
		return errors.New("not a key reference (as file:PATH)")
	}
	return nil
}

// checkVerifierKey wants NAME+HASH+BASE64, as golang.org/x/mod/sumdb/note writes it.
func checkVerifierKey(s string) error {
	if err := checkVisible(s); err != nil {
		return err
	}
	name, rest, _ := strings.Cut(s, "+")
	hash, data, ok := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.Strict().DecodeString(data)
	hex := len(hash) == 8 && strings.Trim(hash, "0123456789abcdef") == ""
	if !ok || name == "" || strings.ContainsFunc(name, unicode.IsSpace) || !hex || err != nil || len(raw) < 2 {
		return errors.New("not a verifier key (NAME+HASH+BASE64)")
	}
	return nil
}

func checkAlertName(s string) error {
	if s == "" || len(s) > 32 || s[0] == '-' || !isWord(s) {
		return errors.New("not 1 to 32 lower-case letters, digits and dashes, the first no dash")
	}
	return nil
}

// isWord reports whether s is made of lower-case letters, digits and dashes.
func isWord(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// checkURL wants https, or http to this machine. It is of ASCII only, as no two programs agree on
// what else means.
func checkURL(s string) error {
	if err := checkLength(s); err != nil {
		return err
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("space, control character or not ASCII")
	}
	u, err := url.Parse(s)
	if err != nil {
		return errors.New("not a URL") // what err says holds it
	}
	port, portErr := strconv.ParseUint(u.Port(), 10, 16)
	secure, plain := strings.HasPrefix(s, "https://"), strings.HasPrefix(s, "http://")
	switch {
	case !secure && !plain:
		return errors.New("does not begin with https://")
	case u.User != nil:
		return errors.New("user or password in it")
	case strings.Contains(s, "#"):
		return errors.New("fragment in it")
	case u.Hostname() == "":
		return errors.New("no host")
	case strings.HasSuffix(u.Host, ":"), u.Port() != "" && (portErr != nil || port == 0):
		return errors.New("not a port")
	case plain && !isLoopback(u.Hostname()):
		return errors.New("http is only for this machine (127.0.0.0/8, ::1, localhost)")
	}
	return nil
}

// isLoopback reports whether a host, by its name alone, is this machine.
func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host == "localhost"
	}
	return a.IsLoopback() && !a.Is4In6() && a.Zone() == ""
}
