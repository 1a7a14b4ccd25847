package manifest_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"kai/internal/sig"
	"kai/internal/sig/manifest"
)

const (
	sumA = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7" // b3sum of "a\n"
	zero = "0000000000000000000000000000000000000000000000000000000000000000"
)

// form is a manifest of the given entries with a head that need not fit.
func form(entries ...string) string {
	return "kai-manifest/1\nalg blake3\ntree sha256 1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nsize 2\n\n" +
		strings.Join(entries, "\n") + "\n\n"
}

func TestRefusedSyntax(t *testing.T) {
	good := form("f 2 " + sumA + " a")
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %q in the manifest", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	entry := func(path string) string { return "f 2 " + sumA + " " + path }
	for name, text := range map[string]string{
		"nothing":                   "",
		"another first line":        replace("manifest/1", "manifest/2"),
		"carriage returns":          strings.ReplaceAll(good, "\n", "\r\n"),
		"byte order mark":           "\ufeff" + good,
		"only a head":               good[:strings.Index(good, "\n\n")+1],
		"only the first line":       "kai-manifest/1\n",
		"no line for alg":           replace("alg blake3\n", ""),
		"unknown alg":               replace("alg blake3", "alg md5"),
		"alg in upper case":         replace("alg blake3", "alg BLAKE3"),
		"alg with a space":          replace("alg blake3", "alg blake3 "),
		"lines swapped":             replace("alg blake3\ntree sha256 1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "tree sha256 1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nalg blake3"),
		"another tree hash":         replace("sha256", "sha512"),
		"count with a zero":         replace("sha256 1 ", "sha256 01 "),
		"count with a sign":         replace("sha256 1 ", "sha256 +1 "),
		"root without padding":      replace("SuFU=", "SuFU"),
		"root not canonical":        replace("SuFU=", "SuFV="),
		"root too short":            replace("SuFU=", "SuA=="),
		"root with another base64":  replace("+/T", "-_T"),
		"size missing":              replace("size 2\n", ""),
		"size negative":             replace("size 2", "size -2"),
		"size above 2^63":           replace("size 2", "size 9223372036854775808"),
		"size twice":                replace("size 2\n", "size 2\nsize 2\n"),
		"unknown line":              replace("size 2\n", "size 2\ninclude *\n"),
		"empty pattern":             replace("size 2\n", "size 2\nexclude \n"),
		"bad pattern":               replace("size 2\n", "size 2\nexclude [\n"),
		"control in pattern":        replace("size 2\n", "size 2\nexclude \x1b\n"),
		"patterns not sorted":       replace("size 2\n", "size 2\nexclude b\nexclude a\n"),
		"pattern twice":             replace("size 2\n", "size 2\nexclude a\nexclude a\n"),
		"type unknown":              form("s 2 " + sumA + " a"),
		"type of two letters":       form("fx 2 " + sumA + " a"),
		"type empty":                form(" 2 " + sumA + " a"),
		"three fields":              form("f 2 " + sumA),
		"two spaces":                form("f  2 " + sumA + " a"),
		"tab":                       form("f\t2 " + sumA + " a"),
		"size of hex":               form("f 0x2 " + sumA + " a"),
		"size with a zero ":         form("f 02 " + sumA + " a"),
		"size empty":                form("f  " + sumA + " a"),
		"digest in upper case":      form("f 2 " + strings.ToUpper(sumA) + " a"),
		"digest too short":          form("f 2 " + sumA[2:] + " a"),
		"digest too long":           form("f 2 " + sumA + "00 a"),
		"digest not hex":            form("f 2 " + sumA[1:] + "g a"),
		"no digest":                 form("f 2 - a"),
		"directory with a digest":   form("d 0 " + sumA + " a"),
		"directory with a size":     form("d 1 - a"),
		"empty path":                form(entry("")),
		"absolute path":             form(entry("/a")),
		"path that ends in a slash": form(entry("a/")),
		"empty part":                form(entry("a//b")),
		"part dot":                  form(entry("./a")),
		"path dot":                  form(entry(".")),
		"parent":                    form(entry("../a")),
		"parent inside":             form(entry("a/../b")),
		"parent at the end":         form(entry("a/..")),
		"path not UTF-8":            form(entry("\xff")),
		"surrogate":                 form(entry("\xed\xa0\x80")),
		"control byte":              form(entry("a\x01")),
		"delete":                    form(entry("a\x7f")),
		"carriage return":           form(entry("a\r")),
		"escape cut":                form(entry(`a\x0`)),
		"escape of another kind":    form(entry(`a\n`)),
		"escape in upper case":      form(entry(`a\x0A`)),
		"escape that is not needed": form(entry(`a\x41`)),
		"escaped slash":             form(entry(`a\x2fb`)),
		"escaped dots":              form(entry(`\x2e\x2e`)),
		"escaped UTF-8":             form(entry(`\xc3\xa9`)),
		"not sorted":                form(entry("b"), entry("a")),
		"sorted by part":            form(entry("a/x"), entry("a.b")),
		"sorted without case":       form(entry("a"), entry("B")),
		"twice":                     form(entry("a"), entry("a")),
		"sum of sizes":              form("f 9223372036854775807 "+zero+" a", "f 1 "+zero+" b"),
		"no empty line at the end":  strings.TrimSuffix(good, "\n"),
		"no line feed at the end":   strings.TrimSuffix(good, "\n\n"),
	} {
		_, err := manifest.Open(strings.NewReader(text), int64(len(text)))
		var syntax *sig.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: %v", name, err)
		} else if syntax.Offset < 0 || syntax.Offset > int64(len(text)) {
			t.Errorf("%s: fault at byte %d of %d", name, syntax.Offset, len(text))
		}
	}
}

func TestRefusedContent(t *testing.T) {
	root := grow(t, t.TempDir(), base)
	good := text(t, build(t, root, manifest.Options{}))
	open(t, good)
	head, entries, _ := strings.Cut(good, "\n\n")
	lines := strings.SplitAfter(strings.TrimSuffix(entries, "\n"), "\n")
	for name, text := range map[string]string{
		"entry missing":    head + "\n\n" + strings.Join(lines[1:], "") + "\n",
		"all missing":      head + "\n\n\n",
		"entry added":      head + "\n\n" + "f 0 " + zero + " A\n" + entries,
		"size of an entry": head + "\n\n" + strings.Replace(entries, "f 3 ", "f 4 ", 1),
		"type of an entry": head + "\n\n" + strings.Replace(entries, "f 3 ", "x 3 ", 1),
		"size in the head": strings.Replace(good, "\nsize ", "\nsize 1", 1),
		"count":            strings.Replace(good, "sha256 ", "sha256 1", 1),
	} {
		if _, err := manifest.Open(strings.NewReader(text), int64(len(text))); !isContent(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTooLarge(t *testing.T) {
	long := strings.Repeat("a", manifest.MaxPath+1)
	for name, text := range map[string]string{
		"path":    form("f 2 " + sumA + " " + long),
		"line":    form("f 2 " + sumA + " " + strings.Repeat(long, 100)),
		"head":    "kai-manifest/1\nalg blake3\n" + strings.Repeat("exclude a\n", 10000),
		"count":   strings.Replace(form(), "sha256 1 ", "sha256 10000001 ", 1),
		"blocks":  form("d 0 - a") + strings.Repeat("x", 1<<20+1),
		"pattern": strings.Replace(form(), "size 2\n", "size 2\nexclude "+long+"\n", 1),
	} {
		if _, err := manifest.Open(strings.NewReader(text), int64(len(text))); !errors.Is(err, sig.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := manifest.Open(strings.NewReader(""), manifest.Limits.FileSize+1); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("size: %v", err)
	}
	limits := sig.Limits{FileSize: 100, Signatures: 64}
	if _, err := (manifest.Format{}).Parse(strings.NewReader(form("f 2 "+sumA+" a")), limits); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("file: %v", err)
	}
}

// No byte of head and entries can be changed to any of several others.
func TestEveryFlippedByteIsFound(t *testing.T) {
	root := grow(t, t.TempDir(), base)
	m := build(t, root, manifest.Options{Exclude: []string{"*.o"}})
	signed, good := string(m.Signed()), text(t, m)
	for i := range len(good) {
		for _, flip := range []byte{1, 2, 4, 0x20, 0x40, 0x80} {
			b := []byte(good)
			b[i] ^= flip
			read, err := manifest.Open(strings.NewReader(string(b)), int64(len(b)))
			if err == nil && string(read.Signed()) == signed {
				t.Errorf("byte %d, %q for %q: not found", i, b[i], good[i])
			}
		}
	}
	for i := range len(good) {
		if read, err := manifest.Open(strings.NewReader(good), int64(i)); err == nil && string(read.Signed()) == signed {
			t.Errorf("cut to %d bytes: not found", i)
		}
	}
}

// ends is a reader that fails after the text.
type ends struct{ io.Reader }

var errDisk = errors.New("disk on fire")

func (e ends) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if err == io.EOF {
		err = errDisk
	}
	return n, err
}

func TestReadErrorsStayThemselves(t *testing.T) {
	good := form("f 2 " + sumA + " a")
	for i := range len(good) {
		_, err := manifest.Format{}.Parse(ends{strings.NewReader(good[:i])}, manifest.Limits)
		if !errors.Is(err, errDisk) {
			t.Errorf("after %d bytes: %v", i, err)
		}
	}
}

// swapped gives another text from the second reading on.
type swapped struct {
	*strings.Reader
	size, read int64
	second     *strings.Reader
}

func (s *swapped) ReadAt(p []byte, off int64) (int, error) {
	if s.read >= s.size {
		return s.second.ReadAt(p, off)
	}
	n, err := s.Reader.ReadAt(p, off)
	s.read += int64(n)
	return n, err
}

func TestManifestChangedBetweenReadings(t *testing.T) {
	root := grow(t, t.TempDir(), base)
	good := text(t, build(t, root, manifest.Options{}))
	for name, second := range map[string]string{
		"cut":           good[:len(good)/2],
		"nothing left":  "",
		"other digest":  strings.Replace(good, " 3 ", " 4 ", 1),
		"syntax":        strings.Replace(good, "\nf ", "\n? ", 1),
		"entry removed": good[:strings.Index(good, "\nl ")+1] + good[strings.LastIndex(good, "\nl ")+1:],
	} {
		r := &swapped{Reader: strings.NewReader(good), size: int64(len(good)), second: strings.NewReader(second)}
		m, err := manifest.Open(r, int64(len(good)))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Compare(t.Context(), root, manifest.CompareOptions{}, func(manifest.Difference) error { return nil }); !errors.Is(err, manifest.ErrChanged) {
			t.Errorf("%s: compared: %v", name, err)
		}
		if _, err := m.Prove("z"); !errors.Is(err, manifest.ErrChanged) {
			t.Errorf("%s: proven: %v", name, err)
		}
		if _, err := m.WriteTo(io.Discard); !errors.Is(err, manifest.ErrChanged) && len(second) < len(good)/2 {
			t.Errorf("%s: written: %v", name, err)
		}
	}
}

func TestEscape(t *testing.T) {
	for raw, want := range map[string]string{
		"":                        "",
		"plain name":              "plain name",
		"\x00\x1f \x7f\\":         `\x00\x1f \x7f\x5c`,
		"é\u0085\u202e\U0001F600": "é\u0085\u202e\U0001F600",
		"\xc3":                    `\xc3`,
		"\xc3é":                   `\xc3é`,
		"\xed\xa0\x80":            `\xed\xa0\x80`,
		"\xf4\x90\x80\x80":        `\xf4\x90\x80\x80`,
		"\xc0\xaf":                `\xc0\xaf`,
		`\x41`:                    `\x5cx41`,
		"\ufffd":                  "\ufffd",
		"a\xff\nb":                `a\xff\x0ab`,
	} {
		if got := manifest.Escape(raw); got != want {
			t.Errorf("Escape(%q) = %q, want %q", raw, got, want)
		}
		if got, err := manifest.Unescape(want); got != raw || err != nil {
			t.Errorf("Unescape(%q) = %q, %v", want, got, err)
		}
	}
	r := rand.New(rand.NewPCG(9, 10))
	for range 20000 {
		b := make([]byte, r.IntN(8))
		for i := range b {
			b[i] = byte(r.IntN(256))
		}
		if got, err := manifest.Unescape(manifest.Escape(string(b))); got != string(b) || err != nil {
			t.Errorf("Unescape(Escape(%q)) = %q, %v", b, got, err)
		}
	}
}
