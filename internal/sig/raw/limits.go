package raw

const (
	// maxValue is an RSA value of 8,192 bits, the longest key that package key
	// accepts.
	maxValue = 1024
	minRSA   = 256
	stepRSA  = 64

	// maxP256 and maxP384 are the longest DER values: two integers of 33 or 49
	// bytes with their headers.
	maxP256 = 2 + 2*(2+33)
	maxP384 = 2 + 2*(2+49)

	// MaxMessage bounds what Ed25519 signs, in bytes: it reads the message
	// twice, so that the message must be in memory.
	MaxMessage = 64 << 20
)
