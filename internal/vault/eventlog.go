package vault

import (
	"context"
	"encoding/binary"
	"time"

	"kai/internal/vault/objectid"
)

// EventLog is the log of events beside a vault. Each remembers how far the other went, so that who puts
// back an older copy of one has to put back the other too.
type EventLog interface {
	// Head is how far the log goes, as far as the command knows; ok is false when it does not.
	Head() (head LogHead, ok bool)
	// Check holds the log against a head that was remembered, when the vault is unlocked.
	Check(LogHead) error
	// Committed is told each commit that has become durable, so that the log is a memory of the vault's
	// head.
	Committed(*Committed)
	// Lost is asked when this machine's memory of the vault is gone: the error refuses a vault that
	// is older than what the log knows of it. wrote says that this device has written to the vault.
	Lost(v *Vault, wrote bool) error
}

// LogHead is the end of a log of events.
type LogHead struct {
	ID   [26]byte // ULID, as text
	N    uint64   // how many events it has
	Root [32]byte // of their Merkle tree
}

func (h *LogHead) record() []byte {
	b := append([]byte{'A'}, h.ID[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.N)
	return append(b, h.Root[:]...)
}

// events is the record of the log's head, nil when nothing new is known of it.
func (v *Vault) events(m *memory) []byte {
	if v.opts.Log == nil {
		return nil
	}
	head, ok := v.opts.Log.Head()
	if !ok || head == m.log {
		return nil
	}
	return head.record()
}

// tell tells the log of events what has become durable.
func (v *Vault) tell(c *Committed) {
	if v.opts.Log != nil {
		v.opts.Log.Committed(c)
	}
}

// checkLog holds the log of events against what was seen of it.
func (v *Vault) checkLog(m *memory) error {
	if v.opts.Log == nil || m.log.N == 0 {
		return nil
	}
	return v.opts.Log.Check(m.log)
}

// forget removes what was seen, after a rollback that was accepted.
func (v *Vault) forget() error {
	ctx, cancel := context.WithTimeout(context.Background(), forgetPatience)
	defer cancel()
	held, err := v.lock(ctx)
	if err != nil {
		return err
	}
	defer held.Unlock()
	return v.forgetSeen()
}

const forgetPatience = 5 * time.Second

// wrote reports whether a device has written to the vault.
func (v *Vault) wrote(dev objectid.ID) bool {
	for id := range v.manifest.NS {
		for _, name := range v.LogFiles(id) {
			if f, ok := ParseFile(name); ok && f.Dev == dev {
				return true
			}
		}
	}
	return false
}
