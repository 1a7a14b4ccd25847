package sigstore

const (
	// maxHint bounds a public key's hint, which is a digest wherever it was seen.
	maxHint = 1024
	// maxCertificate is some ten times the size of those that sigstore issues.
	maxCertificate = 64 << 10
	// maxSignature is above RSA with 8192 bits, the largest key accepted.
	maxSignature = 4 << 10
)
