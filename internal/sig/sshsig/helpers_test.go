package sshsig_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"kai/internal/digest"
	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/sshsig"
)

// memory is a message at hand.
type memory []byte

func (m memory) Sums(ctx context.Context, specs []digest.Spec) ([][]byte, error) {
	sums := make([][]byte, len(specs))
	for i, s := range specs {
		h := s.Algorithm.New()
		h.Write(s.Prefix)
		h.Write(m)
		sums[i] = h.Sum(nil)
	}
	return sums, ctx.Err()
}

func (m memory) sum(hash string) []byte {
	if hash == "sha512" {
		s := sha512.Sum512(m)
		return s[:]
	}
	s := sha256.Sum256(m)
	return s[:]
}

// oneRSA is shared: making an RSA key is slow.
var oneRSA = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newSigner(t testing.TB, kind key.Type) sig.Signer {
	t.Helper()
	var private *key.Private
	var err error
	if kind == key.RSA {
		var k *rsa.PrivateKey
		if k, err = oneRSA(); err == nil {
			private, err = key.PrivateOf(k)
		}
	} else {
		private, err = key.Generate(kind, rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	signer, err := private.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return sig.Signer{Public: private.Public(), Signer: signer}
}

func newHybrid(t testing.TB) sig.Signer {
	t.Helper()
	s, pq := newSigner(t, key.Ed25519), newSigner(t, key.MLDSA65)
	s.PQ = &pq
	return s
}

func sign(t testing.TB, s sig.Signer, namespace, hash string, message memory) []byte {
	t.Helper()
	file, err := sshsig.Sign(rand.Reader, s, namespace, hash, message.sum(hash))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func parse(t testing.TB, file []byte) []sig.Claim {
	t.Helper()
	u, err := sshsig.Parse(file, sig.DetachedLimits)
	if err != nil {
		t.Fatal(err)
	}
	return u.Claims
}

// check verifies all signatures of a file.
func check(t testing.TB, file []byte, message memory) []sig.Result {
	t.Helper()
	claims := parse(t, file)
	pointers := make([]*sig.Claim, len(claims))
	for i := range claims {
		pointers[i] = &claims[i]
	}
	results, err := sig.Check(context.Background(), pointers, message, sig.Keys(nil))
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// storedSigner makes a key and stores it in a file for ssh-keygen.
func storedSigner(t testing.TB, kind key.Type) (sig.Signer, string) {
	t.Helper()
	s := newSigner(t, kind)
	block, err := ssh.MarshalPrivateKey(s.Signer, "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, file
}
