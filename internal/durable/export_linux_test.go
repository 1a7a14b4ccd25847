package durable

import "os"

// RootInSteps is Root on a system that does not open a file without a link in one call.
func RootInSteps(root *os.Root) FS {
	r := &rootFS{root: root}
	r.self.once.Do(func() {})
	return r
}
