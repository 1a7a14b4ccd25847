package sops

import (
	"context"
	"crypto/cipher"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"kai/internal/vault/transfer"
)

// macInit begins the MAC of files that authenticate only what is encrypted: the SHA-256
// of "sops" (sops.go, MACOnlyEncryptedInitialization).
const macInit = "8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69"

// Read reads a file with the age identities of opts.
//
// The errors are those of package transfer: ErrMalformed, ErrNoKey, ErrTampered when a
// value or the MAC does not hold, ErrPath and ErrLimit. A malformed rule, number or
// metadata is malformed even before any key is asked.
func Read(ctx context.Context, source transfer.Source, opts transfer.Options) (*transfer.Store, error) {
	b := transfer.NewBuilder(source.Name, false)
	defer b.Abort()
	if source.Size > maxFile {
		return nil, b.Fail(0, fmt.Errorf("%w: more than %d bytes", transfer.ErrLimit, maxFile))
	}
	file := transfer.NewBuffer(maxFile)
	defer file.Wipe()
	if _, err := file.ReadFrom(source.Reader); err != nil {
		return nil, fmt.Errorf("%q: %w", source.Name, err)
	}
	documents, flat, err := parse(b, file.Bytes())
	if err != nil {
		return nil, err
	}
	meta, err := takeMetadata(documents)
	if err != nil {
		return nil, fail(b, 0, err)
	}
	aead, err := openKey(meta, opts.Identities)
	if err != nil {
		return nil, fail(b, 0, err)
	}
	r := reader{Builder: b, ctx: ctx, meta: meta, aead: aead, hash: sha512.New(), values: make(map[*node]transfer.Value)}
	if meta.onlyEncrypted {
		initial, err := hex.DecodeString(macInit)
		if err != nil {
			return nil, err
		}
		r.hash.Write(initial)
	}
	for _, document := range documents {
		if err := r.decrypt(document, nil); err != nil {
			return nil, err
		}
	}
	if err := r.checkMAC(); err != nil {
		return nil, fail(b, 0, err)
	}
	for _, document := range documents {
		if err := r.items(document, nil, flat); err != nil {
			return nil, err
		}
	}
	return b.Done(), nil
}

// fail gives the place to an error; what has no kind is malformed.
func fail(b *transfer.Builder, line int, err error) error {
	for _, kind := range []error{transfer.ErrNoKey, transfer.ErrTampered, transfer.ErrLimit, transfer.ErrMalformed} {
		if errors.Is(err, kind) {
			return b.Fail(line, err)
		}
	}
	return b.Malformed(line, err.Error())
}

type reader struct {
	*transfer.Builder
	ctx    context.Context // of this one call
	meta   *metadata
	aead   cipher.AEAD
	hash   hash.Hash
	values map[*node]transfer.Value // of the scalars that are values
}

// decrypt walks the tree in its order, decrypts and hashes.
func (r *reader) decrypt(n *node, names []string) error {
	if n.kind == branches {
		for _, child := range n.nodes {
			below := names
			if !child.index {
				below = append(names[:len(names):len(names)], child.name)
			}
			if err := r.decrypt(child, below); err != nil {
				return err
			}
		}
		return nil
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if n.kind == null {
		return nil
	}
	encrypted := r.meta.isEncrypted(names)
	if !encrypted {
		value := n.text
		if n.kind == typed && (value == "True" || value == "False") {
			value = strings.ToLower(value)
		}
		r.values[n] = r.Arena().Copy([]byte(value))
		if !r.meta.onlyEncrypted {
			r.hash.Write([]byte(n.text))
		}
		return nil
	}
	if n.kind != text {
		return r.Malformed(n.line, "value that is not encrypted where all are")
	}
	value, kind, err := open(r.aead, r.Arena(), n.text, strings.Join(names, ":")+":")
	if err != nil {
		return fail(r.Builder, n.line, err)
	}
	if kind == "comment" {
		return nil
	}
	r.hash.Write(value.Expose())
	if kind == "bool" {
		value.Expose()[0] |= 0x20 // True and False are true and false elsewhere
	}
	r.values[n] = value
	return nil
}

func (r *reader) checkMAC() error {
	mac, _, err := open(r.aead, r.Arena(), r.meta.mac, r.meta.modified)
	if err != nil {
		return fmt.Errorf("mac: %w", err)
	}
	sum := strings.ToUpper(hex.EncodeToString(r.hash.Sum(nil)))
	if subtle.ConstantTimeCompare(mac.Expose(), []byte(sum)) != 1 {
		return fmt.Errorf("%w: the MAC differs: a value was changed, added, removed or moved", transfer.ErrTampered)
	}
	return nil
}

// items makes items of a mapping or list.
func (r *reader) items(n *node, path []string, alone bool) error {
	item := transfer.Item{Line: n.line}
	scalars := 0
	for _, child := range n.nodes {
		if child.kind != branches {
			scalars++
		}
	}
	alone = alone || len(path) == 0 || scalars > transfer.MaxFields
	elements := 0
	for _, child := range n.nodes {
		value, known := r.values[child]
		name := child.name
		if child.index {
			name = strconv.Itoa(elements)
		}
		switch {
		case child.kind == branches:
			if err := r.items(child, append(path[:len(path):len(path)], name), false); err != nil {
				return err
			}
		case child.kind == null:
			r.Left("null")
		case !known:
			continue // a comment in a list is no element of it
		case alone:
			field := transfer.Field{Name: "value", Value: value}
			if err := r.Add(transfer.Item{Line: child.line, Fields: []transfer.Field{field}}, path, name); err != nil {
				return err
			}
		default:
			item.Fields = append(item.Fields, transfer.Field{Name: name, Value: value})
		}
		elements++
	}
	if len(item.Fields) == 0 {
		return nil
	}
	return r.Add(item, path[:len(path)-1], path[len(path)-1])
}
