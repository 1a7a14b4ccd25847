//go:build !linux

package durable

import "os"

// On macOS this is F_FULLFSYNC, by the os package's own choice.
func syncData(f *os.File) error { return f.Sync() }
