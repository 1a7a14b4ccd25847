package sshsig_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"reflect"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/sshsig"
)

// meaning is what a good signature says.
type meaning struct {
	key, pq         key.Public
	namespace, hash string
	certificate     string
}

// meaningOf returns what a file says if all of it is good.
func meaningOf(file []byte, message memory) ([]meaning, bool) {
	u, err := sshsig.Parse(file, sig.DetachedLimits)
	if err != nil {
		return nil, false
	}
	claims := make([]*sig.Claim, len(u.Claims))
	for i := range u.Claims {
		claims[i] = &u.Claims[i]
	}
	results, err := sig.Check(context.Background(), claims, message, sig.Keys(nil))
	if err != nil {
		return nil, false
	}
	var all []meaning
	for _, r := range results {
		if !r.Good() {
			return nil, false
		}
		v := r.Verified
		all = append(all, meaning{v.Key(), v.PQKey(), v.Namespace(), r.Claim.Hash, string(r.Claim.Certificate)})
	}
	return all, true
}

// A changed byte either spoils the file or changes nothing that it says. The
// one way to change nothing is white space in the armor.
func TestEveryByteFlipped(t *testing.T) {
	for name, s := range map[string]sig.Signer{"ed25519": newSigner(t, key.Ed25519), "ecdsa": newSigner(t, key.ECDSAP256), "hybrid": newHybrid(t)} {
		file := sign(t, s, "file", "sha256", memory(message))
		want, ok := meaningOf(file, memory(message))
		if !ok {
			t.Fatal(name)
		}
		bits := []byte{1, 2, 4, 8, 16, 32, 64, 128}
		if name == "hybrid" || testing.Short() {
			bits = bits[:1]
		}
		for i := range file {
			for _, bit := range bits {
				changed := bytes.Clone(file)
				changed[i] ^= bit
				got, ok := meaningOf(changed, memory(message))
				if ok && !reflect.DeepEqual(got, want) {
					t.Errorf("%s: byte %d with %#x flipped says %+v", name, i, bit, got)
				}
				if ok && changed[i] > ' ' {
					t.Errorf("%s: byte %d as %q is still good", name, i, changed[i])
				}
			}
		}
	}
}

// FuzzFlip changes a good file in two places and by a cut.
func FuzzFlip(f *testing.F) {
	file := sign(f, newHybrid(f), "file", "sha256", memory(message))
	second := sign(f, newSigner(f, key.ECDSAP256), "file", "sha512", memory(message))
	file = append(file, second...)
	want, ok := meaningOf(file, memory(message))
	if !ok || len(want) != 2 {
		f.Fatal("the seed is not good")
	}
	f.Add(uint16(40), byte(1), uint16(300), byte(1), uint16(0))
	f.Add(uint16(5000), byte(0x20), uint16(0), byte(0), uint16(0))
	f.Add(uint16(0), byte(0), uint16(0), byte(0), uint16(len(second)))
	f.Fuzz(func(t *testing.T, at1 uint16, x1 byte, at2 uint16, x2 byte, cut uint16) {
		changed := bytes.Clone(file)
		changed[int(at1)%len(file)] ^= x1
		changed[int(at2)%len(file)] ^= x2
		changed = changed[:len(file)-int(cut)%len(file)]
		got, ok := meaningOf(changed, memory(message))
		// Whole signatures may be cut off the end: what is left says the same.
		if ok && !(reflect.DeepEqual(got, want) || reflect.DeepEqual(got, want[:1]) || isStripped(got, want)) {
			t.Errorf("says %+v", got)
		}
	})
}

// isStripped reports whether got is the first signature without its KAI block.
func isStripped(got, want []meaning) bool {
	first := want[0]
	first.pq = key.Public{}
	return len(got) == 1 && got[0] == first
}

// FuzzParse: no panic, and an accepted file is written again from its parts as
// the same blocks.
func FuzzParse(f *testing.F) {
	seeds := [][]byte{
		sign(f, newHybrid(f), "file", "sha256", memory(message)),
		sign(f, newSigner(f, key.ECDSAP256), "git", "sha512", memory(message)),
		sign(f, newSigner(f, key.RSA), "git", "sha512", memory(message)),
		testdata(f, "ed25519_sk"),
		testdata(f, "ecdsa_sk_webauthn"),
		testdata(f, "mldsa44-ed25519"),
		certified(f),
	}
	for _, s := range seeds {
		if _, err := sshsig.Parse(s, sig.DetachedLimits); err != nil {
			f.Fatalf("seed: %v", err)
		}
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		u, err := sshsig.Parse(file, sig.DetachedLimits)
		if err != nil {
			return
		}
		again, whole := sshsig.Rewrite(file)
		if !whole {
			t.Fatal("blocks are not rewritten to the same bytes")
		}
		twice, err := sshsig.Parse(again, sig.DetachedLimits)
		if err != nil || len(twice.Claims) != len(u.Claims) {
			t.Fatalf("canonical form is read otherwise: %v", err)
		}
		for i := range u.Claims {
			a, b := u.Claims[i], twice.Claims[i]
			if a.Key != b.Key || a.Namespace != b.Namespace || a.Hash != b.Hash || a.Scheme != b.Scheme || !bytes.Equal(a.Signature, b.Signature) || (a.PQ == nil) != (b.PQ == nil) {
				t.Fatalf("claim %d differs", i)
			}
		}
		for _, raw := range sshsig.Blocks(file) {
			if before, after, ok := sshsig.RewriteValue(raw); ok && !bytes.Equal(before, after) {
				t.Fatal("signature value is not rewritten to the same bytes")
			}
		}
	})
}

// certified is a signature with a certificate.
func certified(f *testing.F) []byte {
	s := newSigner(f, key.Ed25519)
	file, err := sshsig.SignCertified(rand.Reader, s, certify(f, s, newSigner(f, key.ECDSAP256)), "file", "sha256", memory(message).sum("sha256"))
	if err != nil {
		f.Fatal(err)
	}
	return file
}
