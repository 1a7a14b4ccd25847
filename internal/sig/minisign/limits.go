package minisign

// The longest lines, without their ends, that minisign's own buffers of 1,024
// and 8,192 bytes hold together with LF and NUL: it cannot read longer ones.
const (
	maxUntrustedLine = 1022
	maxTrustedLine   = 8190
)
