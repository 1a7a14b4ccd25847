package main

import (
	"errors"
	"io/fs"

	"kai/internal/home"
)

// homeDir is where the home is or would be: --home, then KAI_HOME, then ~/.kind. Nothing is
// opened or made.
func (e *env) homeDir() (string, error) {
	flag := e.options.home
	if flag != "" {
		flag = e.path(flag)
	}
	user, err := e.sys.userHome()
	if err != nil {
		user = "" // Locate says what to do
	}
	return home.Locate(flag, e.getenv("KAI_HOME"), user)
}

// openHome opens the home. No home yet is home.ErrNotExist, exit 6. The caller closes it.
func (e *env) openHome() (*home.Home, error) {
	dir, err := e.homeDir()
	if err != nil {
		return nil, err
	}
	return home.Open(dir)
}

// createHome opens the home and makes it first if there is none. The caller closes it.
func (e *env) createHome() (*home.Home, error) {
	dir, err := e.homeDir()
	if err != nil {
		return nil, err
	}
	h, err := home.Create(dir)
	if err != nil {
		return nil, err
	}
	if h.Created() {
		e.note("made the home %s", h.Path())
	}
	return h, nil
}

// config returns what config.toml says, and reads it once. Without a home it says nothing.
func (e *env) config() (home.Config, error) {
	if !e.configRead {
		e.configRead = true
		e.configValue, e.configError = e.readConfig()
	}
	return e.configValue, e.configError
}

func (e *env) readConfig() (home.Config, error) {
	h, err := e.openHome()
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, home.ErrNoPlace):
		return home.Config{}, nil
	case err != nil:
		return home.Config{}, err
	}
	defer h.Close()
	return h.Config()
}
