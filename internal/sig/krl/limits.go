package krl

const (
	// MaxFile bounds a list: 150,000 keys, or a million serial numbers.
	MaxFile = 16 << 20
	// maxBitmap is OpenSSH's bound of an mpint: 16,384 bits, and a sign byte.
	maxBitmap = 16384/8 + 1
)
