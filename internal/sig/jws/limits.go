package jws

// Bounds of a signature, besides sig.EnvelopeLimits for the whole file.
const (
	// maxHeader has room for a chain of certificates, which is then ignored.
	maxHeader = 64 << 10
	// maxSignature is above ML-DSA-65 (3309 bytes), the largest known here.
	maxSignature = 16 << 10
	// maxPayload keeps a file within its bound: base64 makes four bytes of three.
	maxPayload = 46 << 20
	// maxKeyID is more than a did:key of ML-DSA-65 (about 2,700 characters).
	maxKeyID = 4 << 10
)
