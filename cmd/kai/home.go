package main

import (
	"crypto/sha256"
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

// openedHome is the home of a command, which is looked for when it is first needed and then stays
// open until the command ends.
type openedHome struct {
	home *home.Home // nil while there is none
	err  error      // why there is none

	configRead  bool // what follows is known
	configValue home.Config
	configSum   [sha256.Size]byte
	configError error
}

// close closes the home. Whoever needs it afterwards opens it again.
func (o *openedHome) close() {
	if o.home != nil {
		_ = o.home.Close()
	}
	*o = openedHome{}
}

// openHome is the home, opened once; it is env's to close. No home yet is home.ErrNotExist, exit 6.
func (e *env) openHome() (*home.Home, error) {
	if o := &e.opened; o.home == nil && o.err == nil {
		o.home, o.err = e.findHome(home.Open)
	}
	return e.opened.home, e.opened.err
}

// createHome is openHome, and makes the home first if there is none.
func (e *env) createHome() (*home.Home, error) {
	if e.opened.home != nil {
		return e.opened.home, nil
	}
	h, err := e.findHome(home.Create)
	if err != nil {
		return nil, err
	}
	e.opened = openedHome{home: h}
	if h.Created() {
		e.note("made the home %s", h.Path())
	}
	return h, nil
}

func (e *env) findHome(open func(path string) (*home.Home, error)) (*home.Home, error) {
	dir, err := e.homeDir()
	if err != nil {
		return nil, err
	}
	return open(dir)
}

// config returns what config.toml says, and reads it once. Without a home it says nothing.
func (e *env) config() (home.Config, error) {
	o := &e.opened
	if !o.configRead {
		o.configRead = true
		o.configValue, o.configSum, o.configError = e.readConfig()
	}
	return o.configValue, o.configError
}

func (e *env) readConfig() (c home.Config, sum [sha256.Size]byte, err error) {
	h, err := e.openHome()
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, home.ErrNoPlace):
		return c, sum, nil
	case err != nil:
		return c, sum, err
	}
	return h.Config()
}
