package peertest

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"fmt"
	"iter"
	"testing"
	"time"

	"filippo.io/mldsa"
	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
)

const origin = "kind.local/audit/01JGK3F0Q0000000000000000A"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// tree is a log in memory. From fork on its records differ from those of others.
type tree struct {
	n, fork int
	hashes  []tlog.Hash
}

func newTree(t testing.TB, n, fork int) *tree {
	t.Helper()
	l := &tree{fork: fork}
	for ; l.n < n; l.n++ {
		hashes, err := tlog.StoredHashes(int64(l.n), l.record(l.n), l)
		if err != nil {
			t.Fatal(err)
		}
		l.hashes = append(l.hashes, hashes...)
	}
	return l
}

func (l *tree) record(i int) []byte { return fmt.Appendf(nil, `{"fork":%t,"n":%d}`, i >= l.fork, i) }

func (l *tree) records() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range l.n {
			if !yield(l.record(i), nil) {
				return
			}
		}
	}
}

func (l *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(l.hashes)) {
			return nil, fmt.Errorf("hash %d is not stored", x)
		}
		out[i] = l.hashes[x]
	}
	return out, nil
}

func (l *tree) head(t testing.TB, size int) checkpoint.Checkpoint {
	t.Helper()
	root, err := tlog.TreeHash(int64(size), l)
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint.Checkpoint{Origin: origin, Size: uint64(size), Root: root}
}

func seed(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func signer(t testing.TB, name string, typ checkpoint.Type, b byte) *checkpoint.Signer {
	t.Helper()
	var k crypto.Signer = ed25519.NewKeyFromSeed(seed(b))
	if typ == checkpoint.MLDSA44 {
		pq, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed(b))
		if err != nil {
			t.Fatal(err)
		}
		k = pq
	}
	s, err := checkpoint.NewSigner(name, typ, k, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func logKey(t testing.TB) *checkpoint.Signer { return signer(t, origin, checkpoint.Ed25519, 0) }

func sign(t testing.TB, c checkpoint.Checkpoint, signers ...*checkpoint.Signer) []byte {
	t.Helper()
	n, err := checkpoint.Sign(c, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
