package vault

import (
	"bytes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"testing"

	"kai/internal/vault/vlog"
)

// Signatures up to where a log was checked before are not checked again. Whatever is put in the place
// of what was there, and whatever follows it, is found out nevertheless.
func TestForgedBeforeTheMemory(t *testing.T) {
	b := newVault(t)
	for range 6 {
		b.set("default/a", KindAPIKeys, "one")
	}
	name := b.ownLog()
	whole := b.file(name)
	h, err := vlog.ParseHeader(whole)
	must(t, err)
	var chains []vlog.Position // after each checkpoint
	_, err = vlog.Scan(whole[vlog.HeaderSize:], h.Start(), func(f *vlog.Frame, at vlog.Position) error {
		if f.Type == vlog.Checkpoint {
			chains = append(chains, vlog.Position{Offset: at.Offset + int64(f.Size), Next: f.Sequence + 1, Chain: f.Chain})
		}
		return nil
	})
	must(t, err)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	last := chains[len(chains)-1]
	frame := func(size uint32, length int) []byte {
		return append(binary.LittleEndian.AppendUint32(nil, size), make([]byte, length)...)
	}
	for i, from := range append([]vlog.Position{h.Start()}, chains[:5]...) {
		forge := func(checkpoints int, then ...*vlog.Draft) []byte {
			v := vlog.NewBuilder(&h, from.Chain, from.Next)
			for range checkpoints {
				v.AddCheckpoint(stranger, 1)
			}
			for _, d := range then {
				_, err := v.Add(d, rand.Reader)
				must(t, err)
			}
			if from == h.Start() {
				return v.Bytes() // with the header
			}
			return slices.Concat(whole[:from.Offset], v.Bytes())
		}
		// A record over the place where the old end was, in whose value lies what the memory looks for.
		over := &planted{at: int(last.Offset) - vlog.ChainSize, what: last.Chain[:]}
		if from != h.Start() {
			over.base = int(from.Offset)
		}
		record := &vlog.Draft{Type: vlog.Put, Epoch: 1, Value: make([]byte, len(whole)), MetaKey: &planted{}, ValueKey: over}
		many := forge(20)
		for what, data := range map[string][]byte{
			"nothing":                   forge(1),
			"a part of a frame":         slices.Concat(forge(1), frame(300, 10)),
			"a frame of the wrong sum":  slices.Concat(forge(1), frame(300, 400)),
			"the old end":               slices.Concat(forge(1), whole[len(forge(1)):]),
			"the old end in a frame":    slices.Concat(forge(1), frame(uint32(len(whole)), len(whole)-len(forge(1))-36), whole[len(whole)-32:]),
			"a record with the old end": forge(1, record),
			"many":                      many,
			"many, cut":                 many[:min(len(many), int(last.Offset))],
			"what it was, cut":          whole[:from.Offset],
			"cut in a frame":            whole[:from.Offset+20],
		} {
			if bytes.Equal(data, whole) {
				t.Fatal("nothing is changed")
			}
			b.write(name, data)
			if b.tryReopen() == nil {
				if _, err := b.tryGet("default/a"); err == nil {
					t.Errorf("commit %d, then %s: opened", i, what)
				}
				// Nothing is built on it, and nothing cut off.
				s, _ := b.resolve("default/a")
				if _, err := s.Commit(t.Context(), []Change{put("a", KindAPIKeys, "two")}); err == nil {
					t.Errorf("commit %d, then %s: written to", i, what)
				}
			}
			if before := data[:min(len(data), int(last.Offset))]; !bytes.HasPrefix(b.file(name), before) {
				t.Errorf("commit %d, then %s: changed", i, what)
			}
		}
	}
	b.write(name, whole)
	b.reopen()
	b.want("default/a", "one")
}

// planted seals nothing: its ciphertext is zeros, with something at a place of the file.
type planted struct {
	cipher.AEAD
	base, at int
	what     []byte
}

func (p *planted) Seal(dst, _, plaintext, _ []byte) []byte {
	sealed := make([]byte, len(plaintext)+16)
	if i := p.at - p.base - len(dst); p.what != nil {
		copy(sealed[i:], p.what)
	}
	return append(dst, sealed...)
}

// What has been checked is not checked each time, but by kai vault check.
func TestSignaturesAreCheckedOnce(t *testing.T) {
	b := newVault(t)
	for range 3 {
		b.set("default/a", KindAPIKeys, "one")
	}
	s, _ := b.resolve("default/a")
	must(t, s.open())
	l := s.view.logs[0]
	f := &l.files[0]
	seen, err := s.checkedBefore(l, f, f.header.Start())
	must(t, err)
	if size := int64(len(b.file(b.ownLog()))); seen.Offset != size {
		t.Errorf("checked up to %d of %d bytes", seen.Offset, size)
	}
	s.thorough = true
	if seen, err := s.checkedBefore(l, f, f.header.Start()); err != nil || seen.Offset != 0 {
		t.Errorf("thorough: %+v, %v", seen, err)
	}
}
