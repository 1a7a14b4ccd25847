package slot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"

	"kai/internal/canon"
	"kai/internal/secret"
)

// DeviceSecretSize is the length of a device's secret in bytes.
const DeviceSecretSize = 32

const (
	deviceDomain = "kai/device/v1"
	maxMachineID = 256
)

// Device is a machine that is needed for a slot.
type Device struct {
	// Secret is DeviceSecretSize random bytes that never leave the machine, better sealed by
	// its TPM than in a file.
	Secret *secret.Bytes
	// MachineID is what the machine calls itself, 1 to 256 bytes. It is guessable, which is
	// why there is a secret; it is there because a copied disk has the secret.
	MachineID string
}

type deviceObject struct {
	Type string `json:"type"`
}

func parseDevice(object []byte) (*deviceObject, error) {
	var o deviceObject
	if err := unmarshal(object, "device factor", &o); err != nil {
		return nil, err
	}
	if o.Type != TypeDevice {
		return nil, fmt.Errorf("device factor: %w", ErrMalformed)
	}
	return &o, nil
}

func (d *Device) yield() (*secret.Bytes, error) {
	if d.Secret.Len() != DeviceSecretSize || d.MachineID == "" || len(d.MachineID) > maxMachineID {
		return nil, fmt.Errorf("device secret of %d bytes, machine id of %d: %w", d.Secret.Len(), len(d.MachineID), ErrLimits)
	}
	h := hmac.New(sha256.New, d.Secret.Expose())
	h.Write([]byte(deviceDomain))
	h.Write([]byte(d.MachineID))
	return secret.Take(h.Sum(nil)), nil
}

// Enrol is that of Factor. The secret is not wiped.
func (d *Device) Enrol(_ context.Context, _ Request, _ io.Reader) ([]byte, *secret.Bytes, error) {
	yield, err := d.yield()
	if err != nil {
		return nil, nil, err
	}
	object, err := canon.Marshal(deviceObject{Type: TypeDevice})
	return object, yield, err
}

// DeviceOpener opens device factors with the device that ask returns, whose secret it wipes.
func DeviceOpener(ask func(ctx context.Context, r Request) (*Device, error)) Opener {
	return opener{TypeDevice, func(ctx context.Context, r Request, object []byte) (*secret.Bytes, error) {
		if _, err := parseDevice(object); err != nil {
			return nil, err
		}
		d, err := ask(ctx, r)
		if err != nil {
			return nil, err
		}
		defer d.Secret.Wipe()
		return d.yield()
	}}
}
