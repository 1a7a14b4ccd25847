package fields

const (
	// MaxFields is how many fields a list may have.
	MaxFields = 64

	// MaxName is how many bytes a name may have.
	MaxName = 64

	// MaxValues is how many bytes the values of a list may have together: the largest secret.
	MaxValues = 16 << 20

	// MaxSize is how many bytes the longest list has.
	MaxSize = MaxValues + MaxFields*(1+MaxName+4)
)
