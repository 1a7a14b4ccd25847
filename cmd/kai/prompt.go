package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"kai/internal/audit"
	"kai/internal/audit/event"
)

// noInput says why nobody may be asked, "" when somebody may.
func (e *env) noInput() string {
	switch {
	case e.options.noInput:
		return "--no-input is set"
	case isSet(e.getenv("KAI_NO_INPUT")):
		return "KAI_NO_INPUT is set"
	case isSet(e.getenv("CI")):
		return "CI is set"
	case e.agent != "":
		return e.agent + " is set: an agent is driving"
	}
	switch config, err := e.config(); {
	case err != nil: // it may say no-input
		return err.Error()
	case config.NoInput:
		return "config.toml says no-input"
	}
	return ""
}

// isSet reads a variable that is a switch: some systems set CI=false.
func isSet(value string) bool {
	switch strings.ToLower(value) {
	case "", "0", "false", "no":
		return false
	}
	return true
}

// terminal opens the terminal to ask for what, as in "passphrase for ci_key". The error is
// exit 7 at once when nobody can be asked, with the flag to use instead as the hint.
func (e *env) terminal(what, flag string) (terminal, error) {
	why := e.noInput()
	if why == "" {
		t, err := e.sys.openTTY()
		if err == nil {
			return t, nil
		}
		why = err.Error()
	}
	return nil, withHint(failf(exitLocked, "input_needed", "%s needed, and nobody can be asked: %s", what, why), "use %s", flag)
}

// confirm asks a question that must be answered with "yes". flag is the one that answers it
// beforehand, as in "--yes". Any other answer is an error.
func (e *env) confirm(ctx context.Context, question, flag string) error {
	t, err := e.terminal("confirmation", flag)
	if err != nil {
		return err
	}
	defer t.Close()
	answer, err := t.readLine(ctx, question+" (yes or no)")
	if err != nil {
		return answerError(err)
	}
	if !strings.EqualFold(strings.TrimSpace(answer), "yes") {
		return withHint(failf(exitFailure, "not_confirmed", "not confirmed: nothing was done"), "answer yes, or use %s", flag)
	}
	return nil
}

// answerError maps what can go wrong while a person types.
func answerError(err error) error {
	if errors.Is(err, io.EOF) {
		return fail(exitLocked, "input_needed", errNothing)
	}
	return err
}

// mayReveal refuses to show or export secrets in bulk to an agent. That one was let is recorded.
func (e *env) mayReveal(what string) error {
	if e.agent == "" {
		return nil
	}
	if e.options.allowAgentReveal {
		e.alsoRecord(audit.Draft{Act: "secret_revealed_to_agent", Outcome: event.OK})
		return nil
	}
	return withHint(failf(exitDenied, "agent_reveal", "%s: refused because %s is set: an agent is driving", what, e.agent),
		"a person may allow it with --allow-agent-reveal")
}
