package report

import "time"

const (
	// maxNames bounds the distinct names counted of one kind, so that a log full of made-up
	// names costs bounded memory. Events of further names are counted together.
	maxNames = 50_000

	// maxTop bounds the names listed of one kind.
	maxTop = 100

	// maxViolations bounds the violations listed, the gravest and newest first.
	maxViolations = 10_000

	// maxIDs bounds the ids listed of one violation or recommendation.
	maxIDs = 20

	// maxListed bounds lists of single events: unfinished, gaps, new actors.
	maxListed = 100

	// maxOpen bounds the begun acts remembered until they end.
	maxOpen = 200_000

	// maxDirect bounds the events remembered of one act that is a violation itself.
	maxDirect = 65_536

	// maxEach bounds the recommendations of one rule.
	maxEach = 5

	// maxPatterns bounds the patterns that are recommended to be looked at.
	maxPatterns = 30

	// timesKept is how many events back the time of an event is known: rules look back 200,000
	// events. A power of two.
	timesKept = 1 << 18

	// segmentEvents is how many events a segment of the log has; see kai-audit(5).
	segmentEvents = 1 << 16

	// maxBuckets bounds the buckets of a trend, minSpikeBuckets is from how many on spikes are
	// looked for: the median of fewer says nothing.
	maxBuckets      = 60
	minSpikeBuckets = 8
	minSpike        = 5

	// topAgents is how many agents have a trend.
	topAgents = 10
)

const (
	day = 24 * time.Hour

	// actorMemory is how long an actor is remembered.
	actorMemory = 30 * day

	// settle is how old a log must be before anything in it is called new: in a log's first day
	// everything is.
	settle = day

	// The bounds of the recommendations.
	maxUnsigned    = 4096
	maxUnsignedFor = day
	maxUnanchored  = 7 * day
	maxUnverified  = 7 * day
	maxRoleUnused  = 90 * day
	maxOutboxAge   = time.Hour
	minDiskDays    = 30
	minDenials     = 3
	archiveOlder   = 30 * day
)
