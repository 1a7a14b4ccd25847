package peertest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	flog "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	fproof "github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/proof"
)

// secretKey is the private key of a seed in formats' text.
func secretKey(t testing.TB, s *checkpoint.Signer, b byte) string {
	t.Helper()
	data := append([]byte{byte(s.Verifier().Type())}, seed(b)...)
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", s.Name(), s.KeyHash(), base64.StdEncoding.EncodeToString(data))
}

// A key is the same there: its text, its hash.
func TestKeys(t *testing.T) {
	for _, typ := range []checkpoint.Type{checkpoint.Cosignature, checkpoint.MLDSA44} {
		ours := signer(t, "witness.example/w1", typ, 7)
		v, err := fnote.NewVerifierForCosignatureV1(ours.Verifier().String())
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		if v.Name() != ours.Name() || v.KeyHash() != ours.KeyHash() {
			t.Errorf("%s: %s+%08x", typ, v.Name(), v.KeyHash())
		}
		s, err := fnote.NewSignerForCosignatureV1(secretKey(t, ours, 7))
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		if s.KeyHash() != ours.KeyHash() {
			t.Errorf("%s: private key has hash %08x", typ, s.KeyHash())
		}
	}
	v, err := fnote.NewVerifier(logKey(t).Verifier().String())
	if err != nil || v.KeyHash() != 0x11e7e85b {
		t.Errorf("0x01: %v", err)
	}
	// An Ed25519 vkey that they turned into one for cosignatures is ours too.
	w := signer(t, origin, checkpoint.Cosignature, 0).Verifier().String()
	if theirs, err := fnote.VKeyToCosignatureV1(logKey(t).Verifier().String()); err != nil || theirs != w {
		t.Errorf("%s, %v", theirs, err)
	}
}

// Cosignatures that we make are accepted there.
func TestTheyVerifyOurs(t *testing.T) {
	l := newTree(t, 20, 20)
	for _, typ := range []checkpoint.Type{checkpoint.Cosignature, checkpoint.MLDSA44} {
		w := signer(t, "witness.example/w1", typ, 7)
		signed := sign(t, l.head(t, 20), logKey(t), w)
		own, err := fnote.NewVerifier(logKey(t).Verifier().String())
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := fnote.NewVerifierForCosignatureV1(w.Verifier().String())
		if err != nil {
			t.Fatal(err)
		}
		c, rest, n, err := flog.ParseCheckpoint(signed, origin, own, theirs)
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		root := l.head(t, 20).Root
		if c.Size != 20 || !bytes.Equal(c.Hash, root[:]) || len(rest) != 0 || len(n.Sigs) != 2 || len(n.UnverifiedSigs) != 0 {
			t.Errorf("%s: %+v, %d signatures", typ, c, len(n.Sigs))
		}
		if when, err := fnote.CoSigV1Timestamp(n.Sigs[1]); err != nil || !when.Equal(noon) {
			t.Errorf("%s: made at %v, %v", typ, when, err)
		}
		// And not for another size.
		forged := bytes.Replace(signed, []byte("\n20\n"), []byte("\n21\n"), 1)
		if _, err := note.Open(forged, note.VerifierList(theirs)); err == nil {
			t.Errorf("%s: they accept a forgery", typ)
		}
	}
}

// Cosignatures that they make are accepted here, with their time.
func TestWeVerifyTheirs(t *testing.T) {
	l := newTree(t, 20, 20)
	body, err := checkpoint.Format(l.head(t, 20))
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []checkpoint.Type{checkpoint.Cosignature, checkpoint.MLDSA44} {
		ours := signer(t, "witness.example/w1", typ, 7)
		theirs, err := fnote.NewSignerForCosignatureV1(secretKey(t, ours, 7))
		if err != nil {
			t.Fatal(err)
		}
		before := time.Now().Truncate(time.Second)
		signed, err := note.Sign(&note.Note{Text: string(body)}, theirs)
		if err != nil {
			t.Fatal(err)
		}
		v, err := checkpoint.Open(signed, ours.Verifier())
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		if s := v.Signatures()[0]; s.Time.Before(before) || s.Time.After(time.Now()) || v.Checkpoint() != l.head(t, 20) {
			t.Errorf("%s: made at %v", typ, s.Time)
		}
		forged := bytes.Replace(signed, []byte("\n20\n"), []byte("\n21\n"), 1)
		if _, err := checkpoint.Open(forged, ours.Verifier()); err == nil {
			t.Errorf("%s: we accept a forgery", typ)
		}
		if typ == checkpoint.MLDSA44 {
			verifyZeroTime(t, ours, secretKey(t, ours, 7), l.head(t, 20), body)
		}
	}
}

// verifyZeroTime accepts a subtree signature at the second 0, which says nothing
// about the time.
func verifyZeroTime(t *testing.T, ours *checkpoint.Signer, secret string, c checkpoint.Checkpoint, body []byte) {
	t.Helper()
	s, err := fnote.NewMLDSASigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	value, err := s.SignSubtree(0, c.Origin, 0, c.Size, c.Root[:])
	if err != nil {
		t.Fatal(err)
	}
	data := append(binary.BigEndian.AppendUint32(nil, ours.KeyHash()), value...)
	line := "— " + ours.Name() + " " + base64.StdEncoding.EncodeToString(data) + "\n"
	v, err := checkpoint.Open([]byte(string(body)+"\n"+line), ours.Verifier())
	if err != nil || !v.Signatures()[0].Time.IsZero() {
		t.Errorf("second 0: %v", err)
	}
}

// A proof is the same file there.
func TestProofs(t *testing.T) {
	l := newTree(t, 20, 20)
	signed := sign(t, l.head(t, 20), logKey(t))
	for i := range 20 {
		p, err := proof.Make(l.record(i), uint64(i), signed, l)
		if err != nil {
			t.Fatal(err)
		}
		data, err := proof.Format(p)
		if err != nil {
			t.Fatal(err)
		}
		var theirs fproof.TLogProof
		if err := theirs.Unmarshal(data); err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		if theirs.Index != uint64(i) || !bytes.Equal(theirs.ExtraData, l.record(i)) || !bytes.Equal(theirs.Checkpoint, signed) || len(theirs.Hashes) != len(p.Hashes) {
			t.Errorf("record %d: %+v", i, theirs)
		}
		if !bytes.Equal(theirs.Marshal(), data) {
			t.Errorf("record %d: they write\n%s", i, theirs.Marshal())
		}
		back, err := proof.Parse(theirs.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := proof.Check(back, nil, proof.Policy{Log: []*checkpoint.Verifier{logKey(t).Verifier()}}); err != nil {
			t.Errorf("record %d: %v", i, err)
		}
	}
}
