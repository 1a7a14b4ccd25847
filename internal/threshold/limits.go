package threshold

const (
	// SecretSize is the length of a secret in bytes. Other secrets are encrypted under one of
	// this length.
	SecretSize = 32
	// MinThreshold: with less, each share is the secret.
	MinThreshold = 2
	// MaxShares bounds n; more people are never found again, and the field would end at 255.
	MaxShares = 64
	// TextSize is the length of a share's text.
	TextSize = 86
)
