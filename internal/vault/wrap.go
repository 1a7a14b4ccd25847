package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"kai/internal/secret"
	"kai/internal/vault/derive"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
	"kai/internal/vault/xaes"
)

// wrap is the content of a file that holds a key for one recipient.
type wrap struct {
	epoch uint32
	vault objectid.ID
	of    string      // "ns", "slot" or "role"
	id    objectid.ID // of that
	name  string      // of the key: "vrk", "nsk", "csk", "user" or "seed"
	key   []byte
}

// seal writes the age file.
func (w *wrap) seal(to age.Recipient) ([]byte, error) {
	epoch := binary.LittleEndian.AppendUint32(nil, w.epoch)
	plain, err := fields.Encode([]fields.Field{
		{Name: "epoch", Value: epoch}, {Name: "vault", Value: w.vault[:]},
		{Name: w.of, Value: w.id[:]}, {Name: w.name, Value: w.key},
	})
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	var out bytes.Buffer
	dst, err := age.Encrypt(&out, to)
	if err == nil {
		_, err = dst.Write(plain.Expose())
	}
	if err == nil {
		err = dst.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("wrap a key: %w", err)
	}
	return out.Bytes(), nil
}

// open reads an age file and returns the key that w describes. ErrDenied means that who does not
// open it, ErrTampered that it holds something else.
func (w *wrap) open(file []byte, who age.Identity) (*secret.Bytes, error) {
	r, err := age.Decrypt(bytes.NewReader(file), who)
	var noMatch *age.NoIdentityMatchError
	if errors.As(err, &noMatch) {
		return nil, ErrDenied
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTampered, err)
	}
	plain, err := secret.Read(r, maxSmall)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTampered, err)
	}
	defer plain.Wipe()
	list, err := fields.Parse(plain.Expose())
	if err != nil || len(list) != 4 {
		return nil, fmt.Errorf("%w: not a wrapped key", ErrTampered)
	}
	epoch, _ := fields.Find(list, "epoch")
	vault, _ := fields.Find(list, "vault")
	id, _ := fields.Find(list, w.of)
	key, ok := fields.Find(list, w.name)
	if !ok || !bytes.Equal(epoch, binary.LittleEndian.AppendUint32(nil, w.epoch)) || !bytes.Equal(vault, w.vault[:]) || !bytes.Equal(id, w.id[:]) {
		return nil, fmt.Errorf("%w: the key is for something else", ErrTampered)
	}
	out := secret.New(len(key))
	copy(out.Expose(), key)
	return out, nil
}

// sealUnder seals under HK(k, use…).
func sealUnder(k *secret.Bytes, vault objectid.ID, random io.Reader, plaintext, aad []byte, use string, ctx ...string) ([]byte, error) {
	key := derive.Key(k.Expose(), vault, use, ctx...)
	defer clear(key)
	return xaes.Seal(key, random, nil, plaintext, aad)
}

// openUnder is the reverse. The error is ErrTampered.
func openUnder(k *secret.Bytes, vault objectid.ID, sealed, aad []byte, use string, ctx ...string) ([]byte, error) {
	key := derive.Key(k.Expose(), vault, use, ctx...)
	defer clear(key)
	plain, err := xaes.Open(key, nil, sealed, aad)
	if err != nil {
		return nil, fmt.Errorf("%w: it does not open with its key", ErrTampered)
	}
	return plain, nil
}

// randomSecret makes a key.
func randomSecret(random io.Reader) (*secret.Bytes, error) {
	k := secret.New(derive.Size)
	if _, err := io.ReadFull(random, k.Expose()); err != nil {
		k.Wipe()
		return nil, err
	}
	return k, nil
}
