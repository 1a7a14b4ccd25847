//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// startDetached starts a program in a session of its own, with nothing on its streams, and does
// not wait for it: it outlives this process and the terminal.
//
// Expected system calls: open(/dev/null), clone, and in the child setsid, chdir, execve. Files of
// this process are closed on exec.
func startDetached(program string, args []string, dir string, environ []string) error {
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, environ
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
