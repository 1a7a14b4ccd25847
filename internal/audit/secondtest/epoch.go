//go:build unix

package secondtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	"filippo.io/age"
)

// begin opens epoch 0, whose key is that of event 0.
func (j *judge) begin() {
	j.key = j.open(0, 0, j.firstFile())
}

// firstFile is the member d.file of event 0, "" when it has none.
func (j *judge) firstFile() any {
	if len(j.files.segs) == 0 || j.files.segs[0].name != "seg/000000000000.jsonl" {
		return nil
	}
	line, _, complete := bytes.Cut(j.files.segs[0].data, []byte("\n"))
	if !complete {
		return nil
	}
	e, err := parseLine(line)
	if err != nil || e.n != 0 || e.act != "audit.created" {
		return nil // it says nothing, or is about another epoch
	}
	return e.d["file"]
}

// nextEpoch follows event n, which opens the next epoch: the key after it is the
// first of that.
func (j *judge) nextEpoch(n uint64, e event) {
	number, found := epochNumber(e)
	if !found || int64(number) != int64(j.epoch)+1 {
		j.find("epoch: event %d opens epoch %v after epoch %d", n, e.d["epoch"], j.epoch)
	}
	j.enter(n, number, found, e)
}

// newChain precedes event n, whose own key is the first of its epoch.
func (j *judge) newChain(n uint64, e event) {
	j.cuts = append(j.cuts, n)
	number, found := epochNumber(e)
	if !found || number <= j.epoch {
		j.find("epoch: event %d begins a chain in epoch %v after epoch %d", n, e.d["epoch"], j.epoch)
	}
	j.enter(n, number, found, e)
}

func epochNumber(e event) (number uint32, found bool) {
	i, found := e.d["epoch"].(int64)
	if !found || i < 0 || i > math.MaxUint32 {
		return 0, false
	}
	return uint32(i), true
}

func (j *judge) enter(n uint64, number uint32, found bool, e event) {
	j.key = nil
	if !found {
		return
	}
	j.epoch = number
	file := e.d["file"]
	if file == nil {
		j.find("epoch: event %d does not name the file of epoch %d", n, number)
		return
	}
	j.key = j.open(number, n, file)
}

// open returns the first key of an epoch that event n opens, nil when it is not
// known. j.leaf is the leaf before event n. file is the member d.file, nil when
// there is none.
func (j *judge) open(number uint32, n uint64, file any) *[32]byte {
	sealed, clear := fmt.Sprintf("epochs/%d.age", number), fmt.Sprintf("epochs/%d.key", number)
	var name string
	var data []byte
	there := 0
	for _, candidate := range []string{sealed, clear} {
		b := j.files.epochs[candidate]
		if b == nil {
			continue
		}
		there++
		if sum := sha256.Sum256(b); file == nil || file == hex.EncodeToString(sum[:]) {
			name, data = candidate, b
		}
	}
	switch {
	case there == 0:
		j.find("epoch: neither %s nor %s is there", sealed, clear)
		return nil
	case there == 2 && file == nil:
		j.find("epoch: there are both %s and %s", sealed, clear)
		return nil
	case data == nil:
		j.find("epoch: the file of epoch %d is not the one that event %d names", number, n)
		return nil
	case len(data) > 64<<10:
		j.find("epoch: %s is too long", name)
		return nil
	}
	if name == sealed {
		var err error
		data, err = j.unseal(data)
		if errors.As(err, new(*age.NoIdentityMatchError)) {
			if j.unopened == nil {
				j.unopened = fmt.Errorf("%s: %w", name, err)
			}
			return nil
		}
		if err != nil {
			j.find("epoch: %s: %v", name, err)
			return nil
		}
	}
	key, err := j.place(data, number, n)
	if err != nil {
		j.find("epoch: %s: %v", name, err)
	}
	return key
}

func (j *judge) unseal(data []byte) ([]byte, error) {
	if len(j.identities) == 0 {
		return nil, &age.NoIdentityMatchError{}
	}
	r, err := age.Decrypt(bytes.NewReader(data), j.identities...)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// place checks that an epoch's file belongs where it is, and returns the key.
func (j *judge) place(data []byte, number uint32, n uint64) (*[32]byte, error) {
	o, err := object(data, "epoch", "k0", "log_id", "n", "prev", "v")
	if err != nil {
		return nil, err
	}
	if o["v"] != int64(1) {
		return nil, errors.New("another version")
	}
	key, err := bytes32(o["k0"], base64.RawURLEncoding)
	if err != nil {
		return nil, fmt.Errorf("k0: %w", err)
	}
	prev, err := bytes32(o["prev"], base64.RawURLEncoding)
	if err != nil {
		return nil, fmt.Errorf("prev: %w", err)
	}
	switch {
	case o["log_id"] != j.header.id:
		err = errors.New("of another log")
	case o["epoch"] != int64(number):
		err = errors.New("of another epoch")
	case o["n"] != int64(n):
		err = errors.New("of another event")
	case prev != j.leaf:
		err = errors.New("of another event before")
	}
	return &key, err
}

// bytes32 decodes 32 bytes in base64.
func bytes32(v any, enc *base64.Encoding) (b [32]byte, err error) {
	s, _ := v.(string)
	d, err := enc.Strict().DecodeString(s)
	if err != nil || len(d) != 32 || enc.EncodeToString(d) != s {
		return b, errors.New("not the base64 of 32 bytes")
	}
	return [32]byte(d), nil
}
