package vlog

import (
	"bytes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math/bits"

	"kai/internal/vault/objectid"
)

const (
	magic      = "KAIVLOG1"
	HeaderSize = 72
	ChainSize  = sha256.Size
	nonceSize  = 24
	tagSize    = 16

	// fixedSize is a frame with empty fields.
	fixedSize = 4 + 16 + nonceSize + 4 + 4 + ChainSize

	// MaxMeta and MaxValue bound the plaintexts, in bytes.
	MaxMeta  = 64 << 10
	MaxValue = 16<<20 + 64<<10 // 64 fields with their names

	maxFrame = fixedSize + (MaxMeta + 256 + tagSize) + (MaxValue + MaxValue/8 + 256 + 2*tagSize)

	minMeta  = 192
	metaStep = 64
	minValue = 64

	chainDomain      = "kai/vault/v1/chain"
	sealDomain       = "kai-vault/1\x00"
	checkpointDomain = "kai-vault-checkpoint/1\x00"
	checkpointSize   = 8 + ed25519.SignatureSize
	genSize          = 8 + 8 + ChainSize
)

var (
	// ErrDamaged means that bytes are not what a device has written: a bad chain, length or
	// signature, or a record that does not open.
	ErrDamaged = errors.New("damaged")
	// ErrEnd means that the bytes end within a frame, as a crash leaves them.
	ErrEnd = errors.New("ends within a record")
	// ErrNewer means a type or flag that this version does not know.
	ErrNewer = errors.New("made by a newer kai")
	// ErrTooLarge means a meta or value above its limit.
	ErrTooLarge = errors.New("too large")
)

// Chain is the hash over everything before a place in a file.
type Chain [ChainSize]byte

// Type is that of a frame.
type Type uint8

// The types of frames.
const (
	Put Type = 1 + iota
	Del
	Meta
	Checkpoint
	Gen
)

// FlagInner marks a value with the inner layer of credentials.
const FlagInner = 1

// Header is the head of a file.
type Header struct {
	Vault, Namespace, Device objectid.ID
	Generation               uint64
	First                    uint64 // sequence number of the first frame
}

// Encode returns the 72 bytes.
func (h *Header) Encode() []byte {
	b := make([]byte, 0, HeaderSize)
	b = append(b, magic...)
	b = append(b, h.Vault[:]...)
	b = append(b, h.Namespace[:]...)
	b = append(b, h.Device[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.Generation)
	return binary.LittleEndian.AppendUint64(b, h.First)
}

// Chain is the one before the first frame.
func (h *Header) Chain() Chain { return sha256.Sum256(h.Encode()) }

// ParseHeader reads the head of a file. The errors are ErrEnd, ErrNewer and ErrDamaged.
func ParseHeader(b []byte) (h Header, err error) {
	if len(b) < HeaderSize {
		return h, ErrEnd
	}
	if string(b[:8]) != magic {
		if bytes.HasPrefix(b, []byte(magic[:7])) {
			return h, ErrNewer
		}
		return h, fmt.Errorf("%w: not a file of records", ErrDamaged)
	}
	copy(h.Vault[:], b[8:])
	copy(h.Namespace[:], b[24:])
	copy(h.Device[:], b[40:])
	h.Generation = binary.LittleEndian.Uint64(b[56:])
	h.First = binary.LittleEndian.Uint64(b[64:])
	return h, nil
}

// Frame is one frame as it lies there. Its slices are those of the bytes it was parsed from.
type Frame struct {
	Type     Type
	Flags    uint8
	Epoch    uint32
	Sequence uint64
	Nonce    [nonceSize]byte
	Meta     []byte
	Value    []byte
	Before   Chain // the chain before it
	Chain    Chain // its own
	Size     int   // bytes
}

// ParseFrame reads the first frame of b and checks its chain, sequence number and shape. ErrEnd
// means that b ends before the frame does, and ErrDamaged and ErrNewer what they say.
func ParseFrame(b []byte, before Chain, sequence uint64) (f Frame, err error) {
	err = f.parse(b, before, sequence, newChainer())
	return f, err
}

func (f *Frame) parse(b []byte, before Chain, sequence uint64, c *chainer) error {
	if len(b) < 4 {
		return ErrEnd
	}
	size := uint64(binary.LittleEndian.Uint32(b))
	if size < fixedSize || size > maxFrame {
		return fmt.Errorf("%w: a length of %d", ErrDamaged, size)
	}
	if uint64(len(b)) < size {
		return ErrEnd
	}
	b = b[:size]
	*f = Frame{Type: Type(b[4]), Flags: b[5], Before: before, Size: int(size)}
	f.Epoch = binary.LittleEndian.Uint32(b[8:])
	f.Sequence = binary.LittleEndian.Uint64(b[12:])
	copy(f.Nonce[:], b[20:])
	body := b[4+16+nonceSize : size-ChainSize]
	copy(f.Chain[:], b[size-ChainSize:])
	if c.next(&before, b[:size-ChainSize]) != f.Chain {
		return fmt.Errorf("%w: the chain of hashes is broken", ErrDamaged)
	}
	var ok bool
	if f.Meta, body, ok = cutField(body); ok {
		f.Value, body, ok = cutField(body)
	}
	if !ok || len(body) != 0 || b[6]|b[7] != 0 {
		return fmt.Errorf("%w: fields do not fill the record", ErrDamaged)
	}
	if f.Sequence != sequence {
		return fmt.Errorf("%w: record %d where %d must be", ErrDamaged, f.Sequence, sequence)
	}
	return f.checkShape()
}

func (f *Frame) checkShape() error {
	var ok bool
	switch f.Type {
	case Put:
		ok = f.Epoch != 0 && len(f.Value) > 0
	case Del, Meta:
		ok = f.Epoch != 0 && len(f.Value) == 0 && f.Flags == 0
	case Checkpoint:
		ok = f.isPlain(checkpointSize)
	case Gen:
		ok = f.isPlain(genSize)
	default:
		return fmt.Errorf("record of type %d: %w", f.Type, ErrNewer)
	}
	if f.Flags&^FlagInner != 0 {
		return fmt.Errorf("record with flags %#x: %w", f.Flags, ErrNewer)
	}
	if !ok {
		return fmt.Errorf("%w: a record of type %d has another shape", ErrDamaged, f.Type)
	}
	return nil
}

func (f *Frame) isPlain(size int) bool {
	return f.Epoch == 0 && f.Flags == 0 && f.Nonce == [nonceSize]byte{} && len(f.Meta) == size && len(f.Value) == 0
}

func cutField(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// chainer computes chains, one after the other, in the same memory.
type chainer struct {
	h   hash.Hash
	buf [len(chainDomain) + ChainSize]byte // the domain, and a chain
}

func newChainer() *chainer {
	c := &chainer{h: sha256.New()}
	copy(c.buf[:], chainDomain)
	return c
}

// next is the chain after a frame, which is given without it.
func (c *chainer) next(before *Chain, frame []byte) (after Chain) {
	c.h.Reset()
	copy(c.buf[len(chainDomain):], before[:])
	c.h.Write(c.buf[:])
	c.h.Write(frame)
	c.h.Sum(c.buf[:len(chainDomain)])
	return Chain(c.buf[len(chainDomain):])
}

// CheckpointTime is the time that a CHECKPOINT says, in milliseconds since 1970. Its signature is not
// checked. The error is ErrDamaged.
func (f *Frame) CheckpointTime() (ms uint64, err error) {
	if f.Type != Checkpoint || len(f.Meta) != checkpointSize {
		return 0, fmt.Errorf("%w: not a checkpoint", ErrDamaged)
	}
	return binary.LittleEndian.Uint64(f.Meta), nil
}

// CheckCheckpoint checks the signature of a CHECKPOINT and returns its time, in milliseconds since
// 1970. The error is ErrDamaged.
func (f *Frame) CheckCheckpoint(h *Header, device ed25519.PublicKey) (ms uint64, err error) {
	if ms, err = f.CheckpointTime(); err != nil {
		return 0, err
	}
	if !ed25519.Verify(device, checkpointMessage(h, f.Sequence, ms, f.Before), f.Meta[8:]) {
		return 0, fmt.Errorf("%w: the signature of record %d", ErrDamaged, f.Sequence)
	}
	return ms, nil
}

func checkpointMessage(h *Header, sequence, ms uint64, before Chain) []byte {
	b := append(make([]byte, 0, 160), checkpointDomain...)
	b = append(b, h.Vault[:]...)
	b = append(b, h.Namespace[:]...)
	b = append(b, h.Device[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.Generation)
	b = binary.LittleEndian.AppendUint64(b, sequence)
	b = binary.LittleEndian.AppendUint64(b, ms)
	return append(b, before[:]...)
}

// maxCandidates is how many checkpoints CommitFollows looks at: what a crash leaves has none.
const maxCandidates = 1000

// CommitFollows reports whether data, which follow a place of the file of h that no frame can be
// read at, hold a checkpoint that the device has signed, of a number from next to last: then a commit
// was there and is damaged. What a crash or an unfinished copy leaves has none, and neither has what
// somebody without the device's key appends.
func CommitFollows(data []byte, h *Header, device ed25519.PublicKey, next, last uint64) bool {
	head := binary.LittleEndian.AppendUint32(nil, fixedSize+checkpointSize)
	head = append(head, byte(Checkpoint), 0, 0, 0, 0, 0, 0, 0)
	tried := 0
	for at := ChainSize; at < len(data); at++ {
		i := bytes.Index(data[at:], head)
		if i < 0 {
			return false
		}
		at += i
		if len(data)-at < fixedSize+checkpointSize {
			return false
		}
		sequence := binary.LittleEndian.Uint64(data[at+12:])
		if sequence < next || sequence > last {
			continue
		}
		f, err := ParseFrame(data[at:], Chain(data[at-ChainSize:at]), sequence)
		if err != nil {
			continue
		}
		if _, err := f.CheckCheckpoint(h, device); err == nil {
			return true
		}
		if tried++; tried == maxCandidates {
			return true
		}
	}
	return false
}

// Predecessor is what a GEN says about the generation before.
type Predecessor struct {
	Generation uint64
	Last       uint64 // sequence number
	Chain      Chain
}

// Predecessor reads the meta field of a GEN.
func (f *Frame) Predecessor() Predecessor {
	return Predecessor{binary.LittleEndian.Uint64(f.Meta), binary.LittleEndian.Uint64(f.Meta[8:]), Chain(f.Meta[16:])}
}

// OpenMeta decrypts the meta field into dst[:0] and returns the data without padding.
func (f *Frame) OpenMeta(h *Header, key cipher.AEAD, dst []byte) ([]byte, error) {
	var aad [aadSize]byte
	return f.open(key, dst, f.Meta, f.additional(aad[:0], h, 'm'))
}

// OpenValue decrypts the value into dst[:0] and returns the data without padding.
func (f *Frame) OpenValue(h *Header, key cipher.AEAD, dst []byte) ([]byte, error) {
	var aad [aadSize]byte
	sum := sha256.Sum256(f.Meta)
	return f.open(key, dst, f.Value, append(f.additional(aad[:0], h, 'v'), sum[:]...))
}

func (f *Frame) open(key cipher.AEAD, dst, ciphertext, aad []byte) ([]byte, error) {
	plain, err := key.Open(dst[:0], f.Nonce[:], ciphertext, aad)
	if err != nil {
		return nil, fmt.Errorf("%w: record %d does not open with its key", ErrDamaged, f.Sequence)
	}
	if len(plain) < 4 {
		return nil, fmt.Errorf("%w: padding of record %d", ErrDamaged, f.Sequence)
	}
	n := binary.LittleEndian.Uint32(plain)
	if uint64(n) > uint64(len(plain)-4) {
		return nil, fmt.Errorf("%w: padding of record %d", ErrDamaged, f.Sequence)
	}
	for _, b := range plain[4+n:] {
		if b != 0 {
			return nil, fmt.Errorf("%w: padding of record %d", ErrDamaged, f.Sequence)
		}
	}
	return plain[4 : 4+n], nil
}

const aadSize = len(sealDomain) + 1 + 3*objectid.Size + 8 + 16 + ChainSize + sha256.Size

func (f *Frame) additional(b []byte, h *Header, which byte) []byte {
	b = append(b, sealDomain...)
	b = append(b, which)
	b = append(b, h.Vault[:]...)
	b = append(b, h.Namespace[:]...)
	b = append(b, h.Device[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.Generation)
	b = f.appendHead(b)
	return append(b, f.Before[:]...)
}

// appendHead writes type to sequence, 16 bytes.
func (f *Frame) appendHead(b []byte) []byte {
	b = append(b, byte(f.Type), f.Flags, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, f.Epoch)
	return binary.LittleEndian.AppendUint64(b, f.Sequence)
}

// PaddedMeta is the length that meta data of n bytes take as plaintext.
func PaddedMeta(n int) int { return max(minMeta, (4+n+metaStep-1)/metaStep*metaStep) }

// Padded is the length that a value of n bytes takes as plaintext: Padmé (Nikitin et al., PURBs,
// 2019, §4) of n and its four bytes of length, and at least 64. At most 12 % are padding.
func Padded(n int) int {
	n += 4
	if n <= minValue {
		return minValue
	}
	e := bits.Len(uint(n)) - 1 // floor(log2 n)
	s := bits.Len(uint(e))     // bits to represent e
	mask := 1<<(e-s) - 1
	return (n + mask) &^ mask
}
