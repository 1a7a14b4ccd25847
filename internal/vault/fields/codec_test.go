package fields_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"kai/internal/vault/fields"
)

// example is the one of the package comment.
const example = "0870617373776f7264" + "07000000" + "68756e74657232" + "0475736572" + "03000000" + "616e6e"

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encode(t testing.TB, list []fields.Field) []byte {
	t.Helper()
	s, err := fields.Encode(list)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Wipe()
	return bytes.Clone(s.Expose())
}

func TestExample(t *testing.T) {
	list := []fields.Field{{"user", []byte("ann")}, {"password", []byte("hunter2")}}
	want := unhex(t, example)
	if got := encode(t, list); !bytes.Equal(got, want) {
		t.Errorf("encoded to %x, want %x", got, want)
	}
	if list[0].Name != "user" {
		t.Error("the caller's list was sorted")
	}
	got, err := fields.Parse(want)
	if err != nil || len(got) != 2 || got[0].Name != "password" || string(got[0].Value) != "hunter2" ||
		got[1].Name != "user" || string(got[1].Value) != "ann" {
		t.Fatalf("parsed to %v, %v", got, err)
	}
	if v, ok := fields.Find(got, "user"); !ok || string(v) != "ann" {
		t.Error("user is not found")
	}
	if _, ok := fields.Find(got, "use"); ok {
		t.Error("use is found")
	}
	// The values are the input itself: wiping it wipes them.
	clear(want)
	if !bytes.Equal(got[0].Value, make([]byte, 7)) {
		t.Error("the value was copied")
	}
	if cap(got[0].Value) != len(got[0].Value) {
		t.Error("an append to a value would write over the next field")
	}
}

func TestEmpty(t *testing.T) {
	if got := encode(t, nil); len(got) != 0 {
		t.Errorf("the empty list is %x", got)
	}
	if list, err := fields.Parse(nil); len(list) != 0 || err != nil {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := fields.Parse(unhex(t, "0161"+"00000000")); err != nil || len(list) != 1 || len(list[0].Value) != 0 {
		t.Errorf("empty value: %v, %v", list, err)
	}
}

func TestParseRefuses(t *testing.T) {
	field := func(name, value string) string {
		return fmt.Sprintf("%c%s%c\x00\x00\x00%s", len(name), name, len(value), value)
	}
	var many strings.Builder
	for i := range fields.MaxFields + 1 {
		many.WriteString(field(fmt.Sprintf("f%02d", i), ""))
	}
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"no name", field("", "x"), fields.ErrName},
		{"name with a space", field("a b", "x"), fields.ErrName},
		{"name with a zero", field("a\x00", "x"), fields.ErrName},
		{"name not ASCII", field("ä", "x"), fields.ErrName},
		{"name too long", field(strings.Repeat("a", 65), "x"), fields.ErrName},
		{"twice", field("a", "x") + field("a", "x"), fields.ErrOrder},
		{"descending", field("b", "x") + field("a", "x"), fields.ErrOrder},
		{"longer first", field("ab", "x") + field("a", "x"), fields.ErrOrder},
		{"65 fields", many.String(), fields.ErrTooMany},
		{"name beyond the end", "\x05abc", fields.ErrEnd},
		{"value beyond the end", "\x01a\xff\xff\xff\xffx", fields.ErrEnd},
		{"no length", "\x01a\x00\x00\x00", fields.ErrEnd},
		{"a byte too many", field("a", "x") + "\x00", fields.ErrEnd},
	} {
		if list, err := fields.Parse([]byte(c.in)); !errors.Is(err, c.want) || list != nil {
			t.Errorf("%s: %v, %v; want %v", c.name, list, err, c.want)
		}
	}
	if list, err := fields.Parse([]byte(many.String()[:fields.MaxFields*8])); err != nil || len(list) != fields.MaxFields {
		t.Errorf("64 fields: %v", err)
	}
}

// Cut anywhere but between two fields, a list is no list.
func TestTruncated(t *testing.T) {
	in := unhex(t, example)
	for n := range in {
		list, err := fields.Parse(in[:n])
		if between := n == 0 || n == 20; between != (err == nil) {
			t.Errorf("cut to %d bytes: %v, %v", n, list, err)
		}
	}
}

// Any single flipped bit gives another list or none.
func TestFlipped(t *testing.T) {
	in := unhex(t, example)
	for bit := range len(in) * 8 {
		flipped := bytes.Clone(in)
		flipped[bit/8] ^= 1 << (bit % 8)
		list, err := fields.Parse(flipped)
		if err != nil {
			continue
		}
		if got := encode(t, list); !bytes.Equal(got, flipped) {
			t.Errorf("bit %d: accepted %x, writes %x", bit, flipped, got)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	half := make([]byte, fields.MaxValues/2+1)
	for _, c := range []struct {
		name string
		list []fields.Field
		want error
	}{
		{"bad name", []fields.Field{{"a/b", nil}}, fields.ErrName},
		{"no name", []fields.Field{{"", nil}}, fields.ErrName},
		{"twice, apart", []fields.Field{{"a", nil}, {"b", nil}, {"a", nil}}, fields.ErrTwice},
		{"65 fields", make([]fields.Field, fields.MaxFields+1), fields.ErrTooMany},
		{"values too long", []fields.Field{{"a", half}, {"b", half}}, fields.ErrTooLarge},
	} {
		if out, err := fields.Encode(c.list); !errors.Is(err, c.want) || out != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := fields.Size(c.list); !errors.Is(err, c.want) {
			t.Errorf("%s: size: %v", c.name, err)
		}
		if out, err := fields.Append(nil, c.list); !errors.Is(err, c.want) || out != nil {
			t.Errorf("%s: append: %v", c.name, err)
		}
	}
}

// The largest list there is comes back; one byte more does not.
func TestLargest(t *testing.T) {
	value := make([]byte, fields.MaxValues+1)
	list := []fields.Field{{"v", value[:fields.MaxValues]}}
	in := encode(t, list)
	if got, err := fields.Parse(in); err != nil || len(got[0].Value) != fields.MaxValues {
		t.Error(err)
	}
	in = append(in, "\x01w\x01\x00\x00\x00x"...)
	if _, err := fields.Parse(in); !errors.Is(err, fields.ErrTooLarge) {
		t.Error(err)
	}
}

// Append stays in the memory that it was given.
func TestAppend(t *testing.T) {
	list := []fields.Field{{"user", []byte("ann")}, {"password", []byte("hunter2")}}
	size, err := fields.Size(list)
	if err != nil || size != len(example)/2 {
		t.Fatalf("size %d, %v", size, err)
	}
	memory := make([]byte, 4, 4+size)
	got, err := fields.Append(memory, list)
	if err != nil || &got[0] != &memory[0] || !bytes.Equal(got[4:], unhex(t, example)) {
		t.Errorf("%x, %v", got, err)
	}
	memory = make([]byte, 4, 4+size-1)
	if got, err := fields.Append(memory, list); !errors.Is(err, fields.ErrNoRoom) || got != nil {
		t.Errorf("%x, %v", got, err)
	}
	if rest := memory[4 : 4+size-1]; !bytes.Equal(rest, make([]byte, size-1)) {
		t.Error("written although there was no room")
	}
}

// No way of printing a Field, or a list of them, shows a value.
func TestNotPrinted(t *testing.T) {
	const canary = "hunter2-canary"
	list := []fields.Field{{"password", []byte(canary)}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, v := range []any{list[0], &list[0], list, struct{ F fields.Field }{list[0]}} {
			got := fmt.Sprintf(verb, v)
			for _, shown := range []string{canary, hex.EncodeToString([]byte(canary)), "104 117 110", "0x68, 0x75"} {
				if strings.Contains(strings.ToLower(got), shown) {
					t.Errorf("%s of %T shows the value: %s", verb, v, got)
				}
			}
		}
	}
	if b, err := json.Marshal(list); err == nil {
		t.Errorf("marshalled: %s", b)
	}
	broken := append(encode(t, list), 1)
	if _, err := fields.Parse(broken); err == nil || strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "password") {
		t.Errorf("error: %v", err)
	}
}

// What Parse accepts has one encoding.
func FuzzParse(f *testing.F) {
	seeds := []string{"", example, "016100000000", "0161ffffffff", "00", "016100000000016100000000", "4161", "01620000000001610000000001"}
	for _, s := range seeds {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		list, err := fields.Parse(in)
		if err != nil {
			if list != nil {
				t.Error("a list with an error")
			}
			return
		}
		if got := encode(t, list); !bytes.Equal(got, in) {
			t.Errorf("accepted %x, writes %x", in, got)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	in := unhex(b, example)
	for b.Loop() {
		if _, err := fields.Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}
