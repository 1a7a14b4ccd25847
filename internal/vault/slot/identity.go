package slot

import (
	"errors"

	"filippo.io/age"

	"kai/internal/key"
)

// Identity is the age identity of an open slot.
type Identity struct {
	private   *key.Private
	identity  age.Identity
	recipient string
}

var _ age.Identity = (*Identity)(nil)

// newIdentity takes over private.
func newIdentity(private *key.Private) (*Identity, error) {
	recipient, err := private.Public().AgeText()
	if err != nil {
		private.Wipe()
		return nil, err
	}
	identity, err := private.Identity()
	if err != nil {
		private.Wipe()
		return nil, err
	}
	return &Identity{private: private, identity: identity, recipient: recipient}, nil
}

// Recipient is what to encrypt to, age1pq1….
func (i *Identity) Recipient() string { return i.recipient }

// Unwrap is that of age. After Wipe it fails.
func (i *Identity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if i.identity == nil {
		return nil, errors.New("identity of a slot was wiped")
	}
	return i.identity.Unwrap(stanzas)
}

// Wipe destroys the seed. A copy of the private key that package age has made stays in memory
// until the garbage collector gives it to somebody else.
func (i *Identity) Wipe() {
	i.private.Wipe()
	i.identity = nil
}
