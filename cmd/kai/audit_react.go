package main

import (
	"kai/internal/audit"
	"kai/internal/home"
)

// reactsWithLock reports whether config.toml wants a violation to end the session.
func reactsWithLock(config *home.AuditConfig, violation *audit.Draft) bool {
	pattern := home.Pattern(violation.Details.Text("pattern"))
	return pattern != "" && config.React[pattern] == home.ReactLock
}

// react ends the session of the vault when one of the violations asks for it. It is best effort: what
// keeps it from locking is told, and the command goes on.
func (e *env) react(config *home.AuditConfig, violations []audit.Draft) {
	lock := false
	for i := range violations {
		if reactsWithLock(config, &violations[i]) {
			violations[i].Details = violations[i].Details.With("reacted", string(home.ReactLock))
			lock = true
		}
	}
	if !lock {
		return
	}
	o, err := e.openVault()
	if err != nil {
		return // there is no vault whose session could be ended
	}
	defer o.close()
	carriers, err := o.carriers(notGiven)
	ended := false
	if err == nil {
		ended, err = o.sessions.End(carriers...)
	}
	switch {
	case err != nil:
		e.warn("the session could not be ended: %v", err)
	case ended:
		e.note("the vault is locked: config.toml says so for what has happened")
	}
}
