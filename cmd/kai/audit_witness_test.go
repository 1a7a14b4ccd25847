package main

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/witness"
)

// listeningWitness is a witness on loopback that speaks C2SP tlog-witness.
type listeningWitness struct {
	*httptest.Server
	vkey  string
	calls []int // their statuses
	size  uint64
	root  tlog.Hash
	known bool
}

// Load and Store make it its own memory.
func (l *listeningWitness) Load(string) (uint64, tlog.Hash, bool, error) {
	return l.size, l.root, l.known, nil
}

func (l *listeningWitness) Store(_ string, size uint64, root tlog.Hash) error {
	l.size, l.root, l.known = size, root, true
	return nil
}

func listen(t *testing.T, name string, seed byte, log string) *listeningWitness {
	t.Helper()
	key := ed25519.NewKeyFromSeed(append(make([]byte, 31), seed))
	signer, err := checkpoint.NewSigner(name, checkpoint.Cosignature, key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := checkpoint.ParseVerifier(log)
	if err != nil {
		t.Fatal(err)
	}
	w, err := witness.New([]*checkpoint.Signer{signer}, []*checkpoint.Verifier{verifier})
	if err != nil {
		t.Fatal(err)
	}
	l := &listeningWitness{vkey: signer.Verifier().String()}
	l.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		var lines []byte
		var r *witness.Request
		if err == nil {
			r, err = witness.ParseRequest(body)
		}
		if err == nil {
			lines, err = w.Cosign(r, l)
		}
		status := witness.Status(err)
		l.calls = append(l.calls, status)
		if status == http.StatusConflict {
			out.Header().Set("Content-Type", witness.SizeType)
			lines = []byte(strconv.FormatUint(l.size, 10) + "\n")
		}
		out.WriteHeader(status)
		_, _ = out.Write(lines)
	}))
	t.Cleanup(l.Close)
	return l
}

// TestWitnessSubmit asks two witnesses over HTTP; the second knows less than the log thinks.
func TestWitnessSubmit(t *testing.T) {
	w, vkey, _ := provenLog(t)
	first, second := listen(t, "witness.example/a", 1, vkey), listen(t, "witness.example/b", 2, vkey)
	w.must(t, exitUntrusted, "audit", "witness", "submit", first.URL)
	if len(first.calls) > 0 {
		t.Error("asked although nobody is trusted")
	}
	w.must(t, exitDone, "audit", "witness", "trust", first.vkey)
	w.must(t, exitDone, "audit", "witness", "trust", second.vkey)
	w.must(t, exitDone, "audit", "witness", "submit", first.URL)
	if got := w.out.String(); got != "cosigned  8  witness.example/a\n" || fmt.Sprint(first.calls) != "[200]" {
		t.Errorf("%q after %d", got, first.calls)
	}

	// Another checkpoint continues the cosigned one. To the second witness it is the first.
	w.must(t, exitDone, "audit", "checkpoint", "--key", "file:ak", "--anchor", "cosig:"+first.URL)
	w.must(t, exitDone, "audit", "witness", "submit", second.URL)
	if fmt.Sprint(first.calls, second.calls) != "[200 200] [409 200]" {
		t.Errorf("first %d, second %d", first.calls, second.calls)
	}
	w.must(t, exitDone, "audit", "verify")
	if size := fmt.Sprintf("cosigned %d, anchored %d\n", first.size, first.size); !strings.Contains(w.out.String(), size) || second.size != first.size {
		t.Errorf("%s; want %s", w.out.String(), size)
	}

	// A witness that has seen more than there is, or something else, is proof against the log.
	second.size += 10
	w.must(t, exitBad, "audit", "witness", "submit", second.URL)
	second.size -= 10
	second.root[0] ^= 1
	w.must(t, exitBad, "audit", "witness", "submit", second.URL)
	w.must(t, exitDone, "audit", "checkpoint", "--key", "file:ak")
	w.must(t, exitBackend, "audit", "witness", "submit", second.URL) // 422

	// So is nothing that does not answer as a witness does; the log is not to blame for it.
	for status, header := range map[int]string{302: "/elsewhere", 404: "", 500: "", 200: ""} {
		other := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
			if header != "" {
				out.Header().Set("Location", header)
			}
			out.WriteHeader(status)
			_, _ = io.WriteString(out, strings.Repeat("no witness\n", 3))
		}))
		w.must(t, exitBackend, "audit", "witness", "submit", other.URL)
		other.Close()
	}
	w.must(t, exitDone, "audit", "verify")
}

// TestWitnessSignsNothingUnremembered: a witness whose memory is damaged does not begin a new one.
func TestWitnessSignsNothingUnremembered(t *testing.T) {
	w, vkey, _ := provenLog(t)
	w.must(t, exitDone, "audit", "witness", "request", "-o", "r")
	w.must(t, exitDone, "--home", "w", "audit", "witness", "sign", "r", "--log", vkey, "--key", "file:ak", "-o", "c1")
	states, err := filepath.Glob(filepath.Join(w.system.workDir, "w", "vault", "local", "witness", "*.json"))
	if err != nil || len(states) != 1 {
		t.Fatalf("%q, %v", states, err)
	}
	if err := os.WriteFile(states[0], []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(t, exitUndecidable, "--home", "w", "audit", "witness", "sign", "r", "--log", vkey, "--key", "file:ak")
	if w.out.Len() > 0 {
		t.Errorf("signed without a memory: %s", w.out.String())
	}
}
