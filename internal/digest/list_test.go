package digest_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"kai/internal/digest"
)

// abc is the SHA-256 of "abc", and abc512 its BLAKE2b.
const (
	abc    = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	abc512 = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
)

func entry(t testing.TB, a digest.Algorithm, sum, path string) digest.Entry {
	t.Helper()
	b, err := hex.DecodeString(sum)
	if err != nil {
		t.Fatal(err)
	}
	return digest.Entry{Algorithm: a, Sum: b, Path: path}
}

// Lines as sha256sum 9.1, b2sum and cksum write them.
func TestAppend(t *testing.T) {
	plain, tag, zero := digest.Format{}, digest.Format{Tag: true}, digest.Format{Zero: true}
	for _, tt := range []struct {
		format digest.Format
		path   string
		line   string
	}{
		{plain, "path", abc + "  path\n"},
		{plain, " two  *words ", abc + "   two  *words \n"},
		{plain, "*", abc + "  *\n"},
		{plain, "a\nb", `\` + abc + `  a\nb` + "\n"},
		{plain, `c\d`, `\` + abc + `  c\\d` + "\n"},
		{plain, "e\rf", `\` + abc + `  e\rf` + "\n"},
		{plain, "bad\xff\t\x1b", abc + "  bad\xff\t\x1b\n"},
		{tag, "path", "SHA256 (path) = " + abc + "\n"},
		{tag, "a) = (b", "SHA256 (a) = (b) = " + abc + "\n"},
		{tag, "a\nb", `\SHA256 (a\nb) = ` + abc + "\n"},
		{zero, "a\nb\\", abc + "  a\nb\\\x00"},
		{digest.Format{Tag: true, Zero: true}, "a\nb", "SHA256 (a\nb) = " + abc + "\x00"},
	} {
		want := entry(t, digest.SHA256, abc, tt.path)
		line := tt.format.Append([]byte("before"), want)
		if string(line) != "before"+tt.line {
			t.Errorf("%+v of %q: %q, want %q", tt.format, tt.path, line, tt.line)
		}
		got, err := tt.format.Parse([]byte(tt.line[:len(tt.line)-1]), digest.SHA256)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Parse(%q) = %+v, %v", tt.line, got, err)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		line      string
		algorithm digest.Algorithm
		sum, path string
	}{
		{abc + " *path", digest.SHA256, abc, "path"},
		{abc + " **path", digest.SHA256, abc, "*path"},
		{strings.ToUpper(abc) + "  path", digest.SHA256, abc, "path"},
		{"BLAKE2b (x) = " + abc512, digest.BLAKE2b, abc512, "x"},
		{"SHA3-256 (x) = " + abc, digest.SHA3_256, abc, "x"},
		{"BLAKE3 (x) = " + abc, digest.BLAKE3, abc, "x"},
		{"SHA512 () = ()) = " + abc512, digest.SHA512, abc512, ") = ()"},
		// OpenSSL 3, and its version 1.
		{"SHA2-256( x)= " + abc, digest.SHA256, abc, " x"},
		{"SHA256(x)= " + abc, digest.SHA256, abc, "x"},
		{"SHA2-512(x)= " + abc512, digest.SHA512, abc512, "x"},
		{"BLAKE2B-512(x)= " + abc512, digest.BLAKE2b, abc512, "x"},
		{"SHA3-256(x)= " + abc, digest.SHA3_256, abc, "x"},
	} {
		want := entry(t, tt.algorithm, tt.sum, tt.path)
		got, err := digest.Format{}.Parse([]byte(tt.line), digest.SHA256)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", tt.line, got, err, want)
		}
	}
}

func TestParseRefusals(t *testing.T) {
	for _, tt := range []struct{ line, reason string }{
		{"", "neither"}, {" ", "neither"}, {"x", "neither"}, {abc, "neither"}, {abc + " ", "neither"}, {abc + " path", "neither"},
		{abc + "\t path", "neither"}, {" " + abc + "  path", "neither"}, {"MD5 (x) = " + abc[:32], "neither"},
		{"sha256 (x) = " + abc, "neither"}, {"SHA224 (x) = " + abc[:56], "neither"},
		{"BLAKE2b-256 (x) = " + abc, "neither"}, {"(x) = " + abc, "neither"},
		{abc + "  ", "no path"}, {abc + " *", "no path"}, {"SHA256 () = " + abc, "no path"}, {`\` + abc + "  ", "no path"},
		{"  path", "length"}, {"SHA256  (x) = " + abc, "length"}, {abc[1:] + "  path", "length"}, {abc + "0  path", "length"}, {abc512 + "  path", "length"},
		{"BLAKE2b (x) = " + abc, "length"}, {"SHA256 (x) = " + abc + " ", "length"}, {"SHA256 (x) =  " + abc, "length"},
		{"g" + abc[1:] + "  path", "hexadecimal"}, {"SHA256 (x) = " + abc[1:] + "\xff", "hexadecimal"},
		{"SHA256 (x = " + abc, "parenthesis"}, {"SHA256 (x) " + abc, "equals"}, {"SHA256 (x)" + abc, "equals"}, {"SHA256 (x)", "equals"},
		{"SHA256 (x)=" + abc, "equals"},
		{abc + "  a\x00b", "NUL"},
		{`\` + abc + `  a\`, "backslash at the end"}, {`\` + abc + `  a\t`, "unknown escape"}, {`\` + abc + `  \x41`, "unknown escape"},
		{`\\` + abc + `  a`, "length"},
	} {
		got, err := digest.Format{}.Parse([]byte(tt.line), digest.SHA256)
		if err == nil || !strings.Contains(err.Error(), tt.reason) || !errors.Is(err, digest.ErrLine) || !reflect.DeepEqual(got, digest.Entry{}) {
			t.Errorf("Parse(%q) = %+v, %v, want a reason with %q", tt.line, got, err, tt.reason)
		}
	}
	if _, err := (digest.Format{}).Parse([]byte(abc+"  x"), 0); !errors.Is(err, digest.ErrAlgorithm) {
		t.Errorf("untagged line without an algorithm: %v", err)
	}
}

// read returns what Entries yields, in words.
func read(f digest.Format, r io.Reader) []string {
	var got []string
	for e, err := range f.Entries(r, digest.SHA256) {
		if err != nil {
			got = append(got, err.Error())
		} else {
			got = append(got, fmt.Sprintf("%v %q", e.Algorithm, e.Path))
		}
	}
	return got
}

func TestEntries(t *testing.T) {
	long := abc + "  " + strings.Repeat("x", digest.MaxLine) + "\n"
	most := abc + "  " + strings.Repeat("x", digest.MaxLine-len(abc)-2) + "\n"
	for _, tt := range []struct {
		zero bool
		list string
		want []string
	}{
		{false, "", nil},
		{false, "\n\n# comment\n#\n", nil},
		{false, "# comment", nil},
		{false, abc + "  a\n" + abc + " *b", []string{`sha256 "a"`, `sha256 "b"`}},
		{false, abc + "  a\r\n\r\n" + abc + "  b\r", []string{`sha256 "a"`, `sha256 "b\r"`}},
		{false, "BLAKE3 (x) = " + abc + "\n#\n\nnot a line\n" + abc + "  b\n", []string{`blake3 "x"`,
			"line 4: neither a digest, two spaces and a path nor a tagged line", `sha256 "b"`}},
		{false, long + abc + "  b\n", []string{"line 1: line too long", `sha256 "b"`}},
		{false, abc + "  b\n" + long[:len(long)-1], []string{`sha256 "b"`, "line 2: line too long"}},
		{false, most + abc + "  b\n", []string{fmt.Sprintf("sha256 %q", most[len(abc)+2:len(most)-1]), `sha256 "b"`}},
		{false, abc + "  a\x00" + abc + "  b\n", []string{"line 1: NUL in the path"}},
		{true, abc + "  a\nb\x00#\x00" + abc + `  \r` + "\r\x00", []string{`sha256 "a\nb"`,
			"line 2: neither a digest, two spaces and a path nor a tagged line", `sha256 "\\r\r"`}},
		{true, `\` + abc + "  a\x00", []string{"line 1: digest of another length than sha256"}},
	} {
		f := digest.Format{Zero: tt.zero}
		for _, r := range []io.Reader{strings.NewReader(tt.list), iotest.OneByteReader(strings.NewReader(tt.list))} {
			if got := read(f, r); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%.80q: %.120q, want %.120q", tt.list, got, tt.want)
			}
		}
	}
	// A list that breaks off is not a short list.
	broken := io.MultiReader(strings.NewReader(abc+"  a\n"+abc+"  b"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if got := read(digest.Format{}, broken); !reflect.DeepEqual(got, []string{`sha256 "a"`, "unexpected EOF"}) {
		t.Errorf("broken list: %q", got)
	}
	// The reader of entries may stop.
	for range (digest.Format{}).Entries(strings.NewReader(abc+"  a\n"+abc+"  b\n"), digest.SHA256) {
		break
	}
}

// What is parsed can be written, and is then the same line again.
func FuzzLine(f *testing.F) {
	seeds := []string{
		abc + "  path", abc + " *path", `\` + abc + `  a\nb\\c\r`, "SHA256 (a) = (b) = " + abc, "BLAKE2b (x) = " + abc512,
		`\BLAKE3 (\\) = ` + abc, "SHA2-256( x)= " + abc, strings.ToUpper(abc) + "  \xff", `\` + abc + `  \q`, "(", "SHA256 (",
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, line []byte, zero bool) {
		e, err := digest.Format{Zero: zero}.Parse(line, digest.SHA256)
		if err != nil {
			return
		}
		if !zero && bytes.ContainsRune(line, '\n') {
			return // Entries passes no such line
		}
		for _, tag := range []bool{false, true} {
			format := digest.Format{Zero: zero, Tag: tag}
			out := format.Append(nil, e)
			n := 0
			for again, err := range format.Entries(bytes.NewReader(out), e.Algorithm) {
				if err != nil || !reflect.DeepEqual(again, e) {
					t.Fatalf("%q is %+v, written %q, read %+v, %v", line, e, out, again, err)
				}
				n++
			}
			if n != 1 {
				t.Fatalf("%q was written as %q: %d entries", line, out, n)
			}
		}
	})
}
