package canon

const (
	// MaxDepth is how deep arrays and objects may be nested in other people's
	// JSON. Real statements stay below 20; the reader recurses once a level and
	// may copy an object once a level to sort it.
	MaxDepth = 64

	// MaxDocumentDepth is the same for kai's own documents.
	MaxDocumentDepth = 16

	// MaxInteger is the largest integer that every reader of JSON keeps exact,
	// 2^53 - 1 (RFC 7493 §2.2). The least is -MaxInteger.
	MaxInteger = 1<<53 - 1

	// maxNumber bounds the bytes of one number. An exact double has at most 1,075
	// digits after its point; strconv clamps exponents of more than four digits,
	// which is right only if the digits before them cannot make up for it.
	maxNumber = 2048

	// maxNameShown bounds how much of an unknown member's name an error repeats.
	maxNameShown = 64
)
