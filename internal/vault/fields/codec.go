package fields

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"kai/internal/secret"
)

// Size is how many bytes the encoding of a list has, or the error that Encode ends with.
func Size(list []Field) (int, error) {
	_, size, err := sorted(list)
	return size, err
}

// Encode writes a list, in any order, into a new secret, which the caller wipes.
//
// Errors are ErrName, ErrTwice, ErrTooMany and ErrTooLarge, with the field's name.
func Encode(list []Field) (*secret.Bytes, error) {
	list, size, err := sorted(list)
	if err != nil {
		return nil, err
	}
	out := secret.New(size)
	write(out.Expose()[:0], list)
	return out, nil
}

// Append adds the encoding of a list, in any order, to dst and returns the longer slice of the
// same memory. It never moves dst: when the capacity is less than len(dst) + Size(list), nothing
// is written and the error is ErrNoRoom. Other errors are those of Encode.
func Append(dst []byte, list []Field) ([]byte, error) {
	list, size, err := sorted(list)
	if err != nil {
		return nil, err
	}
	if cap(dst)-len(dst) < size {
		return nil, fmt.Errorf("%d bytes for %d: %w", cap(dst)-len(dst), size, ErrNoRoom)
	}
	return write(dst, list), nil
}

// write appends a list that sorted returned to memory that has room for it.
func write(dst []byte, list []Field) []byte {
	for i := range list {
		dst = append(dst, byte(len(list[i].Name)))
		dst = append(dst, list[i].Name...)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(list[i].Value)))
		dst = append(dst, list[i].Value...)
	}
	return dst
}

// sorted checks a list and returns it in order, with the size of its encoding. The caller's list
// stays as it is.
func sorted(list []Field) ([]Field, int, error) {
	if len(list) > MaxFields {
		return nil, 0, ErrTooMany
	}
	byName := func(a, b Field) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(list, byName) {
		list = slices.SortedFunc(slices.Values(list), byName)
	}
	size, values := 0, 0
	for i := range list {
		name, n := list[i].Name, len(list[i].Value)
		if !validName(name) {
			return nil, 0, fmt.Errorf("field %.80q: %w", name, ErrName)
		}
		if i > 0 && name == list[i-1].Name {
			return nil, 0, fmt.Errorf("field %q: %w", name, ErrTwice)
		}
		if n > MaxValues-values {
			return nil, 0, fmt.Errorf("field %q: %w", name, ErrTooLarge)
		}
		values += n
		size += 1 + len(name) + 4 + n
	}
	return list, size, nil
}

// Parse reads a list, which must be all of b. The values are slices of b, not copies, each with no
// capacity beyond its end.
//
// Errors are ErrEnd, ErrName, ErrOrder, ErrTooMany and ErrTooLarge, with the offset of the field;
// no byte of a name or value is in them.
func Parse(b []byte) ([]Field, error) {
	var list []Field
	values := 0
	for at := 0; at < len(b); {
		if len(list) == MaxFields {
			return nil, failed(at, ErrTooMany)
		}
		name, rest, ok := cut(b[at+1:], uint64(b[at]))
		if !ok || len(rest) < 4 {
			return nil, failed(at, ErrEnd)
		}
		if !validName(name) {
			return nil, failed(at, ErrName)
		}
		if len(list) > 0 && string(name) <= list[len(list)-1].Name {
			return nil, failed(at, ErrOrder)
		}
		value, rest, ok := cut(rest[4:], uint64(binary.LittleEndian.Uint32(rest)))
		if !ok {
			return nil, failed(at, ErrEnd)
		}
		if values += len(value); values > MaxValues {
			return nil, failed(at, ErrTooLarge)
		}
		list = append(list, Field{Name: string(name), Value: value})
		at = len(b) - len(rest)
	}
	return list, nil
}

// cut splits b after n bytes.
func cut(b []byte, n uint64) (head, rest []byte, ok bool) {
	if n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

func failed(at int, err error) error { return fmt.Errorf("field at offset %d: %w", at, err) }
