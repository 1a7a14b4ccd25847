//go:build unix

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// childSignalList is what we pass on.
var childSignalList = []os.Signal{
	syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
}

// variableKey is the same for names of the same variable.
func variableKey(name string) string { return name }

// stateCode is the exit code of a process that has ended.
func stateCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignal + int(status.Signal())
	}
	return state.ExitCode()
}

// terminateChild asks a process to end.
func terminateChild(p *os.Process) { _ = p.Signal(syscall.SIGTERM) }

// endsWaiting reports whether a signal that comes when the child has gone ends us, too.
func endsWaiting(s os.Signal) bool {
	switch s {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		return true
	}
	return false
}

// fromKeyboard reports whether a signal may have come from our terminal, which then has sent it to
// the whole process group. Nothing says where a signal is from (Go has no siginfo), so what a
// terminal can send counts as sent by it while we are in its foreground.
func fromKeyboard(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT && s != syscall.SIGWINCH {
		return false
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	return inForeground(tty)
}

// inForeground reports whether this process is in the foreground of its terminal.
func inForeground(tty *os.File) bool {
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// isPrivate reports whether a directory is the user's and nobody else gets in.
func isPrivate(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid() && info.Mode().Perm()&0o077 == 0
}

// ownSession gives the child a session whose terminal is its standard input.
func ownSession(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
}
