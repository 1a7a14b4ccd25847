package alert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kai/internal/audit/event"
)

// InHook is the variable that is set for programs of exec sinks. kai raises no alerts where it is
// set, or a program that uses kai would raise alerts about itself.
const InHook = "KAI_IN_HOOK"

// Exec runs a program for each alert.
type Exec struct {
	label
	argv []string
	env  []string
}

// NewExec makes a sink that runs argv, whose first element is the absolute path of a program, and
// never a shell. Of env, NAME=VALUE each, only PATH, HOME and LANG reach it. The error is
// ErrInvalid.
func NewExec(name string, min event.Severity, argv, env []string) (*Exec, error) {
	l, err := newLabel(name, min)
	if err != nil {
		return nil, err
	}
	if len(argv) == 0 || !filepath.IsAbs(argv[0]) {
		return nil, fmt.Errorf("%w: argv does not begin with an absolute path", ErrInvalid)
	}
	e := &Exec{label: l, argv: slices.Clone(argv)}
	for _, variable := range env {
		switch variableName, _, _ := strings.Cut(variable, "="); variableName {
		case "PATH", "HOME", "LANG":
			e.env = append(e.env, variable)
		}
	}
	e.env = append(e.env, InHook+"=1")
	return e, nil
}

// Send runs the program in the root directory with the alert's JSON and a line feed on its standard
// input; its output goes nowhere. After ExecLimit it is killed, and so is what it has started, where
// the system has process groups.
func (e *Exec) Send(ctx context.Context, a Alert) error {
	body, err := a.JSON()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, ExecLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.argv[0], e.argv[1:]...)
	cmd.Env = e.env
	cmd.Dir = string(filepath.Separator)
	cmd.Stdin = bytes.NewReader(append(body, '\n'))
	cmd.WaitDelay = time.Second // for standard input that something else keeps open
	killGroup(cmd)
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("program of sink %s: %w", e.name, ctx.Err())
	case errors.As(err, &exit):
		return fmt.Errorf("program of sink %s: %w: %s", e.name, ErrRefused, exit.ProcessState)
	case errors.Is(err, exec.ErrWaitDelay):
		return nil // it ended well, and left somebody behind who holds its input
	}
	return fmt.Errorf("program of sink %s: %w: %w", e.name, ErrUnreachable, err)
}
