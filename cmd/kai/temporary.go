package main

import (
	"errors"
	"os"
)

// temporary is a file for what does not fit in memory or must not be seen yet. It is nobody
// else's to read, and is gone with Close or, where the system can, with this process.
type temporary struct {
	*os.File
	named bool // on systems that do not remove open files
}

func openTemporary() (*temporary, error) {
	f, err := os.CreateTemp("", "kai-")
	if err != nil {
		return nil, err
	}
	return &temporary{f, os.Remove(f.Name()) != nil}, nil
}

// Close removes the file as well.
func (t *temporary) Close() error {
	err := t.File.Close()
	if t.named {
		err = errors.Join(err, os.Remove(t.Name()))
	}
	return err
}
