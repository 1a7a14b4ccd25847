package mask_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"kai/internal/secret"
	"kai/internal/vault/mask"
)

// masker is a Masker for values that closes with the test.
func masker(t testing.TB, values ...string) *mask.Masker {
	t.Helper()
	m := mask.New(secrets(values...))
	t.Cleanup(m.Close)
	return m
}

func secrets(values ...string) []*secret.Bytes {
	var list []*secret.Bytes
	for _, v := range values {
		list = append(list, secret.Take([]byte(v)))
	}
	return list
}

// masked sends the parts through m.
func masked(t testing.TB, m *mask.Masker, parts ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := m.Writer(&out)
	for _, p := range parts {
		if n, err := w.Write([]byte(p)); err != nil || n != len(p) {
			t.Fatalf("write: %d, %v", n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const awkward = "p@ss/w+rd \"q\"\\ <é€😀>&'(x)*!~\t\x7f=a:b$c,d;e?f#g%h\x01"

// wrap breaks text into lines, as the program base64 does.
func wrap(text string, width int, separator string) string {
	var lines []string
	for c := range slices.Chunk([]byte(text), width) {
		lines = append(lines, string(c))
	}
	return strings.Join(lines, separator)
}

// Every form is what the encoders of the standard library make of the value.
func TestForms(t *testing.T) {
	long := strings.Repeat(awkward+"0123456789", 20)
	for _, value := range []string{"ghp_16C7e42F292c6912E7710c838347Ae178B4a", awkward, long, "123456", "\xff\xfe\x00binary\x80", "two\nlines\r\nof text"} {
		m := masker(t, value)
		plainJSON := func(escapeHTML bool) string {
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(escapeHTML)
			if err := enc.Encode(value); err != nil {
				t.Fatal(err)
			}
			return strings.TrimSuffix(b.String(), "\n")
		}
		texts := map[string]string{
			"raw":                value,
			"hex":                hex.EncodeToString([]byte(value)),
			"HEX":                strings.ToUpper(hex.EncodeToString([]byte(value))),
			"query":              url.QueryEscape(value),
			"path":               url.PathEscape(value),
			"RFC 3986":           strings.ReplaceAll(url.QueryEscape(value), "+", "%20"),
			"RFC 3986, but /":    strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(value), "+", "%20"), "%2F", "/"),
			"JSON":               plainJSON(false),
			"JSON in HTML":       plainJSON(true),
			"terminal":           strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\n", "\r\n"),
			"base64 in lines":    wrap(base64.StdEncoding.EncodeToString([]byte(value)), 76, "\n"),
			"base64 in PEM":      wrap(base64.StdEncoding.EncodeToString([]byte(value)), 64, "\n"),
			"base64 in MIME":     wrap(base64.StdEncoding.EncodeToString([]byte(value)), 76, "\r\n"),
			"base64":             base64.StdEncoding.EncodeToString([]byte(value)),
			"base64 raw":         base64.RawStdEncoding.EncodeToString([]byte(value)),
			"base64url":          base64.URLEncoding.EncodeToString([]byte(value)),
			"base64url unpadded": base64.RawURLEncoding.EncodeToString([]byte(value)),
		}
		for name, text := range texts {
			want := mask.Tag
			switch {
			case strings.HasPrefix(name, "JSON"):
				want = `"` + want + `"`
			case strings.HasPrefix(name, "base64"):
				want += text[len(strings.TrimRight(text, "=")):]
			}
			if got := masked(t, m, text); got != want {
				t.Errorf("%q as %s: %q became %q", value, name, text, got)
			}
		}
		// In the middle of a larger text, at each alignment, nothing is left but the characters
		// that depend on neighbours too.
		for before := range 6 {
			for after := range 4 {
				inner := strings.Repeat("\x00", before) + value + strings.Repeat("\x00", after)
				for name, enc := range map[string]*base64.Encoding{"base64": base64.StdEncoding, "base64url": base64.RawURLEncoding} {
					got := masked(t, m, enc.EncodeToString([]byte(inner)))
					rest := strings.Replace(got, mask.Tag, "", 1)
					if most := (before+after)*8/6 + 4; !strings.Contains(got, mask.Tag) || len(rest) > most {
						t.Errorf("%q as %s with %d bytes before and %d behind: %q", value, name, before, after, got)
					}
				}
			}
		}
	}
}

// What other languages write, taken from those.
func TestFormsOfOthers(t *testing.T) {
	for _, c := range []struct{ value, text string }{
		{`a/b"é😀`, `a/b\"\u00e9\ud83d\ude00`},           // Python json.dumps
		{`a/b"é😀`, `a\/b\"\u00e9\ud83d\ude00`},          // PHP json_encode
		{"a b!c'd(e)f*g&h", "a%20b!c'd(e)f*g%26h"},      // encodeURIComponent
		{"a b/c=d&e", "a%20b%2fc%3dd%26e"},              // .NET HttpUtility.UrlEncode, but for the space
		{"a b/c=d&e", "a%20b/c%3Dd%26e"},                // Python urllib.parse.quote
		{"secret-value", "c2VjcmV0LXZhbHVl"},            // base64
		{"correct horse", "636f727265637420686f727365"}, // xxd -p
		{strings.Repeat("0123456789", 6), "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2\nNzg5"}, // base64 -w76
	} {
		if got := masked(t, masker(t, c.value), c.text); got != mask.Tag {
			t.Errorf("%q as %q became %q", c.value, c.text, got)
		}
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct {
		name     string
		values   []string
		in, want string
	}{
		{"nothing to mask", nil, "abc", "abc"},
		{"empty stream", []string{"secret"}, "", ""},
		{"too short a value", []string{"abcde", ""}, "abcde", "abcde"},
		{"the shortest value", []string{"abcdef"}, "xabcdefx", "x[kai:masked]x"},
		{"twice in a row", []string{"abcdef"}, "abcdefabcdef", "[kai:masked][kai:masked]"},
		{"a false start", []string{"abcdef"}, "abcdeabcdefabcde", "abcde[kai:masked]abcde"},
		{"a false start within", []string{"aabaab1"}, "aabaaabaab1", "aaba[kai:masked]"},
		{"one letter", []string{"aaaaaa"}, "baaaaaaaaab", "b[kai:masked]b"},
		{"a prefix of another", []string{"secret", "secret-longer"}, "secret secret-longer secret-long", "[kai:masked] [kai:masked] [kai:masked]-long"},
		{"a suffix of another", []string{"longer-secret", "secret"}, "longer-secret", "[kai:masked]"},
		{"inside of another", []string{"the-secret-of", "secret"}, "the-secret-of the-secret-on", "[kai:masked] the-[kai:masked]-on"},
		{"overlapping values", []string{"abcdefgh", "efghijkl"}, "-abcdefghijkl-", "-[kai:masked]-"},
		{"overlapping three", []string{"abcdefgh", "ghijklmn", "lmnopqrs"}, "abcdefghijklmnopqrs", "[kai:masked]"},
		{"the same value twice", []string{"secret", "secret"}, "a secret", "a [kai:masked]"},
		{"a final line feed", []string{"secret\n"}, "secret secret\n", "[kai:masked] [kai:masked]\n"},
		{"only line feeds", []string{"\n\n\n\n\n\n\n\n"}, "\n\n\n\n\n\n\n\n", "\n\n\n\n\n\n\n\n"},
		{"zeros", []string{"\x00\x00\x00\x00\x00\x00"}, "\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := masker(t, c.values...)
			if got := masked(t, m, c.in); got != c.want {
				t.Errorf("%q became %q, want %q", c.in, got, c.want)
			}
			// Split over two writes at each byte, and byte by byte.
			for i := range len(c.in) + 1 {
				if got := masked(t, m, c.in[:i], c.in[i:]); got != c.want {
					t.Errorf("%q + %q became %q, want %q", c.in[:i], c.in[i:], got, c.want)
				}
			}
			if got := masked(t, m, strings.Split(c.in, "")...); got != c.want {
				t.Errorf("%q byte by byte became %q, want %q", c.in, got, c.want)
			}
		})
	}
}

// Each form, split at each byte.
func TestSplitForms(t *testing.T) {
	const value = "p@ss/w+rd \"\\é😀<\n>"
	m := masker(t, value)
	for _, form := range mask.Forms([]byte(value)) {
		for i := range form {
			if got := masked(t, m, "x"+string(form[:i]), string(form[i:])+"\n"); got != "x"+mask.Tag+"\n" {
				t.Errorf("%q + %q became %q", form[:i], form[i:], got)
			}
		}
	}
}

// A long value is masked from its head on, as far as it goes.
func TestLongValues(t *testing.T) {
	noise := func(n int, seed uint32) string {
		b := make([]byte, n)
		for i := range b {
			seed = seed*1664525 + 1013904223
			b[i] = byte(seed >> 24)
		}
		return string(b)
	}
	head := noise(300, 1)
	one, other, large := head+noise(700, 2), head+noise(900, 3), noise(200_000, 4)
	m := masker(t, one, other, large)
	for name, c := range map[string]struct{ in, want string }{
		"one":           {"-" + one + "-", "-[kai:masked]-"},
		"other":         {"-" + other + "-", "-[kai:masked]-"},
		"both":          {one + other, "[kai:masked][kai:masked]"},
		"cut":           {one[:999] + "\n", "[kai:masked]\n"},
		"the head":      {one[:255] + "\n", "[kai:masked]\n"},
		"less":          {one[:254] + "\n", one[:254] + "\n"},
		"another end":   {one[:500] + "....", "[kai:masked]...."},
		"from one byte": {one[1:], one[1:]},
		"large":         {"<" + large + ">", "<[kai:masked]>"},
		"large, hex":    {hex.EncodeToString([]byte("<" + large + ">")), "3c[kai:masked]3e"},
		"large, base64": {base64.StdEncoding.EncodeToString([]byte("<<<" + large)), "PDw8[kai:masked]="},
	} {
		if got := masked(t, m, c.in); got != c.want {
			t.Errorf("%s: %.80q of %d bytes", name, got, len(got))
		}
		cuts := []int{1, 2, 254, 255, 256, 257, 400, 999, 65535, 65536}
		for _, i := range cuts {
			if i > len(c.in) {
				break
			}
			if got := masked(t, m, c.in[:i], c.in[i:]); got != c.want {
				t.Errorf("%s, split at %d: %.80q of %d bytes", name, i, got, len(got))
			}
		}
	}
	if got := masked(t, m, strings.Split(one, "")...); got != mask.Tag {
		t.Errorf("byte by byte: %q", got)
	}
}

func TestHeldBack(t *testing.T) {
	m := masker(t, "abcdefgh", "xyzxyz-long")
	var out bytes.Buffer
	w := m.Writer(&out)
	step := func(in, want string, held int) {
		t.Helper()
		out.Reset()
		if _, err := io.WriteString(w, in); err != nil {
			t.Fatal(err)
		}
		if out.String() != want || w.Held() != held {
			t.Errorf("%q: wrote %q and holds %d, want %q and %d", in, out.String(), w.Held(), want, held)
		}
	}
	flush := func(want string) {
		t.Helper()
		out.Reset()
		if err := w.Flush(); err != nil || out.String() != want || w.Held() != 0 {
			t.Errorf("flush: wrote %q and holds %d, %v; want %q", out.String(), w.Held(), err, want)
		}
	}
	step("Password: ", "Password: ", 0)
	step("cab", "c", 2)
	step("!", "ab!", 0)
	step("abc", "", 3)
	step("abc", "abc", 3)
	step("defg", "", 7)
	step("h", "[kai:masked]", 0)
	flush("")
	step("xab", "x", 2)
	flush("ab")
	flush("")
	step("cdefgh.", "[kai:masked].", 0) // what remains of a value that was flushed half
	step("abcdef", "", 6)
	flush("abcdef")
	step("g", "", 1)
	step("?", "g?", 0)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := w.Write([]byte("x")); !errors.Is(err, mask.ErrClosed) {
		t.Errorf("write after Close: %v", err)
	}
}

// brokenWriter takes so many bytes.
type brokenWriter int

var errBroken = errors.New("broken")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > int(*w) {
		return 0, errBroken
	}
	*w -= brokenWriter(len(p))
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	for _, values := range [][]string{nil, {"secret"}} {
		m := masker(t, values...)
		broken := brokenWriter(100_000)
		w := m.Writer(&broken)
		n, err := w.Write(make([]byte, 200_000))
		if !errors.Is(err, errBroken) || n >= 200_000 {
			t.Errorf("got %d, %v", n, err)
		}
		if n, err := w.Write([]byte("x")); !errors.Is(err, errBroken) || n != 0 {
			t.Errorf("afterwards: %d, %v", n, err)
		}
		if err := w.Flush(); !errors.Is(err, errBroken) {
			t.Errorf("flush: %v", err)
		}
		if err := w.Close(); !errors.Is(err, errBroken) {
			t.Errorf("close: %v", err)
		}
	}
}

func TestWipe(t *testing.T) {
	value := strings.Repeat("0123456789abcdef", 40)
	given := secrets(value)
	m := mask.New(given)
	given[0].Wipe() // it was copied
	var out bytes.Buffer
	w := m.Writer(&out)
	if _, err := io.WriteString(w, "-"+value[:100]); err != nil {
		t.Fatal(err)
	}
	before := mask.Memory(m, w)
	if !slices.ContainsFunc(before, func(b []byte) bool { return bytes.Contains(b, []byte(value[:99])) }) {
		t.Fatal("the test looks in the wrong place")
	}
	w.Close()
	if out.String() != "-"+value[:100] {
		t.Errorf("wrote %q", out.String())
	}
	m.Close()
	m.Close()
	for _, b := range mask.Memory(m, w) {
		if !bytes.Equal(b, make([]byte, len(b))) {
			t.Errorf("%d bytes are left", len(b))
		}
	}
	if m := mask.New([]*secret.Bytes{nil, given[0]}); masked(t, m, "abc") != "abc" {
		t.Error("nil and wiped values change something")
	}
}

// Two streams of one Masker do not see each other.
func TestTwoWriters(t *testing.T) {
	m := masker(t, "one-secret", "another-secret")
	done := make(chan string)
	for range 2 {
		go func() {
			var out bytes.Buffer
			w := m.Writer(&out)
			for range 1000 {
				for _, part := range []string{"a one-", "secret and ano", "ther-secret"} {
					if _, err := io.WriteString(w, part); err != nil {
						t.Error(err)
					}
				}
			}
			w.Close()
			done <- out.String()
		}()
	}
	want := strings.Repeat("a [kai:masked] and [kai:masked]", 1000)
	for range 2 {
		if got := <-done; got != want {
			t.Errorf("got %.100q", got)
		}
	}
}

// The time is linear whatever text and values look like: otherwise this takes hours. Of values
// that repeat themselves for more than MaxHead bytes a few bytes may remain.
func TestNoQuadraticTime(t *testing.T) {
	const size = 1 << 19
	a := strings.Repeat("a", size)
	m := masker(t, a[:1000]+"b", a[:200]+"c", a[:size/2]+"d", strings.Repeat("ab", 3000)+"c")
	for _, text := range []string{a, strings.Repeat("ab", size/2)} {
		if got := masked(t, m, text); !strings.Contains(got, mask.Tag) || len(got) > len(mask.Tag)+2 {
			t.Errorf("%.80q of %d bytes", got, len(got))
		}
	}
}

// reference masks text in the plainest way.
func reference(text []byte, values [][]byte, head int) string {
	covered := make([]int, len(text)+1) // how far a form reaches from each offset
	for _, value := range values {
		value = bytes.TrimRight(value, "\r\n")
		if len(value) < mask.MinValue {
			continue
		}
		for _, form := range mask.Forms(value) {
			for i := range text {
				n := 0
				for n < len(form) && i+n < len(text) && text[i+n] == form[n] {
					n++
				}
				if n == len(form) || n >= head {
					covered[i] = max(covered[i], i+n)
				}
			}
		}
	}
	var out strings.Builder
	for i, end := 0, 0; i < len(text); i++ {
		switch {
		case covered[i] > 0 && i >= end:
			out.WriteString(mask.Tag)
		case i >= end:
			out.WriteByte(text[i])
		}
		end = max(end, covered[i])
	}
	return out.String()
}

func FuzzMask(f *testing.F) {
	f.Add([]byte("abcdef"), []byte("cdefgh"), []byte("abcdefgh abcdefabcdef"), uint8(3))
	f.Add([]byte("aaaaaa"), []byte("aaaaaaab"), []byte("aaaaaaaaaaabaaa"), uint8(1))
	f.Add([]byte("aaaaaaaaaaaaaaaab"), []byte("aaaaaaaaaaaaaac"), []byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaabaaaaaaaaaaaaaaaac"), uint8(5))
	f.Add([]byte("secret\n"), []byte("a/b\"c\xff"), []byte("c2VjcmV0 736563726574 a%2Fb%22c%FF"), uint8(7))
	f.Add([]byte("0123456789"), []byte(""), []byte("MDEyMzQ1Njc4OQ== AwMTIzNDU2Nzg5 "), uint8(0))
	f.Fuzz(func(t *testing.T, one, two, text []byte, step uint8) {
		if len(one)+len(two) > 200 || len(text) > 2000 {
			return
		}
		values := [][]byte{one, two}
		// The forms themselves are what the text ought to hold.
		for i, form := range mask.Forms(one) {
			if len(one) > 0 && i%4 == int(step)%4 {
				text = append(append(text, form...), form[:len(form)/2]...)
			}
		}
		for _, head := range []int{8, 24, mask.MaxHead} {
			m := mask.NewWithHead(secrets(string(one), string(two)), head)
			var out bytes.Buffer
			w := m.Writer(&out)
			for part := range slices.Chunk(text, int(step)+1) {
				if _, err := w.Write(part); err != nil {
					t.Fatal(err)
				}
				if w.Held() > head {
					t.Fatalf("%d bytes are held", w.Held())
				}
			}
			w.Close()
			m.Close()
			if got, want := out.String(), reference(text, values, head); got != want {
				t.Fatalf("head %d, values %q and %q, text %q in parts of %d:\n got %q\nwant %q", head, one, two, text, int(step)+1, got, want)
			}
		}
	})
}

func BenchmarkMask(b *testing.B) {
	const size = 100 << 20
	var values []string
	seed := uint32(7)
	random := func() byte {
		seed = seed*1664525 + 1013904223
		return byte(seed >> 24)
	}
	for i := range 20 {
		key := make([]byte, 30)
		for j := range key {
			key[j] = random()
		}
		values = append(values, fmt.Sprintf("ghp_%s%d", base64.StdEncoding.EncodeToString(key), i))
	}
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = random()
	}
	prose := []byte(strings.Repeat("The quick brown fox jumps over the lazy dog; it is 12:34:56 and all is well.\n", 1<<20/77))
	for _, c := range []struct {
		name string
		text []byte
	}{
		{"random", noise},
		{"base64", []byte(base64.StdEncoding.EncodeToString(noise))},
		{"prose", prose},
		{"one letter", bytes.Repeat([]byte("a"), 1<<20)},
		{"beginnings", bytes.Repeat([]byte("ghp_"+values[0][4:20]), 1<<20/20)},
		{"values", []byte(strings.Repeat(values[3]+"\n", 1<<20/len(values[3])))},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := masker(b, values...)
			b.SetBytes(size)
			for b.Loop() {
				w := m.Writer(io.Discard)
				for n := 0; n < size; {
					part := c.text[:min(len(c.text), 32<<10)]
					if _, err := w.Write(part); err != nil {
						b.Fatal(err)
					}
					n += len(part)
				}
				w.Close()
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	b.Run("16 MiB", func(b *testing.B) {
		value := secrets(strings.Repeat("0123456789abcdef", 1<<20))
		for b.Loop() {
			mask.New(value).Close()
		}
	})
	for _, n := range []int{20, 1000} {
		var values []*secret.Bytes
		for i := range n {
			values = append(values, secrets(fmt.Sprintf("%d_%040x", i, i*i*7919))...)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				m := mask.New(values)
				b.ReportMetric(float64(mask.Nodes(m)), "nodes")
				m.Close()
			}
		})
	}
}

// Find tells where a Writer masks, wherever the stream is cut into reads.
func TestFind(t *testing.T) {
	m := masker(t, "ghp_secret", "0123456789")
	noise := strings.Repeat("x ", 100_000)
	text := noise + "ghp_secret" + noise + hex.EncodeToString([]byte("0123456789")) + "ghp_secretghp_secret" + noise
	want := []int64{200_000, 400_010, 400_030, 400_040}
	for _, size := range []int{1, 7, 4096, len(text)} {
		var got []int64
		in := pieces{strings.NewReader(text), size}
		if err := m.Find(in, func(at int64) { got = append(got, at) }); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("read by %d: %d, want %d", size, got, want)
		}
	}
	if err := m.Find(strings.NewReader("nothing of it: ghp_secre"), func(at int64) { t.Errorf("found at %d", at) }); err != nil {
		t.Error(err)
	}
	broken := errors.New("broken")
	if err := m.Find(iotest.ErrReader(broken), func(int64) {}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// pieces reads at most size bytes at a time.
type pieces struct {
	r    io.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.size)]) }
