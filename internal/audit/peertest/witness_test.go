package peertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	peerclient "github.com/transparency-dev/witness/client/http"
	"github.com/transparency-dev/witness/persistence/inmemory"
	peer "github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/post"
	"kai/internal/audit/witness"
	"kai/internal/durable"
)

const witnessName = "witness.example/w1"

// theirWitness runs the peer on loopback, with a key of each type, and returns its
// address and its keys.
func theirWitness(t *testing.T) (prefix string, calls *int, keys []*checkpoint.Verifier) {
	t.Helper()
	var signers []note.Signer
	for i, typ := range []checkpoint.Type{checkpoint.Cosignature, checkpoint.MLDSA44} {
		ours := signer(t, witnessName, typ, byte(7+i))
		s, err := fnote.NewSignerForCosignatureV1(secretKey(t, ours, byte(7+i)))
		if err != nil {
			t.Fatal(err)
		}
		signers = append(signers, s)
		keys = append(keys, ours.Verifier())
	}
	own, err := fnote.NewVerifier(logKey(t).Verifier().String())
	if err != nil {
		t.Fatal(err)
	}
	w, err := peer.New(t.Context(), peer.Opts{
		Persistence: inmemory.New(),
		Signers:     signers,
		VerifierForLog: func(_ context.Context, asked string) (note.Verifier, bool, error) {
			return own, asked == origin, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	calls = new(int)
	mux := http.NewServeMux()
	handler := peer.NewHTTPHandler(w)
	mux.HandleFunc("POST /add-checkpoint", func(w http.ResponseWriter, r *http.Request) {
		*calls++
		handler.AddCheckpoint(w, r)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, calls, keys
}

func newRequest(t *testing.T, l *tree, old, size int) *witness.Request {
	t.Helper()
	// The log signs with both of its keys, and others have signed too.
	pq, other := signer(t, origin, checkpoint.MLDSA44, 1), signer(t, "w9", checkpoint.Cosignature, 9)
	r, err := witness.NewRequest(uint64(old), sign(t, l.head(t, size), logKey(t), pq, other), l)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Their witness follows a log that we submit, through the 409 too.
func TestSubmitToTheirWitness(t *testing.T) {
	l := newTree(t, 1000, 1000)
	prefix, calls, keys := theirWitness(t)
	for _, step := range []struct{ old, size, calls int }{
		{0, 10, 1},     // the first
		{10, 300, 1},   // grows
		{300, 300, 1},  // the same again, for a fresh time
		{0, 301, 2},    // 409: 300
		{10, 999, 2},   // 409: 301
		{999, 1000, 1}, // grows by one
		{500, 1000, 2}, // 409 with our own size
	} {
		*calls = 0
		r := newRequest(t, l, step.old, step.size)
		before := time.Now().Truncate(time.Second)
		lines, err := witness.Submit(t.Context(), post.Client{}, prefix, r, l)
		if err != nil {
			t.Fatalf("%d to %d: %v", step.old, step.size, err)
		}
		if *calls != step.calls {
			t.Errorf("%d to %d: %d calls, want %d", step.old, step.size, *calls, step.calls)
		}
		merged, err := checkpoint.Merge(r.Checkpoint, lines, keys...)
		if err != nil {
			t.Fatalf("%d to %d: %v", step.old, step.size, err)
		}
		v, err := checkpoint.Open(merged, append(keys, logKey(t).Verifier())...)
		if err != nil || len(v.Signatures()) != 3 {
			t.Fatalf("%d to %d: %v", step.old, step.size, err)
		}
		for _, k := range keys {
			if s, ok := v.By(k); !ok || s.Time.Before(before) || s.Time.After(time.Now()) {
				t.Errorf("%d to %d: %s at %v", step.old, step.size, k.Type(), s.Time)
			}
		}
	}
}

// What their witness refuses comes back as an error.
func TestTheirWitnessRefuses(t *testing.T) {
	l, fork := newTree(t, 100, 100), newTree(t, 100, 20)
	prefix, _, _ := theirWitness(t)
	if _, err := witness.Submit(t.Context(), post.Client{}, prefix, newRequest(t, l, 0, 50), l); err != nil {
		t.Fatal(err)
	}
	foreign := l.head(t, 60)
	foreign.Origin = "example.com/other"
	stranger := sign(t, foreign, signer(t, foreign.Origin, checkpoint.Ed25519, 5))
	impostor := sign(t, l.head(t, 60), signer(t, origin, checkpoint.Ed25519, 6))
	for name, c := range map[string]struct {
		request *witness.Request
		tree    *tree
		code    int   // of a StatusError
		want    error // or this
	}{
		"rollback":    {newRequest(t, l, 0, 40), l, 0, witness.ErrRollback},
		"fork":        {newRequest(t, fork, 50, 50), fork, 422, nil},
		"fork beyond": {newRequest(t, fork, 50, 60), fork, 422, nil},
		"unknown log": {&witness.Request{Checkpoint: stranger}, l, 404, nil},
		"impostor":    {&witness.Request{Old: 50, Checkpoint: impostor}, l, 0, nil},
		"no such":     {&witness.Request{Old: 50, Proof: make([]tlog.Hash, 3), Checkpoint: newRequest(t, l, 50, 60).Checkpoint}, l, 422, nil},
	} {
		lines, err := witness.Submit(t.Context(), post.Client{}, prefix, c.request, c.tree)
		var status *witness.StatusError
		if lines != nil || err == nil || c.want != nil && !errors.Is(err, c.want) || c.code != 0 && (!errors.As(err, &status) || status.Code != c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Their client talks to our witness, whose memory is files, and is refused what it
// must be.
func TestTheirClient(t *testing.T) {
	w, err := witness.New(
		[]*checkpoint.Signer{signer(t, witnessName, checkpoint.Cosignature, 7), signer(t, witnessName, checkpoint.MLDSA44, 8)},
		[]*checkpoint.Verifier{logKey(t).Verifier()})
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		lines, err := answer(in, w, durable.NewDir(root))
		var conflict *witness.ConflictError
		if errors.As(err, &conflict) {
			out.Header().Set("Content-Type", witness.SizeType)
			lines = fmt.Appendf(nil, "%d\n", conflict.Size)
		}
		out.WriteHeader(witness.Status(err))
		out.Write(lines)
	}))
	defer server.Close()
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := peerclient.NewWitness(address, http.DefaultClient)

	l, fork := newTree(t, 100, 100), newTree(t, 100, 20)
	foreign := l.head(t, 60)
	foreign.Origin = "example.com/other"
	for _, step := range []struct {
		name     string
		request  *witness.Request
		oldSize  uint64
		want     error
		wantSize uint64
	}{
		{"first", newRequest(t, l, 0, 50), 0, nil, 0},
		{"grows", newRequest(t, l, 50, 60), 50, nil, 0},
		{"the same again", newRequest(t, l, 60, 60), 60, nil, 0},
		{"stale", newRequest(t, l, 50, 70), 50, peer.ErrCheckpointStale, 60},
		{"rollback", newRequest(t, l, 50, 55), 50, peer.ErrCheckpointStale, 60},
		{"fork", newRequest(t, fork, 60, 60), 60, peer.ErrRootMismatch, 0},
		{"fork beyond", newRequest(t, fork, 60, 70), 60, peer.ErrInvalidProof, 0},
		{"unknown log", &witness.Request{Checkpoint: sign(t, foreign, signer(t, foreign.Origin, checkpoint.Ed25519, 5))}, 0, peer.ErrUnknownLog, 0},
		{"impostor", &witness.Request{Old: 60, Checkpoint: sign(t, l.head(t, 60), signer(t, origin, checkpoint.Ed25519, 6))}, 60, peer.ErrNoValidSignature, 0},
		{"old size too large", newRequest(t, l, 60, 70), 71, peer.ErrOldSizeInvalid, 0},
		{"grows after all", newRequest(t, l, 60, 100), 60, nil, 0},
	} {
		var hashes [][]byte
		for _, h := range step.request.Proof {
			hashes = append(hashes, h[:])
		}
		lines, size, err := c.Update(t.Context(), step.oldSize, step.request.Checkpoint, hashes)
		if !errors.Is(err, step.want) || size != step.wantSize {
			t.Errorf("%s: size %d, %v", step.name, size, err)
		}
		if err != nil {
			continue
		}
		for _, typ := range []checkpoint.Type{checkpoint.Cosignature, checkpoint.MLDSA44} {
			b := byte(7)
			if typ == checkpoint.MLDSA44 {
				b = 8
			}
			v, err := fnote.NewVerifierForCosignatureV1(signer(t, witnessName, typ, b).Verifier().String())
			if err != nil {
				t.Fatal(err)
			}
			n, err := note.Open(append(step.request.Checkpoint[:len(step.request.Checkpoint):len(step.request.Checkpoint)], lines...), note.VerifierList(v))
			if err != nil || len(n.Sigs) != 1 {
				t.Errorf("%s: %s: %v", step.name, typ, err)
			}
		}
	}
}

// answer is one call to our witness.
func answer(in *http.Request, w *witness.Witness, dir *durable.Dir) (lines []byte, err error) {
	data, err := io.ReadAll(io.LimitReader(in.Body, witness.MaxRequest+1))
	if err != nil {
		return nil, err
	}
	r, err := witness.ParseRequest(data)
	if err != nil {
		return nil, err
	}
	memory, err := witness.OpenFiles(in.Context(), dir, time.Millisecond)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, memory.Close()) }()
	return w.Cosign(r, memory)
}
