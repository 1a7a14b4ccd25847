package event

import "time"

const (
	// MaxLine bounds a line with its line feed. C2SP tiles give an entry 16 bits for its length.
	MaxLine = 65_000

	// MaxOutside bounds a string that came from outside; [Outside] cuts longer ones.
	MaxOutside = 256

	// MaxAct bounds the name of an act. The longest of the catalogue has 37 bytes.
	MaxAct = 64

	// maxInteger is the largest magnitude that every JSON reader keeps: 2^53−1.
	maxInteger = 1<<53 - 1

	// TimeLayout is how times are written, in UTC.
	TimeLayout = "2006-01-02T15:04:05.000000Z"

	// Precision is that of times.
	Precision = time.Microsecond

	// tailSize is the length of ,"m":"…"} at the end of a line.
	tailSize = 30

	// hashText is the length of p and m as they are written.
	hashText = 22
)
