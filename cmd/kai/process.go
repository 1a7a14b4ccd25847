package main

// processFacts say who runs this process, for the audit log. What is not known is empty.
type processFacts struct {
	uid    uint32
	hasUID bool
	pid    int
	parent string // 16 hexadecimal digits: SHA-256 of the parent's executable, of its first MiB
	tty    string
	host   string
}

// parentBytes bounds what is hashed of the parent's executable: enough to tell programs apart,
// and no command waits for a hundred megabytes of an interpreter.
const parentBytes = 1 << 20
