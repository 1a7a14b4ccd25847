package home

const (
	// maxConfig bounds config.toml: it holds a few defaults.
	maxConfig = 64 << 10

	// maxVersion bounds the version file, with room for numbers never reached.
	maxVersion = 64

	// maxIdentity bounds the name or id of an identity in config.toml.
	maxIdentity = 256

	// maxShown bounds what of the file stands in an error: a line of a terminal or two.
	maxShown = 160

	// maxText bounds every other string of config.toml: post-quantum recipients and keys have
	// about 2,000 characters, and Linux paths at most 4,095.
	maxText = 4096

	// maxAuditors bounds who can check the log besides the owner; each makes every epoch's file
	// longer.
	maxAuditors = 16

	// maxSigners bounds the keys that sign checkpoints: one Ed25519, one ML-DSA.
	maxSigners = 2

	// maxWitnesses is how many signatures a checkpoint may have.
	maxWitnesses = 32

	// maxAlerts bounds the sinks that each alert goes to.
	maxAlerts = 16

	// maxArgv bounds the words of a sink's command; more belong into a script.
	maxArgv = 64
)
