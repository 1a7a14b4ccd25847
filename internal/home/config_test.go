package home_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"kai/internal/home"
)

func TestParseConfig(t *testing.T) {
	bot := home.Config{Identity: "release-bot", Color: home.ColorNever, NoInput: true}
	for text, want := range map[string]home.Config{
		"":                             {},
		"\n\r\n  \t\n# only a comment": {},
		"identity = \"release-bot\"   # the usual one\ncolor = \"never\"\nno-input = true\n": bot,
		"identity=\"a\"\r\nno-input=false\r\n":                                               {Identity: "a"},
		"\tcolor\t=\t\"auto\"\t#x":                                                           {Color: home.ColorAuto},
		`identity = "#1\u0041\U0001F600\"\\"`:                                                {Identity: "#1A\U0001F600\"\\"},
		`identity = "\x41"`:                                                                  {Identity: "A"}, // since TOML 1.1
		"color = \"always\"#":                                                                {Color: home.ColorAlways},
		`identity = "größe"`:                                                                 {Identity: "größe"},
		"color = 'auto'":                                                                     {Color: home.ColorAuto},
		"\"no-input\" = true":                                                                {NoInput: true},
		"identity = \"\"\"\na\"\"\"":                                                         {Identity: "a"},
		"[audit]":                                                                            {},
		"[audit]\nauditors = []\nalert = []\nreact = {}\nsigner = []\nwitnesses = [ # none\n]": {},
	} {
		if got, err := home.ParseConfig([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestParseConfigRefuses(t *testing.T) {
	refuses(t, map[string]string{
		`colour = "auto"`:                    `config.toml line 1: unknown key "colour"`,
		"\n\npassphrase = \"x\"":             `config.toml line 3: unknown key "passphrase"`,
		`Color = "auto"`:                     `config.toml line 1: unknown key "Color"`,
		`"" = 1`:                             `config.toml line 1: unknown key ""`,
		"no.input = true":                    `config.toml line 1: unknown key "no"`,
		"[no]\ninput = true":                 `config.toml line 1: unknown key "no"`,
		"[[no]]":                             `config.toml line 1: unknown key "no"`,
		"\"a\\u202e\\n\" = 1":                `config.toml line 1: unknown key "a\u202e\n"`,
		strings.Repeat("k", 1000) + " = 1":   `config.toml line 1: unknown key "` + strings.Repeat("k", 160) + `…"`,
		"color = \"auto\"\ncolor = \"auto\"": "config.toml line 2: key color is already defined",
		"color = 'auto'\n'color' = 'auto'":   "config.toml line 2: key color is already defined",
		"\"\\u202e\" = 1\n\"\\u202e\" = 1":   `config.toml line 2: key \u202e is already defined`,
		`color = "blue"`:                     `config.toml line 1: color: not "auto", "always" or "never"`,
		`color = "Auto"`:                     `config.toml line 1: color: not "auto", "always" or "never"`,
		`color = ""`:                         `config.toml line 1: color: not "auto", "always" or "never"`,
		"color = true":                       "config.toml line 1: color: not a string",
		"color = ['auto']":                   "config.toml line 1: color: not a string",
		"color.x = 'auto'":                   "config.toml line 1: color: not a string",
		"identity = 1":                       "config.toml line 1: identity: not a string",
		"identity = 2026-01-02":              "config.toml line 1: identity: not a string",
		"color = auto":                       "config.toml line 1: unexpected character U+0061 'a' at start of value",
		`no-input = "true"`:                  "config.toml line 1: no-input: not true or false",
		"no-input = 1":                       "config.toml line 1: no-input: not true or false",
		"no-input = True":                    "config.toml line 1: unexpected character U+0054 'T' at start of value",
		"no-input = trueish":                 "config.toml line 1: expected newline but got U+0069 'i'",
		"no-input =":                         "config.toml line 1: expected value, not end of input",
		"no-input = true false":              "config.toml line 1: expected newline but got U+0066 'f'",
		"no-input":                           "config.toml line 1: expected '=' after key",
		"= true":                             "config.toml line 1: invalid character at start of key: U+003D '='",
		"no-input: true":                     "config.toml line 1: expected '=' after key",
		`identity = "a`:                      "config.toml line 1: unterminated basic string",
		`identity = "a\"`:                    "config.toml line 1: unterminated basic string",
		`identity = "\y41"`:                  "config.toml line 1: invalid escape character U+0079 'y'",
		`identity = "\u00g0"`:                "config.toml line 1: invalid hexadecimal digit in unicode escape sequence",
		`identity = "\u+041"`:                "config.toml line 1: invalid hexadecimal digit in unicode escape sequence",
		`identity = "\uD800"`:                "config.toml line 1: escape sequence is not a valid unicode code point",
		`identity = "\U00110000"`:            "config.toml line 1: escape sequence is not a valid unicode code point",
		`identity = "\u41`:                   "config.toml line 1: unicode escape sequence is too short",
		`identity = ""`:                      "config.toml line 1: identity: empty",
		`identity = "a b"`:                   "config.toml line 1: identity: space or invisible character",
		`identity = "a\nb"`:                  "config.toml line 1: identity: space or invisible character",
		`identity = "a\u202eb"`:              "config.toml line 1: identity: space or invisible character",
		"identity = \"a\x00b\"":              "config.toml line 1: control character",
		"identity = '''\n\x7f'''":            "config.toml line 2: control character",
		"# \x1b[31m":                         "config.toml line 1: control character",
		"a\rb = true":                        "config.toml line 1: control character",
		"\ufeffno-input = true":              "config.toml line 1: byte order mark",
		"identity = \"\xff\"":                "config.toml: not UTF-8",
		`identity = "` + strings.Repeat("a", 257) + `"`: "config.toml line 1: identity: more than 256 bytes",
		strings.Repeat("#\n", 40_000):                   "config.toml: more than 65536 bytes",
	})
}

// refuses wants each text refused with its error.
func refuses(t *testing.T, texts map[string]string) {
	t.Helper()
	if len(texts) == 0 {
		t.Fatal("nothing to refuse")
	}
	for text, want := range texts {
		c, err := home.ParseConfig([]byte(text))
		var e *home.ConfigError
		if err == nil || err.Error() != want || !errors.As(err, &e) {
			t.Errorf("%.200q:\n got %v\nwant %s", text, err, want)
		}
		if !reflect.DeepEqual(c, home.Config{}) {
			t.Errorf("%.200q: an error and %+v", text, c)
		}
	}
}

// What a file within the bounds can make the parser do takes no noticeable time.
func TestConfigOfManyKeys(t *testing.T) {
	keys := func(form string) string {
		var b strings.Builder
		for i := 0; b.Len() < 65_000; i++ {
			fmt.Fprintf(&b, form, i)
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"keys":   keys("k%d=1\n"),
		"tables": keys("[t%d]\n"),
		"dotted": keys("d.k%d=1\n"),
		"inline": "a={" + keys("k%d=1,") + "b=1}",
		"alerts": keys("[[audit.alert]]#%d\n"),
		"nested": "a=" + strings.Repeat("[", 60_000),
		"deep":   "a=" + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000),
		"parts":  "a" + strings.Repeat(".a", 30_000) + "=1",
	} {
		start := time.Now()
		if _, err := home.ParseConfig([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
		d := time.Since(start)
		if d > 5*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		t.Logf("%s: %v", name, d)
	}
}

func TestConfigFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	h := create(t, path)
	if c, _, err := h.Config(); err != nil || !reflect.DeepEqual(c, home.Config{}) {
		t.Errorf("no file: %+v, %v", c, err)
	}
	file := filepath.Join(path, "config.toml")
	must(t, os.WriteFile(file, []byte("no-input = true\n"), 0o600))
	if c, _, err := h.Config(); err != nil || !c.NoInput {
		t.Errorf("%+v, %v", c, err)
	}
	must(t, os.WriteFile(file, []byte("no-inputs = true\n"), 0o600))
	var e *home.ConfigError
	if _, sum, err := h.Config(); !errors.As(err, &e) || e.Line != 1 || sum != [32]byte{} {
		t.Errorf("unknown key: %x, %v", sum, err)
	}
	must(t, os.WriteFile(file, []byte(strings.Repeat("#", 70_000)), 0o600))
	if _, sum, err := h.Config(); !errors.As(err, &e) || e.Line != 0 || sum != [32]byte{} {
		t.Errorf("too long: %x, %v", sum, err)
	}
	must(t, os.Remove(file))
	must(t, os.Symlink("version", file))
	if _, _, err := h.Config(); err == nil {
		t.Error("followed a link")
	}
	must(t, os.Remove(file))
	must(t, os.Mkdir(file, 0o700))
	if _, _, err := h.Config(); err == nil {
		t.Error("read a directory")
	}
}

func TestConfigSum(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	h := create(t, path)
	file := filepath.Join(path, "config.toml")
	sum := func(want string) {
		t.Helper()
		_, got, err := h.Config()
		if err != nil || hex.EncodeToString(got[:]) != want {
			t.Errorf("%x, %v; want %s", got, err, want)
		}
	}
	// As sha256sum says.
	const none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	sum(none)
	must(t, os.WriteFile(file, nil, 0o600))
	sum(none)
	must(t, os.WriteFile(file, []byte("no-input = true\n"), 0o600))
	sum("cd0256bb21e0ad8e381274ea4d7a32b8c1511b0a89af2217fb1951de0f6067a9")
}

// write is the plainest text for a configuration.
func write(c home.Config) string {
	var b strings.Builder
	line := func(key, value string) {
		if value != `""` {
			b.WriteString(key + " = " + value + "\n")
		}
	}
	line("identity", basic(c.Identity))
	line("color", basic(c.Color))
	line("no-input", strconv.FormatBool(c.NoInput))
	b.WriteString("[audit]\n")
	line("on_failure", basic(c.Audit.OnFailure))
	line("auditors", array(c.Audit.Auditors))
	line("allow_network_fs", strconv.FormatBool(c.Audit.AllowNetworkFS))
	line("signer", array(c.Audit.Signer))
	line("metrics_file", basic(c.Audit.MetricsFile))
	line("mode", basic(c.Audit.Mode))
	line("witnesses", array(c.Audit.Witnesses))
	for _, p := range home.Patterns() {
		line("react."+string(p), basic(c.Audit.React[p]))
	}
	for _, a := range c.Audit.Alerts {
		b.WriteString("[[audit.alert]]\n")
		line("name", basic(a.Name))
		line("kind", basic(a.Kind))
		line("min_severity", basic(a.MinSeverity))
		if a.Argv != nil {
			line("argv", array(a.Argv))
		}
		line("url", basic(a.URL))
		line("secret_file", basic(a.SecretFile))
		line("path", basic(a.Path))
	}
	b.WriteString("[vault]\n")
	line("allow_network_fs", strconv.FormatBool(c.Vault.AllowNetworkFS))
	return b.String()
}

// basic writes a basic string.
func basic[T ~string](s T) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r == '"' || r == '\\' {
			fmt.Fprintf(&b, "\\u%04x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

func array(texts []string) string {
	var words []string
	for _, s := range texts {
		words = append(words, basic(s))
	}
	return "[" + strings.Join(words, ", ") + "]"
}

func FuzzParseConfig(f *testing.F) {
	seeds := []string{
		"", "# c\n", "identity = \"a\"\n", "color = \"never\" # x\r\nno-input=true", `identity = "\u0041\\\""`,
		"identity = \"größe\"\nno-input = false\n", "[t]\n", "a = '", "x", "color = \"\\",
		example, "audit = {mode='inline',alert=[{name='a',kind='syslog'}]}", "audit.on_failure='warn'\naudit.react.trust_violation='lock'",
		"[[audit.alert]]\nname='x'\nkind='exec'\nargv=['/a','\\n',\"\\n\\\"\"]\n[audit]\nsigner='file:k'\n",
		"[[audit.alert]]\n[audit.alert.x]\n[[audit.alert.x.y]]\n", "a.b.c=1\na.b=1", "a=[[],{b={}}]\n[a.b]",
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := home.ParseConfig(text)
		if err != nil {
			var e *home.ConfigError
			if !errors.As(err, &e) || e.Line < 0 || e.Line > 1+bytes.Count(text, []byte("\n")) {
				t.Fatalf("%q: %v", text, err)
			}
			hidden := func(r rune) bool { return !strconv.IsPrint(r) }
			if s := err.Error(); len(s) > 1500 || strings.ContainsFunc(s, hidden) {
				t.Fatalf("%q: not fit to be shown: %q", text, s)
			}
			if !reflect.DeepEqual(c, home.Config{}) {
				t.Fatalf("%q: an error and %+v", text, c)
			}
			return
		}
		again, err := home.ParseConfig([]byte(write(c)))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%q: %+v became %+v, %v", text, c, again, err)
		}
	})
}
