//go:build unix

package main

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// manyFiles is above every descriptor that a shell or service manager hands on.
const manyFiles = 1024

// startDetached starts a program in a session of its own, with nothing on its streams, and does
// not wait for it: it outlives this process and the terminal. It has none of our files either, nor
// those that we were started with: somebody may wait for the other end of a pipe.
//
// Expected system calls: fcntl(F_SETFD)…, open(/dev/null), clone, and in the child setsid, chdir,
// execve.
func startDetached(program string, args []string, dir string, environ []string) error {
	for fd := 3; fd < manyFiles; fd++ {
		unix.CloseOnExec(fd)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, environ
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
