package main

// processFacts say who runs this process, for the audit log. What is not known is empty.
type processFacts struct {
	uid    uint32
	hasUID bool
	pid    int
	tty    string
	host   string
	// parent hashes the beginning of the parent's executable: 16 hexadecimal digits of the
	// SHA-256 of its first MiB. That takes longer than the rest, so only who appends asks; nil is
	// empty, too.
	parent func() string
}

// parentBytes bounds what is hashed of the parent's executable: enough to tell programs apart,
// and no command waits for a hundred megabytes of an interpreter.
const parentBytes = 1 << 20
