package home_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"kai/internal/home"
)

func TestParseConfig(t *testing.T) {
	for text, want := range map[string]home.Config{
		"":                             {},
		"\n\r\n  \t\n# only a comment": {},
		"identity = \"release-bot\"   # the usual one\ncolor = \"never\"\nno-input = true\n": {"release-bot", home.ColorNever, true},
		"identity=\"a\"\r\nno-input=false\r\n":                                               {Identity: "a"},
		"\tcolor\t=\t\"auto\"\t#x":                                                           {Color: home.ColorAuto},
		`identity = "#1\u0041\U0001F600\"\\"`:                                                {Identity: "#1A\U0001F600\"\\"},
		"color = \"always\"#":                                                                {Color: home.ColorAlways},
		`identity = "größe"`:                                                                 {Identity: "größe"},
	} {
		if got, err := home.ParseConfig([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestParseConfigRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`colour = "auto"`:                    `config.toml line 1: unknown key "colour"`,
		"\n\npassphrase = \"x\"":             `config.toml line 3: unknown key "passphrase"`,
		"color = \"auto\"\ncolor = \"auto\"": "config.toml line 2: color given twice",
		`color = "blue"`:                     `config.toml line 1: color: not "auto", "always" or "never"`,
		`color = ""`:                         `config.toml line 1: color: not "auto", "always" or "never"`,
		"color = true":                       "config.toml line 1: color: not a string in double quotes",
		"color = auto":                       "config.toml line 1: value is not a string in double quotes, true or false",
		"color = 'auto'":                     "config.toml line 1: value is not a string in double quotes, true or false",
		`no-input = "true"`:                  "config.toml line 1: no-input: not true or false",
		"no-input = True":                    "config.toml line 1: value is not a string in double quotes, true or false",
		"no-input = trueish":                 "config.toml line 1: value is not a string in double quotes, true or false",
		"no-input = 1":                       "config.toml line 1: value is not a string in double quotes, true or false",
		"no-input =":                         "config.toml line 1: value is not a string in double quotes, true or false",
		"no-input = true false":              "config.toml line 1: something behind the value",
		"no-input":                           "config.toml line 1: not of the form key = value",
		"= true":                             "config.toml line 1: not of the form key = value",
		"\"no-input\" = true":                "config.toml line 1: not of the form key = value",
		"no.input = true":                    "config.toml line 1: not of the form key = value",
		"no-input: true":                     "config.toml line 1: not of the form key = value",
		"[audit]":                            "config.toml line 1: tables are not used here",
		`identity = "a`:                      "config.toml line 1: string without its closing quote",
		`identity = "a\"`:                    "config.toml line 1: string without its closing quote",
		`identity = "\x41"`:                  "config.toml line 1: unknown escape in a string",
		`identity = "\u00g0"`:                "config.toml line 1: unknown escape in a string",
		`identity = "\u+041"`:                "config.toml line 1: unknown escape in a string",
		`identity = "\uD800"`:                "config.toml line 1: unknown escape in a string",
		`identity = "\U00110000"`:            "config.toml line 1: unknown escape in a string",
		`identity = "\u41`:                   "config.toml line 1: unknown escape in a string",
		`identity = """a"""`:                 "config.toml line 1: multi-line strings are not used here",
		`identity = ""`:                      "config.toml line 1: identity: empty",
		`identity = "a b"`:                   "config.toml line 1: identity: space or invisible character",
		`identity = "a\nb"`:                  "config.toml line 1: identity: space or invisible character",
		`identity = "a\u202eb"`:              "config.toml line 1: identity: space or invisible character",
		"identity = \"a\x00b\"":              "config.toml line 1: control character",
		"# \x1b[31m":                         "config.toml line 1: control character",
		"a\rb = true":                        "config.toml line 1: control character",
		"\ufeffno-input = true":              "config.toml line 1: not of the form key = value",
		"identity = \"\xff\"":                "config.toml: not UTF-8",
		`identity = "` + strings.Repeat("a", 257) + `"`: "config.toml line 1: identity: more than 256 bytes",
		strings.Repeat("#\n", 40_000):                   "config.toml: more than 65536 bytes",
	} {
		c, err := home.ParseConfig([]byte(text))
		var e *home.ConfigError
		if err == nil || err.Error() != want || !errors.As(err, &e) {
			t.Errorf("%.60q:\n got %v\nwant %s", text, err, want)
		}
		if c != (home.Config{}) {
			t.Errorf("%.60q: an error and %+v", text, c)
		}
	}
}

func TestConfigFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	h := create(t, path)
	if c, err := h.Config(); err != nil || c != (home.Config{}) {
		t.Errorf("no file: %+v, %v", c, err)
	}
	file := filepath.Join(path, "config.toml")
	must(t, os.WriteFile(file, []byte("no-input = true\n"), 0o600))
	if c, err := h.Config(); err != nil || !c.NoInput {
		t.Errorf("%+v, %v", c, err)
	}
	must(t, os.WriteFile(file, []byte("no-inputs = true\n"), 0o600))
	var e *home.ConfigError
	if _, err := h.Config(); !errors.As(err, &e) || e.Line != 1 {
		t.Errorf("unknown key: %v", err)
	}
	must(t, os.WriteFile(file, []byte(strings.Repeat("#", 70_000)), 0o600))
	if _, err := h.Config(); !errors.As(err, &e) || e.Line != 0 {
		t.Errorf("too long: %v", err)
	}
	must(t, os.Remove(file))
	must(t, os.Symlink("version", file))
	if _, err := h.Config(); err == nil {
		t.Error("followed a link")
	}
}

// write is the plainest text for a configuration.
func write(c home.Config) string {
	var b strings.Builder
	if c.Identity != "" {
		word := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.Identity)
		b.WriteString(`identity = "` + word + "\"\n")
	}
	if c.Color != "" {
		b.WriteString("color = \"" + string(c.Color) + "\"\n")
	}
	b.WriteString("no-input = " + strconv.FormatBool(c.NoInput) + "\n")
	return b.String()
}

func FuzzParseConfig(f *testing.F) {
	seeds := []string{
		"", "# c\n", "identity = \"a\"\n", "color = \"never\" # x\r\nno-input=true", `identity = "\u0041\\\""`,
		"identity = \"größe\"\nno-input = false\n", "[t]\n", "a = '", "x", "color = \"\\",
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
			if c != (home.Config{}) {
				t.Fatalf("an error and %+v", c)
			}
			return
		}
		again, err := home.ParseConfig([]byte(write(c)))
		if err != nil || again != c {
			t.Fatalf("%q: %+v became %+v, %v", text, c, again, err)
		}
	})
}
