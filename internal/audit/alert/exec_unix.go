//go:build unix

package alert

import (
	"os/exec"
	"syscall"
)

// killGroup gives a program a process group of its own, which is killed as a whole.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
