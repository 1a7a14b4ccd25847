package checkpoint_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/mldsa"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
)

// The design's vector: the audit key of seed 32 × 0x00, and the log of three
// events.
const (
	origin  = "kind.local/audit/01JGK3F0Q0000000000000000A"
	root3   = "jZENs/Wir77dFpoSGyvXAeH1ELT9nvwlJI+gwD3xmXU="
	body3   = origin + "\n3\n" + root3 + "\n"
	logVKey = origin + "+11e7e85b+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
	logLine = "— " + origin + " EefoW6VC6fgUlHWGKKrzMRt578Sr9dsPZQ9PXl/qmrozoH6JidwL13Me0exQzGqeaLATCl1QoFHw0wtY6fT7dB4NIA8=\n"
)

// An example of the tlog-cosignature specification.
const (
	sofaBody = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	sofaNote = sofaBody + "\n" +
		"— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" +
		"— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func seed(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// signer is a signer with the key of a seed.
func signer(t testing.TB, name string, typ checkpoint.Type, b byte, when time.Time) *checkpoint.Signer {
	t.Helper()
	var k crypto.Signer = ed25519.NewKeyFromSeed(seed(b))
	if typ == checkpoint.MLDSA44 {
		pq, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed(b))
		if err != nil {
			t.Fatal(err)
		}
		k = pq
	}
	s, err := checkpoint.NewSigner(name, typ, k, at(when))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// head is the checkpoint of the vector.
func head(t testing.TB) checkpoint.Checkpoint {
	t.Helper()
	c, err := checkpoint.Parse([]byte(body3))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sign(t testing.TB, c checkpoint.Checkpoint, signers ...*checkpoint.Signer) []byte {
	t.Helper()
	n, err := checkpoint.Sign(c, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// full is a note with a line of each type.
func full(t testing.TB) (n []byte, known []*checkpoint.Verifier) {
	t.Helper()
	signers := []*checkpoint.Signer{
		signer(t, origin, checkpoint.Ed25519, 0, noon),
		signer(t, origin, checkpoint.MLDSA44, 1, noon),
		signer(t, "witness.example/w1", checkpoint.Cosignature, 2, noon.Add(time.Second)),
		signer(t, "witness.example/w1", checkpoint.MLDSA44, 3, noon.Add(2*time.Second)),
	}
	for _, s := range signers {
		known = append(known, s.Verifier())
	}
	return sign(t, head(t), signers...), known
}

func TestVector(t *testing.T) {
	s := signer(t, origin, checkpoint.Ed25519, 0, noon)
	if s.KeyHash() != 0x11e7e85b {
		t.Errorf("key hash %08x", s.KeyHash())
	}
	if got := s.Verifier().String(); got != logVKey {
		t.Errorf("vkey %s", got)
	}
	signed := string(sign(t, head(t), s))
	if !strings.HasPrefix(signed, body3+"\n— "+origin+" EefoW6VC6fgU") || !strings.HasSuffix(signed, "dB4NIA8=\n") {
		t.Errorf("note\n%s", signed)
	}
	if signed != body3+"\n"+logLine {
		t.Errorf("line of the package comment is not\n%s", signed)
	}
}

// The message bytes are spelt out here, apart from the code that makes them.
func TestMessages(t *testing.T) {
	seconds := uint64(noon.Unix())
	var be [8]byte
	for i := range be {
		be[i] = byte(seconds >> (56 - 8*i))
	}
	root, err := base64.StdEncoding.DecodeString(root3)
	if err != nil {
		t.Fatal(err)
	}
	name := "witness.example/w1"

	ed := signer(t, name, checkpoint.Cosignature, 2, noon)
	got, err := ed.Sign([]byte(body3))
	if err != nil {
		t.Fatal(err)
	}
	message := "cosignature/v1\ntime 1795348800\n" + body3
	if !bytes.Equal(got[:8], be[:]) || !ed25519.Verify(ed.Verifier().PublicKey(), []byte(message), got[8:]) {
		t.Errorf("cosignature %x", got)
	}
	if len(got) != 72 {
		t.Errorf("%d bytes", len(got))
	}

	pq := signer(t, name, checkpoint.MLDSA44, 3, noon)
	if got, err = pq.Sign([]byte(body3)); err != nil {
		t.Fatal(err)
	}
	message = "subtree/v1\n\x00" + "\x12witness.example/w1" + string(be[:]) +
		"\x2bkind.local/audit/01JGK3F0Q0000000000000000A" +
		"\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x03" + string(root)
	pub, err := mldsa.NewPublicKey(mldsa.MLDSA44(), pq.Verifier().PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got[:8], be[:]) || mldsa.Verify(pub, []byte(message), got[8:], nil) != nil {
		t.Error("subtree cosignature")
	}
	if len(got) != 8+2420 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestOpen(t *testing.T) {
	n, known := full(t)
	v, err := checkpoint.Open(n, known...)
	if err != nil {
		t.Fatal(err)
	}
	if v.Checkpoint() != head(t) || len(v.Unverified()) != 0 {
		t.Errorf("checkpoint %+v", v.Checkpoint())
	}
	want := []time.Time{{}, noon, noon.Add(time.Second), noon.Add(2 * time.Second)}
	for i, s := range v.Signatures() {
		if !s.Key.Equal(known[i]) || !s.Time.Equal(want[i]) || s.Name != known[i].Name() || s.Hash != known[i].KeyHash() {
			t.Errorf("signature %d: %s at %v", i, s.Name, s.Time)
		}
		if by, ok := v.By(known[i]); !ok || by.Line() != s.Line() {
			t.Errorf("signature %d: not found by its key", i)
		}
	}
	if v, err = checkpoint.Open(n, known[2]); err != nil || len(v.Signatures()) != 1 || len(v.Unverified()) != 3 {
		t.Errorf("one witness known: %v", err)
	}
	if _, ok := v.By(known[0]); ok {
		t.Error("a key that is not known has signed")
	}
	parsed, err := checkpoint.ParseNote(n)
	if err != nil || !bytes.Equal(parsed.Bytes(), n) || parsed.Claimed() != head(t) || len(parsed.Signatures()) != 4 {
		t.Errorf("parsed: %v", err)
	}
}

func TestUnder(t *testing.T) {
	n, known := full(t)
	parsed, err := checkpoint.ParseNote(n)
	if err != nil {
		t.Fatal(err)
	}
	own, err := parsed.Under(origin)
	if err != nil || len(own.Signatures()) != 2 || !bytes.HasPrefix(n, own.Bytes()) {
		t.Fatalf("the log's own lines: %v", err)
	}
	if v, err := own.Verify(known...); err != nil || len(v.Signatures()) != 2 || len(parsed.Signatures()) != 4 {
		t.Errorf("verifies: %v", err)
	}
	if _, err := parsed.Under("nobody"); !errors.Is(err, checkpoint.ErrUntrusted) {
		t.Errorf("nobody: %v", err)
	}
}

func TestOpenSpecificationExample(t *testing.T) {
	n, err := checkpoint.ParseNote([]byte(sofaNote))
	if err != nil {
		t.Fatal(err)
	}
	if c := n.Claimed(); c.Size != 20852163 || c.Origin != "example.com/behind-the-sofa" {
		t.Errorf("%+v", c)
	}
	if s := n.Signatures(); len(s) != 2 || s[1].Name != "witness.example.com/w1" || s[1].Hash != 0x8d66cf3f {
		t.Errorf("%+v", s)
	}
}

// golang.org/x/mod's reader, with these verifiers, agrees.
func TestAgreesWithMod(t *testing.T) {
	n, known := full(t)
	list := make([]note.Verifier, len(known))
	for i, k := range known {
		list[i] = k
	}
	opened, err := note.Open(n, note.VerifierList(list...))
	if err != nil || len(opened.Sigs) != 4 || opened.Text != body3 {
		t.Fatalf("x/mod: %v", err)
	}
	own, err := note.NewVerifier(logVKey)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err = note.Open(n, note.VerifierList(own)); err != nil || len(opened.Sigs) != 1 || len(opened.UnverifiedSigs) != 3 {
		t.Errorf("x/mod with its own verifier: %v", err)
	}
	// Its writer with these signers makes the same bytes where they are fixed.
	made, err := note.Sign(&note.Note{Text: body3}, signer(t, origin, checkpoint.Ed25519, 0, noon))
	if err != nil || string(made) != body3+"\n"+logLine {
		t.Errorf("x/mod signs: %v\n%s", err, made)
	}
	for i := range n {
		for _, bit := range []byte{0x01, 0x20, 0x80} {
			changed := bytes.Clone(n)
			changed[i] ^= bit
			if i > len(body3)+2000 && i%7 != 0 {
				continue // inside of long signatures a sample does
			}
			_, ours := checkpoint.Open(changed, known...)
			theirs, err := note.Open(changed, note.VerifierList(list...))
			if ours == nil && (err != nil || theirs.Text != body3) {
				t.Fatalf("byte %d: accepted here, and there: %v", i, err)
			}
		}
	}
}

func TestOpenErrors(t *testing.T) {
	n, known := full(t)
	stranger := signer(t, "witness.example/w9", checkpoint.Cosignature, 9, noon).Verifier()
	flip := func(line int) []byte {
		lines := strings.SplitAfter(string(n), "\n")
		at := strings.LastIndex(lines[4+line], " ") + 1
		data, err := base64.StdEncoding.DecodeString(lines[4+line][at:])
		if err != nil {
			t.Fatal(err)
		}
		data[40] ^= 1
		lines[4+line] = lines[4+line][:at] + base64.StdEncoding.EncodeToString(data) + "\n"
		return []byte(strings.Join(lines, ""))
	}
	for name, c := range map[string]struct {
		note  []byte
		known []*checkpoint.Verifier
		want  error
	}{
		"nobody known":                {n, nil, checkpoint.ErrUntrusted},
		"a stranger known":            {n, []*checkpoint.Verifier{stranger}, checkpoint.ErrUntrusted},
		"log's line bad":              {flip(0), known[:1], checkpoint.ErrSignature},
		"bad beside good":             {flip(0), known, checkpoint.ErrSignature},
		"log's second line bad":       {flip(1), known, checkpoint.ErrSignature},
		"witness bad":                 {flip(2), known, checkpoint.ErrSignature},
		"witness bad and unknown":     {flip(2), known[:2], nil},
		"second line of a key is bad": {append(bytes.Clone(n), strings.SplitAfter(string(flip(2)), "\n")[6]...), known, checkpoint.ErrSignature},
		"repeated line":               {append(bytes.Clone(n), strings.SplitAfter(string(n), "\n")[6]...), known, nil},
		"key twice":                   {n, append(known, known...), nil},
		"size changed":                {bytes.Replace(n, []byte("\n3\n"), []byte("\n4\n"), 1), known, checkpoint.ErrSignature},
		"empty":                       {nil, known, checkpoint.ErrMalformed},
	} {
		v, err := checkpoint.Open(c.note, c.known...)
		if !errors.Is(err, c.want) || (v == nil) != (c.want != nil) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		if name == "repeated line" && len(v.Signatures()) != 4 {
			t.Errorf("%s: counts %d times", name, len(v.Signatures()))
		}
	}
	var bad *checkpoint.BadSignature
	_, err := checkpoint.Open(flip(2), known...)
	if !errors.As(err, &bad) || bad.Name != "witness.example/w1" || bad.Hash != known[2].KeyHash() {
		t.Errorf("which key: %v", err)
	}
}

func TestParseNoteRefuses(t *testing.T) {
	good := body3 + "\n" + logLine
	line := func(name string, data []byte) string {
		return "— " + name + " " + base64.StdEncoding.EncodeToString(data) + "\n"
	}
	for name, c := range map[string]struct {
		note   string
		offset int
	}{
		"nothing":                {"", 0},
		"no empty line":          {body3 + logLine, len(body3 + logLine)},
		"no signature":           {body3 + "\n", len(body3) + 1},
		"no last line feed":      {strings.TrimSuffix(good, "\n"), len(body3) + 1},
		"text below":             {good + "x\n", len(good)},
		"empty line below":       {good + "\n", len(good)},
		"space below":            {good + " ", len(good)},
		"CR LF":                  {strings.ReplaceAll(good, "\n", "\r\n"), -1},
		"hyphen for the dash":    {body3 + "\n" + strings.Replace(logLine, "—", "-", 1), len(body3) + 1},
		"two spaces":             {body3 + "\n" + strings.Replace(logLine, " E", "  E", 1), len(body3) + 1},
		"CR in the base64":       {body3 + "\n" + strings.Replace(logLine, "Eefo", "Eef\ro", 1), len(body3) + 1},
		"padding bits":           {body3 + "\n" + strings.Replace(logLine, "IA8=", "IA9=", 1), len(body3) + 1},
		"no padding":             {body3 + "\n" + strings.Replace(logLine, "IA8=", "IA8", 1), len(body3) + 1},
		"URL alphabet":           {body3 + "\n" + strings.Replace(logLine, "Xl/q", "Xl_q", 1), len(body3) + 1},
		"no value":               {body3 + "\n" + line("n", []byte{1, 2, 3, 4}), len(body3) + 1},
		"name with a plus":       {body3 + "\n" + line("a+b", make([]byte, 68)), len(body3) + 1},
		"no name":                {body3 + "\n" + line("", make([]byte, 68)), len(body3) + 1},
		"name with an escape":    {body3 + "\n" + line("a\x1bb", make([]byte, 68)), len(body3) + 1},
		"name with a no-break":   {body3 + "\n" + line("a\u00a0b", make([]byte, 68)), len(body3) + 1},
		"name not UTF-8":         {body3 + "\n" + line("a\xffb", make([]byte, 68)), len(body3) + 1},
		"long name":              {body3 + "\n" + line(strings.Repeat("n", 256), make([]byte, 68)), len(body3) + 1},
		"33 signatures":          {body3 + "\n" + strings.Repeat(logLine, 33), len(body3) + 1 + 32*len(logLine)},
		"more than 64 KiB":       {body3 + "\n" + line("n", make([]byte, 49200)), 64 << 10},
		"extension line":         {body3 + "more\n\n" + logLine, len(body3)},
		"empty line in the text": {"a\n\n" + good, -1},
	} {
		n, err := checkpoint.ParseNote([]byte(c.note))
		var syntax *checkpoint.SyntaxError
		if n != nil || !errors.Is(err, checkpoint.ErrMalformed) || !errors.As(err, &syntax) {
			t.Errorf("%s: error %v", name, err)
		} else if c.offset >= 0 && syntax.Offset != c.offset {
			t.Errorf("%s: offset %d, want %d", name, syntax.Offset, c.offset)
		}
	}
	if _, err := checkpoint.ParseNote([]byte(body3 + "\n" + strings.Repeat(logLine, 32))); err != nil {
		t.Errorf("32 signatures: %v", err)
	}
}

func TestBodies(t *testing.T) {
	empty := sha256.Sum256(nil)
	root := tlog.Hash(empty).String()
	for _, c := range []checkpoint.Checkpoint{
		head(t),
		{Origin: "go.sum database tree", Size: 1, Root: [32]byte{1}},
		{Origin: "grüße", Size: checkpoint.MaxSize},
		{Origin: strings.Repeat("o", 255), Size: 0, Root: empty},
	} {
		body, err := checkpoint.Format(c)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if back, err := checkpoint.Parse(body); err != nil || back != c {
			t.Errorf("%q: %v", body, err)
		}
	}
	for name, c := range map[string]checkpoint.Checkpoint{
		"no origin":                 {Size: 1},
		"long origin":               {Origin: strings.Repeat("o", 256), Size: 1},
		"origin of two lines":       {Origin: "a\nb", Size: 1},
		"origin not UTF-8":          {Origin: "a\xff", Size: 1},
		"origin with an escape":     {Origin: "a\x1b[31m", Size: 1},
		"origin with a C1 control":  {Origin: "a\u0085", Size: 1},
		"size above 2^53-1":         {Origin: "a", Size: checkpoint.MaxSize + 1},
		"empty tree, another root":  {Origin: "a", Root: [32]byte{1}},
		"empty tree, no root given": {Origin: "a"},
	} {
		if body, err := checkpoint.Format(c); body != nil || !errors.Is(err, checkpoint.ErrMalformed) {
			t.Errorf("%s: formatted, %v", name, err)
		}
	}
	for name, body := range map[string]string{
		"nothing":             "",
		"two lines":           "a\n1\n",
		"no last line feed":   "a\n1\n" + root3,
		"extension line":      body3 + "x\n",
		"trailing byte":       body3 + "x",
		"no size":             "a\n\n" + root3 + "\n",
		"leading zero":        "a\n01\n" + root3 + "\n",
		"two zeros":           "a\n00\n" + root + "\n",
		"plus sign":           "a\n+1\n" + root3 + "\n",
		"minus sign":          "a\n-1\n" + root3 + "\n",
		"hexadecimal":         "a\n0x1\n" + root3 + "\n",
		"underscore":          "a\n1_0\n" + root3 + "\n",
		"space":               "a\n1 \n" + root3 + "\n",
		"size above 2^53-1":   "a\n9007199254740992\n" + root3 + "\n",
		"size above 2^64":     "a\n18446744073709551616\n" + root3 + "\n",
		"short root":          "a\n1\nAAAA\n",
		"root of 33 bytes":    "a\n1\n" + base64.StdEncoding.EncodeToString(make([]byte, 33)) + "\n",
		"padding bits":        "a\n1\n" + strings.Replace(root3, "XU=", "XV=", 1) + "\n",
		"no padding":          "a\n1\n" + strings.TrimSuffix(root3, "=") + "\n",
		"CR in the root":      "a\n1\n" + strings.Replace(root3, "jZ", "j\rZ", 1) + "\n",
		"space after root":    "a\n1\n" + root3 + " \n",
		"CR LF":               "a\r\n1\r\n" + root3 + "\r\n",
		"empty tree":          "a\n0\n" + root3 + "\n",
		"longer than 3 lines": strings.Repeat("x", 400),
	} {
		if _, err := checkpoint.Parse([]byte(body)); !errors.Is(err, checkpoint.ErrMalformed) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestVerifierKeys(t *testing.T) {
	_, known := full(t)
	for _, v := range known {
		back, err := checkpoint.ParseVerifier(v.String())
		if err != nil || !back.Equal(v) || back.String() != v.String() || back.KeyHash() != v.KeyHash() || back.Type() != v.Type() {
			t.Errorf("%s: %v", v.Type(), err)
		}
	}
	if known[0].Equal(known[1]) || known[1].Equal(known[3]) {
		t.Error("different keys are equal")
	}
	vkey := func(name string, data []byte) string {
		sum := sha256.Sum256(append([]byte(name+"\n"), data...))
		return name + "+" + hexOf(sum[:4]) + "+" + base64.StdEncoding.EncodeToString(data)
	}
	good := append([]byte{1}, known[0].PublicKey()...)
	weak := append([]byte{4, 1}, make([]byte, 31)...) // the neutral element
	for name, c := range map[string]struct {
		vkey string
		want error
	}{
		"nothing":               {"", checkpoint.ErrMalformed},
		"name alone":            {"name", checkpoint.ErrMalformed},
		"hash of another name":  {"x" + logVKey, checkpoint.ErrMalformed},
		"upper case hash":       {strings.Replace(logVKey, "11e7e85b", "11E7E85B", 1), checkpoint.ErrMalformed},
		"short hash":            {strings.Replace(logVKey, "11e7e85b", "11e7e8", 1), checkpoint.ErrMalformed},
		"line feed at the end":  {logVKey + "\n", checkpoint.ErrMalformed},
		"padding":               {logVKey + "=", checkpoint.ErrMalformed},
		"no key":                {"name+00000000+", checkpoint.ErrMalformed},
		"name with a space":     {vkey("a b", good), checkpoint.ErrName},
		"no name":               {vkey("", good), checkpoint.ErrName},
		"long name":             {vkey(strings.Repeat("n", 256), good), checkpoint.ErrName},
		"type 0x02":             {vkey("n", append([]byte{2}, good[1:]...)), checkpoint.ErrKey},
		"type 0x05":             {vkey("n", append([]byte{5}, good[1:]...)), checkpoint.ErrKey},
		"type alone":            {vkey("n", []byte{1}), checkpoint.ErrKey},
		"31 bytes":              {vkey("n", good[:32]), checkpoint.ErrKey},
		"33 bytes":              {vkey("n", append(bytes.Clone(good), 0)), checkpoint.ErrKey},
		"Ed25519 as ML-DSA":     {vkey("n", append([]byte{6}, good[1:]...)), checkpoint.ErrKey},
		"ML-DSA with one more":  {vkey("n", append([]byte{6}, make([]byte, 1313)...)), checkpoint.ErrKey},
		"small order":           {vkey("n", weak), checkpoint.ErrKey},
		"not a point":           {vkey("n", append([]byte{1, 2}, make([]byte, 31)...)), checkpoint.ErrKey},
		"plus in the name":      {vkey("a+b", good), checkpoint.ErrMalformed},
		"private key of x/mod":  {"PRIVATE+KEY+n+00000000+AAAA", checkpoint.ErrMalformed},
		"control character":     {vkey("a\x1b", good), checkpoint.ErrName},
		"line feed in the name": {vkey("a\nb", good), checkpoint.ErrName},
	} {
		if v, err := checkpoint.ParseVerifier(c.vkey); v != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteString(string([]byte{digits[c>>4], digits[c&15]}))
	}
	return s.String()
}

// Two keys whose name and hash are equal cannot be told apart in a note.
func TestAmbiguousKeys(t *testing.T) {
	n, known := full(t)
	a, b := checkpoint.Collide(known[0]), known[0]
	if _, err := checkpoint.Open(n, a, b); !errors.Is(err, checkpoint.ErrAmbiguous) {
		t.Errorf("error %v", err)
	}
}

// faulty signs something else.
type faulty struct{ ed25519.PrivateKey }

func (f faulty) Sign(r io.Reader, m []byte, o crypto.SignerOpts) ([]byte, error) {
	return f.PrivateKey.Sign(r, append([]byte("x"), m...), o)
}

func (f faulty) SignMessage(r io.Reader, m []byte, o crypto.SignerOpts) ([]byte, error) {
	return f.Sign(r, m, o)
}

func TestSignerRefuses(t *testing.T) {
	ed := ed25519.NewKeyFromSeed(seed(0))
	pq44, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed(1))
	if err != nil {
		t.Fatal(err)
	}
	pq65, err := mldsa.NewPrivateKey(mldsa.MLDSA65(), seed(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		as   string
		typ  checkpoint.Type
		key  crypto.Signer
		now  func() time.Time
		want error
	}{
		"name with a space":  {"a b", checkpoint.Ed25519, ed, nil, checkpoint.ErrName},
		"Ed25519 as 0x06":    {"n", checkpoint.MLDSA44, ed, at(noon), checkpoint.ErrKey},
		"ML-DSA-44 as 0x04":  {"n", checkpoint.Cosignature, pq44, at(noon), checkpoint.ErrKey},
		"ML-DSA-65":          {"n", checkpoint.MLDSA44, pq65, at(noon), checkpoint.ErrKey},
		"unknown type":       {"n", 5, ed, at(noon), checkpoint.ErrKey},
		"0x04 without clock": {"n", checkpoint.Cosignature, ed, nil, checkpoint.ErrTime},
		"0x06 without clock": {"n", checkpoint.MLDSA44, pq44, nil, checkpoint.ErrTime},
		"0x01 without clock": {"n", checkpoint.Ed25519, ed, nil, nil},
	} {
		if _, err := checkpoint.NewSigner(c.as, c.typ, c.key, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}

	f, err := checkpoint.NewSigner(origin, checkpoint.Ed25519, faulty{ed}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		signer *checkpoint.Signer
		body   string
		want   error
	}{
		"faulty key":               {f, body3, checkpoint.ErrSelfCheck},
		"another log's checkpoint": {signer(t, origin, checkpoint.Ed25519, 0, noon), sofaBody, checkpoint.ErrName},
		"text":                     {signer(t, origin, checkpoint.Ed25519, 0, noon), origin + "\n", checkpoint.ErrMalformed},
		"extension line":           {signer(t, "w", checkpoint.Cosignature, 0, noon), body3 + "x\n", checkpoint.ErrMalformed},
		"clock at zero":            {signer(t, "w", checkpoint.Cosignature, 0, time.Unix(0, 0)), body3, checkpoint.ErrTime},
		"clock before 1970":        {signer(t, "w", checkpoint.MLDSA44, 0, time.Unix(-1, 0)), body3, checkpoint.ErrTime},
		"zero time":                {signer(t, "w", checkpoint.MLDSA44, 0, time.Time{}), body3, checkpoint.ErrTime},
	} {
		if line, err := c.signer.Line([]byte(c.body)); line != "" || !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
	if _, err := checkpoint.Sign(head(t)); !errors.Is(err, checkpoint.ErrUntrusted) {
		t.Errorf("no signers: %v", err)
	}
	many := make([]*checkpoint.Signer, 33)
	for i := range many {
		many[i] = signer(t, "w", checkpoint.Cosignature, 0, noon)
	}
	if _, err := checkpoint.Sign(head(t), many...); !errors.Is(err, checkpoint.ErrFull) {
		t.Errorf("33 signers: %v", err)
	}
}

// A signature with its time changed, or at a time that cannot be, is bad; the
// second zero says nothing about the time.
func TestTimes(t *testing.T) {
	s := signer(t, "w", checkpoint.Cosignature, 2, noon)
	signature, err := s.Sign([]byte(body3))
	if err != nil {
		t.Fatal(err)
	}
	v := s.Verifier()
	if !v.Time(signature).Equal(noon) || v.Time(signature).Location() != time.UTC {
		t.Errorf("time %v", v.Time(signature))
	}
	for name, change := range map[string]func([]byte) []byte{
		"later":          func(b []byte) []byte { b[7]++; return b },
		"above 2^63":     func(b []byte) []byte { b[0] = 0x80; return b },
		"cut":            func(b []byte) []byte { return b[:71] },
		"longer":         func(b []byte) []byte { return append(b, 0) },
		"time alone":     func(b []byte) []byte { return b[:8] },
		"half a time":    func(b []byte) []byte { return b[:4] },
		"without a time": func(b []byte) []byte { return b[8:] },
	} {
		if v.Verify([]byte(body3), change(bytes.Clone(signature))) {
			t.Errorf("%s: verifies", name)
		}
	}
	if !v.Time([]byte{0x80, 0, 0, 0, 0, 0, 0, 1}).IsZero() || !v.Time(make([]byte, 72)).IsZero() || !v.Time(nil).IsZero() {
		t.Error("a time that says nothing")
	}
}

func TestMerge(t *testing.T) {
	log := signer(t, origin, checkpoint.Ed25519, 0, noon)
	w1 := signer(t, "witness.example/w1", checkpoint.Cosignature, 2, noon)
	later := signer(t, "witness.example/w1", checkpoint.Cosignature, 2, noon.Add(time.Hour))
	w2 := signer(t, "witness.example/w2", checkpoint.MLDSA44, 3, noon)
	line := func(s *checkpoint.Signer, body string) string {
		l, err := s.Line([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	// ML-DSA signatures differ from each other: one is made, and used.
	one, two, newer := line(w1, body3), line(w2, body3), line(later, body3)
	base := body3 + "\n" + logLine
	all := []*checkpoint.Verifier{log.Verifier(), w1.Verifier(), w2.Verifier()}
	stranger := "— stranger " + base64.StdEncoding.EncodeToString(make([]byte, 76)) + "\n"
	other := line(w1, sofaBody)
	for name, c := range map[string]struct {
		note, lines, want string
		err               error
	}{
		"one":                 {base, one, base + one, nil},
		"two":                 {base, one + two, base + one + two, nil},
		"again":               {base + one, one, base + one, nil},
		"twice in the answer": {base, one + one, base + one, nil},
		"newer in its place":  {base + one + two, newer, base + newer + two, nil},
		"older is left out":   {base + newer, one, base + newer, nil},
		"strangers left out":  {base, stranger + one, base + one, nil},
		"strangers stay":      {base + stranger + stranger, one, base + stranger + one, nil},
		"strangers only":      {base, stranger, "", checkpoint.ErrUntrusted},
		"for another note":    {base, other, "", checkpoint.ErrSignature},
		"bad line in it":      {base + other, one, "", checkpoint.ErrSignature},
		"nothing":             {base, "", "", checkpoint.ErrMalformed},
		"not a line":          {base, "hello\n", "", checkpoint.ErrMalformed},
		"no line feed":        {base, strings.TrimSuffix(one, "\n"), "", checkpoint.ErrMalformed},
		"not a note":          {body3, one, "", checkpoint.ErrMalformed},
		"full":                {base + strangers(t, 31), one, "", checkpoint.ErrFull},
		"one place left":      {base + strangers(t, 30), one, base + strangers(t, 30) + one, nil},
	} {
		got, err := checkpoint.Merge([]byte(c.note), []byte(c.lines), all...)
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}

// strangers are lines of so many unknown keys.
func strangers(t testing.TB, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("— stranger " + base64.StdEncoding.EncodeToString(append(make([]byte, 75), byte(i))) + "\n")
	}
	return b.String()
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{body3, sofaBody, "a\n0\n" + tlog.Hash(sha256.Sum256(nil)).String() + "\n", "a\n1\n\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := checkpoint.Parse(data)
		if err != nil {
			if !errors.Is(err, checkpoint.ErrMalformed) {
				t.Errorf("error %v", err)
			}
			return
		}
		if body, err := checkpoint.Format(c); err != nil || !bytes.Equal(body, data) {
			t.Errorf("%q became %q, %v", data, body, err)
		}
	})
}

// What opens says what its signer said, and x/mod opens it too.
func FuzzOpen(f *testing.F) {
	n, known := full(f)
	seeds := [][]byte{n, []byte(sofaNote), []byte(body3 + "\n" + logLine), n[:len(n)-1]}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	list := make([]note.Verifier, len(known))
	for i, k := range known {
		list[i] = k
	}
	want := head(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := checkpoint.ParseNote(data)
		if err != nil {
			return
		}
		if !bytes.Equal(parsed.Bytes(), data) {
			t.Errorf("written again as %q", parsed.Bytes())
		}
		v, err := parsed.Verify(known...)
		theirs, theirErr := note.Open(data, note.VerifierList(list...))
		if err == nil && (v.Checkpoint() != want || theirErr != nil || len(theirs.Sigs) > len(v.Signatures())) {
			t.Errorf("accepted: %+v; x/mod: %v", v.Checkpoint(), theirErr)
		}
	})
}

func FuzzParseVerifier(f *testing.F) {
	_, known := full(f)
	for _, k := range known {
		f.Add(k.String())
	}
	f.Add("a+00000000+AAAA")
	f.Fuzz(func(t *testing.T, vkey string) {
		if v, err := checkpoint.ParseVerifier(vkey); err == nil && v.String() != vkey {
			t.Errorf("%q became %q", vkey, v)
		}
	})
}
