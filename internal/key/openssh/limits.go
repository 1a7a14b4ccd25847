package openssh

const (
	// maxRounds bounds bcrypt_pbkdf, whose time grows with the rounds: 128 times
	// ssh-keygen's default is some seconds.
	maxRounds = 2048
	// Rounds is what new files get; ssh-keygen's default is 16 or 24 by version.
	Rounds = 24
	// maxSalt bounds the salt of bcrypt_pbkdf; 16 bytes are in use.
	maxSalt = 64
	// maxPadding is the largest block of a cipher. PuTTYgen pads to it where the
	// format asks for 8.
	maxPadding = 16
)
