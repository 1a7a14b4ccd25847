package secret_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"hash"
	"reflect"
	"testing"
	"unsafe"

	"kai/internal/secret"
)

// state is the memory of what p points to.
func state(p any) []byte {
	v := reflect.ValueOf(p)
	return unsafe.Slice((*byte)(v.UnsafePointer()), v.Elem().Type().Size())
}

// What the standard library keeps of a key is found there, and gone after Forget.
func TestForget(t *testing.T) {
	key := []byte("an AES key of thirty-two bytes!!")
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	h.Write(key)
	for _, p := range []any{block, gcm, h} {
		memory := state(p)
		if !bytes.Contains(memory, key) {
			t.Errorf("%T does not hold the key: this test shows nothing", p)
		}
		secret.Forget(p)
		if bytes.Contains(memory, key[:4]) || bytes.Count(memory, []byte{0}) != len(memory) {
			t.Errorf("%T: %x", p, memory)
		}
	}
	for _, p := range []any{nil, hash.Hash(nil), 7, (*int)(nil), struct{}{}} {
		secret.Forget(p)
	}
}
