package home

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode/utf8"

	"kai/internal/durable"
)

// Config is what config.toml says. The zero value says nothing.
type Config struct {
	Identity string // name or id; "" when not set
	Color    Color
	NoInput  bool
}

// Color says when output is coloured.
type Color string

// The words for color; the empty one means that it is not set.
const (
	ColorAuto   Color = "auto"
	ColorAlways Color = "always"
	ColorNever  Color = "never"
)

// Config reads config.toml. A missing one is no error and says nothing. Errors are *ConfigError
// and those of the file system.
func (h *Home) Config() (Config, error) {
	text, err := h.dir.ReadFile(configFile, maxConfig)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Config{}, nil
	case errors.Is(err, durable.ErrTooLarge):
		return Config{}, &ConfigError{0, fmt.Sprintf("more than %d bytes", maxConfig)}
	case err != nil:
		return Config{}, fmt.Errorf("home %s: %w", quote(h.path), err)
	}
	return ParseConfig(text)
}

// ParseConfig reads the text of a config.toml; the package documentation says what it may hold.
func ParseConfig(text []byte) (Config, error) {
	var c Config
	if len(text) > maxConfig {
		return Config{}, &ConfigError{0, fmt.Sprintf("more than %d bytes", maxConfig)}
	}
	if !utf8.Valid(text) {
		return Config{}, &ConfigError{0, "not UTF-8"}
	}
	seen := map[string]bool{}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		key, v, err := parseLine(line)
		if err == nil && key != "" {
			if seen[key] {
				err = fmt.Errorf("%s given twice", key)
			} else {
				seen[key] = true
				err = c.set(key, v)
			}
		}
		if err != nil {
			return Config{}, &ConfigError{number, err.Error()}
		}
	}
	return c, nil
}

// set gives one key its value.
func (c *Config) set(key string, v value) error {
	switch key {
	case "identity":
		s, err := v.text()
		if err != nil {
			return fmt.Errorf("identity: %w", err)
		}
		if err := checkIdentity(s); err != nil {
			return fmt.Errorf("identity: %w", err)
		}
		c.Identity = s
	case "color":
		s, err := v.text()
		if err != nil {
			return fmt.Errorf("color: %w", err)
		}
		switch Color(s) {
		case ColorAuto, ColorAlways, ColorNever:
			c.Color = Color(s)
		default:
			return errors.New(`color: not "auto", "always" or "never"`)
		}
	case "no-input":
		b, err := v.truth()
		if err != nil {
			return fmt.Errorf("no-input: %w", err)
		}
		c.NoInput = b
	default:
		return fmt.Errorf("unknown key %s", strconv.Quote(key))
	}
	return nil
}

// checkIdentity refuses what can be neither a name nor an id: nothing, too much, or characters
// that cannot be seen.
func checkIdentity(s string) error {
	switch {
	case s == "":
		return errors.New("empty")
	case len(s) > maxIdentity:
		return fmt.Errorf("more than %d bytes", maxIdentity)
	case strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) || r == ' ' }):
		return errors.New("space or invisible character")
	}
	return nil
}
