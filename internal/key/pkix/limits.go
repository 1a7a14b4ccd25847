package pkix

const (
	// iterations and saltSize are what new files get.
	iterations = 200_000
	saltSize   = 32
	// maxIterations bounds PBKDF2 in files of others: some seconds.
	maxIterations = 10_000_000
	// maxSalt bounds their salt; 8 and 16 bytes are in use.
	maxSalt = 1024
)
