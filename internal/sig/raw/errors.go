package raw

import "errors"

// ErrMessageTooLarge: more than MaxMessage bytes to be signed with Ed25519.
var ErrMessageTooLarge = errors.New("message too large for a bare Ed25519 signature")
