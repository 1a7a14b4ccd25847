package durable

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// Sizes and words of the log format; doc.go describes it.
const (
	logMagic    = "KAILOG1\n"
	frameHeader = 12
	recordSize  = 4 // before each record
)

// castagnoli is the table of CRC-32C (RFC 3720 §12.1), which processors compute themselves.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// headerSum covers where the frame is and how long it is.
func headerSum(offset int64, length uint32) uint32 {
	var b [12]byte
	binary.LittleEndian.PutUint64(b[:], uint64(offset))
	binary.LittleEndian.PutUint32(b[8:], length)
	return crc32.Checksum(b[:], castagnoli())
}

// appendFrame adds to b the frame that will stand at offset and holds records. It returns
// ErrTooLarge when they are more than MaxAppend bytes.
func appendFrame(b []byte, offset int64, records [][]byte) ([]byte, error) {
	length := 0
	for _, r := range records {
		if length += recordSize + len(r); length > MaxAppend {
			return b, fmt.Errorf("append of more than %d bytes: %w", MaxAppend, ErrTooLarge)
		}
	}
	sum := headerSum(offset, uint32(length))
	b = binary.LittleEndian.AppendUint32(b, uint32(length))
	b = binary.LittleEndian.AppendUint32(b, sum)
	b = binary.LittleEndian.AppendUint32(b, 0) // the payload's sum, below
	start := len(b)
	for _, r := range records {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(r)))
		b = append(b, r...)
	}
	binary.LittleEndian.PutUint32(b[start-4:], crc32.Update(sum, castagnoli(), b[start:]))
	return b, nil
}

// parseHeader reads the 12 bytes before a payload; ok is false when they are not such bytes at
// that offset.
func parseHeader(b []byte, offset int64) (length, sum uint32, ok bool) {
	if len(b) < frameHeader {
		return 0, 0, false
	}
	length = binary.LittleEndian.Uint32(b)
	head := binary.LittleEndian.Uint32(b[4:])
	sum = binary.LittleEndian.Uint32(b[8:])
	ok = length >= recordSize && length <= MaxAppend && head == headerSum(offset, length)
	return length, sum, ok
}

// payloadOK reports whether payload is what a frame's header at offset announced.
func payloadOK(payload []byte, offset int64, sum uint32) bool {
	return crc32.Update(headerSum(offset, uint32(len(payload))), castagnoli(), payload) == sum
}

// splitRecords takes a payload apart; ok is false when the lengths do not add up.
func splitRecords(payload []byte) (records [][]byte, ok bool) {
	for len(payload) > 0 {
		if len(payload) < recordSize {
			return nil, false
		}
		n := int64(binary.LittleEndian.Uint32(payload))
		payload = payload[recordSize:]
		if n > int64(len(payload)) {
			return nil, false
		}
		records = append(records, payload[:n:n])
		payload = payload[n:]
	}
	return records, len(records) > 0
}

// verdict says what stands at an offset of a log.
type verdict int

const (
	atEnd   verdict = iota // nothing more
	atFrame                // a whole frame
	atTorn                 // the rest of an append that was cut short
	atDamage
)

// look judges what stands at offset of a log of size bytes and returns the payload of a whole
// frame and the offset after it. name is for the error.
//
// An append is one write, and nobody appends before the last one is durable or cut off. So what a
// crash can leave is one damaged frame that reaches the end of the file, at most. Anything else
// is damage.
func look(r io.ReaderAt, offset, size int64) (verdict, []byte, int64, error) {
	rest := size - offset
	if rest == 0 {
		return atEnd, nil, offset, nil
	}
	head := make([]byte, min(rest, frameHeader))
	if _, err := r.ReadAt(head, offset); err != nil {
		return atDamage, nil, offset, noEOF(err)
	}
	length, sum, ok := parseHeader(head, offset)
	if !ok {
		torn, err := nothingBehind(r, offset, size)
		if err != nil || !torn {
			return atDamage, nil, offset, err
		}
		return atTorn, nil, offset, nil
	}
	end := offset + frameHeader + int64(length)
	if end > size {
		return atTorn, nil, offset, nil
	}
	payload := make([]byte, length)
	if _, err := r.ReadAt(payload, offset+frameHeader); err != nil {
		return atDamage, nil, offset, noEOF(err)
	}
	switch {
	case payloadOK(payload, offset, sum):
		return atFrame, payload, end, nil
	case end == size:
		return atTorn, nil, offset, nil
	}
	return atDamage, nil, offset, nil
}

// nothingBehind reports whether the bytes from offset on can be one torn append: few enough, and
// no whole frame among them.
func nothingBehind(r io.ReaderAt, offset, size int64) (bool, error) {
	rest := size - offset
	if rest > frameHeader+MaxAppend {
		return false, nil
	}
	b := make([]byte, rest)
	if _, err := r.ReadAt(b, offset); err != nil {
		return false, noEOF(err)
	}
	for i := 1; i+frameHeader <= len(b); i++ {
		at := offset + int64(i)
		length, sum, ok := parseHeader(b[i:], at)
		payload := b[i+frameHeader:]
		if ok && int64(length) <= int64(len(payload)) && payloadOK(payload[:length], at, sum) {
			return false, nil
		}
	}
	return true, nil
}

// noEOF makes an end that came early an error of its own: the file was shortened while being read.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
