package proof_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"filippo.io/mldsa"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/proof"
)

const origin = "kind.local/audit/01JGK3F0Q0000000000000000A"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// tree is a log in memory.
type tree struct {
	records [][]byte
	hashes  []tlog.Hash
}

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

var errShort = errors.New("hash not stored")

func (l *tree) append(t testing.TB, records ...string) {
	t.Helper()
	for _, r := range records {
		hashes, err := tlog.StoredHashes(int64(len(l.records)), []byte(r), l)
		if err != nil {
			t.Fatal(err)
		}
		l.hashes = append(l.hashes, hashes...)
		l.records = append(l.records, []byte(r))
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

func numbered(t testing.TB, n int) *tree {
	l := &tree{}
	for i := range n {
		l.append(t, fmt.Sprintf(`{"n":%d}`, i))
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

func sign(t testing.TB, c checkpoint.Checkpoint, signers ...*checkpoint.Signer) []byte {
	t.Helper()
	n, err := checkpoint.Sign(c, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func keys(signers ...*checkpoint.Signer) []*checkpoint.Verifier {
	var out []*checkpoint.Verifier
	for _, s := range signers {
		out = append(out, s.Verifier())
	}
	return out
}

func file(t testing.TB, p *proof.Proof) []byte {
	t.Helper()
	data, err := proof.Format(p)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func log(t testing.TB) *checkpoint.Signer { return signer(t, origin, checkpoint.Ed25519, 0) }

// The package comment's example.
func TestExample(t *testing.T) {
	l := &tree{}
	l.append(t, `"one"`, `"two"`, `"three"`)
	p, err := proof.Make([]byte(`"two"`), 1, sign(t, l.head(t, 3), log(t)), l)
	if err != nil {
		t.Fatal(err)
	}
	data := file(t, p)
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	quoted := "//\n//\t" + strings.ReplaceAll(strings.TrimSuffix(string(data), "\n"), "\n", "\n//\t") + "\n//\n"
	quoted = strings.ReplaceAll(quoted, "//\t\n", "//\n")
	if !strings.Contains(string(comment), quoted) {
		t.Errorf("the package comment does not have\n%s", quoted)
	}
	// Computed apart from the code: leaf and root.
	leaf := func(s string) []byte { h := sha256.Sum256([]byte("\x00" + s)); return h[:] }
	node := func(a, b []byte) []byte { h := sha256.Sum256(append(append([]byte{1}, a...), b...)); return h[:] }
	root := node(node(leaf(`"one"`), leaf(`"two"`)), leaf(`"three"`))
	if c := l.head(t, 3); !bytes.Equal(c.Root[:], root) || !bytes.Equal(p.Hashes[0][:], leaf(`"one"`)) || !bytes.Equal(p.Hashes[1][:], leaf(`"three"`)) {
		t.Error("hashes")
	}
	v, err := proof.Check(p, nil, proof.Policy{Log: keys(log(t))})
	if err != nil || string(v.Record()) != `"two"` || v.Index() != 1 || v.Checkpoint() != l.head(t, 3) || len(v.Log()) != 1 || len(v.Witnesses()) != 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

// Every record of every tree of up to 70 records, under every checkpoint.
func TestEveryRecord(t *testing.T) {
	const n = 70
	l := numbered(t, n)
	policy := proof.Policy{Log: keys(log(t))}
	for size := 1; size <= n; size++ {
		signed := sign(t, l.head(t, size), log(t))
		for i := range size {
			p, err := proof.Make(l.records[i], uint64(i), signed, l)
			if err != nil {
				t.Fatalf("%d of %d: %v", i, size, err)
			}
			back, err := proof.Parse(file(t, p))
			if err != nil {
				t.Fatalf("%d of %d: %v", i, size, err)
			}
			v, err := proof.Check(back, nil, policy)
			if err != nil || !bytes.Equal(v.Record(), l.records[i]) {
				t.Fatalf("%d of %d: %v", i, size, err)
			}
			// golang.org/x/mod agrees about both halves.
			c := l.head(t, size)
			if err := tlog.CheckRecord(back.Hashes, int64(size), c.Root, int64(i), tlog.RecordHash(l.records[i])); err != nil {
				t.Errorf("%d of %d: x/mod: %v", i, size, err)
			}
			if _, err := note.Open(back.Note, note.VerifierList(policy.Log[0])); err != nil {
				t.Errorf("%d of %d: x/mod: %v", i, size, err)
			}
			for _, other := range [][]byte{l.records[(i+1)%n], []byte("forged")} {
				if _, err := proof.Check(back, other, policy); !errors.Is(err, proof.ErrBad) {
					t.Fatalf("%d of %d with another record: %v", i, size, err)
				}
			}
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	l := numbered(t, 10)
	signed := sign(t, l.head(t, 9), log(t))
	forged := l.head(t, 9)
	forged.Root[0] ^= 1
	short := &tree{hashes: l.hashes[:4]}
	for name, c := range map[string]struct {
		record string
		index  uint64
		note   []byte
		tree   tlog.HashReader
		want   error
	}{
		"not covered":      {`{"n":9}`, 9, signed, l, proof.ErrRange},
		"far away":         {`{"n":9}`, 1 << 63, signed, l, proof.ErrRange},
		"another record":   {`{"n":9}`, 3, signed, l, proof.ErrBad},
		"another tree":     {`{"n":3}`, 3, sign(t, forged, log(t)), l, proof.ErrBad},
		"hash not stored":  {`{"n":3}`, 3, signed, short, errShort},
		"empty record":     {"", 3, signed, l, proof.ErrMalformed},
		"record too long":  {strings.Repeat("x", 1<<16), 3, signed, l, proof.ErrMalformed},
		"not a checkpoint": {`{"n":3}`, 3, []byte("hello\n"), l, proof.ErrMalformed},
	} {
		if p, err := proof.Make([]byte(c.record), c.index, c.note, c.tree); p != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	l := numbered(t, 20)
	pq := signer(t, origin, checkpoint.MLDSA44, 1)
	w1a, w1b := signer(t, "w1", checkpoint.Cosignature, 2), signer(t, "w1", checkpoint.MLDSA44, 3)
	w2, w3 := signer(t, "w2", checkpoint.Cosignature, 4), signer(t, "w3", checkpoint.Cosignature, 5)
	w2asW4 := signer(t, "w4", checkpoint.Cosignature, 4)
	logAsW := signer(t, "w5", checkpoint.Cosignature, 0)
	signed := sign(t, l.head(t, 20), log(t), pq, w1a, w1b, w2)
	p, err := proof.Make(l.records[7], 7, signed, l)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*proof.Proof)) *proof.Proof {
		q := *p
		q.Hashes = append([]tlog.Hash(nil), p.Hashes...)
		q.Note = bytes.Clone(p.Note)
		change(&q)
		return &q
	}
	otherLog := signer(t, "kind.local/audit/other", checkpoint.MLDSA44, 6)
	foreign := with(func(q *proof.Proof) { q.Note = sign(t, l.head(t, 20), otherLog) })
	own, both := keys(log(t)), keys(log(t), pq)
	for name, c := range map[string]struct {
		proof  *proof.Proof
		record []byte
		policy proof.Policy
		want   error
	}{
		"log":                             {p, nil, proof.Policy{Log: own}, nil},
		"log by both keys":                {p, nil, proof.Policy{Log: both}, nil},
		"log by one of two keys":          {with(func(q *proof.Proof) { q.Note = sign(t, l.head(t, 20), log(t), w2) }), nil, proof.Policy{Log: both}, proof.ErrUntrusted},
		"log by its second key":           {p, nil, proof.Policy{Log: keys(pq)}, nil},
		"record given":                    {p, l.records[7], proof.Policy{Log: own}, nil},
		"extra is not looked at":          {with(func(q *proof.Proof) { q.Extra = []byte("lie") }), l.records[7], proof.Policy{Log: own}, nil},
		"extra lies":                      {with(func(q *proof.Proof) { q.Extra = []byte("lie") }), nil, proof.Policy{Log: own}, proof.ErrBad},
		"no record":                       {with(func(q *proof.Proof) { q.Extra = nil }), nil, proof.Policy{Log: own}, proof.ErrNoRecord},
		"another record":                  {p, l.records[8], proof.Policy{Log: own}, proof.ErrBad},
		"another index":                   {with(func(q *proof.Proof) { q.Index = 6 }), nil, proof.Policy{Log: own}, proof.ErrBad},
		"index behind the end":            {with(func(q *proof.Proof) { q.Index = 20 }), nil, proof.Policy{Log: own}, proof.ErrBad},
		"hash changed":                    {with(func(q *proof.Proof) { q.Hashes[2][0] ^= 1 }), nil, proof.Policy{Log: own}, proof.ErrBad},
		"hash left out":                   {with(func(q *proof.Proof) { q.Hashes = q.Hashes[1:] }), nil, proof.Policy{Log: own}, proof.ErrBad},
		"hash too many":                   {with(func(q *proof.Proof) { q.Hashes = append(q.Hashes, tlog.Hash{}) }), nil, proof.Policy{Log: own}, proof.ErrBad},
		"no hashes":                       {with(func(q *proof.Proof) { q.Hashes = nil }), nil, proof.Policy{Log: own}, proof.ErrBad},
		"not a note":                      {with(func(q *proof.Proof) { q.Note = []byte("x") }), nil, proof.Policy{Log: own}, proof.ErrMalformed},
		"bad line of the log":             {with(func(q *proof.Proof) { breakLine(t, q, 0) }), nil, proof.Policy{Log: own}, proof.ErrBad},
		"bad line of a witness":           {with(func(q *proof.Proof) { breakLine(t, q, 4) }), nil, proof.Policy{Log: own, Witnesses: keys(w2)}, proof.ErrBad},
		"bad line of a stranger":          {with(func(q *proof.Proof) { breakLine(t, q, 4) }), nil, proof.Policy{Log: own}, nil},
		"another log":                     {foreign, nil, proof.Policy{Log: own}, proof.ErrUntrusted},
		"log's line missing":              {with(func(q *proof.Proof) { q.Note = sign(t, l.head(t, 20), w2) }), nil, proof.Policy{Log: own, Witnesses: keys(w2)}, proof.ErrUntrusted},
		"key of another origin":           {p, nil, proof.Policy{Log: keys(w2)}, proof.ErrUntrusted},
		"two witnesses":                   {p, nil, proof.Policy{Log: own, Witnesses: keys(w1a, w1b, w2, w3), Quorum: 2}, nil},
		"witness by one of its keys":      {p, nil, proof.Policy{Log: own, Witnesses: keys(w1b, w2), Quorum: 2}, nil},
		"three of three":                  {p, nil, proof.Policy{Log: own, Witnesses: keys(w1a, w1b, w2, w3), Quorum: 3}, proof.ErrUntrusted},
		"two keys are one witness":        {p, nil, proof.Policy{Log: own, Witnesses: keys(w1a, w1b, w3), Quorum: 2}, proof.ErrUntrusted},
		"witness absent":                  {p, nil, proof.Policy{Log: own, Witnesses: keys(w3), Quorum: 1}, proof.ErrUntrusted},
		"bad hash outranks quorum":        {with(func(q *proof.Proof) { q.Index = 6 }), nil, proof.Policy{Log: own, Witnesses: keys(w3), Quorum: 1}, proof.ErrBad},
		"zero policy":                     {p, nil, proof.Policy{}, proof.ErrPolicy},
		"no log":                          {p, nil, proof.Policy{Witnesses: keys(w2), Quorum: 1}, proof.ErrPolicy},
		"two logs":                        {p, nil, proof.Policy{Log: keys(log(t), otherLog)}, proof.ErrPolicy},
		"more than all witnesses":         {p, nil, proof.Policy{Log: own, Witnesses: keys(w1a, w1b), Quorum: 2}, proof.ErrPolicy},
		"negative quorum":                 {p, nil, proof.Policy{Log: own, Quorum: -1}, proof.ErrPolicy},
		"log as witness":                  {p, nil, proof.Policy{Log: own, Witnesses: keys(pq), Quorum: 1}, proof.ErrPolicy},
		"log's key as witness":            {p, nil, proof.Policy{Log: own, Witnesses: keys(logAsW), Quorum: 1}, proof.ErrPolicy},
		"one key under two names":         {p, nil, proof.Policy{Log: own, Witnesses: keys(w2, w2asW4), Quorum: 1}, proof.ErrPolicy},
		"witness with a key of type 0x01": {p, nil, proof.Policy{Log: own, Witnesses: keys(signer(t, "w6", checkpoint.Ed25519, 7))}, proof.ErrPolicy},
	} {
		v, err := proof.Check(c.proof, c.record, c.policy)
		if !errors.Is(err, c.want) || (v == nil) != (c.want != nil) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		if v != nil && (!bytes.Equal(v.Record(), l.records[7]) || v.Index() != 7) {
			t.Errorf("%s: proves %q", name, v.Record())
		}
	}
	v, err := proof.Check(p, nil, proof.Policy{Log: own, Witnesses: keys(w1a, w1b, w2)})
	if err != nil || len(v.Log()) != 1 || len(v.Witnesses()) != 3 || !v.Witnesses()[0].Time.Equal(noon) {
		t.Errorf("signatures: %v", err)
	}
}

// breakLine flips a bit in the signature of one line.
func breakLine(t testing.TB, p *proof.Proof, line int) {
	t.Helper()
	lines := strings.SplitAfter(string(p.Note), "\n")
	l := lines[4+line]
	at := strings.LastIndex(l, " ") + 1
	data, err := base64.StdEncoding.DecodeString(l[at:])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-40] ^= 1
	lines[4+line] = l[:at] + base64.StdEncoding.EncodeToString(data) + "\n"
	p.Note = []byte(strings.Join(lines, ""))
}

func TestParseRefuses(t *testing.T) {
	l := numbered(t, 3)
	p, err := proof.Make(l.records[1], 1, sign(t, l.head(t, 3), log(t)), l)
	if err != nil {
		t.Fatal(err)
	}
	good := string(file(t, p))
	hash := p.Hashes[0].String() + "\n"
	index := strings.Index(good, "index")
	above := strings.Index(good, "\n\n") + 2
	for name, c := range map[string]struct {
		file   string
		offset int
	}{
		"nothing":                {"", 0},
		"version 2":              {strings.Replace(good, "@v1", "@v2", 1), 0},
		"header alone":           {"c2sp.org/tlog-proof@v1\n", 23},
		"space before":           {" " + good, 0},
		"CR LF":                  {strings.ReplaceAll(good, "\n", "\r\n"), 0},
		"empty extra":            {strings.Replace(good, "extra "+base64.StdEncoding.EncodeToString(p.Extra), "extra ", 1), 23},
		"extra twice":            {good[:index] + good[23:], index},
		"extra below index":      {good[:23] + "index 1\n" + good[23:index] + good[index+8:], 31},
		"extra unpadded":         {strings.Replace(good, "extra eyJuIjoxfQ==", "extra eyJuIjoxfQ", 1), 23},
		"extra with other bits":  {strings.Replace(good, "extra eyJuIjoxfQ==", "extra eyJuIjoxfR==", 1), 23},
		"extra with CR":          {strings.Replace(good, "extra eyJu", "extra eyJ\ru", 1), 23},
		"extra too long":         {good[:23] + "extra " + base64.StdEncoding.EncodeToString(make([]byte, 1<<16)) + "\n" + good[index:], 23},
		"no index":               {good[:index] + good[index+8:], index},
		"index with zero":        {strings.Replace(good, "index 1", "index 01", 1), index},
		"index with plus":        {strings.Replace(good, "index 1", "index +1", 1), index},
		"index negative":         {strings.Replace(good, "index 1", "index -1", 1), index},
		"index above 2^64":       {strings.Replace(good, "index 1", "index 18446744073709551616", 1), index},
		"index is the size":      {strings.Replace(good, "index 1", "index 3", 1), above},
		"index with a space":     {strings.Replace(good, "index 1", "index 1 ", 1), index},
		"hash unpadded":          {strings.Replace(good, hash, strings.Replace(hash, "=", "", 1), 1), index + 8},
		"hash of 33 bytes":       {strings.Replace(good, hash, base64.StdEncoding.EncodeToString(make([]byte, 33))+"\n", 1), index + 8},
		"hash with CR":           {strings.Replace(good, hash, hash[:4]+"\r"+hash[4:], 1), index + 8},
		"65 hashes":              {strings.Replace(good, hash, strings.Repeat(hash, 64), 1), index + 8 + 64*45},
		"cut in the hashes":      {good[:index+20], index + 20},
		"no empty line":          {strings.Replace(good, "\n\n", "\n", 1), above - 1},
		"two empty lines":        {strings.Replace(good, "\n\n", "\n\n\n", 1), -1},
		"cut in the checkpoint":  {good[:above+50], above + 50},
		"no signature":           {good[:strings.LastIndex(good, "\n\n")+2], -1},
		"no last line feed":      {strings.TrimSuffix(good, "\n"), -1},
		"text below":             {good + "x", len(good)},
		"line below":             {good + "x\n", len(good)},
		"empty line below":       {good + "\n", len(good)},
		"signature padding bits": {good[:len(good)-3] + "h=\n", -1},
		"longer than 160 KiB":    {good + strings.Repeat("x", 160<<10), 160 << 10},
	} {
		got, err := proof.Parse([]byte(c.file))
		var syntax *checkpoint.SyntaxError
		if !errors.Is(err, proof.ErrMalformed) || !errors.As(err, &syntax) {
			t.Errorf("%s: %+v, %v", name, got, err)
		} else if c.offset >= 0 && syntax.Offset != c.offset {
			t.Errorf("%s: offset %d, want %d (%v)", name, syntax.Offset, c.offset, err)
		}
	}
	for name, bad := range map[string]*proof.Proof{
		"65 hashes":      {Index: 1, Hashes: make([]tlog.Hash, 65), Note: p.Note},
		"extra too long": {Extra: make([]byte, 1<<16), Note: p.Note},
		"no note":        {Index: 1},
		"index":          {Index: 3, Note: p.Note},
	} {
		if data, err := proof.Format(bad); data != nil || !errors.Is(err, proof.ErrMalformed) {
			t.Errorf("%s: formatted, %v", name, err)
		}
	}
	largest := &proof.Proof{Extra: make([]byte, proof.MaxRecord), Index: 1, Hashes: make([]tlog.Hash, 64), Note: p.Note}
	if back, err := proof.Parse(file(t, largest)); err != nil || len(back.Hashes) != 64 {
		t.Errorf("largest: %v", err)
	}
	bare := &proof.Proof{Note: p.Note}
	if back, err := proof.Parse(file(t, bare)); err != nil || back.Extra != nil || back.Hashes != nil {
		t.Errorf("no extra, no hashes: %v", err)
	}
}

// neverAccepted parses and checks a file with each bit flipped, but only the
// lowest of each byte from dense on, and wants those that pass to prove the same.
func neverAccepted(t *testing.T, data, record []byte, policy proof.Policy, dense int) (accepted int) {
	t.Helper()
	p, err := proof.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	want, err := proof.Check(p, record, policy)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(data) {
		if bit/8 > dense && bit%8 != 0 {
			continue
		}
		flipped := bytes.Clone(data)
		flipped[bit/8] ^= 1 << (bit % 8)
		p, err := proof.Parse(flipped)
		if err != nil {
			if !errors.Is(err, proof.ErrMalformed) {
				t.Errorf("bit %d of byte %d: error %v", bit%8, bit/8, err)
			}
			continue
		}
		got, err := proof.Check(p, record, policy)
		switch {
		case err == nil && same(got, want):
			accepted++
		case err == nil:
			t.Errorf("bit %d of byte %d flipped: accepted with another meaning", bit%8, bit/8)
		case !errors.Is(err, proof.ErrBad) && !errors.Is(err, proof.ErrUntrusted):
			t.Errorf("bit %d of byte %d: error %v", bit%8, bit/8, err)
		}
	}
	return accepted
}

func same(a, b *proof.Verified) bool {
	if !bytes.Equal(a.Record(), b.Record()) || a.Index() != b.Index() || a.Checkpoint() != b.Checkpoint() || len(a.Log()) != len(b.Log()) {
		return false
	}
	for i, s := range a.Witnesses() {
		if w := b.Witnesses(); i >= len(w) || s.Name != w[i].Name || !s.Time.Equal(w[i].Time) {
			return false
		}
	}
	return true
}

func TestEveryBit(t *testing.T) {
	l := numbered(t, 20)
	pq, w := signer(t, origin, checkpoint.MLDSA44, 1), signer(t, "w1", checkpoint.Cosignature, 2)
	p, err := proof.Make(l.records[7], 7, sign(t, l.head(t, 20), log(t), w), l)
	if err != nil {
		t.Fatal(err)
	}
	policy := proof.Policy{Log: keys(log(t)), Witnesses: keys(w), Quorum: 1}
	if n := neverAccepted(t, file(t, p), nil, policy, 1<<20); n != 0 {
		t.Errorf("%d changed files are accepted", n)
	}
	// With the record at hand the extra line may say what it wants.
	if n := neverAccepted(t, file(t, p), l.records[7], policy, 1<<20); n == 0 {
		t.Error("extra is looked at")
	}
	if p, err = proof.Make(l.records[7], 7, sign(t, l.head(t, 20), log(t), pq, w), l); err != nil {
		t.Fatal(err)
	}
	policy.Log = keys(log(t), pq)
	if n := neverAccepted(t, file(t, p), nil, policy, 700); n != 0 {
		t.Errorf("%d changed files of the larger proof are accepted", n)
	}
}

func FuzzParse(f *testing.F) {
	l := numbered(f, 20)
	w := signer(f, "w1", checkpoint.Cosignature, 2)
	policy := proof.Policy{Log: keys(log(f)), Witnesses: keys(w), Quorum: 1}
	seeds := 0
	for _, i := range []int{0, 7, 19} {
		p, err := proof.Make(l.records[i], uint64(i), sign(f, l.head(f, 20), log(f), w), l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file(f, p))
		p.Extra = nil
		f.Add(file(f, p))
		seeds += 2
	}
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	want := l.head(f, 20)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := proof.Parse(data)
		if err != nil {
			if !errors.Is(err, proof.ErrMalformed) {
				t.Errorf("error %v", err)
			}
			return
		}
		if back, err := proof.Format(p); err != nil || !bytes.Equal(back, data) {
			t.Errorf("written again as %q, %v", back, err)
		}
		v, err := proof.Check(p, nil, policy)
		if err == nil && (v.Checkpoint() != want || !bytes.Equal(v.Record(), l.records[v.Index()])) {
			t.Errorf("accepted: %q at %d", v.Record(), v.Index())
		}
	})
}
