package identity

// Bounds of a document.
const (
	// MaxDocument bounds a document in bytes. A rotation of hybrid keys is about
	// 20 KiB.
	MaxDocument = 1 << 20
	// MaxEvents is one event a week for five years.
	MaxEvents = 256
	// MaxAttestations bounds what others have said, and MaxRevocations what the
	// identity has revoked, inside its own document; stores hold more.
	MaxAttestations = 64
	MaxRevocations  = 64
	// maxCertificates and maxCertificate bound the chains of X.509, each in bytes:
	// a leaf, four intermediates and a root.
	maxCertificates = 8
	maxCertificate  = 32 << 10
)

// Bounds of an event.
const (
	// maxKeys bounds each list of keys. Two thresholds, the present and the next,
	// must fit into signed.MaxSignatures together.
	maxKeys = 8
	// maxName is that of package home's files and of paths in the vault.
	maxName = 64
	// maxCapabilities and maxCapability: policies have no longer ones.
	maxCapabilities = 64
	maxCapability   = 512
	// maxPrincipals and maxText bound what is shown to people and written into
	// allowed_signers, in bytes.
	maxPrincipals = 16
	maxText       = 256
	// maxMeta bounds the free members, their names as maxName.
	maxMeta = 32
	// maxVersion bounds the version of an agent's program.
	maxVersion = 64
	// maxHidden bounds the hidden claims of an attestation.
	maxHidden = 16
	// nonceSize makes ids and statements unique, in bytes.
	nonceSize = 16
)
