package home_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kai/internal/home"
)

// Public strings of real tools: age-keygen, age-keygen -pq (cut: the form is all that counts), and
// the key of sum.golang.org.
const (
	recipient   = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
	recipientPQ = "age1pq1qqqq9lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
	witness     = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
)

// example has everything once.
const example = `identity = "release-bot"
[audit]
on_failure = "warn"
auditors = [
	"` + recipient + `", # the auditor
	"` + recipientPQ + `",
]
allow_network_fs = true
signer = ["file:/etc/kai/audit.key", "tpm:audit"]
metrics_file = "/var/lib/node_exporter/kai.prom"
mode = "inline"
react = { repeated_failed_authentication = "lock", trust_violation = "lock" }
witnesses = ["` + witness + `"]

[[audit.alert]]
name = "mail"
kind = "exec"
min_severity = "critical"
argv = ["/usr/bin/mail", "-s", "kai", "", "ops@example.org"]

[[audit.alert]]
kind = "webhook"
name = "pager"
url = "https://pager.example:8443/kai?team=ops"
secret_file = "/etc/kai/pager.key"

[[audit.alert]]
name = "log"
kind = "syslog"
min_severity = "info"
path = "/run/log"

[[audit.alert]]
name = "0"
kind = "journald"
`

func exampleValue() home.Config {
	return home.Config{Identity: "release-bot", Audit: home.AuditConfig{
		OnFailure:      home.FailureWarn,
		Auditors:       []string{recipient, recipientPQ},
		AllowNetworkFS: true,
		Signer:         []string{"file:/etc/kai/audit.key", "tpm:audit"},
		MetricsFile:    "/var/lib/node_exporter/kai.prom",
		Mode:           home.ModeInline,
		React:          map[home.Pattern]home.Reaction{home.RepeatedFailedAuthentication: home.ReactLock, home.TrustViolation: home.ReactLock},
		Witnesses:      []string{witness},
		Alerts: []home.Alert{
			{Name: "mail", Kind: home.AlertExec, MinSeverity: home.SeverityCritical, Argv: []string{"/usr/bin/mail", "-s", "kai", "", "ops@example.org"}},
			{Name: "pager", Kind: home.AlertWebhook, MinSeverity: home.SeverityHigh, URL: "https://pager.example:8443/kai?team=ops", SecretFile: "/etc/kai/pager.key"},
			{Name: "log", Kind: home.AlertSyslog, MinSeverity: home.SeverityInfo, Path: "/run/log"},
			{Name: "0", Kind: home.AlertJournald, MinSeverity: home.SeverityHigh},
		},
	}}
}

func TestAuditConfig(t *testing.T) {
	bits(t) // paths below are those of Unix
	got, err := home.ParseConfig([]byte(example))
	must(t, err)
	if want := exampleValue(); !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	if again, err := home.ParseConfig([]byte(write(got))); err != nil || !reflect.DeepEqual(again, got) {
		t.Errorf("written plainly: %+v, %v", again, err)
	}
}

// TOML has several ways to say the same.
func TestAuditConfigSpellings(t *testing.T) {
	want := home.Config{Audit: home.AuditConfig{
		OnFailure: home.FailureWarn,
		React:     map[home.Pattern]home.Reaction{home.TrustViolation: home.ReactLock},
		Alerts: []home.Alert{
			{Name: "a", Kind: home.AlertSyslog, MinSeverity: home.SeverityHigh},
			{Name: "b", Kind: home.AlertJournald, MinSeverity: home.SeverityHigh},
		},
	}}
	for _, text := range []string{
		"audit = { on_failure = 'warn', react.trust_violation = 'lock', alert = [{name='a',kind='syslog'},{kind='journald',name='b'}] }",
		"audit.on_failure = 'warn'\naudit.react.trust_violation = 'lock'\naudit.alert = [{name='a',kind='syslog'},{kind='journald',name='b'}]",
		"[audit]\n'on_failure' = 'warn'\n[audit.react]\ntrust_violation = '''lock'''\n[[audit.alert]]\nname='a'\nkind='syslog'\n[[audit.alert]]\nname='b'\nkind='journald'",
		"[[audit.alert]]\nname='a'\nkind='syslog'\n[audit.react]\ntrust_violation='lock'\n[[audit.alert]]\nkind='journald'\nname='b'\n[audit]\non_failure='warn'",
		"[audit]\non_failure='warn'\nalert = [\n# first\n{name='a',kind='syslog'},\n{kind='journald',\nname='b',\n},\n]\n[audit . react]\ntrust_violation='lock'",
	} {
		if got, err := home.ParseConfig([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", text, got, err, want)
		}
	}
}

func TestVaultTable(t *testing.T) {
	for text, want := range map[string]home.VaultConfig{
		"[vault]":                             {},
		"[vault]\nallow_network_fs = false":   {},
		"vault = { allow_network_fs = true }": {AllowNetworkFS: true},
	} {
		if c, err := home.ParseConfig([]byte(text)); err != nil || c.Vault != want {
			t.Errorf("%s: %+v, %v", text, c.Vault, err)
		}
	}
	for text, want := range map[string]string{
		"vault = true":                        "vault: not a table",
		"[vault]\nallow_network_fs = 1":       "vault.allow_network_fs: not true or false",
		"[vault]\nallow-network-fs = true":    `unknown key "vault.allow-network-fs"`,
		"[vault]\npassword = 'correct horse'": `unknown key "vault.password"`,
	} {
		_, err := home.ParseConfig([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "horse") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestAuditWords(t *testing.T) {
	for text, want := range map[string]home.AuditConfig{
		"on_failure = 'deny'":                {OnFailure: home.FailureDeny},
		"on_failure = 'warn'":                {OnFailure: home.FailureWarn},
		"allow_network_fs = true":            {AllowNetworkFS: true},
		"allow_network_fs = false":           {},
		"mode = 'detached'":                  {Mode: home.ModeDetached},
		"mode = 'inline'":                    {Mode: home.ModeInline},
		"signer = 'file:k'":                  {Signer: []string{"file:k"}},
		"signer = ['file:k']":                {Signer: []string{"file:k"}},
		"signer = ['file:k', 'my-holder:k']": {Signer: []string{"file:k", "my-holder:k"}},
	} {
		if got, err := home.ParseConfig([]byte("[audit]\n" + text)); err != nil || !reflect.DeepEqual(got.Audit, want) {
			t.Errorf("%s: %+v, %v", text, got.Audit, err)
		}
	}
	words := []string{
		"repeated_failed_authentication", "unauthorized_access_attempt", "privilege_escalation", "suspicious_data_access", "trust_violation",
	}
	if len(home.Patterns()) != len(words) {
		t.Errorf("patterns: %q", home.Patterns())
	}
	for _, word := range words {
		got, err := home.ParseConfig([]byte("[audit.react]\n" + word + " = 'lock'"))
		want := map[home.Pattern]home.Reaction{home.Pattern(word): home.ReactLock}
		if err != nil || !maps.Equal(got.Audit.React, want) {
			t.Errorf("react %s: %v, %v", word, got.Audit.React, err)
		}
	}
	for _, word := range []home.Severity{"info", "low", "medium", "high", "critical"} {
		got, err := home.ParseConfig([]byte("[[audit.alert]]\nname='a'\nkind='syslog'\nmin_severity='" + string(word) + "'"))
		if err != nil || got.Audit.Alerts[0].MinSeverity != word {
			t.Errorf("severity %s: %+v, %v", word, got.Audit, err)
		}
	}
}

func TestAuditConfigRefuses(t *testing.T) {
	texts := map[string]string{
		"audit = 1":               "config.toml line 1: audit: not a table",
		"audit = []":              "config.toml line 1: audit: not a table",
		"[[audit]]":               "config.toml line 1: audit: not a table",
		"[audit]\n[audit]":        "config.toml line 2: table audit already exists",
		"[Audit]":                 `config.toml line 1: unknown key "Audit"`,
		"[audit.alert]":           "config.toml line 1: audit.alert: not an array of tables",
		"[audit]\nalert = [1]":    "config.toml line 2: audit.alert: not a table",
		"[audit]\nalert = true":   "config.toml line 2: audit.alert: not an array of tables",
		"'audit.mode' = 'inline'": `config.toml line 1: unknown key "audit.mode"`,
		"audit = {\n mode = 'inline',\n mode = 'inline' }": "config.toml line 1: key mode is already defined",
	}
	for text, want := range map[string]string{
		"onfailure = 'deny'":                                         `unknown key "audit.onfailure"`,
		"On_failure = 'deny'":                                        `unknown key "audit.On_failure"`,
		"sub.key = 1":                                                `unknown key "audit.sub"`,
		"on_failure = 'Deny'":                                        `audit.on_failure: not "deny" or "warn"`,
		"on_failure = 'allow'":                                       `audit.on_failure: not "deny" or "warn"`,
		"on_failure = ''":                                            `audit.on_failure: not "deny" or "warn"`,
		"on_failure = true":                                          "audit.on_failure: not a string",
		"allow_network_fs = 'yes'":                                   "audit.allow_network_fs: not true or false",
		"mode = 'foreground'":                                        `audit.mode: not "detached" or "inline"`,
		"metrics_file = ''":                                          "audit.metrics_file: empty",
		"metrics_file = 'kai.prom'":                                  "audit.metrics_file: not an absolute path",
		"metrics_file = '~/kai.prom'":                                "audit.metrics_file: not an absolute path",
		`metrics_file = "/a\u0000"`:                                  "audit.metrics_file: invisible character",
		`metrics_file = "/a\u202e"`:                                  "audit.metrics_file: invisible character",
		"metrics_file = '" + long + "'":                              "audit.metrics_file: more than 4096 bytes",
		"metrics_file = ['/a']":                                      "audit.metrics_file: not a string",
		"signer = ''":                                                "audit.signer: empty",
		"signer = 1":                                                 "audit.signer: not an array of strings",
		"signer = [1]":                                               "audit.signer: not a string",
		"signer = 'key'":                                             "audit.signer: not a key reference (as file:PATH)",
		"signer = 'file:'":                                           "audit.signer: not a key reference (as file:PATH)",
		"signer = ':key'":                                            "audit.signer: not a key reference (as file:PATH)",
		"signer = 'FILE:key'":                                        "audit.signer: not a key reference (as file:PATH)",
		"signer = './f:key'":                                         "audit.signer: not a key reference (as file:PATH)",
		`signer = "file:\u001b"`:                                     "audit.signer: invisible character",
		"signer = ['file:k', 'file:k']":                              "audit.signer: element 2 given twice",
		"signer = ['a:1', 'a:2', 'a:3']":                             "audit.signer: more than 2",
		"signer = 'a:" + long + "'":                                  "audit.signer: more than 4096 bytes",
		"react = 'lock'":                                             "audit.react: not a table",
		"react = { trust = 'lock' }":                                 `unknown key "audit.react.trust"`,
		"react.trust_violation = 'kill'":                             `audit.react.trust_violation: not "lock"`,
		"react.trust_violation = true":                               "audit.react.trust_violation: not a string",
		"react.Trust_violation = 'lock'":                             `unknown key "audit.react.Trust_violation"`,
		"auditors = '" + recipient + "'":                             "audit.auditors: not an array of strings",
		"auditors = [['" + recipient + "']]":                         "audit.auditors: not a string",
		"auditors = ['" + recipient + "', '" + recipient + "']":      "audit.auditors: element 2 given twice",
		"auditors = [" + strings.Repeat("'age1q',", 17) + "]":        "audit.auditors: more than 16",
		"auditors = ['age1" + strings.Repeat("q", 4093) + "']":       "audit.auditors: more than 4096 bytes",
		"witnesses = ['" + witness + "', '" + witness + "']":         "audit.witnesses: element 2 given twice",
		"witnesses = [" + strings.Repeat("'"+witness+"',", 33) + "]": "audit.witnesses: more than 32",
	} {
		texts["[audit]\n"+text] = "config.toml line 2: " + want
	}
	// A secret in the wrong place is not shown.
	for _, word := range []string{
		"", "age1", "age1pq1", "age", "age2qqqq", "AGE1QQQQ", "age1Qq", "age1b", "age1yubikey1qqqq", "age1tag1qqqq", "age1pq1pq1q",
		" age1q", "age1q ", "age1q\\n", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1QQQQ", "age1ö",
	} {
		want := "not an age recipient (age1… or age1pq1…)"
		if word == "" {
			want = "empty"
		}
		texts["[audit]\nauditors = [\n\"age1q\",\n\""+word+"\"]"] = "config.toml line 4: audit.auditors: " + want
	}
	for _, word := range []string{
		"a", "a+b", "a+b+c", "+033de0ae+AQAB", "a+033de0a+AQAB", "a+033de0aee+AQAB", "a+033DE0AE+AQAB", "a+033de0ae+", "a+033de0ae",
		"a+033de0ae+AQ==", "a+033de0ae+AQAB+", "a+033de0ae+AQA", "a+033de0ae+AQB=", "a+033de0ae+AQ-B", "a b+033de0ae+AQAB", "a+033de0ae+AQAB ", "a+ 33de0ae+AQAB",
		"PRIVATE+KEY+a+033de0ae+AQAB",
	} {
		texts["audit.witnesses = ['"+word+"']"] = "config.toml line 1: audit.witnesses: not a verifier key (NAME+HASH+BASE64)"
	}
	refuses(t, texts)
}

var long = "/" + strings.Repeat("a", 4096)

func TestAuditBounds(t *testing.T) {
	bits(t) // paths below are those of Unix
	const bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	var b strings.Builder
	b.WriteString("[audit]\nauditors = ['age1" + strings.Repeat("q", 4092) + "',")
	for _, c := range bech32[:15] {
		fmt.Fprintf(&b, "'age1%c',", c)
	}
	b.WriteString("]\nwitnesses = [")
	for i := range 32 {
		fmt.Fprintf(&b, "'w%d+00000000+AQAB',", i)
	}
	fmt.Fprintf(&b, "]\nmetrics_file = '%s'\n", long[:4096])
	for i := range 16 {
		fmt.Fprintf(&b, "[[audit.alert]]\nname='a%d%s'\nkind='exec'\nargv=['/p'%s]\n", i%10, strings.Repeat("-", 30-i), strings.Repeat(",'x'", 63))
	}
	c, err := home.ParseConfig([]byte(b.String()))
	must(t, err)
	if a := c.Audit; len(a.Auditors) != 16 || len(a.Witnesses) != 32 || len(a.Alerts) != 16 || len(a.Alerts[0].Argv) != 64 || len(a.Alerts[0].Name) != 32 {
		t.Errorf("%+v", a)
	}
	b.WriteString("[[audit.alert]]\nname='b'\nkind='syslog'\n")
	if _, err := home.ParseConfig([]byte(b.String())); err == nil || !strings.HasSuffix(err.Error(), "audit.alert: more than 16") {
		t.Errorf("17 alerts: %v", err)
	}
}

func TestAlertRefuses(t *testing.T) {
	bits(t) // paths below are those of Unix
	// The tables below follow this line; kind and name stand first.
	const exec = "name='a'\nkind='exec'\nargv=['/p']\n"
	const webhook = "name='a'\nkind='webhook'\nurl='https://h'\nsecret_file='/f'\n"
	const syslog = "name='a'\nkind='syslog'\n"
	const journald = "name='a'\nkind='journald'\n"
	for _, good := range []string{exec, webhook, syslog, journald, syslog + "path='/p'", journald + "path='/p'"} {
		if _, err := home.ParseConfig([]byte("[[audit.alert]]\n" + good)); err != nil {
			t.Fatalf("%s: %v", good, err)
		}
	}
	texts := map[string]string{}
	add := func(line int, text, want string) {
		texts["[[audit.alert]]\n"+text] = fmt.Sprintf("config.toml line %d: %s", line, want)
	}
	add(1, "", "audit.alert: no kind")
	add(1, "name='a'", "audit.alert: no kind")
	add(1, "kind='syslog'", "audit.alert: no name, which kind syslog needs")
	add(1, "kind='journald'", "audit.alert: no name, which kind journald needs")
	add(1, "kind='exec'\nargv=['/p']", "audit.alert: no name, which kind exec needs")
	add(1, "name='a'\nkind='exec'", "audit.alert: no argv, which kind exec needs")
	add(1, "name='a'\nkind='webhook'\nurl='https://h'", "audit.alert: no secret_file, which kind webhook needs")
	add(1, "name='a'\nkind='webhook'\nsecret_file='/f'", "audit.alert: no url, which kind webhook needs")
	for _, kind := range []string{"", "Exec", "email", "exec ", "web-hook"} {
		add(3, "name='a'\nkind='"+kind+"'", `audit.alert.kind: not "exec", "syslog", "journald" or "webhook"`)
	}
	add(2, "kind=1", "audit.alert.kind: not a string")
	add(4, syslog+"to='x'", `unknown key "audit.alert.to"`)
	add(4, syslog+"Path='/x'", `unknown key "audit.alert.Path"`)
	add(4, syslog+"[audit.alert.argv]\nx=1", "audit.alert.argv: does not belong to kind syslog")
	for _, severity := range []string{"", "High", "warning", "none", "0"} {
		add(4, syslog+"min_severity='"+severity+"'", `audit.alert.min_severity: not "info", "low", "medium", "high" or "critical"`)
	}

	members := map[string]string{"argv": "argv=['/p']", "url": "url='https://h'", "secret_file": "secret_file='/f'", "path": "path='/p'"}
	for kind, own := range map[string][]string{exec: {"argv"}, webhook: {"url", "secret_file"}, syslog: {"path"}, journald: {"path"}} {
		for name, member := range members {
			if !slices.Contains(own, name) {
				word := strings.Split(kind, "'")[3]
				add(1+strings.Count(kind, "\n")+1, kind+member, "audit.alert."+name+": does not belong to kind "+word)
			}
		}
	}

	for _, name := range []string{"", "-a", "A", "a_b", "a b", "a.b", "ä", "a\\n", strings.Repeat("a", 33)} {
		add(2, "name=\""+name+"\"\nkind='syslog'", "audit.alert.name: not 1 to 32 lower-case letters, digits and dashes, the first no dash")
	}
	add(2, "name=1\nkind='syslog'", "audit.alert.name: not a string")
	add(5, syslog+"[[audit.alert]]\n"+syslog, "audit.alert.name: given twice")
	add(4, syslog+"name='b'", "key name is already defined")

	add(4, "name='a'\nkind='exec'\nargv='/p'", "audit.alert.argv: not an array of strings")
	add(4, "name='a'\nkind='exec'\nargv=[]", "audit.alert.argv: empty")
	add(4, "name='a'\nkind='exec'\nargv=['']", "audit.alert.argv: empty")
	add(4, "name='a'\nkind='exec'\nargv=['mail']", "audit.alert.argv: not an absolute path")
	add(5, "name='a'\nkind='exec'\nargv=[\n'./mail']", "audit.alert.argv: not an absolute path")
	add(6, "name='a'\nkind='exec'\nargv=['/p',\n'x',\n1]", "audit.alert.argv: not a string")
	add(5, "name='a'\nkind='exec'\nargv=['/p',\n\"\\u0000\"]", "audit.alert.argv: zero byte")
	add(4, "name='a'\nkind='exec'\nargv=['/p'"+strings.Repeat(",''", 64)+"]", "audit.alert.argv: more than 64")
	add(4, "name='a'\nkind='exec'\nargv=['/p','"+long+"']", "audit.alert.argv: more than 4096 bytes")
	add(4, syslog+"path='log'", "audit.alert.path: not an absolute path")
	add(4, "name='a'\nkind='webhook'\nsecret_file='key'\nurl='https://h'", "audit.alert.secret_file: not an absolute path")
	refuses(t, texts)
}

func TestAlertURLs(t *testing.T) {
	bits(t) // paths below are those of Unix
	parse := func(url string) error {
		text := "[[audit.alert]]\nname='a'\nkind='webhook'\nsecret_file='/f'\nurl=\"" + url + "\"\n"
		c, err := home.ParseConfig([]byte(text))
		if err == nil && c.Audit.Alerts[0].URL != url {
			t.Errorf("%q became %q", url, c.Audit.Alerts[0].URL)
		}
		return err
	}
	for _, url := range []string{
		"https://h", "https://h/", "https://h:1/a?b=c&d", "https://h:65535", "https://192.0.2.1/x", "https://[2001:db8::1]:8443/", "https://localhost",
		"http://localhost", "http://localhost:8080/a", "http://127.0.0.1", "http://127.255.255.254:1", "http://[::1]", "http://[::1]:80/x", "https://h/a@b", "https://h/%23",
	} {
		if err := parse(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for url, want := range map[string]string{
		"":                          "empty",
		"h":                         "does not begin with https://",
		"//h":                       "does not begin with https://",
		"https:h":                   "does not begin with https://",
		"https:/h":                  "does not begin with https://",
		"HTTPS://h":                 "does not begin with https://",
		"ftp://h":                   "does not begin with https://",
		"file:///etc/passwd":        "does not begin with https://",
		"https://":                  "no host",
		"https:///x":                "no host",
		"https://:443":              "no host",
		"https://h:":                "not a port",
		"https://h:0":               "not a port",
		"https://h:65536":           "not a port",
		"https://h:x":               "not a URL",
		"https://h:1:2":             "not a URL",
		"https://[::1":              "not a URL",
		"https://h/%zz":             "not a URL",
		"https://u@h":               "user or password in it",
		"https://u:p@h":             "user or password in it",
		"https://@h":                "user or password in it",
		"https://h#":                "fragment in it",
		"https://h/#a":              "fragment in it",
		"https://h /":               "space, control character or not ASCII",
		"https://h/\\n":             "space, control character or not ASCII",
		"https://h\\u007f":          "space, control character or not ASCII",
		"https://bücher.example":    "space, control character or not ASCII",
		"http://h":                  loopback,
		"http://128.0.0.1":          loopback,
		"http://126.255.255.255":    loopback,
		"http://0.0.0.0":            loopback,
		"http://0":                  loopback,
		"http://127.1":              loopback,
		"http://127.0.0.01":         loopback,
		"http://0x7f.0.0.1":         loopback,
		"http://2130706433":         loopback,
		"http://[::]":               loopback,
		"http://[::2]":              loopback,
		"http://[::ffff:127.0.0.1]": loopback,
		"http://[::1%25lo]":         loopback,
		"http://127.0.0.1.example":  loopback,
		"http://localhost.":         loopback,
		"http://localhost.example":  loopback,
		"http://LOCALHOST":          loopback,
		"https://h/" + long:         "more than 4096 bytes",
	} {
		err := parse(url)
		if full := "config.toml line 5: audit.alert.url: " + want; err == nil || err.Error() != full {
			t.Errorf("%s:\n got %v\nwant %s", url, err, full)
		}
	}
}

const loopback = "http is only for this machine (127.0.0.0/8, ::1, localhost)"
