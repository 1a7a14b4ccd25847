package slot

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"kai/internal/secret"
	"kai/internal/vault/objectid"
)

// Somebody who has the factors can make a slot whose commitment is right and whose identity is
// another one than it says: keys would be encrypted to him.
func TestAnotherIdentityThanTheRecipients(t *testing.T) {
	device := func() *Device {
		return &Device{Secret: secret.Take(bytes.Repeat([]byte{1}, 32)), MachineID: "m"}
	}
	d := device()
	defer d.Secret.Wipe()
	vault := objectid.ID{1}
	root := make([]byte, 32)
	made, err := Create(t.Context(), Parameters{Vault: vault, Root: root, Created: time.Unix(1, 0), Factors: []Factor{d}}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(made.File)
	if err != nil {
		t.Fatal(err)
	}
	yield, err := d.yield()
	if err != nil {
		t.Fatal(err)
	}
	y := newYields(1)
	defer y.all.Wipe()
	if err := y.add(yield); err != nil {
		t.Fatal(err)
	}
	other := secret.Take(bytes.Repeat([]byte{2}, seedSize))
	defer other.Wipe()
	s.file.Commit = nil
	forged, err := s.seal(y, other, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err = Parse(forged)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.unseal(y); !errors.Is(err, ErrTampered) || err.Error() != "slot was tampered with: the identity is not the recipient's" {
		t.Errorf("opens: %v", err)
	}
}
