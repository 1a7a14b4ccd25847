package vlog

import (
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
)

// Builder makes the frames of one commit, in memory. Its bytes go into the file with one write.
type Builder struct {
	header *Header
	chain  Chain
	chains *chainer
	next   uint64
	out    []byte
	given  int64 // bytes that were flushed
	aad    [aadSize]byte
	plain  []byte
}

// NewBuilder begins after the record before next, whose chain is given. For a new file that is the
// header's chain and first number, and the header is part of the output.
func NewBuilder(h *Header, chain Chain, next uint64) *Builder {
	b := &Builder{header: h, chain: chain, chains: newChainer(), next: next}
	if next == h.First && chain == h.Chain() {
		b.out = h.Encode()
	}
	return b
}

// Draft is a record to be sealed.
type Draft struct {
	Type    Type
	Flags   uint8
	Epoch   uint32
	Meta    []byte // data
	Value   []byte // data; nil for DEL and META
	MetaKey cipher.AEAD
	// ValueKey seals the value of a PUT.
	ValueKey cipher.AEAD
}

// Placed says where a frame lies.
type Placed struct {
	Sequence uint64
	Offset   int64 // in all of the output of the Builder
	Size     int
	Chain    Chain
}

// Add seals a record and appends it.
func (b *Builder) Add(d *Draft, random io.Reader) (Placed, error) {
	if len(d.Meta) > MaxMeta || len(d.Value) > MaxValue {
		return Placed{}, ErrTooLarge
	}
	f := Frame{Type: d.Type, Flags: d.Flags, Epoch: d.Epoch, Sequence: b.next, Before: b.chain}
	if _, err := io.ReadFull(random, f.Nonce[:]); err != nil {
		return Placed{}, err
	}
	metaSize, valueSize := PaddedMeta(len(d.Meta))+tagSize, 0
	if d.Type == Put {
		valueSize = Padded(len(d.Value)) + tagSize
	}
	at := b.begin(&f, metaSize, valueSize)
	meta := len(b.out)
	b.out = d.MetaKey.Seal(b.out, f.Nonce[:], b.pad(d.Meta, metaSize-tagSize), f.additional(b.aad[:0], b.header, 'm'))
	b.out = binary.LittleEndian.AppendUint32(b.out, uint32(valueSize))
	if d.Type == Put {
		sum := sha256.Sum256(b.out[meta : meta+metaSize])
		aad := append(f.additional(b.aad[:0], b.header, 'v'), sum[:]...)
		b.out = d.ValueKey.Seal(b.out, f.Nonce[:], b.pad(d.Value, valueSize-tagSize), aad)
	}
	clear(b.plain)
	return b.end(at), nil
}

// pad returns u32 length ‖ data ‖ zeros in a buffer that the next call overwrites.
func (b *Builder) pad(data []byte, size int) []byte {
	clear(b.plain)
	if cap(b.plain) < size {
		b.plain = make([]byte, size)
	}
	b.plain = b.plain[:size]
	binary.LittleEndian.PutUint32(b.plain, uint32(len(data)))
	clear(b.plain[4+copy(b.plain[4:], data):])
	return b.plain
}

// begin writes a frame up to the length of its meta field.
func (b *Builder) begin(f *Frame, metaSize, valueSize int) (at int) {
	at = len(b.out)
	b.out = binary.LittleEndian.AppendUint32(b.out, uint32(fixedSize+metaSize+valueSize))
	b.out = f.appendHead(b.out)
	b.out = append(b.out, f.Nonce[:]...)
	b.out = binary.LittleEndian.AppendUint32(b.out, uint32(metaSize))
	return at
}

// end writes the chain of the frame that begins at at.
func (b *Builder) end(at int) Placed {
	b.chain = b.chains.next(&b.chain, b.out[at:])
	b.out = append(b.out, b.chain[:]...)
	b.next++
	return Placed{b.next - 1, b.given + int64(at), len(b.out) - at, b.chain}
}

func (b *Builder) addPlain(t Type, meta []byte) Placed {
	f := Frame{Type: t, Sequence: b.next}
	at := b.begin(&f, len(meta), 0)
	b.out = append(b.out, meta...)
	b.out = binary.LittleEndian.AppendUint32(b.out, 0)
	return b.end(at)
}

// AddGen appends what the first frame of a generation says.
func (b *Builder) AddGen(p Predecessor) Placed {
	meta := binary.LittleEndian.AppendUint64(make([]byte, 0, genSize), p.Generation)
	meta = binary.LittleEndian.AppendUint64(meta, p.Last)
	return b.addPlain(Gen, append(meta, p.Chain[:]...))
}

// AddCheckpoint ends the commit.
func (b *Builder) AddCheckpoint(device ed25519.PrivateKey, ms uint64) Placed {
	meta := binary.LittleEndian.AppendUint64(make([]byte, 0, checkpointSize), ms)
	meta = append(meta, ed25519.Sign(device, checkpointMessage(b.header, b.next, ms, b.chain))...)
	return b.addPlain(Checkpoint, meta)
}

// Bytes is the output since the last Flushed, with the header in front where it begins a file.
func (b *Builder) Bytes() []byte { return b.out }

// Flushed says that Bytes were written. Offsets go on from there.
func (b *Builder) Flushed() {
	b.given += int64(len(b.out))
	b.out = b.out[:0]
}

// Written is how many bytes were flushed.
func (b *Builder) Written() int64 { return b.given }

// Chain is the one after the last frame, and Next the number of the frame that would follow.
func (b *Builder) Chain() Chain { return b.chain }

// Next is the sequence number of the frame that would follow.
func (b *Builder) Next() uint64 { return b.next }

// Position is a place between two frames of a file.
type Position struct {
	Offset int64
	Next   uint64 // number of the frame that begins there
	Chain  Chain  // before it
}

// Start is the place of the first frame.
func (h *Header) Start() Position { return Position{HeaderSize, h.First, h.Chain()} }

// Scan reads the frames of data, which is the content of a file from a place on, gives each to
// visit, and returns the place after the last frame that was read. A nil visit only checks.
//
// The frame that visit gets is overwritten with the next. ErrEnd means that the data end within a frame,
// which begins at the place returned; so do ErrDamaged and ErrNewer about that frame. Errors of visit end
// the scan and are returned as they are.
func Scan(data []byte, from Position, visit func(*Frame, Position) error) (Position, error) {
	var f Frame
	chains := newChainer()
	for len(data) > 0 {
		if err := f.parse(data, from.Chain, from.Next, chains); err != nil {
			if err != ErrEnd {
				err = fmt.Errorf("offset %d: %w", from.Offset, err)
			}
			return from, err
		}
		if visit != nil {
			if err := visit(&f, from); err != nil {
				return from, err
			}
		}
		from = Position{from.Offset + int64(f.Size), f.Sequence + 1, f.Chain}
		data = data[f.Size:]
	}
	return from, nil
}
