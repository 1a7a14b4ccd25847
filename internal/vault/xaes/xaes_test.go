package xaes_test

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha3"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/crypto/chacha20poly1305"

	"kai/internal/vault/xaes"
)

func mustNew(t testing.TB, key []byte) cipher.AEAD {
	t.Helper()
	a, err := xaes.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The examples of the specification; the two keys have a different top bit in L.
func TestVectors(t *testing.T) {
	for _, v := range []struct {
		key       byte
		aad, want string
	}{
		{1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		a := mustNew(t, bytes.Repeat([]byte{v.key}, xaes.KeySize))
		nonce := []byte("ABCDEFGHIJKLMNOPQRSTUVWX")
		got := a.Seal(nil, nonce, []byte("XAES-256-GCM"), []byte(v.aad))
		if hex.EncodeToString(got) != v.want {
			t.Errorf("key %d: %x, want %s", v.key, got, v.want)
		}
		plain, err := a.Open(nil, nonce, got, []byte(v.aad))
		if err != nil || string(plain) != "XAES-256-GCM" {
			t.Errorf("key %d: opens as %q, %v", v.key, plain, err)
		}
	}
}

// Keys, nonces, lengths, plaintexts and associated data out of SHAKE-128 of nothing; the digest
// is of all ciphertexts.
func TestAccumulated(t *testing.T) {
	rounds, want := 1_000_000, "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15"
	if testing.Short() {
		rounds, want = 10_000, "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
	}
	source, digest := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	read := func(n int) []byte {
		b := make([]byte, n)
		_, _ = source.Read(b)
		return b
	}
	for i := range rounds {
		key, nonce := read(xaes.KeySize), read(xaes.NonceSize)
		plain := read(int(read(1)[0]))
		aad := read(int(read(1)[0]))
		a := mustNew(t, key)
		ct := a.Seal(nil, nonce, plain, aad)
		back, err := a.Open(nil, nonce, ct, aad)
		if err != nil || !bytes.Equal(back, plain) {
			t.Fatalf("round %d does not open: %v", i, err)
		}
		_, _ = digest.Write(ct)
	}
	got := make([]byte, 32)
	_, _ = digest.Read(got)
	if hex.EncodeToString(got) != want {
		t.Errorf("%d rounds: %x, want %s", rounds, got, want)
	}
}

func TestEveryBit(t *testing.T) {
	key := bytes.Repeat([]byte{7}, xaes.KeySize)
	aad := []byte("where it belongs")
	sealed, err := xaes.Seal(key, rand.Reader, nil, []byte("a secret"), aad)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{key, sealed, aad} {
		for i := range len(part) * 8 {
			part[i/8] ^= 1 << (i % 8)
			if _, err := xaes.Open(key, nil, sealed, aad); !errors.Is(err, xaes.ErrOpen) {
				t.Fatalf("bit %d changed: %v", i, err)
			}
			part[i/8] ^= 1 << (i % 8)
		}
	}
	for n := range sealed {
		if _, err := xaes.Open(key, nil, sealed[:n], aad); !errors.Is(err, xaes.ErrOpen) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if plain, err := xaes.Open(key, nil, sealed, aad); err != nil || string(plain) != "a secret" {
		t.Fatalf("unchanged: %q, %v", plain, err)
	}
}

func TestAppendsAndWorksInPlace(t *testing.T) {
	a := mustNew(t, make([]byte, xaes.KeySize))
	nonce := make([]byte, xaes.NonceSize)
	want := a.Seal(nil, nonce, []byte("plain"), nil)

	got := a.Seal([]byte("head"), nonce, []byte("plain"), nil)
	if string(got[:4]) != "head" || !bytes.Equal(got[4:], want) {
		t.Errorf("appended: %x", got)
	}
	buffer := append(make([]byte, 0, 64), "plain"...)
	sealed := a.Seal(buffer[:0], nonce, buffer, nil)
	if &sealed[0] != &buffer[0] || !bytes.Equal(sealed, want) {
		t.Errorf("in place: %x", sealed)
	}
	plain, err := a.Open(sealed[:0], nonce, sealed, nil)
	if err != nil || &plain[0] != &buffer[0] || string(plain) != "plain" {
		t.Errorf("opened in place: %q, %v", plain, err)
	}
	if a.NonceSize() != xaes.NonceSize || a.Overhead() != len(want)-len("plain") {
		t.Error("sizes are wrong")
	}

	record, err := xaes.Seal(make([]byte, xaes.KeySize), bytes.NewReader(nonce), []byte("head"), []byte("plain"), nil)
	if err != nil || !bytes.Equal(record, append(append([]byte("head"), nonce...), want...)) {
		t.Errorf("record: %x, %v", record, err)
	}
	plain, err = xaes.Open(make([]byte, xaes.KeySize), []byte("head"), record[4:], nil)
	if err != nil || string(plain) != "headplain" {
		t.Errorf("record opened: %q, %v", plain, err)
	}
}

func TestRefusals(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := xaes.New(make([]byte, n)); !errors.Is(err, xaes.ErrKeySize) {
			t.Errorf("key of %d bytes: %v", n, err)
		}
		if _, err := xaes.Seal(make([]byte, n), rand.Reader, nil, nil, nil); !errors.Is(err, xaes.ErrKeySize) {
			t.Errorf("sealed with %d bytes: %v", n, err)
		}
		if _, err := xaes.Open(make([]byte, n), nil, make([]byte, 64), nil); !errors.Is(err, xaes.ErrKeySize) {
			t.Errorf("opened with %d bytes: %v", n, err)
		}
	}
	key := make([]byte, xaes.KeySize)
	if _, err := xaes.Seal(key, strings.NewReader("short"), nil, nil, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("short randomness: %v", err)
	}
	broken := errors.New("broken")
	if _, err := xaes.Seal(key, iotest.ErrReader(broken), nil, nil, nil); !errors.Is(err, broken) {
		t.Errorf("broken randomness: %v", err)
	}
	a := mustNew(t, key)
	for _, n := range []int{0, 12, 23, 25} {
		mustPanic(t, func() { a.Seal(nil, make([]byte, n), nil, nil) })
		mustPanic(t, func() { _, _ = a.Open(nil, make([]byte, n), make([]byte, 16), nil) })
	}
}

func mustPanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("a nonce of the wrong length was taken")
		}
	}()
	f()
}

// The key may be wiped as soon as New has returned.
func TestKeyIsNotKept(t *testing.T) {
	key := bytes.Repeat([]byte{9}, xaes.KeySize)
	nonce := make([]byte, xaes.NonceSize)
	a := mustNew(t, key)
	before := a.Seal(nil, nonce, []byte("x"), nil)
	clear(key)
	if !bytes.Equal(before, a.Seal(nil, nonce, []byte("x"), nil)) {
		t.Error("the ciphertext changed with the caller's key")
	}
}

func TestConcurrent(t *testing.T) {
	a := mustNew(t, make([]byte, xaes.KeySize))
	done := make(chan error)
	for i := range 8 {
		go func() {
			nonce := bytes.Repeat([]byte{byte(i)}, xaes.NonceSize)
			for range 100 {
				if plain, err := a.Open(nil, nonce, a.Seal(nil, nonce, nonce, nil), nil); err != nil || !bytes.Equal(plain, nonce) {
					done <- errors.New("mixed up")
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// XChaCha20-Poly1305 is the other AEAD with nonces of this size.
func BenchmarkSeal(b *testing.B) {
	key := make([]byte, xaes.KeySize)
	peer, err := chacha20poly1305.NewX(key)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		aead cipher.AEAD
	}{{"xaes", mustNew(b, key)}, {"xchacha20poly1305", peer}} {
		b.Run(c.name, func(b *testing.B) {
			nonce, plain := make([]byte, xaes.NonceSize), make([]byte, 192)
			dst := make([]byte, 0, len(plain)+xaes.Overhead)
			b.ReportAllocs()
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				c.aead.Seal(dst, nonce, plain, nil)
			}
		})
	}
}
