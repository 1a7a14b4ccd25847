package main

// afford refuses an operation that takes more memory than there is. Some key files, above
// all minisign's, are opened with 1 GiB of scrypt: running out of it kills the process, or
// another one. Where nobody knows how much there is, nothing is refused.
func (e *env) afford(what string, bytes uint64) error {
	if e.sys.memory == nil {
		return nil
	}
	available := e.sys.memory()
	if available == 0 || bytes <= available {
		return nil
	}
	return failf(exitFailure, "memory", "%s: opening or encrypting it takes %d MiB of memory, %d MiB are free", what, bytes>>20, available>>20)
}
