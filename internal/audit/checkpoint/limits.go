package checkpoint

const (
	// MaxNote is the largest note in bytes. 32 lines of ML-DSA-44 would need
	// 106 KiB, but nobody has that many: a log's two and a dozen witnesses with
	// two keys each fit.
	MaxNote = 64 << 10

	// MaxSignatures is the most lines of a note. The specification asks for at
	// least 16.
	MaxSignatures = 32

	// MaxName is the longest origin and the longest key name in bytes: what the
	// one-byte lengths of the signed message of type 0x06 hold.
	MaxName = 255

	// MaxSize is the largest tree, 2^53 − 1: every reader of JSON keeps it exact.
	// golang.org/x/mod/sumdb/tlog never returns for sizes above 2^62, so that
	// some bound is needed before it is called with a stranger's number.
	MaxSize = 1<<53 - 1

	// maxBody is the longest body: the origin, 16 digits, 44 characters and three
	// line feeds.
	maxBody = MaxName + 16 + 44 + 3

	// maxTime is the last second of a cosignature (tlog-cosignature, "Format").
	maxTime = 1<<63 - 1
)
