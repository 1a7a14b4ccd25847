package signed

const (
	// MaxSignatures bounds the signatures of an envelope: two thresholds of
	// hybrid keys, and little enough to check for a stranger.
	MaxSignatures = 8

	// maxSignature is above SLH-DSA-SHA2-128s, the longest here, in bytes.
	maxSignature = 8 << 10
)
