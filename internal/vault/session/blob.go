package session

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"kai/internal/secret"
	"kai/internal/vault/derive"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
	"kai/internal/vault/xaes"
)

// magic begins a blob.
const magic = "KAISESS1"

// userSuffix ends the name of the blob that holds the user key.
const userSuffix = ".u"

func blobName(vault, sid objectid.ID) string { return vault.String() + "." + sid.String() }

// parseBlobName tells the blobs in a directory from what else is there.
func parseBlobName(name string) (vault, sid objectid.ID, user, ok bool) {
	name, user = strings.CutSuffix(name, userSuffix)
	v, s, found := strings.Cut(name, ".")
	vault, err := objectid.Parse(v)
	if err != nil || !found {
		return vault, sid, false, false
	}
	sid, err = objectid.Parse(s)
	return vault, sid, user, err == nil
}

// seal makes a blob for a file name.
func seal(s *secret.Bytes, vault objectid.ID, name string, random io.Reader, list []fields.Field) ([]byte, error) {
	plain, err := fields.Encode(list)
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	key := derive.Key(s.Expose(), vault, "session")
	defer secret.Zero(key)
	out := make([]byte, 0, len(magic)+xaes.NonceSize+plain.Len()+xaes.Overhead)
	return xaes.Seal(key, random, append(out, magic...), plain.Expose(), []byte(magic+name))
}

// open returns what seal took, which the caller wipes. The error is ErrTampered.
func open(s *secret.Bytes, vault objectid.ID, name string, blob []byte) (*secret.Bytes, error) {
	sealed, ok := bytes.CutPrefix(blob, []byte(magic))
	if !ok || len(sealed) < xaes.NonceSize+xaes.Overhead {
		return nil, fmt.Errorf("session %s: %w", name, ErrTampered)
	}
	key := derive.Key(s.Expose(), vault, "session")
	defer secret.Zero(key)
	plain := secret.New(len(sealed) - xaes.NonceSize - xaes.Overhead)
	if _, err := xaes.Open(key, plain.Expose()[:0], sealed, []byte(magic+name)); err != nil {
		plain.Wipe()
		return nil, fmt.Errorf("session %s: %w", name, ErrTampered)
	}
	return plain, nil
}

// The names of the fields, in their order.
var (
	sessionFields = []string{"audit", "begun", "boot", "device", "idle", "keys", "not_after", "scope", "slot", "user"}
	userFields    = []string{"begun", "boot", "keys", "not_after"}
)

func u64(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

func spanFields(s *span, keys *secret.Bytes) []fields.Field {
	return []fields.Field{
		{Name: "begun", Value: u64(s.begun.Wall.UnixMilli())},
		{Name: "boot", Value: u64(s.begun.Boot.Milliseconds())},
		{Name: "keys", Value: keys.Expose()},
		{Name: "not_after", Value: u64(s.notAfter.UnixMilli())},
	}
}

// reader takes the values of a list of fields; err is ErrNewer after one that is not as expected.
type reader struct {
	list []fields.Field
	err  error
}

// newReader holds a list against its names: all of them and no other.
func newReader(plain []byte, names []string) *reader {
	list, err := fields.Parse(plain)
	same := slices.EqualFunc(list, names, func(f fields.Field, name string) bool { return f.Name == name })
	if err != nil || !same {
		return &reader{err: ErrNewer} // it was sealed under S: nobody else has made it
	}
	return &reader{list: list}
}

func (r *reader) bytes(name string) []byte {
	b, _ := fields.Find(r.list, name)
	return b
}

func (r *reader) sized(name string, n int) []byte {
	b := r.bytes(name)
	if len(b) != n {
		r.err = ErrNewer
		return make([]byte, n)
	}
	return b
}

// maxMillis is far beyond any time here, and far from where a time.Duration ends.
const maxMillis = 1 << 43

func (r *reader) millis(name string) int64 {
	n := binary.LittleEndian.Uint64(r.sized(name, 8))
	if n > maxMillis {
		r.err = ErrNewer
		return 0
	}
	return int64(n)
}

func (r *reader) duration(name string) time.Duration {
	return time.Duration(r.millis(name)) * time.Millisecond
}

func (r *reader) time(name string) time.Time { return time.UnixMilli(r.millis(name)).UTC() }

func (r *reader) id(name string) objectid.ID { return objectid.ID(r.sized(name, objectid.Size)) }

func (r *reader) span() span {
	return span{begun: Now{r.time("begun"), r.duration("boot")}, notAfter: r.time("not_after")}
}
