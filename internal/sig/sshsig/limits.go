package sshsig

// Sizes that version 1 of the two blocks fixes.
const (
	version = 1

	// lineWidth is what ssh-keygen writes.
	lineWidth = 70

	// boundSize is that of SHA-256.
	boundSize = 32

	// mldsa65SignatureSize is FIPS 204, table 2.
	mldsa65SignatureSize = 3309
)
