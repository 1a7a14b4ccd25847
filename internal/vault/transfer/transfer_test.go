package transfer_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kai/internal/secret"
	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

const canary = "c4n4ry"

func TestValueIsNotShown(t *testing.T) {
	b := transfer.NewBuilder("test", false)
	v := b.Arena().Copy([]byte(canary))
	item := transfer.Item{Fields: []transfer.Field{{Name: "a", Value: v}}}
	if err := b.Add(item, nil, "x"); err != nil {
		t.Fatal(err)
	}
	store := b.Done()
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, shown := range []any{v, &v, *store.At(0), store, *store} {
			if text := fmt.Sprintf(format, shown); strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
				t.Errorf("%s of %T shows the value: %s", format, shown, text)
			}
		}
	}
	encoders := map[string]func(any) error{
		"json": func(v any) error { _, err := json.Marshal(v); return err },
		"xml":  func(v any) error { _, err := xml.Marshal(v); return err },
		"yaml": func(v any) error { _, err := yaml.Marshal(v); return err },
		"gob":  func(v any) error { return gob.NewEncoder(new(bytes.Buffer)).Encode(v) },
	}
	for name, encode := range encoders {
		if err := encode(v); !errors.Is(err, secret.ErrMarshal) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	store.Wipe()
	store.Wipe()
	defer func() {
		if recover() == nil {
			t.Error("a value is there after wipe")
		}
	}()
	v.Expose()
}

func TestArena(t *testing.T) {
	b := transfer.NewBuilder("test", false)
	defer b.Abort()
	a := b.Arena()
	// Parts are begun anew again and again; nothing may overlap or move.
	var values []transfer.Value
	text := func(i int) string { return strings.Repeat(strconv.Itoa(i)+",", i%977) }
	for i := range 3000 {
		values = append(values, a.Copy([]byte(text(i))))
	}
	large := a.Copy(bytes.Repeat([]byte("x"), 3<<20))
	for i, v := range values {
		if string(v.Expose()) != text(i) || v.Len() != len(text(i)) {
			t.Fatalf("value %d is not what was copied", i)
		}
	}
	if large.Len() != 3<<20 || cap(large.Expose()) != large.Len() {
		t.Error("the large value has another size")
	}
	if (transfer.Value{}).Expose() != nil || a.Copy(nil).Len() != 0 {
		t.Error("an empty value is not empty")
	}
	s := secret.New(4)
	copy(s.Expose(), "abcd")
	part := a.Adopt(s)
	if got := a.At(part, scan.Span{Start: 1, End: 3}).Expose(); string(got) != "bc" {
		t.Errorf("adopted bytes are %q", got)
	}
}

func TestPaths(t *testing.T) {
	for _, test := range []struct{ from, want string }{
		{"a/b", "a/b"},
		{"//a//b", "a/b"},
		{"a/", "a/unnamed"},
		{"./.", "_/_"},
		{"a#\x00\x7f\u0085\xff�/b\n", "a_____�/b_"},
		{"e\u0301", "é"},
		{"\u212b", "Å"},
		{"...", "..."},
		{" a / b ", " a / b "},
	} {
		b := transfer.NewBuilder("test", false)
		folders := strings.Split(test.from, "/")
		if err := b.Add(transfer.Item{}, folders[:len(folders)-1], folders[len(folders)-1]); err != nil {
			t.Errorf("%q: %v", test.from, err)
			continue
		}
		store := b.Done()
		if got := store.At(0).Path; got != test.want {
			t.Errorf("%q becomes %q, want %q", test.from, got, test.want)
		}
		if err := transfer.CheckPath(test.want); err != nil {
			t.Errorf("%q: %v", test.want, err)
		}
	}
	for _, path := range []string{"..", "a/../b", strings.Repeat("x", 513), strings.Repeat("a/", 64) + "a"} {
		b := transfer.NewBuilder("test", false)
		folders := strings.Split(path, "/")
		err := b.Add(transfer.Item{Line: 7}, folders[:len(folders)-1], folders[len(folders)-1])
		if !errors.Is(err, transfer.ErrPath) || !strings.HasPrefix(err.Error(), `"test" line 7: bad path`) {
			t.Errorf("%.20q: %v", path, err)
		}
	}
	for _, path := range []string{"", "/a", "a/", "a//b", ".", "a/..", "a#b", "a\nb", "e\u0301", "a\xff", strings.Repeat("x", 513)} {
		if err := transfer.CheckPath(path); !errors.Is(err, transfer.ErrPath) {
			t.Errorf("CheckPath(%.20q) = %v", path, err)
		}
	}
}

func TestSamePath(t *testing.T) {
	b := transfer.NewBuilder("test", true)
	for _, name := range []string{"a", "a (2)", "a", "a", "a (2)"} {
		if err := b.Add(transfer.Item{}, nil, name); err != nil {
			t.Fatal(err)
		}
	}
	var paths []string
	for item := range b.Done().All() {
		paths = append(paths, item.Path)
	}
	if got, want := strings.Join(paths, "|"), "a|a (2)|a (3)|a (4)|a (2) (2)"; got != want {
		t.Errorf("paths are %s, want %s", got, want)
	}
	// The same path in two namespaces is two secrets.
	b = transfer.NewBuilder("test", false)
	for _, ns := range []string{"x", "y"} {
		if err := b.Add(transfer.Item{Namespace: ns}, nil, "a"); err != nil {
			t.Error(err)
		}
	}
	if err := b.Add(transfer.Item{Namespace: "y"}, nil, "a"); !errors.Is(err, transfer.ErrPath) {
		t.Errorf("error %v", err)
	}
}

func TestFieldNames(t *testing.T) {
	b := transfer.NewBuilder("test", false)
	long := strings.Repeat("x", 70)
	var fields []transfer.Field
	for _, name := range []string{"b", "a b", "a_b", "", "é€", long, long, "b", "b_2"} {
		fields = append(fields, transfer.Field{Name: name})
	}
	if err := b.Add(transfer.Item{Fields: fields}, nil, "x"); err != nil {
		t.Fatal(err)
	}
	store := b.Done()
	var names []string
	for _, field := range store.At(0).Fields {
		names = append(names, field.Name)
	}
	want := []string{"_", "__", "a_b", "a_b_2", "b", "b_2", "b_2_2", long[:62] + "_2", long[:64]}
	if got := strings.Join(names, "|"); got != strings.Join(want, "|") {
		t.Errorf("fields are\n%s, want\n%s", got, strings.Join(want, "|"))
	}
	if err := transfer.CheckItem(store.At(0)); err != nil {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	b := transfer.NewBuilder("test", false)
	defer b.Abort()
	refused := func(what string, item transfer.Item) {
		t.Helper()
		if err := b.Add(item, nil, what); !errors.Is(err, transfer.ErrLimit) {
			t.Errorf("%s: error %v", what, err)
		}
		item.Path = "x"
		if err := transfer.CheckItem(&item); err == nil {
			t.Errorf("%s is allowed by CheckItem", what)
		}
	}
	many := make([]transfer.Field, transfer.MaxFields+1)
	for i := range many {
		many[i].Name = fmt.Sprintf("f%02d", i)
	}
	refused("fields", transfer.Item{Fields: many})
	large := []transfer.Field{{Name: "a", Value: b.Arena().Make(transfer.MaxValues)}}
	refused("bytes", transfer.Item{Fields: large})
	refused("old bytes", transfer.Item{History: []transfer.Version{{Fields: large}}})
	refused("versions", transfer.Item{History: make([]transfer.Version, transfer.MaxVersions+1)})

	tags := make([]string, transfer.MaxTags+1)
	for i := range tags {
		tags[i] = strconv.Itoa(i)
	}
	if err := b.Add(transfer.Item{Tags: append([]string{"", "a", "a", "b#", strings.Repeat("x", transfer.MaxTag+1)}, tags...)}, nil, "tags"); err != nil {
		t.Fatal(err)
	}
	store := b.Done()
	got := store.At(0).Tags
	if len(got) != transfer.MaxTags || strings.Join(got[:4], "|") != "a|b_|0|1" || len(store.Notes) != 7 {
		t.Errorf("tags %q, notes %v", got, store.Notes)
	}
}

func TestMaxItems(t *testing.T) {
	b := transfer.NewBuilder("test", false)
	defer b.Abort()
	const most = 3000 // several blocks
	b.SetMaxItems(most)
	for i := range most {
		if err := b.Add(transfer.Item{Line: i}, nil, strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Add(transfer.Item{Line: most}, nil, "x"); !errors.Is(err, transfer.ErrLimit) {
		t.Errorf("error %v for one item too many", err)
	}
	store := b.Done()
	seen := 0
	for item := range store.All() {
		if item.Path != strconv.Itoa(seen) || store.At(seen) != item {
			t.Fatalf("item %d is %q", seen, item.Path)
		}
		seen++
	}
	if seen != most || store.Len() != most || transfer.MaxItems != 1_000_000 {
		t.Errorf("%d items, Len %d", seen, store.Len())
	}
}

func TestBuffer(t *testing.T) {
	b := transfer.NewBuffer(10)
	if n, err := b.ReadFrom(strings.NewReader("0123456789")); n != 10 || err != nil {
		t.Errorf("ReadFrom = %d, %v", n, err)
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, transfer.ErrLimit) {
		t.Errorf("error %v above the limit", err)
	}
	b.Reset()
	if _, err := b.ReadFrom(strings.NewReader("01234567890")); !errors.Is(err, transfer.ErrLimit) {
		t.Errorf("error %v above the limit", err)
	}
	b.Wipe()
	b.Wipe()
	if len(b.Bytes()) != 0 {
		t.Error("bytes after wipe")
	}
}
