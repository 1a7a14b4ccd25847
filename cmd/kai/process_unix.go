//go:build unix

package main

import "os"

// thisProcess looks at the process and its parent.
func thisProcess() processFacts {
	host, _ := os.Hostname() // unknown is empty
	return processFacts{
		uid: uint32(os.Getuid()), hasUID: true, pid: os.Getpid(),
		tty: terminalName(), host: host, parent: func() string { return parentSum(os.Getppid()) },
	}
}
