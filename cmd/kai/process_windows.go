package main

import "os"

// thisProcess looks at the process. Windows has no numbers for users.
func thisProcess() processFacts {
	host, _ := os.Hostname() // unknown is empty
	return processFacts{pid: os.Getpid(), tty: terminalName(), host: host, parent: func() string { return parentSum(os.Getppid()) }}
}
