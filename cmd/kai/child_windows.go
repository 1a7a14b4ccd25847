package main

import (
	"io/fs"
	"os"
	"os/exec"
	"strings"
)

// childSignalList is what we catch: the console sends ^C and ^Break to the child, too.
var childSignalList = []os.Signal{os.Interrupt}

// variableKey is the same for names of the same variable.
func variableKey(name string) string { return strings.ToUpper(name) }

// stateCode is the exit code of a process that has ended.
func stateCode(state *os.ProcessState) int { return state.ExitCode() }

// terminateChild ends a process: it cannot be asked.
func terminateChild(p *os.Process) { _ = p.Kill() }

// isPrivate is unknown here: the runtime directory is below the user's profile.
func isPrivate(fs.FileInfo) bool { return true }

func endsWaiting(os.Signal) bool { return true }

// childTerminal: there is none on Windows, the child writes to pipes.
type childTerminal struct{}

func (c *child) connectTerminal(*exec.Cmd, *childOutput) (ok bool, err error) { return false, nil }

func (t *childTerminal) start() {}
func (t *childTerminal) close() {}

// pass reports whether a signal that we got is to be sent to the child.
func (o *childOutput) pass(os.Signal) bool { return false }
