package vault

import (
	"context"
)

// CompactOptions say what a compaction leaves out.
type CompactOptions struct {
	// Drop is a deleted path of which no version stays.
	Drop string
	// Reencrypt seals everything under the newest key.
	Reencrypt bool
}

// Compact writes this device's log anew, without the versions that nothing needs any more.
func (s *Space) Compact(ctx context.Context, o CompactOptions) (*Committed, error) {
	return nil, ErrNotFound
}
