package home

const (
	// maxConfig bounds config.toml: it holds a few defaults.
	maxConfig = 64 << 10

	// maxVersion bounds the version file, with room for numbers never reached.
	maxVersion = 64

	// maxIdentity bounds the name or id of an identity in config.toml.
	maxIdentity = 256
)
