package note_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	xnote "golang.org/x/mod/sumdb/note"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/note"
	"kai/internal/sig/sigtest"
)

// The example of the specification.
const (
	example = "If you think cryptography is the answer to your problem,\n" +
		"then you don't know what your problem is.\n" +
		"\n" +
		"— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
	exampleVKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
	// enoch adds a second signature to the example, in x/mod's documentation.
	enoch = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)

func keyOf(t testing.TB, vkey string) key.Public {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(vkey[strings.LastIndex(vkey, "+")+1:])
	if err != nil {
		t.Fatal(err)
	}
	pub, err := key.NewPublic(key.Ed25519, raw[1:])
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

func TestExample(t *testing.T) {
	pub := keyOf(t, exampleVKey)
	u := sigtest.Parse(t, note.Format{}, []byte(example+enoch))
	text, _, _ := strings.Cut(example, "\n\n")
	if string(u.Payload) != text+"\n" || len(u.Claims) != 2 {
		t.Fatalf("%d claims, text %q", len(u.Claims), u.Payload)
	}
	if c := u.Claims[0]; c.Namespace != "note:PeterNeumann" || c.KeyHint != "PeterNeumann+c74f20a3" || len(c.Notes) != 0 {
		t.Errorf("claim %+v", c)
	}
	if c := u.Claims[1]; c.Namespace != "note:EnochRoot" || c.KeyHint != "EnochRoot+af0cfe78" {
		t.Errorf("claim %+v", c)
	}
	results := sigtest.Check(t, u, nil, sigtest.Key{Public: pub})
	if !results[0].Good() || results[0].Verified.Key() != pub {
		t.Error(results[0].Err)
	}
	if !errors.Is(results[1].Err, sig.ErrWrongKeyID) || results[1].Bad() {
		t.Errorf("a stranger's line: %v", results[1].Err)
	}
	changed := strings.Replace(example, "answer", "Answer", 1)
	if r := sigtest.Check(t, sigtest.Parse(t, note.Format{}, []byte(changed)), nil, sigtest.Key{Public: pub})[0]; !r.Bad() {
		t.Errorf("text changed: %v", r.Err)
	}
	if vkey, err := pub.VKey("PeterNeumann"); err != nil || vkey != exampleVKey {
		t.Errorf("vkey %q, %v", vkey, err)
	}
}

// A name is not signed, but it is in the hash: with another name the line fits
// another key, and no key of the caller.
func TestNameIsTiedToTheKey(t *testing.T) {
	pub := keyOf(t, exampleVKey)
	renamed := strings.Replace(example, "— PeterNeumann", "— PeterPan", 1)
	r := sigtest.Check(t, sigtest.Parse(t, note.Format{}, []byte(renamed)), nil, sigtest.Key{Public: pub})[0]
	if !errors.Is(r.Err, sig.ErrWrongKeyID) {
		t.Errorf("renamed: %v", r.Err)
	}
	other := sigtest.Signer(t, key.ECDSAP256).Public
	r = sigtest.Check(t, sigtest.Parse(t, note.Format{}, []byte(example)), nil, sig.Keys{other})[0]
	if !errors.Is(r.Err, sig.ErrNoKey) {
		t.Errorf("key of another type: %v", r.Err)
	}
}

// sigLine is a line of any kind of key.
func sigLine(name string, hash uint32, value []byte) string {
	return fmt.Sprintf("— %s %s\n", name, base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, hash), value...)))
}

func TestOtherKindsAreIgnored(t *testing.T) {
	cosignature := sigLine("witness.example/w1", 0x01020304, make([]byte, 8+64))
	mldsa := sigLine("log.example", 0x05060708, make([]byte, 8+2420))
	u := sigtest.Parse(t, note.Format{}, []byte(example+cosignature+mldsa))
	if len(u.Claims) != 1 || len(u.Claims[0].Notes) != 1 || u.Claims[0].Notes[0] != "2 signature lines of other kinds of keys are ignored" {
		t.Errorf("claims %+v", u.Claims)
	}
	if r := sigtest.Check(t, u, nil, sigtest.Key{Public: keyOf(t, exampleVKey)})[0]; !r.Good() {
		t.Error(r.Err)
	}
	text, _, _ := strings.Cut(example, "—")
	if _, err := (note.Format{}).Parse(strings.NewReader(text+cosignature), note.Limits); !errors.Is(err, sig.ErrUnsupported) {
		t.Errorf("no line that is judged here: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	text, lines, _ := strings.Cut(example, "\n\n")
	text += "\n"
	many := strings.Builder{}
	for i := range 65 {
		many.WriteString(sigLine("n", uint32(i), make([]byte, 64)))
	}
	for name, c := range map[string]struct {
		file string
		want error
	}{
		"nothing":                   {"", sig.ErrMalformed},
		"no signatures":             {text + "\n", sig.ErrMalformed},
		"no empty line":             {text + lines, sig.ErrMalformed},
		"no last line feed":         {strings.TrimSuffix(example, "\n"), sig.ErrMalformed},
		"CR LF":                     {strings.ReplaceAll(example, "\n", "\r\n"), sig.ErrMalformed},
		"tab in the text":           {"\t" + example, sig.ErrMalformed},
		"not UTF-8":                 {"\xff" + example, sig.ErrMalformed},
		"hyphen for the dash":       {strings.Replace(example, "—", "-", 1), sig.ErrMalformed},
		"text below":                {example + "more\n", sig.ErrMalformed},
		"empty line below":          {example + "\n", sig.ErrMalformed},
		"name with a plus":          {strings.Replace(example, "PeterNeumann", "Peter+Neumann", 1), sig.ErrMalformed},
		"no name":                   {strings.Replace(example, "PeterNeumann", "", 1), sig.ErrMalformed},
		"not base64":                {strings.Replace(example, "x08g", "x0*g", 1), sig.ErrMalformed},
		"padding bits":              {strings.Replace(example, "nAM=", "nAN=", 1), sig.ErrMalformed},
		"hash alone":                {text + "\n— n AAAAAA==\n", sig.ErrMalformed},
		"65 signatures":             {text + "\n" + many.String(), sig.ErrTooLarge},
		"long name":                 {text + "\n" + sigLine(strings.Repeat("n", 252), 1, make([]byte, 64)), sig.ErrNamespace},
		"control character in it":   {text + "\n" + sigLine("n\u0080", 1, make([]byte, 64)), sig.ErrNamespace},
		"more than 1 MiB":           {strings.Repeat("x\n", 1<<19) + example, sig.ErrTooLarge},
		"domain of sshsig":          {"SSHSIG\n\n" + lines, sig.ErrDomain},
		"domain of dsse":            {"DSSEv1 4 text 2 hi\n\n" + lines, sig.ErrDomain},
		"domain of kai":             {"kai-sig\n\n" + lines, sig.ErrDomain},
		"domain of the second half": {"KAISIG\n\n" + lines, sig.ErrDomain},
	} {
		u, err := note.Format{}.Parse(strings.NewReader(c.file), note.Limits)
		if u != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		if errors.Is(c.want, sig.ErrMalformed) && name != "padding bits" && (note.Format{}).Detect([]byte(c.file), "x.note") {
			t.Errorf("%s: detected", name)
		}
	}
}

func TestDetectOfALongNote(t *testing.T) {
	long := []byte(strings.Repeat("line\n", 2000) + "\n" + example)[:4096]
	if f := (note.Format{}); !f.Detect(long, "x.note") || f.Detect(long, "x.txt") || f.Detect(bytes.ReplaceAll(long, []byte("line"), []byte("li\x00e")), "x.note") {
		t.Error("the beginning of a text is a note by its name only")
	}
}

func TestSign(t *testing.T) {
	signer := sigtest.Signer(t, key.Ed25519)
	for _, text := range []string{
		"one line\n", "\n", "\n\n", "two\n\nparagraphs\n", "ends with an empty line\n\n",
		"holds a line\n\n— like this one\n", "grüße\n", strings.Repeat("x", 1<<20-200) + "\n",
	} {
		file, err := note.Sign(nil, signer, "kai.example/notes", []byte(text))
		if err != nil {
			t.Fatalf("%.40q: %v", text, err)
		}
		u, err := note.Format{}.Parse(bytes.NewReader(file), note.Limits)
		if err != nil {
			t.Fatalf("%.40q: %v", text, err)
		}
		if string(u.Payload) != text || u.Claims[0].Namespace != "note:kai.example/notes" {
			t.Errorf("text %.40q came back as %.40q", text, u.Payload)
		}
		if r := sigtest.Check(t, u, nil, sigtest.Key{Public: signer.Public})[0]; !r.Good() {
			t.Errorf("%.40q: %v", text, r.Err)
		}
		vkey, err := signer.Public.VKey("kai.example/notes")
		if err != nil {
			t.Fatal(err)
		}
		v, err := xnote.NewVerifier(vkey)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := xnote.Open(file, xnote.VerifierList(v)); err != nil || n.Text != text || len(n.Sigs) != 1 {
			t.Errorf("%.40q: x/mod: %v", text, err)
		}
	}
}

func TestAdd(t *testing.T) {
	signer := sigtest.Signer(t, key.Ed25519)
	file, err := note.Add(nil, signer, "second", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	again, err := note.Add(nil, signer, "second", file)
	if err != nil || !bytes.Equal(again, file) {
		t.Errorf("a second line of the same key: %q, %v", again, err)
	}
	if !bytes.HasPrefix(file, []byte(example)) {
		t.Errorf("what was there has changed:\n%s", file)
	}
	u := sigtest.Parse(t, note.Format{}, file)
	for i, pub := range []key.Public{keyOf(t, exampleVKey), signer.Public} {
		if r := sigtest.Check(t, u, nil, sigtest.Key{Public: pub})[i]; !r.Good() {
			t.Errorf("signature %d: %v", i, r.Err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	ed := sigtest.Signer(t, key.Ed25519)
	for _, c := range []struct {
		name   string
		signer sig.Signer
		as     string
		text   string
		want   error
	}{
		{"no line feed", ed, "n", "text", note.ErrText},
		{"empty", ed, "n", "", note.ErrText},
		{"CR", ed, "n", "text\r\n", note.ErrText},
		{"tab", ed, "n", "\ttext\n", note.ErrText},
		{"not UTF-8", ed, "n", "\xc3\n", note.ErrText},
		{"long", ed, "n", strings.Repeat("x", 1<<20) + "\n", note.ErrText},
		{"long with the signature", ed, "n", strings.Repeat("x", 1<<20-10) + "\n", note.ErrText},
		{"SSHSIG", ed, "n", "SSHSIG\n", sig.ErrDomain},
		{"KAISIG", ed, "n", "KAISIG\n", sig.ErrDomain},
		{"DSSE", ed, "n", "DSSEv1 4 text\n", sig.ErrDomain},
		{"kai-sig", ed, "n", "kai-signature\n", sig.ErrDomain},
		{"no name", ed, "", "text\n", note.ErrName},
		{"name with a space", ed, "a b", "text\n", note.ErrName},
		{"name with a no-break space", ed, "a\u00a0b", "text\n", note.ErrName},
		{"name with a plus", ed, "a+b", "text\n", note.ErrName},
		{"name with a control character", ed, "a\x1bb", "text\n", note.ErrName},
		{"name that is not UTF-8", ed, "a\xff", "text\n", note.ErrName},
		{"long name", ed, strings.Repeat("n", 252), "text\n", note.ErrName},
		{"wrong type", sigtest.Signer(t, key.ECDSAP256), "n", "text\n", sig.ErrScheme},
		{"another's public key", sig.Signer{Public: sigtest.Signer(t, key.Ed25519).Public, Signer: ed.Signer}, "n", "text\n", sig.ErrSelfCheck},
	} {
		file, err := note.Sign(nil, c.signer, c.as, []byte(c.text))
		if file != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
}

func TestBitFlips(t *testing.T) {
	file := []byte(example)
	pub := keyOf(t, exampleVKey)
	accepted := sigtest.NeverAccepted(t, note.Format{}, file, nil, sigtest.Key{Public: pub}, func(*sig.Unverified) bool { return false })
	if accepted != 0 {
		t.Errorf("%d flips accepted", accepted)
	}
}

// kai and x/mod agree about notes by one key.
func FuzzParse(f *testing.F) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)) // the same in every fuzzing process
	pub := private.Public().(ed25519.PublicKey)
	vkey, err := xnote.NewEd25519VerifierKey("n", pub)
	if err != nil {
		f.Fatal(err)
	}
	v, err := xnote.NewVerifier(vkey)
	if err != nil {
		f.Fatal(err)
	}
	own, err := key.NewPublic(key.Ed25519, pub)
	if err != nil {
		f.Fatal(err)
	}
	signed := "text\n\n" + sigLine("n", v.KeyHash(), ed25519.Sign(private, []byte("text\n")))
	seeds := []string{example, example + enoch, signed, signed + enoch, "\n\n" + sigLine("n", 1, make([]byte, 72))}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, theirs := xnote.Open(data, xnote.VerifierList(v))
		u, err := note.Format{}.Parse(bytes.NewReader(data), note.Limits)
		if err != nil {
			return // stricter: limits, base64, names, domains
		}
		good, bad := false, false
		for _, r := range sigtest.Check(t, u, nil, sigtest.Key{Public: own}) {
			good, bad = good || r.Good(), bad || r.Bad()
		}
		if good && !bad && theirs != nil {
			t.Errorf("good here, and %v to x/mod", theirs)
		}
		if !good && theirs == nil {
			t.Error("good to x/mod, and not here")
		}
		if !bytes.HasPrefix(data, append(u.Payload, '\n')) {
			t.Errorf("text %q is not what the file begins with", u.Payload)
		}
	})
}
