package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"filippo.io/age"

	"kai/internal/canon"
	"kai/internal/durable"
)

// Recipient is somebody who can open the keys of epochs.
type Recipient struct {
	Text string // the public key, for telling lists apart
	age.Recipient
}

// epochDocument is what an epoch's file holds.
type epochDocument struct {
	Epoch uint32 `json:"epoch"`
	K0    text32 `json:"k0"`
	LogID string `json:"log_id"`
	N     uint64 `json:"n"`    // of the event that opens it
	Prev  text32 `json:"prev"` // the hash of leaf n−1, zeros for n 0
	V     int    `json:"v"`
}

// The two forms of an epoch's file: sealed to recipients, or, while there is nobody to seal to,
// as it is.
func sealedName(epoch uint32) string { return fmt.Sprintf("epochs/%d.age", epoch) }
func clearName(epoch uint32) string  { return fmt.Sprintf("epochs/%d.key", epoch) }

const nextFile = "epoch.next"

// sealEpoch returns the name and content of the file. With no recipients it is not sealed.
func sealEpoch(doc *epochDocument, recipients []Recipient) (name string, file []byte, err error) {
	plain, err := canon.Marshal(doc)
	if err != nil {
		return "", nil, err
	}
	if len(recipients) == 0 {
		return clearName(doc.Epoch), plain, nil
	}
	defer clear(plain)
	to := make([]age.Recipient, len(recipients))
	for i, r := range recipients {
		to[i] = r.Recipient
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil && out.Len() > maxSmallFile {
		err = fmt.Errorf("sealed to %d recipients it has %d bytes, more than %d", len(recipients), out.Len(), maxSmallFile)
	}
	if err != nil {
		return "", nil, fmt.Errorf("audit log: epoch %d: %w", doc.Epoch, err)
	}
	return sealedName(doc.Epoch), out.Bytes(), nil
}

// auditorsDigest tells lists of recipients apart without naming them.
func auditorsDigest(recipients []Recipient) string {
	var texts []string
	for _, r := range recipients {
		texts = append(texts, r.Text)
	}
	slices.Sort(texts)
	sum := sha256.Sum256([]byte(strings.Join(texts, "\n")))
	return fmt.Sprintf("%x", sum[:8])
}

// EpochFile is a file of an epoch as it lies there. Data ends behind the limit of what is written, so
// that a file beyond it is not the one that was written, whatever the rest is.
type EpochFile struct {
	Epoch  uint32
	Sealed bool
	Data   []byte
}

// Sum is the SHA-256 of the file, which the event that opened the epoch states.
func (f *EpochFile) Sum() string { return fmt.Sprintf("%x", sha256.Sum256(f.Data)) }

// readEpoch reads the files of an epoch: one, unless somebody has put another beside it, or none.
func readEpoch(d *durable.Dir, epoch uint32) ([]EpochFile, error) {
	var files []EpochFile
	for _, sealed := range []bool{true, false} {
		name := sealedName(epoch)
		if !sealed {
			name = clearName(epoch)
		}
		f, err := openPrivate(d, name, os.O_RDONLY)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(io.LimitReader(f, maxSmallFile+1))
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("audit log: %s: %w", name, err)
		}
		files = append(files, EpochFile{epoch, sealed, data})
	}
	return files, nil
}

// writtenEpoch returns the file whose hash, in hexadecimal digits, the event that opened the epoch
// states; "" when no event does. The hash is compared before anything is decrypted: a file that was
// changed is not one that somebody else could open. The error says what is wrong.
func writtenEpoch(files []EpochFile, epoch uint32, stated string) (*EpochFile, error) {
	switch {
	case len(files) == 0:
		return nil, fmt.Errorf("the file of epoch %d is missing", epoch)
	case stated == "" && len(files) > 1:
		return nil, fmt.Errorf("epoch %d has two files, and no event says which of them was written", epoch)
	case stated == "":
		return &files[0], nil
	}
	for i := range files {
		if files[i].Sum() == stated {
			return &files[i], nil
		}
	}
	return nil, fmt.Errorf("the file of epoch %d is not the one that was written", epoch)
}

// open returns the document, with identities where it is sealed. The errors are ErrNoKey and
// ErrMalformed.
func (f *EpochFile) open(identities []age.Identity) (*epochDocument, error) {
	plain := f.Data
	if len(plain) > maxSmallFile {
		return nil, fmt.Errorf("audit log: epoch %d: %w: more than %d bytes", f.Epoch, ErrMalformed, maxSmallFile)
	}
	if f.Sealed {
		if len(identities) == 0 {
			return nil, fmt.Errorf("audit log: %w %d", ErrNoKey, f.Epoch)
		}
		r, err := age.Decrypt(bytes.NewReader(f.Data), identities...)
		var noMatch *age.NoIdentityMatchError
		switch {
		case errors.As(err, &noMatch):
			return nil, fmt.Errorf("audit log: %w %d", ErrNoKey, f.Epoch)
		case err != nil:
			return nil, fmt.Errorf("audit log: epoch %d: %w: %w", f.Epoch, ErrMalformed, err)
		}
		if plain, err = io.ReadAll(io.LimitReader(r, maxSmallFile)); err != nil {
			return nil, fmt.Errorf("audit log: epoch %d: %w: %w", f.Epoch, ErrMalformed, err)
		}
		defer clear(plain)
	}
	var doc epochDocument
	if err := canon.Unmarshal(plain, &doc); err != nil {
		return nil, fmt.Errorf("audit log: epoch %d: %w: %w", f.Epoch, ErrMalformed, err)
	}
	if doc.V != 1 {
		return nil, fmt.Errorf("audit log: epoch %d: %w %d", f.Epoch, ErrVersion, doc.V)
	}
	if doc.Epoch != f.Epoch {
		return nil, fmt.Errorf("audit log: epoch %d: %w: the file is of epoch %d", f.Epoch, ErrMalformed, doc.Epoch)
	}
	return &doc, nil
}

// epochNumbers lists the epochs that have a file, in no order, and some twice.
func epochNumbers(d *durable.Dir) ([]uint32, error) {
	entries, err := d.ReadDir("epochs")
	if err != nil {
		return nil, err
	}
	var numbers []uint32
	for _, e := range entries {
		digits, _, _ := strings.Cut(e.Name(), ".")
		n, err := strconv.ParseUint(digits, 10, 32)
		if name := path.Join("epochs", e.Name()); err == nil && (name == sealedName(uint32(n)) || name == clearName(uint32(n))) {
			numbers = append(numbers, uint32(n))
		}
	}
	return numbers, nil
}

// lastEpoch is the highest number of a file in epochs/ that an epoch of n events can have: each was
// opened by an event.
func lastEpoch(d *durable.Dir, n uint64) (last uint32, err error) {
	numbers, err := epochNumbers(d)
	for _, e := range numbers {
		if uint64(e) <= n {
			last = max(last, e)
		}
	}
	return last, err
}

// next is the content of epoch.next: what recovery needs of an epoch that is being opened.
type next struct {
	epoch uint32
	key   [32]byte
	sum   [32]byte // SHA-256 of the epoch's file
}

const nextSize = 4 + 32 + 32

func (n *next) encode() []byte {
	b := binary.LittleEndian.AppendUint32(nil, n.epoch)
	return append(append(b, n.key[:]...), n.sum[:]...)
}

// readNext reads epoch.next; ok is false when there is none.
func readNext(d *durable.Dir) (n next, ok bool, err error) {
	if _, err := d.Lstat(nextFile); errors.Is(err, fs.ErrNotExist) {
		return next{}, false, nil
	}
	b, err := d.ReadFile(nextFile, nextSize)
	if err != nil {
		return next{}, false, err
	}
	defer clear(b)
	if len(b) != nextSize {
		return next{}, false, nil // torn: the event it was for cannot be there
	}
	n.epoch = binary.LittleEndian.Uint32(b)
	copy(n.key[:], b[4:])
	copy(n.sum[:], b[36:])
	return n, true, nil
}

// dropNext wipes and removes epoch.next. What it held stays in the blocks of flash and of
// copy-on-write file systems: forward security against forensics is best effort.
func dropNext(d *durable.Dir) error {
	f, err := d.OpenFile(nextFile, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteAt(make([]byte, nextSize), 0)
	if err == nil {
		err = f.SyncData()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("audit log: %s: %w", nextFile, err)
	}
	return d.Remove(nextFile)
}
