package allowedsigners

const (
	// MaxFile bounds a file: hundreds of thousands of signers fit.
	MaxFile = 64 << 20
	// maxPattern is OpenSSH's bound of one pattern; longer ones match nothing.
	maxPattern = 1022
)
