package home

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"kai/internal/durable"
)

// Config is what config.toml says. The zero value says nothing.
type Config struct {
	Identity string // name or id; "" when not set
	Color    Color
	NoInput  bool
	Audit    AuditConfig
	Vault    VaultConfig
}

// VaultConfig is the table vault of config.toml.
type VaultConfig struct {
	AllowNetworkFS bool // whether the vault may lie on a network file system
}

// Color says when output is coloured.
type Color string

// The words for color; the empty one means that it is not set.
const (
	ColorAuto   Color = "auto"
	ColorAlways Color = "always"
	ColorNever  Color = "never"
)

// Config reads config.toml. A missing one is no error and says nothing. sum is the SHA-256 of the
// file's bytes; of no bytes when it is missing. Errors, which come with zero values, are
// *ConfigError and those of the file system.
func (h *Home) Config() (c Config, sum [sha256.Size]byte, err error) {
	text, err := h.configText()
	if err != nil {
		return c, sum, err
	}
	if c, err = ParseConfig(text); err != nil {
		return c, sum, err
	}
	return c, sha256.Sum256(text), nil
}

// configText reads config.toml, which is empty when it is missing.
func (h *Home) configText() ([]byte, error) {
	text, err := h.dir.ReadFile(configFile, maxConfig)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, durable.ErrTooLarge):
		return nil, &ConfigError{0, fmt.Sprintf("more than %d bytes", maxConfig)}
	case err != nil:
		return nil, fmt.Errorf("home %s: %w", quote(h.path), err)
	}
	return text, nil
}

// ParseConfig reads the text of a config.toml; the package documentation says what it may hold.
// Errors are *ConfigError, and come with the zero Config.
func ParseConfig(text []byte) (Config, error) {
	root, err := parseTOML(text)
	if err != nil {
		return Config{}, err
	}
	var c Config
	for _, m := range root.members {
		if err := c.set(m); err != nil {
			return Config{}, err
		}
	}
	return c, nil
}

// set gives one key its value.
func (c *Config) set(v *value) (err error) {
	switch v.name {
	case "identity":
		c.Identity, err = v.asText(checkIdentity)
	case "color":
		c.Color, err = asWord(v, ColorAuto, ColorAlways, ColorNever)
	case "no-input":
		c.NoInput, err = v.asTruth()
	case "audit":
		c.Audit, err = readAudit(v)
	case "vault":
		c.Vault, err = readVault(v)
	default:
		err = v.unknown()
	}
	return err
}

func readVault(table *value) (c VaultConfig, err error) {
	if table.kind != isTable {
		return c, table.refuse("not a table")
	}
	for _, m := range table.members {
		if m.name != "allow_network_fs" {
			return VaultConfig{}, m.unknown()
		}
		if c.AllowNetworkFS, err = m.asTruth(); err != nil {
			return VaultConfig{}, err
		}
	}
	return c, nil
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
