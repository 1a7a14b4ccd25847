package durable

// What the external tests see of the internals.
const (
	TempPrefix  = tempPrefix
	FrameHeader = frameHeader
	LogMagic    = logMagic
)
