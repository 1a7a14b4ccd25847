package rule

import "time"

// A file of rules is written by people and read at each recorded command: the bounds are far above
// what people write and far below what would be felt.
const (
	// MaxFile bounds a file in bytes.
	MaxFile = 64 << 10

	// MaxRules bounds the rules of a file, and those of a Set.
	MaxRules = 256

	// MaxTimespan bounds how long a correlation looks back.
	MaxTimespan = 7 * 24 * time.Hour

	// MaxScan bounds the events that Evaluate reads. A rule whose timespan reaches further back is
	// judged from what was read, and its violation is Truncated.
	MaxScan = 200_000

	// MaxEvents bounds the numbers of events that a violation names.
	MaxEvents = 50

	// maxID and maxTitle keep what goes into an event below its bound for foreign strings.
	maxID    = 64
	maxTitle = 128

	// maxPattern bounds the name of a pattern.
	maxPattern = 64

	// maxRegexp bounds a regular expression in bytes, maxProgram its compiled instructions: a{1000}
	// is short and large. Matching takes time proportional to the program and the text.
	maxRegexp  = 256
	maxProgram = 4096

	// maxCondition bounds a condition in bytes, maxDepth its parentheses and nots.
	maxCondition = 1024
	maxDepth     = 16

	// maxReferences bounds the rules and the fields that a correlation names.
	maxReferences = 16
)
