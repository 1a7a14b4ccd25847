package dsse

import "kai/internal/sig"

// Bounds of an envelope, besides sig.EnvelopeLimits for the whole file.
const (
	// maxPayloadType leaves room for "dsse:" in a namespace.
	maxPayloadType = sig.MaxNamespace - len(namespacePrefix)
	// maxKeyID is more than any computed key id; some tools write URLs.
	maxKeyID = 1024
	// maxSignature is above SLH-DSA-SHA2-128s (7856 bytes), the largest known here.
	maxSignature = 16 << 10
	// maxPayload keeps an envelope of one signature, or 64, within the file's
	// bound: base64 makes four bytes of three.
	maxPayload = 46 << 20
)
