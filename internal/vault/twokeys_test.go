package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"testing"

	"kai/internal/vault/xaes"
)

// GCM says nothing of the key that a ciphertext was made with: for any two keys, nonces and additional
// data somebody can make one ciphertext and one tag that both open, by solving one linear equation in
// GF(2¹²⁸) for one block (Dodis, Grubbs, Ristenpart, Woodage: Fast message franking, 2018, §3; Len,
// Grubbs, Ristenpart: Partitioning oracle attacks, 2021, §3). This file does that to XAES-256-GCM. It
// shares nothing with package xaes.

// element is one of GF(2¹²⁸) as GCM writes it (SP 800-38D §6.3): the coefficient of x⁰ is the most
// significant bit of the first byte.
type element struct{ hi, lo uint64 }

func elementOf(b []byte) element {
	var block [16]byte
	copy(block[:], b) // a block that is cut short ends with zeros
	return element{binary.BigEndian.Uint64(block[:]), binary.BigEndian.Uint64(block[8:])}
}

func (a element) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, a.hi), a.lo)
}

func (a element) plus(b element) element { return element{a.hi ^ b.hi, a.lo ^ b.lo} }

// times is SP 800-38D, algorithm 1.
func (a element) times(b element) (z element) {
	for i := range 128 {
		bit := a.hi >> (63 - i%64) & 1
		if i >= 64 {
			bit = a.lo >> (63 - i%64) & 1
		}
		if bit == 1 {
			z = z.plus(b)
		}
		out := b.lo & 1
		b.lo = b.lo>>1 | b.hi<<63
		b.hi >>= 1
		if out == 1 {
			b.hi ^= 0xe1 << 56
		}
	}
	return z
}

var one = element{hi: 1 << 63}

func (a element) power(n int) element {
	z := one
	for range n {
		z = z.times(a)
	}
	return z
}

// inverse is a^(2¹²⁸−2).
func (a element) inverse() element {
	z := one
	for range 127 {
		a = a.times(a)
		z = z.times(a)
	}
	return z
}

// sealingKey is a key of XAES-256-GCM and what it is used with.
type sealingKey struct{ key, additional []byte }

// inner is the key of AES-256-GCM for a nonce, from the text of C2SP's XAES-256-GCM.
func (k *sealingKey) inner(t testing.TB, nonce []byte) cipher.Block {
	outer, err := aes.NewCipher(k.key)
	must(t, err)
	var l, k1 [16]byte
	outer.Encrypt(l[:], l[:])
	binary.BigEndian.PutUint64(k1[:], binary.BigEndian.Uint64(l[:])<<1|uint64(l[8]>>7))
	binary.BigEndian.PutUint64(k1[8:], binary.BigEndian.Uint64(l[8:])<<1)
	if l[0]&0x80 != 0 {
		k1[15] ^= 0x87
	}
	var key []byte
	for i := range byte(2) {
		m := append([]byte{0, i + 1, 'X', 0}, nonce[:12]...)
		subtle.XORBytes(m, m, k1[:])
		outer.Encrypt(m, m)
		key = append(key, m...)
	}
	block, err := aes.NewCipher(key)
	must(t, err)
	return block
}

// hash is GHASH's key, and what the tag is masked with.
func (k *sealingKey) hash(t testing.TB, nonce []byte) (h, mask element) {
	block := k.inner(t, nonce)
	var b [16]byte
	block.Encrypt(b[:], b[:])
	h = elementOf(b[:])
	copy(b[:], append(bytes.Clone(nonce[12:24]), 0, 0, 0, 1))
	block.Encrypt(b[:], b[:])
	return h, elementOf(b[:])
}

func blocks(n int) int { return (n + 15) / 16 }

// tag is that of a ciphertext.
func (k *sealingKey) tag(t testing.TB, nonce, ciphertext []byte) element {
	h, tag := k.hash(t, nonce)
	var sum element
	for _, part := range [][]byte{k.additional, ciphertext} {
		for i := 0; i < len(part); i += 16 {
			sum = sum.plus(elementOf(part[i:min(i+16, len(part))])).times(h)
		}
	}
	lengths := element{8 * uint64(len(k.additional)), 8 * uint64(len(ciphertext))}
	return tag.plus(sum.plus(lengths).times(h))
}

// forTwo changes the whole block number free of a ciphertext so that both keys open it, and returns it
// with its tag.
func forTwo(t testing.TB, nonce, ciphertext []byte, free int, a, b *sealingKey) []byte {
	t.Helper()
	if 16*(free+1) > len(ciphertext) {
		t.Fatalf("block %d of %d bytes is none", free, len(ciphertext))
	}
	out := bytes.Clone(ciphertext)
	x := out[16*free : 16*free+16]
	clear(x)
	ha, _ := a.hash(t, nonce)
	hb, _ := b.hash(t, nonce)
	n := blocks(len(out)) - free + 1 // the block is multiplied so often, the lengths being the last one
	ta, tb := a.tag(t, nonce, out), b.tag(t, nonce, out)
	// ta + x·haⁿ = tb + x·hbⁿ
	copy(x, ta.plus(tb).times(ha.power(n).plus(hb.power(n)).inverse()).bytes())
	return append(out, a.tag(t, nonce, out).bytes()...)
}

// sealForTwo seals a plaintext under a, of which the block number free becomes another one, so that b
// opens it too: nonce ‖ ciphertext ‖ tag.
func sealForTwo(t testing.TB, plaintext []byte, free int, a, b *sealingKey) []byte {
	t.Helper()
	nonce := make([]byte, xaes.NonceSize)
	rand.Read(nonce)
	gcm, err := cipher.NewGCM(a.inner(t, nonce))
	must(t, err)
	sealed := gcm.Seal(nil, nonce[12:], plaintext, a.additional)
	return append(nonce, forTwo(t, nonce, sealed[:len(plaintext)], free, a, b)...)
}

// opensForTwo shows that both keys open what was sealed, with AES-256-GCM of the standard library and
// with package xaes, to two plaintexts.
func opensForTwo(t testing.TB, sealed []byte, a, b *sealingKey) (ofA, ofB []byte) {
	t.Helper()
	open := func(k *sealingKey) []byte {
		nonce := sealed[:xaes.NonceSize]
		gcm, err := cipher.NewGCM(k.inner(t, nonce))
		must(t, err)
		plain, err := gcm.Open(nil, nonce[12:], sealed[xaes.NonceSize:], k.additional)
		if err != nil {
			t.Fatalf("the attack does not work, AES-GCM: %v", err)
		}
		again, err := xaes.Open(k.key, nil, sealed, k.additional)
		if err != nil || !bytes.Equal(again, plain) {
			t.Fatalf("the attack does not work, XAES: %v", err)
		}
		return plain
	}
	ofA, ofB = open(a), open(b)
	if bytes.Equal(a.key, b.key) || bytes.Equal(ofA, ofB) {
		t.Fatal("the two keys, or what they open, are one")
	}
	return ofA, ofB
}

// The arithmetic of this file against the standard library's, and the attack itself, at every block of
// ciphertexts of some lengths, with equal and with different additional data.
func TestCiphertextForTwoKeys(t *testing.T) {
	random := func(n int) []byte {
		b := make([]byte, n)
		rand.Read(b)
		return b
	}
	for _, size := range []int{16, 32, 33, 64, 200} {
		for _, additional := range []int{0, 5, 16, 77} {
			a, b := &sealingKey{random(32), random(additional)}, &sealingKey{random(32), random(additional)}
			if additional%2 == 0 {
				b.additional = random(31)
			}
			nonce, plain := random(xaes.NonceSize), random(size)
			aead, err := xaes.New(a.key)
			must(t, err)
			sealed := aead.Seal(nil, nonce, plain, a.additional)
			if !bytes.Equal(sealed[size:], a.tag(t, nonce, sealed[:size]).bytes()) {
				t.Fatalf("%d bytes, %d of additional data: another tag", size, additional)
			}
			for free := range size / 16 {
				ofA, _ := opensForTwo(t, sealForTwo(t, plain, free, a, b), a, b)
				copy(ofA[16*free:], plain[16*free:16*free+16])
				if !bytes.Equal(ofA, plain) {
					t.Errorf("%d bytes: more than block %d has changed", size, free)
				}
			}
		}
	}
	for range 100 {
		x := elementOf(random(16))
		if x.times(x.inverse()) != one {
			t.Fatalf("%x has another inverse", x.bytes())
		}
	}
}
