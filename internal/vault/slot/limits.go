package slot

const (
	// MaxFile bounds a slot's file in bytes: four factors of MaxParameters fit, barely.
	MaxFile = 64 << 10
	// MaxFactors bounds the factors of a slot.
	MaxFactors = 4
	// MaxLabel bounds the encrypted label in bytes.
	MaxLabel = 1 << 10
	// MaxPassword bounds a password in bytes; more is a file given by mistake.
	MaxPassword = 4 << 10

	maxParameters = 16 << 10 // of one factor, in bytes
	maxAgeFile    = 8 << 10  // a hybrid header has 1.8 KiB, an RSA one 1.2
	maxRecipient  = 4 << 10  // age1pq1… has 1,960 characters, RSA-8192 some 1,400

	// Argon2id, memory in KiB. The floor is what costs an attacker about as much as the
	// least of RFC 9106 §4 would; the ceiling is what a small machine still has.
	minMemory   = 32 << 10
	maxMemory   = 1 << 20
	maxTime     = 16
	maxThreads  = 16
	minTimesMem = 96 << 10 // t·m
	maxTimesMem = 4 << 20

	// PBKDF2 with HMAC-SHA-512. OWASP's number of 2023 is 210,000; the ceiling takes seconds.
	minIterations = 200_000
	maxIterations = 10_000_000
)
