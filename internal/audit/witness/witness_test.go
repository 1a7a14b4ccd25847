package witness_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"filippo.io/mldsa"
	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/witness"
)

const origin = "kind.local/audit/01JGK3F0Q0000000000000000A"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// tree is a log in memory.
type tree struct {
	n      int64
	hashes []tlog.Hash
}

var errShort = errors.New("hash not stored")

func (l *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(l.hashes)) {
			return nil, errShort
		}
		out[i] = l.hashes[x]
	}
	return out, nil
}

func (l *tree) append(t testing.TB, records ...string) {
	t.Helper()
	for _, r := range records {
		hashes, err := tlog.StoredHashes(l.n, []byte(r), l)
		if err != nil {
			t.Fatal(err)
		}
		l.hashes = append(l.hashes, hashes...)
		l.n++
	}
}

func (l *tree) head(t testing.TB, size int) checkpoint.Checkpoint {
	t.Helper()
	root, err := tlog.TreeHash(int64(size), l)
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint.Checkpoint{Origin: origin, Size: uint64(size), Root: root}
}

// numbered is a log whose records from fork on differ from those of others.
func numbered(t testing.TB, n, fork int) *tree {
	l := &tree{}
	for i := range n {
		if i < fork {
			l.append(t, fmt.Sprintf(`{"n":%d}`, i))
		} else {
			l.append(t, fmt.Sprintf(`{"n":%d,"fork":true}`, i))
		}
	}
	return l
}

func signer(t testing.TB, name string, typ checkpoint.Type, b byte) *checkpoint.Signer {
	t.Helper()
	seed := bytes.Repeat([]byte{b}, 32)
	var k crypto.Signer = ed25519.NewKeyFromSeed(seed)
	if typ == checkpoint.MLDSA44 {
		pq, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed)
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

func log(t testing.TB) *checkpoint.Signer { return signer(t, origin, checkpoint.Ed25519, 0) }

func sign(t testing.TB, c checkpoint.Checkpoint, signers ...*checkpoint.Signer) []byte {
	t.Helper()
	n, err := checkpoint.Sign(c, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// request asks for the head of a log, from a size.
func request(t testing.TB, l *tree, old, size int) *witness.Request {
	t.Helper()
	r, err := witness.NewRequest(uint64(old), sign(t, l.head(t, size), log(t)), l)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func body(t testing.TB, r *witness.Request) []byte {
	t.Helper()
	data, err := r.Format()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// inMemory is a Memory that counts and fails on demand.
type inMemory struct {
	size   uint64
	root   tlog.Hash
	known  bool
	stores int
	load   error
	store  error
}

func (m *inMemory) Load(string) (uint64, tlog.Hash, bool, error) {
	return m.size, m.root, m.known, m.load
}

func (m *inMemory) Store(_ string, size uint64, root tlog.Hash) error {
	if m.store == nil {
		m.size, m.root, m.known = size, root, true
		m.stores++
	}
	return m.store
}

// remembers is a memory of a log at a size.
func remembers(t testing.TB, l *tree, size int) *inMemory {
	return &inMemory{size: uint64(size), root: l.head(t, size).Root, known: true}
}

func cosigners(t testing.TB) []*checkpoint.Signer {
	return []*checkpoint.Signer{signer(t, "witness.example/w1", checkpoint.Cosignature, 2), signer(t, "witness.example/w1", checkpoint.MLDSA44, 3)}
}

func cosigner(t testing.TB) *witness.Witness {
	t.Helper()
	w, err := witness.New(cosigners(t), []*checkpoint.Verifier{log(t).Verifier()})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The package comment's example.
func TestExample(t *testing.T) {
	l := &tree{}
	l.append(t, `"one"`, `"two"`, `"three"`)
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSuffix(string(body(t, request(t, l, 2, 3))), "\n")
	quoted := strings.ReplaceAll("//\n//\t"+strings.ReplaceAll(text, "\n", "\n//\t")+"\n//\n", "//\t\n", "//\n")
	if !strings.Contains(string(comment), quoted) {
		t.Errorf("the package comment does not have\n%s", quoted)
	}
}

// A log grows from each size to each other, and comes back at each.
func TestGrowth(t *testing.T) {
	const n = 40
	l := numbered(t, n, n)
	w := cosigner(t)
	var known []*checkpoint.Verifier
	for _, s := range cosigners(t) {
		known = append(known, s.Verifier())
	}
	for old := 0; old <= n; old++ {
		for size := old; size <= n; size++ {
			r := request(t, l, old, size)
			back, err := witness.ParseRequest(body(t, r))
			if err != nil {
				t.Fatalf("%d to %d: %v", old, size, err)
			}
			m := &inMemory{}
			if old > 0 {
				m = remembers(t, l, old)
			}
			if size%8 != 0 && size != old+1 {
				continue // ML-DSA is slow, and the arithmetic is tlog's
			}
			lines, err := w.Cosign(back, m)
			if err != nil {
				t.Fatalf("%d to %d: %v", old, size, err)
			}
			if m.size != uint64(size) || m.root != tlog.Hash(l.head(t, size).Root) {
				t.Errorf("%d to %d: remembers %d", old, size, m.size)
			}
			merged, err := checkpoint.Merge(back.Checkpoint, lines, known...)
			if err != nil {
				t.Fatalf("%d to %d: %v", old, size, err)
			}
			v, err := checkpoint.Open(merged, known...)
			if err != nil || len(v.Signatures()) != 2 || !v.Signatures()[0].Time.Equal(noon) {
				t.Errorf("%d to %d: %v", old, size, err)
			}
			if old > 0 {
				c := l.head(t, size)
				if err := tlog.CheckTree(back.Proof, int64(size), c.Root, int64(old), l.head(t, old).Root); err != nil && old != size {
					t.Errorf("%d to %d: x/mod: %v", old, size, err)
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	l, fork := numbered(t, 30, 30), numbered(t, 30, 5)
	w := cosigner(t)
	with := func(r *witness.Request, change func(*witness.Request)) *witness.Request {
		change(r)
		return r
	}
	stranger := signer(t, "example.com/other", checkpoint.MLDSA44, 8)
	impostor := signer(t, origin, checkpoint.Ed25519, 9)
	foreign := l.head(t, 20)
	foreign.Origin = "example.com/other"
	for name, c := range map[string]struct {
		memory  *inMemory
		request *witness.Request
		want    error
		status  int
		size    uint64
	}{
		"grows":                     {remembers(t, l, 10), request(t, l, 10, 20), nil, 200, 0},
		"first":                     {&inMemory{}, request(t, l, 0, 20), nil, 200, 0},
		"same again":                {remembers(t, l, 20), request(t, l, 20, 20), nil, 200, 0},
		"first, empty":              {&inMemory{}, request(t, l, 0, 0), nil, 200, 0},
		"from an empty one":         {remembers(t, l, 0), request(t, l, 0, 20), nil, 200, 0},
		"stale":                     {remembers(t, l, 10), request(t, l, 5, 20), witness.ErrConflict, 409, 10},
		"pretends to be new":        {remembers(t, l, 10), request(t, l, 0, 20), witness.ErrConflict, 409, 10},
		"witness is behind":         {remembers(t, l, 5), request(t, l, 10, 20), witness.ErrConflict, 409, 5},
		"witness knows nothing":     {&inMemory{}, request(t, l, 10, 20), witness.ErrConflict, 409, 0},
		"rollback":                  {remembers(t, l, 20), request(t, l, 5, 10), witness.ErrRollback, 409, 20},
		"rollback to nothing":       {remembers(t, l, 20), request(t, l, 0, 0), witness.ErrRollback, 409, 20},
		"rollback to the old size":  {remembers(t, l, 20), request(t, l, 10, 10), witness.ErrRollback, 409, 20},
		"fork at the size":          {remembers(t, l, 20), request(t, fork, 20, 20), witness.ErrFork, 409, 0},
		"fork, other old size":      {remembers(t, l, 20), request(t, fork, 10, 20), witness.ErrFork, 409, 0},
		"fork, as a new log":        {remembers(t, l, 20), request(t, fork, 0, 20), witness.ErrFork, 409, 0},
		"fork beyond the size":      {remembers(t, l, 20), request(t, fork, 20, 30), witness.ErrInconsistent, 422, 0},
		"proof missing":             {remembers(t, l, 10), with(request(t, l, 10, 20), func(r *witness.Request) { r.Proof = nil }), witness.ErrInconsistent, 422, 0},
		"proof cut":                 {remembers(t, l, 10), with(request(t, l, 10, 20), func(r *witness.Request) { r.Proof = r.Proof[1:] }), witness.ErrInconsistent, 422, 0},
		"proof longer":              {remembers(t, l, 10), with(request(t, l, 10, 20), func(r *witness.Request) { r.Proof = append(r.Proof, tlog.Hash{}) }), witness.ErrInconsistent, 422, 0},
		"proof changed":             {remembers(t, l, 10), with(request(t, l, 10, 20), func(r *witness.Request) { r.Proof[1][7] ^= 1 }), witness.ErrInconsistent, 422, 0},
		"proof from nothing":        {&inMemory{}, with(request(t, l, 0, 20), func(r *witness.Request) { r.Proof = make([]tlog.Hash, 1) }), witness.ErrInconsistent, 422, 0},
		"proof for the same":        {remembers(t, l, 20), with(request(t, l, 20, 20), func(r *witness.Request) { r.Proof = make([]tlog.Hash, 1) }), witness.ErrInconsistent, 422, 0},
		"64 hashes":                 {&inMemory{}, with(request(t, l, 0, 20), func(r *witness.Request) { r.Proof = make([]tlog.Hash, 64) }), witness.ErrMalformed, 400, 0},
		"old size too large":        {remembers(t, l, 10), with(request(t, l, 10, 20), func(r *witness.Request) { r.Old = 21 }), witness.ErrOldSize, 400, 0},
		"unknown log":               {&inMemory{}, with(request(t, l, 0, 20), func(r *witness.Request) { r.Checkpoint = sign(t, foreign, stranger) }), witness.ErrUnknownLog, 404, 0},
		"key of nobody":             {&inMemory{}, with(request(t, l, 0, 20), func(r *witness.Request) { r.Checkpoint = sign(t, l.head(t, 20), impostor) }), witness.ErrSignature, 403, 0},
		"bad signature":             {&inMemory{}, with(request(t, l, 0, 20), func(r *witness.Request) { r.Checkpoint = swapSize(t, r.Checkpoint) }), witness.ErrSignature, 403, 0},
		"not a checkpoint":          {&inMemory{}, &witness.Request{Checkpoint: []byte("hello\n")}, witness.ErrMalformed, 400, 0},
		"memory cannot be read":     {&inMemory{load: witness.ErrMemory}, request(t, l, 0, 20), witness.ErrMemory, 500, 0},
		"memory cannot be written":  {&inMemory{store: errShort}, request(t, l, 0, 20), errShort, 500, 0},
		"unsigned fork stays quiet": {remembers(t, l, 20), with(request(t, fork, 20, 20), func(r *witness.Request) { r.Checkpoint = sign(t, fork.head(t, 20), impostor) }), witness.ErrSignature, 403, 0},
	} {
		before := *c.memory
		lines, err := w.Cosign(c.request, c.memory)
		if !errors.Is(err, c.want) || (lines == nil) != (c.want != nil) || witness.Status(err) != c.status {
			t.Errorf("%s: error %v (%d), want %v", name, err, witness.Status(err), c.want)
		}
		if c.want != nil && *c.memory != before {
			t.Errorf("%s: memory has changed", name)
		}
		var conflict *witness.ConflictError
		if (c.status == http.StatusConflict && !errors.Is(err, witness.ErrFork)) != errors.As(err, &conflict) || conflict != nil && conflict.Size != c.size {
			t.Errorf("%s: %v", name, err)
		}
		if errors.Is(err, witness.ErrRollback) && !errors.Is(err, witness.ErrConflict) || c.want == witness.ErrConflict && errors.Is(err, witness.ErrRollback) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// swapSize makes a note of its text's signature for another size.
func swapSize(t testing.TB, note []byte) []byte {
	t.Helper()
	changed := bytes.Replace(note, []byte("\n20\n"), []byte("\n21\n"), 1)
	if bytes.Equal(changed, note) {
		t.Fatal("nothing to change")
	}
	return changed
}

// The state is stored before a line is made, so that no crash in between leaves a
// signature that the witness does not know of.
func TestStoresBeforeSigning(t *testing.T) {
	l := numbered(t, 20, 20)
	m := &inMemory{}
	stored := -1
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	s, err := checkpoint.NewSigner("w", checkpoint.Cosignature, key, func() time.Time {
		stored = m.stores
		return time.Time{} // which cannot be signed
	})
	if err != nil {
		t.Fatal(err)
	}
	w, err := witness.New([]*checkpoint.Signer{s}, []*checkpoint.Verifier{log(t).Verifier()})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := w.Cosign(request(t, l, 0, 10), m)
	if lines != nil || !errors.Is(err, checkpoint.ErrTime) || stored != 1 || m.size != 10 {
		t.Errorf("stored %d times before signing: %v", stored, err)
	}
	// The same again with the new size as the old one is what the log does next.
	if _, err := cosigner(t).Cosign(request(t, l, 10, 10), m); err != nil || m.stores != 1 {
		t.Errorf("again: %v", err)
	}
}

func TestNew(t *testing.T) {
	w1, pq := signer(t, "w1", checkpoint.Cosignature, 2), signer(t, "w1", checkpoint.MLDSA44, 3)
	for name, signers := range map[string][]*checkpoint.Signer{
		"no key":           nil,
		"two names":        {w1, signer(t, "w2", checkpoint.MLDSA44, 4)},
		"two of a type":    {w1, pq, signer(t, "w1", checkpoint.Cosignature, 4)},
		"key of type 0x01": {signer(t, "w1", checkpoint.Ed25519, 2)},
	} {
		if _, err := witness.New(signers, nil); !errors.Is(err, witness.ErrSetup) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := witness.New([]*checkpoint.Signer{pq}, nil); err != nil {
		t.Error(err)
	}
}

func TestNewRequest(t *testing.T) {
	l := numbered(t, 30, 30)
	pq, w := signer(t, origin, checkpoint.MLDSA44, 1), signer(t, "w1", checkpoint.Cosignature, 2)
	r, err := witness.NewRequest(10, sign(t, l.head(t, 20), log(t), pq, w), l)
	if err != nil {
		t.Fatal(err)
	}
	n, err := checkpoint.ParseNote(r.Checkpoint)
	if err != nil || len(n.Signatures()) != 2 || n.Signatures()[1].Hash != pq.KeyHash() {
		t.Errorf("lines of the request: %v", err)
	}
	for name, c := range map[string]struct {
		old  uint64
		note []byte
		tree tlog.HashReader
		want error
	}{
		"old size too large": {21, sign(t, l.head(t, 20), log(t)), l, witness.ErrOldSize},
		"another tree":       {10, sign(t, l.head(t, 20), log(t)), numbered(t, 30, 5), witness.ErrTree},
		"hashes missing":     {10, sign(t, l.head(t, 20), log(t)), &tree{}, errShort},
		"only a witness":     {10, sign(t, l.head(t, 20), w), l, checkpoint.ErrUntrusted},
		"not a note":         {10, []byte("x"), l, witness.ErrMalformed},
	} {
		if r, err := witness.NewRequest(c.old, c.note, c.tree); r != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}

func TestParseRequestRefuses(t *testing.T) {
	l := numbered(t, 30, 30)
	r := request(t, l, 10, 20)
	good := string(body(t, r))
	hash := r.Proof[0].String() + "\n"
	above := strings.Index(good, "\n\n") + 2
	for name, c := range map[string]struct {
		body   string
		offset int
	}{
		"nothing":               {"", 0},
		"no old":                {good[7:], 0},
		"old with zero":         {strings.Replace(good, "old 10", "old 010", 1), 0},
		"old with plus":         {strings.Replace(good, "old 10", "old +10", 1), 0},
		"old with a space":      {strings.Replace(good, "old 10", "old 10 ", 1), 0},
		"old above 2^64":        {strings.Replace(good, "old 10", "old 18446744073709551616", 1), 0},
		"old alone":             {"old 10\n", 7},
		"CR LF":                 {strings.ReplaceAll(good, "\n", "\r\n"), 0},
		"hash unpadded":         {strings.Replace(good, hash, strings.Replace(hash, "=", "", 1), 1), 7},
		"hash of 33 bytes":      {strings.Replace(good, hash, base64.StdEncoding.EncodeToString(make([]byte, 33))+"\n", 1), 7},
		"hash with CR":          {strings.Replace(good, hash, hash[:4]+"\r"+hash[4:], 1), 7},
		"64 hashes":             {"old 10\n" + strings.Repeat(hash, 64) + good[above-1:], 7 + 63*45},
		"no empty line":         {strings.Replace(good, "\n\n", "\n", 1), above - 1},
		"cut in the checkpoint": {good[:above+50], above + 50},
		"no last line feed":     {strings.TrimSuffix(good, "\n"), -1},
		"text below":            {good + "x", len(good)},
		"line below":            {good + "x\n", len(good)},
		"longer than 68 KiB":    {good + strings.Repeat("x", 68<<10), 68 << 10},
	} {
		got, err := witness.ParseRequest([]byte(c.body))
		var syntax *checkpoint.SyntaxError
		if got != nil || !errors.Is(err, witness.ErrMalformed) || !errors.As(err, &syntax) {
			t.Errorf("%s: %+v, %v", name, got, err)
		} else if c.offset >= 0 && syntax.Offset != c.offset {
			t.Errorf("%s: offset %d, want %d (%v)", name, syntax.Offset, c.offset, err)
		}
	}
	if _, err := (&witness.Request{Proof: make([]tlog.Hash, 64), Checkpoint: r.Checkpoint}).Format(); !errors.Is(err, witness.ErrMalformed) {
		t.Errorf("64 hashes formatted: %v", err)
	}
	if back, err := witness.ParseRequest(body(t, &witness.Request{Proof: make([]tlog.Hash, 63), Checkpoint: r.Checkpoint})); err != nil || len(back.Proof) != 63 {
		t.Errorf("63 hashes: %v", err)
	}
}

// No change of one bit of a request is cosigned as something else.
func TestEveryBit(t *testing.T) {
	l := numbered(t, 30, 30)
	ed := signer(t, "w", checkpoint.Cosignature, 2)
	w, err := witness.New([]*checkpoint.Signer{ed}, []*checkpoint.Verifier{log(t).Verifier()})
	if err != nil {
		t.Fatal(err)
	}
	data := body(t, request(t, l, 10, 20))
	want := l.head(t, 20)
	for bit := range 8 * len(data) {
		flipped := bytes.Clone(data)
		flipped[bit/8] ^= 1 << (bit % 8)
		r, err := witness.ParseRequest(flipped)
		if err != nil {
			continue
		}
		m := remembers(t, l, 10)
		if _, err := w.Cosign(r, m); err == nil {
			t.Errorf("bit %d of byte %d flipped: cosigned", bit%8, bit/8)
		} else if m.size != 10 || want.Size != 20 {
			t.Errorf("bit %d of byte %d flipped: remembered", bit%8, bit/8)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	l := numbered(f, 30, 30)
	seeds := [][]byte{body(f, request(f, l, 10, 20)), body(f, request(f, l, 0, 7)), body(f, request(f, l, 29, 30)), []byte("old 0\n\n")}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	ed := signer(f, "w", checkpoint.Cosignature, 2)
	w, err := witness.New([]*checkpoint.Signer{ed}, []*checkpoint.Verifier{log(f).Verifier()})
	if err != nil {
		f.Fatal(err)
	}
	heads := map[uint64]tlog.Hash{}
	for i := range 31 {
		heads[uint64(i)] = l.head(f, i).Root
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := witness.ParseRequest(data)
		if err != nil {
			if !errors.Is(err, witness.ErrMalformed) {
				t.Errorf("error %v", err)
			}
			return
		}
		if back, err := r.Format(); err != nil || !bytes.Equal(back, data) {
			t.Errorf("written again as %q, %v", back, err)
		}
		m := remembers(t, l, 10)
		if _, err := w.Cosign(r, m); (err == nil) != (m.stores == 1 || m.size == 10 && err == nil) || m.root != heads[m.size] {
			t.Errorf("remembers %d: %v", m.size, err)
		}
	})
}
