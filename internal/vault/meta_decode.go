package vault

import (
	"errors"
	"fmt"

	"kai/internal/canon"
)

// decodeMeta reads canonical JSON.
func decodeMeta(b []byte, m *Meta) error {
	switch err := canon.Unmarshal(b, m); {
	case errors.Is(err, canon.ErrUnknown):
		return fmt.Errorf("meta data: %w", ErrNewer)
	case err != nil:
		return fmt.Errorf("meta data: %w: %w", ErrTampered, err)
	}
	return nil
}
