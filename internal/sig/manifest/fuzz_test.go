package manifest_test

import (
	"bytes"
	"errors"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/manifest"
	"kai/internal/sig/sigtest"
)

// seeds are manifests with and without signatures, and their proofs.
func seeds(t testing.TB) (manifests, proofs [][]byte) {
	t.Helper()
	for _, m := range []*manifest.Manifest{
		build(t, grow(t, t.TempDir(), nil), manifest.Options{}),
		build(t, grow(t, t.TempDir(), tree{"a\n": file("")}), manifest.Options{Exclude: []string{"*.o", "b/*"}}),
		signed(t),
		signed(t, sigtest.Signer(t, key.Ed25519)),
		signed(t, hybrid(t), sigtest.Signer(t, key.ECDSAP256)),
	} {
		manifests = append(manifests, []byte(text(t, m)))
		for e := range m.Entries() {
			p, err := m.Prove(e.Raw())
			if err != nil {
				t.Fatal(err)
			}
			proofs = append(proofs, p.Bytes())
		}
	}
	if len(manifests) < 5 || len(proofs) < 10 {
		t.Fatalf("only %d and %d seeds", len(manifests), len(proofs))
	}
	return manifests, proofs
}

// parserErrors are all that a parser says about bytes at hand.
func parserErrors(t *testing.T, err error) {
	t.Helper()
	if !isContent(err) && !errors.Is(err, sig.ErrMalformed) && !errors.Is(err, sig.ErrTooLarge) &&
		!errors.Is(err, sig.ErrUnsupported) && !errors.Is(err, sig.ErrNamespace) {
		t.Errorf("unexpected kind of error: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	manifests, _ := seeds(f)
	for _, m := range manifests {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := manifest.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			parserErrors(t, err)
			return
		}
		if got := text(t, m); got != string(data) {
			t.Errorf("written again:\n%q\nnot\n%q", got, data)
		}
		n := int64(0)
		for e, err := range m.Entries() {
			if err != nil {
				t.Fatal(err)
			}
			if manifest.Escape(e.Raw()) != e.Path {
				t.Errorf("path %q is not as it is written", e.Path)
			}
			n++
		}
		if n != m.Head().Entries {
			t.Errorf("%d entries, the head says %d", n, m.Head().Entries)
		}
	})
}

func FuzzReadProof(f *testing.F) {
	_, proofs := seeds(f)
	for _, p := range proofs {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := manifest.ReadProof(bytes.NewReader(data))
		if err != nil {
			parserErrors(t, err)
			return
		}
		if got := p.Bytes(); !bytes.Equal(got, data) {
			t.Errorf("written again:\n%q\nnot\n%q", got, data)
		}
	})
}
