package minisign_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/blake2b"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/minisign"
	"kai/internal/sig/sigtest"
)

// Made by minisign 0.11 and signify 31 over the message "hello\n".
const (
	message = "hello\n"

	publicFile = "RWQwxX22QCmFT3pS2LV0+HL3ilOk7IRLrpaK92s/R7BiZB4HhFWsYUec"

	prehashedFile = "untrusted comment: signature from minisign secret key\n" +
		"RUQwxX22QCmFT36bQ24pMV1GCTdyuiAzHTssBsHi45iCN3EYh3RJhBeAI+rzcVeRwZa/yviFfz+R4JWcCZ5xVthYj/hQVKq2GAU=\n" +
		"trusted comment: timestamp:1795462772\tfile:m\thashed\n" +
		"j5kLxHj7FIVL5Qjk9V8aHZ27ETxIEr+nmhbHtZHOXHQwhyBO+3dGTGkS9EIf9PUPLeRX1aZbBSX8WoLIytcvDQ==\n"

	legacyFile = "untrusted comment: signature from minisign secret key\n" +
		"RWQwxX22QCmFT2zFrrCa+0/iMxB77ie4at0nII/Kjy+Pkvzux+BqqDUBmR2i6X56efn3/BOvtr1OSq/L4vwsW1Ju1nUrVbeX9QQ=\n" +
		"trusted comment: timestamp:1795462772\tfile:m\n" +
		"+yLbnOsd+gPhuwEyL70cReux7lLm7UbsTkR05+FozTRY4RhY7lLK89lFr7Er5W46Y+6yQeDCGszGWjtwYHenDw==\n"

	signifyPublic = "RWRbp74Yq+5sFnBeecOcd4IL6nJ83lIxoaw6qBGu2It5OLV/9XIeZBi1"

	signifyFile = "untrusted comment: verify with sk.pub\n" +
		"RWRbp74Yq+5sFkvpkRdjAtfWBkf7wfQFAxT8bL0R/+hKaO6S0UqLsjoNJeKDd0aaeuhxZI3HFZ9pUeNc1lxW0bf4z5FxGcKTwQ0=\n"
)

// holder is the one key of a minisign or signify public key file.
func holder(id minisign.KeyID, pub key.Public) sigtest.Key {
	return sigtest.Key{Public: pub, ID: (*[8]byte)(&id)}
}

func holderOf(t testing.TB, line string) sigtest.Key {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(line)
	if err != nil || len(raw) != 42 {
		t.Fatalf("public key %q: %v", line, err)
	}
	pub, err := key.NewPublic(key.Ed25519, raw[10:])
	if err != nil {
		t.Fatal(err)
	}
	return holder(minisign.KeyID(raw[2:10]), pub)
}

func TestPeersFiles(t *testing.T) {
	at := time.Unix(1795462772, 0)
	for _, c := range []struct {
		name    string
		format  sig.Format
		public  string
		file    string
		hint    string
		hash    string
		comment string
		time    time.Time
	}{
		{"prehashed", minisign.Format{}, publicFile, prehashedFile, "4F852940B67DC530", "blake2b", "timestamp:1795462772\tfile:m\thashed", at},
		{"legacy", minisign.Format{}, publicFile, legacyFile, "4F852940B67DC530", "", "timestamp:1795462772\tfile:m", at},
		{"signify", minisign.Signify{}, signifyPublic, signifyFile, "166CEEAB18BEA75B", "", "", time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := sigtest.Parse(t, c.format, []byte(c.file))
			for _, other := range []sig.Format{minisign.Format{}, minisign.Signify{}} {
				if got := other.Detect([]byte(c.file), "m.sig"); got != (other == c.format) {
					t.Errorf("detected as %s: %v", other.Name(), got)
				}
			}
			if len(u.Claims) != 1 || u.Payload != nil {
				t.Fatalf("%d claims, payload %q", len(u.Claims), u.Payload)
			}
			claim := u.Claims[0]
			if claim.KeyHint != c.hint || claim.Hash != c.hash || claim.Comment != c.comment ||
				!claim.ClaimedTime.Equal(c.time) || claim.Namespace != "file" || len(claim.Notes) != 0 {
				t.Errorf("claim %+v", claim)
			}
			h := holderOf(t, c.public)
			if r := sigtest.Check(t, u, []byte(message), h)[0]; !r.Good() || r.Verified.Key() != h.Public {
				t.Errorf("not good: %v", r.Err)
			}
			if r := sigtest.Check(t, u, []byte("hello"), h)[0]; !r.Bad() {
				t.Errorf("another message: %v", r.Err)
			}
			stranger := sigtest.Signer(t, key.Ed25519).Public
			if r := sigtest.Check(t, u, []byte(message), sig.Keys{stranger})[0]; !r.Bad() {
				t.Errorf("another key: %v", r.Err)
			}
			for _, other := range []sigtest.Key{holder(minisign.KeyID{}, h.Public), {Public: h.Public}} {
				if r := sigtest.Check(t, u, []byte(message), other)[0]; !errors.Is(r.Err, sig.ErrWrongKeyID) {
					t.Errorf("another id: %v", r.Err)
				}
			}
		})
	}
}

// A good signature does not excuse a bad comment.
func TestTrustedCommentIsSigned(t *testing.T) {
	for _, file := range []string{prehashedFile, legacyFile} {
		changed := strings.Replace(file, "file:m", "file:n", 1)
		u := sigtest.Parse(t, minisign.Format{}, []byte(changed))
		r := sigtest.Check(t, u, []byte(message), holderOf(t, publicFile))[0]
		var bad *sig.BadSignature
		if !errors.As(r.Err, &bad) || bad.Code != "trusted_comment" {
			t.Errorf("comment changed: %v", r.Err)
		}
		if r.Verified.Key() != (key.Public{}) {
			t.Error("a bad result carries a verified key")
		}
	}
}

func TestSign(t *testing.T) {
	signer := sigtest.Signer(t, key.Ed25519)
	id := minisign.KeyID{1, 2, 3, 4, 5, 6, 7, 0xef}
	sum := blake2b.Sum512([]byte(message))
	own := minisign.KeyID(signer.Public.KeyID())
	file, err := minisign.Sign(nil, signer, own, sum[:], "", "")
	if err != nil {
		t.Fatal(err)
	}
	if r := sigtest.Check(t, sigtest.Parse(t, minisign.Format{}, file), []byte(message), sigtest.Key{Public: signer.Public})[0]; !r.Good() {
		t.Errorf("under the id of a key that came without one: %v", r.Err)
	}
	for _, c := range []struct{ untrusted, trusted string }{
		{"", ""},
		{"signature by release-bot", "timestamp:1795462772\tfile:m\thashed"},
		{strings.Repeat("u", 1022-19), strings.Repeat("t", 8190-17)},
	} {
		file, err := minisign.Sign(nil, signer, id, sum[:], c.untrusted, c.trusted)
		if err != nil {
			t.Fatal(err)
		}
		u := sigtest.Parse(t, minisign.Format{}, file)
		if got := u.Claims[0]; got.KeyHint != "EF07060504030201" || got.Comment != c.trusted {
			t.Errorf("claim %+v", got)
		}
		if r := sigtest.Check(t, u, []byte(message), holder(id, signer.Public))[0]; !r.Good() {
			t.Errorf("own signature: %v", r.Err)
		}
		if want := "untrusted comment: " + c.untrusted + "\n"; !strings.HasPrefix(string(file), want) {
			t.Errorf("file begins otherwise:\n%s", file)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	signer := sigtest.Signer(t, key.Ed25519)
	sum := blake2b.Sum512(nil)
	for _, c := range []struct {
		name               string
		signer             sig.Signer
		sum                []byte
		untrusted, trusted string
		want               error
	}{
		{"short sum", signer, sum[:32], "", "", nil},
		{"line feed", signer, sum[:], "a\nb", "", minisign.ErrComment},
		{"carriage return", signer, sum[:], "", "a\rb", minisign.ErrComment},
		{"NUL", signer, sum[:], "", "a\x00b", minisign.ErrComment},
		{"escape", signer, sum[:], "", "\x1b[2J", minisign.ErrComment},
		{"long untrusted", signer, sum[:], strings.Repeat("u", 1022-19+1), "", minisign.ErrComment},
		{"long trusted", signer, sum[:], "", strings.Repeat("t", 8190-17+1), minisign.ErrComment},
		{"wrong type", sigtest.Signer(t, key.ECDSAP256), sum[:], "", "", sig.ErrScheme},
		{"another's public key", sig.Signer{Public: sigtest.Signer(t, key.Ed25519).Public, Signer: signer.Signer}, sum[:], "", "", sig.ErrSelfCheck},
	} {
		file, err := minisign.Sign(nil, c.signer, minisign.KeyID{}, c.sum, c.untrusted, c.trusted)
		if err == nil || file != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: file %q, error %v, want %v", c.name, file, err, c.want)
		}
	}
}

func TestParseTolerates(t *testing.T) {
	for _, c := range []struct {
		name   string
		format sig.Format
		file   string
		note   string
	}{
		{"CR LF", minisign.Format{}, strings.ReplaceAll(prehashedFile, "\n", "\r\n"), "line ends are CR LF"},
		{"no last line feed", minisign.Format{}, strings.TrimSuffix(prehashedFile, "\n"), "the last line is not ended"},
		{"text after line 4", minisign.Format{}, prehashedFile + "more\nlines\n", "11 bytes after the fourth line are ignored"},
		{"signify with CR LF", minisign.Signify{}, strings.ReplaceAll(signifyFile, "\n", "\r\n"), "line ends are CR LF"},
	} {
		u := sigtest.Parse(t, c.format, []byte(c.file))
		if notes := u.Claims[0].Notes; len(notes) != 1 || notes[0] != c.note {
			t.Errorf("%s: notes %q, want %q", c.name, notes, c.note)
		}
		public := publicFile
		if c.format == (minisign.Signify{}) {
			public = signifyPublic
		}
		if r := sigtest.Check(t, u, []byte(message), holderOf(t, public))[0]; !r.Good() {
			t.Errorf("%s: %v", c.name, r.Err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	lines := strings.SplitAfter(prehashedFile, "\n")
	first, second, third, fourth := lines[0], lines[1], lines[2], lines[3]
	for _, c := range []struct {
		name   string
		format sig.Format
		file   string
		want   error
		offset int64 // of a SyntaxError
	}{
		{"nothing", minisign.Format{}, "", sig.ErrMalformed, 0},
		{"one line", minisign.Format{}, first, sig.ErrMalformed, 54},
		{"two lines", minisign.Format{}, first + second, sig.ErrMalformed, 155},
		{"three lines", minisign.Format{}, first + second + third, sig.ErrMalformed, 207},
		{"no prefix", minisign.Format{}, "comment: x\n" + second + third + fourth, sig.ErrMalformed, 0},
		{"third line without prefix", minisign.Format{}, first + second + "x" + third + fourth, sig.ErrMalformed, 155},
		{"byte order mark", minisign.Format{}, "\ufeff" + prehashedFile, sig.ErrMalformed, 0},
		{"lone CR", minisign.Format{}, strings.Replace(prehashedFile, "file:m", "file\rm", 1), sig.ErrMalformed, 155 + 42},
		{"two CRs", minisign.Format{}, strings.Replace(prehashedFile, "key\n", "key\r\r\n", 1), sig.ErrMalformed, 53},
		{"CR at the end of the file", minisign.Format{}, strings.TrimSuffix(prehashedFile, "\n") + "\r", sig.ErrMalformed, int64(len(prehashedFile)) - 1},
		{"NUL", minisign.Format{}, strings.Replace(prehashedFile, "\tfile", "\x00file", 1), sig.ErrMalformed, 155 + 37},
		{"short value", minisign.Format{}, first + base64.StdEncoding.EncodeToString(make([]byte, 73)) + "\n" + third + fourth, sig.ErrMalformed, 54},
		{"long value", minisign.Format{}, first + base64.StdEncoding.EncodeToString(make([]byte, 75)) + "\n" + third + fourth, sig.ErrMalformed, 54},
		{"public key file", minisign.Format{}, "untrusted comment: minisign public key\n" + publicFile + "\n", sig.ErrMalformed, 39},
		{"padding bits", minisign.Format{}, strings.Replace(prehashedFile, "q2GAU=", "q2GAV=", 1), sig.ErrMalformed, 54},
		{"space in base64", minisign.Format{}, strings.Replace(prehashedFile, "RUQw", "RUQw ", 1), sig.ErrMalformed, 54},
		{"URL alphabet", minisign.Format{}, strings.ReplaceAll(prehashedFile, "/", "_"), sig.ErrMalformed, 54},
		{"another algorithm", minisign.Format{}, strings.Replace(prehashedFile, "RUQw", "RUUw", 1), sig.ErrUnsupported, 0},
		{"long untrusted comment", minisign.Format{}, "untrusted comment: " + strings.Repeat("x", 1022-19+1) + "\n" + second + third + fourth, sig.ErrTooLarge, 0},
		{"long trusted comment", minisign.Format{}, first + second + "trusted comment: " + strings.Repeat("x", 8190-17+1) + "\n" + fourth, sig.ErrTooLarge, 0},
		{"more than 1 MiB", minisign.Format{}, prehashedFile + strings.Repeat("x", 1<<20), sig.ErrTooLarge, 0},
		{"signify: a message embedded", minisign.Signify{}, signifyFile + message, sig.ErrMalformed, int64(len(signifyFile))},
		{"signify: no last line feed", minisign.Signify{}, strings.TrimSuffix(signifyFile, "\n"), sig.ErrMalformed, int64(len(signifyFile)) - 1},
		{"signify: half a minisign file", minisign.Signify{}, first + second, sig.ErrMalformed, 0},
		{"signify: a minisign file", minisign.Signify{}, legacyFile, sig.ErrMalformed, 155},
	} {
		u, err := c.format.Parse(strings.NewReader(c.file), sig.DetachedLimits)
		if u != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
			continue
		}
		var syntax *sig.SyntaxError
		if errors.As(err, &syntax) && syntax.Offset != c.offset {
			t.Errorf("%s: %v, want offset %d", c.name, err, c.offset)
		}
	}
}

func TestBitFlips(t *testing.T) {
	for _, c := range []struct {
		format       sig.Format
		file, public string
		harmless     int // bits of the text that nothing covers
	}{
		{minisign.Format{}, prehashedFile, publicFile, 8 * len("signature from minisign secret key")},
		{minisign.Format{}, legacyFile, publicFile, 8 * len("signature from minisign secret key")},
		{minisign.Signify{}, signifyFile, signifyPublic, 8 * len("verify with sk.pub")},
	} {
		original := sigtest.Parse(t, c.format, []byte(c.file)).Claims[0]
		accepted := sigtest.NeverAccepted(t, c.format, []byte(c.file), []byte(message), holderOf(t, c.public), func(u *sig.Unverified) bool {
			got := u.Claims[0]
			return got.Comment == original.Comment && got.ClaimedTime.Equal(original.ClaimedTime) && got.Hash == original.Hash &&
				got.KeyHint == original.KeyHint && got.Namespace == original.Namespace && bytes.Equal(got.Signature, original.Signature)
		})
		if accepted == 0 || accepted > c.harmless {
			t.Errorf("%s: %d flips accepted, at most %d are harmless", c.format.Name(), accepted, c.harmless)
		}
	}
}

func TestTrustedComment(t *testing.T) {
	at := time.Unix(1795462772, 999)
	for base, want := range map[string]string{
		"app-1.0.tar.gz":    "timestamp:1795462772\tfile:app-1.0.tar.gz\thashed",
		"a\tb\nc\x7f\x1b":   `timestamp:1795462772` + "\t" + `file:a\x09b\x0ac\x7f\x1b` + "\thashed",
		"grüße \xff\\n.txt": "timestamp:1795462772\tfile:grüße \xff\\n.txt\thashed",
	} {
		if got := minisign.TrustedComment(at, base); got != want {
			t.Errorf("comment %q, want %q", got, want)
		}
	}
}

func TestClaimedTime(t *testing.T) {
	for comment, want := range map[string]int64{
		"timestamp:0":                        0,
		"file:x\ttimestamp:1795462772":       1795462772,
		"timestamp:253402300799":             253402300799,
		"timestamp:253402300800":             -1,
		"timestamp:-1":                       -1,
		"timestamp:+1":                       -1,
		"timestamp:1e9":                      -1,
		"timestamp:":                         -1,
		"timestamp:99999999999999999999":     -1,
		"timestamp:x\ttimestamp:1":           -1,
		" timestamp:1":                       -1,
		"no fields at all":                   -1,
		"":                                   -1,
		"timestamp:1\ttimestamp:2":           1,
		"file:timestamp:3\tcomment:whatever": -1,
	} {
		got := minisign.ClaimedTime(comment)
		if want < 0 && !got.IsZero() || want >= 0 && (got.IsZero() || got.Unix() != want) {
			t.Errorf("%q: time %v, want %d", comment, got, want)
		}
	}
}

// minisign leaves leading zeros out; seen with the key of this id.
func TestKeyIDAsPrinted(t *testing.T) {
	if got := (minisign.KeyID{0xbf, 0xa8, 0xed, 0x7c, 0x68, 0x34, 0xfa, 0x0f}).String(); got != "FFA34687CEDA8BF" {
		t.Errorf("id %s", got)
	}
}
