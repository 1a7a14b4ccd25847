package proof

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"kai/internal/audit/checkpoint"
)

// Policy says whom a proof must have convinced. The zero Policy accepts nothing.
type Policy struct {
	// Log has the keys of the log, at least one, all with one name, which is the
	// log's origin. Each must have signed: whoever names an ML-DSA key beside an
	// Ed25519 key does not want to depend on the weaker one alone.
	Log []*checkpoint.Verifier
	// Witnesses has the keys of the witnesses, of types 0x04 and 0x06. Keys of
	// one name are one witness; a line by any of them counts for it.
	Witnesses []*checkpoint.Verifier
	// Quorum is how many witnesses must have signed, at most as many as there are
	// names in Witnesses. 0 asks for none.
	Quorum int
}

// Verified is a proof that has passed Check, which alone makes one.
type Verified struct {
	record     []byte
	index      uint64
	checkpoint checkpoint.Checkpoint
	log        []checkpoint.VerifiedSignature
	witnesses  []checkpoint.VerifiedSignature
}

// Record is what the log holds. The slice is the caller's.
func (v *Verified) Record() []byte { return bytes.Clone(v.record) }

// Index is the record's number in the log, from 0.
func (v *Verified) Index() uint64 { return v.index }

// Checkpoint is the head of the log that covers the record.
func (v *Verified) Checkpoint() checkpoint.Checkpoint { return v.checkpoint }

// Log are the lines by keys of the log, at least one.
func (v *Verified) Log() []checkpoint.VerifiedSignature { return slices.Clone(v.log) }

// Witnesses are the lines by keys of witnesses, with their times. One witness may
// have several.
func (v *Verified) Witnesses() []checkpoint.VerifiedSignature { return slices.Clone(v.witnesses) }

// Check verifies every part of a proof and returns what it proves.
//
// record is the record whose presence is in question, of at most MaxRecord bytes;
// nil takes it from the file's extra data, which is then proven like any other.
//
// The errors, the first that holds: ErrPolicy; ErrMalformed for the proof;
// ErrNoRecord; ErrBad when hashes or a line of a trusted key are wrong, the
// latter with *checkpoint.BadSignature; ErrUntrusted.
func Check(p *Proof, record []byte, policy Policy) (*Verified, error) {
	if err := policy.check(); err != nil {
		return nil, err
	}
	n, err := checkpoint.ParseNote(p.Note)
	if err != nil {
		return nil, err
	}
	if record == nil {
		record = p.Extra
	}
	if len(record) == 0 {
		return nil, ErrNoRecord
	}
	c := n.Claimed()
	if err := p.follow(c, record); err != nil {
		return nil, err
	}
	opened, err := n.Verify(slices.Concat(policy.Log, policy.Witnesses)...)
	switch {
	case errors.Is(err, checkpoint.ErrSignature):
		return nil, fmt.Errorf("%w: %w", ErrBad, err)
	case errors.Is(err, checkpoint.ErrUntrusted):
		return nil, fmt.Errorf("%w: %w", ErrUntrusted, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	v := &Verified{record: bytes.Clone(record), index: p.Index, checkpoint: opened.Checkpoint()}
	if err := v.judge(opened, policy); err != nil {
		return nil, err
	}
	return v, nil
}

// judge sorts the verified lines and counts them.
func (v *Verified) judge(opened *checkpoint.Verified, policy Policy) error {
	for _, k := range policy.Log {
		if _, ok := opened.By(k); !ok {
			return fmt.Errorf("%w: no line by the log's key of type %s", ErrUntrusted, k.Type())
		}
	}
	names := make(map[string]bool)
	for _, s := range opened.Signatures() {
		if slices.ContainsFunc(policy.Log, s.Key.Equal) {
			v.log = append(v.log, s)
		} else {
			v.witnesses = append(v.witnesses, s)
			names[s.Key.Name()] = true
		}
	}
	switch origin := v.checkpoint.Origin; {
	case policy.Log[0].Name() != origin:
		return fmt.Errorf("%w: the log is %q, its key %q", ErrUntrusted, origin, policy.Log[0].Name())
	case len(names) < policy.Quorum:
		return fmt.Errorf("%w: %d of %d witnesses", ErrUntrusted, len(names), policy.Quorum)
	}
	return nil
}

// check refuses policies that could be passed without what they seem to ask for.
func (p Policy) check() error {
	if len(p.Log) == 0 {
		return fmt.Errorf("%w: no key of the log", ErrPolicy)
	}
	owner := make(map[string]string) // public key → name
	for _, k := range p.Log {
		if k.Name() != p.Log[0].Name() {
			return fmt.Errorf("%w: keys of two logs, %q and %q", ErrPolicy, p.Log[0].Name(), k.Name())
		}
		owner[string(k.PublicKey())] = k.Name()
	}
	names := make(map[string]bool)
	for _, k := range p.Witnesses {
		if !k.Type().Timed() {
			return fmt.Errorf("%w: witness %q has a key of type %s", ErrPolicy, k.Name(), k.Type())
		}
		if k.Name() == p.Log[0].Name() {
			return fmt.Errorf("%w: %q witnesses itself", ErrPolicy, k.Name())
		}
		// A cosignature of type 0x04 does not cover the name: one key under two
		// names would be two witnesses.
		if other, taken := owner[string(k.PublicKey())]; taken && other != k.Name() {
			return fmt.Errorf("%w: one key as %q and as %q", ErrPolicy, other, k.Name())
		}
		owner[string(k.PublicKey())] = k.Name()
		names[k.Name()] = true
	}
	if p.Quorum < 0 || p.Quorum > len(names) {
		return fmt.Errorf("%w: quorum %d of %d witnesses", ErrPolicy, p.Quorum, len(names))
	}
	return nil
}
