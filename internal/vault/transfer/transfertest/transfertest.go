// Package transfertest helps to test readers of other people's secret stores.
package transfertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/vault/transfer"
)

// Reader is a reader of one format.
type Reader = func(context.Context, transfer.Source, transfer.Options) (*transfer.Store, error)

// Read reads a text and returns what Flat makes of it. The test fails on an error.
func Read(t testing.TB, read Reader, text string, opts transfer.Options) (items map[string]string, store *transfer.Store) {
	t.Helper()
	store, err := read(t.Context(), Source(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Wipe)
	return Flat(store), store
}

// Source is a file called "file" with a text.
func Source(text string) transfer.Source {
	return transfer.Source{Name: "file", Reader: strings.NewReader(text), Size: int64(len(text))}
}

// Flat returns the values by path#field, and those of earlier versions by
// path@n#field, n from 0.
func Flat(store *transfer.Store) map[string]string {
	flat := make(map[string]string)
	for item := range store.All() {
		path := transfer.FullPath(item)
		for _, field := range item.Fields {
			flat[path+"#"+field.Name] = string(field.Value.Expose())
		}
		for i, version := range item.History {
			for _, field := range version.Fields {
				flat[fmt.Sprintf("%s@%d#%s", path, i, field.Name)] = string(field.Value.Expose())
			}
		}
	}
	return flat
}

// Equal fails the test unless got is want.
func Equal(t testing.TB, got, want map[string]string) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if value, is := want[key]; !is || value != got[key] {
			t.Errorf("got %q = %q", key, got[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if value, is := got[key]; !is || value != want[key] {
			t.Errorf("want %q = %q", key, want[key])
		}
	}
}

// Refused fails the test unless reading text ends with an error of the kind, whose text
// holds want and not canary, and without a Store.
func Refused(t testing.TB, read Reader, text string, opts transfer.Options, kind error, want string) {
	t.Helper()
	store, err := read(t.Context(), Source(text), opts)
	switch {
	case err == nil || store != nil:
		t.Errorf("%q was read", text)
	case !errors.Is(err, kind):
		t.Errorf("%q: error %v, want %v", text, err, kind)
	case !strings.Contains(err.Error(), want):
		t.Errorf("%q: error %q does not say %q", text, err, want)
	case strings.Contains(err.Error(), Canary):
		t.Errorf("%q: error %q holds a value", text, err)
	}
}

// Canary is a value that no error and no note may hold.
const Canary = "c4n4ry"

// Cut reads each beginning of text, which must not panic, hold the canary in an error,
// or give a Store with an error.
func Cut(t testing.TB, read Reader, text string, opts transfer.Options) (accepted int) {
	t.Helper()
	for i := range len(text) {
		store, err := read(t.Context(), Source(text[:i]), opts)
		if err == nil {
			accepted++
		}
		check(t, store, err)
	}
	return accepted
}

// Flip reads text with each bit changed, under the same conditions; with -short, with
// one bit of each byte.
func Flip(t testing.TB, read Reader, text string, opts transfer.Options) (accepted int) {
	t.Helper()
	for i := range len(text) * 8 {
		if testing.Short() && i%8 != i/8%8 {
			continue
		}
		changed := []byte(text)
		changed[i/8] ^= 1 << (i % 8)
		store, err := read(t.Context(), Source(string(changed)), opts)
		if err == nil {
			accepted++
		}
		check(t, store, err)
	}
	return accepted
}

// Fuzz is the body of a fuzz target: everything that is read is legal, and nothing of
// it is in an error.
func Fuzz(t *testing.T, read Reader, text []byte, opts transfer.Options) {
	store, err := read(t.Context(), Source(string(text)), opts)
	check(t, store, err)
}

// check checks the outcome of any read, and wipes the Store.
func check(t testing.TB, store *transfer.Store, err error) {
	t.Helper()
	defer store.Wipe()
	if (err == nil) != (store != nil) {
		t.Fatalf("store %v with error %v", store != nil, err)
	}
	if err != nil {
		if strings.Contains(err.Error(), Canary) {
			t.Fatalf("error holds a value: %v", err)
		}
		known := []error{
			transfer.ErrMalformed, transfer.ErrEncrypted, transfer.ErrNoKey, transfer.ErrTampered,
			transfer.ErrPath, transfer.ErrLimit, transfer.ErrNotRegular,
		}
		if !slices.ContainsFunc(known, func(kind error) bool { return errors.Is(err, kind) }) {
			t.Fatalf("error of no kind: %v", err)
		}
		return
	}
	seen := make(map[string]bool)
	for item := range store.All() {
		if err := transfer.CheckItem(item); err != nil {
			t.Fatalf("item %q: %v", item.Path, err)
		}
		if path := transfer.FullPath(item); seen[path] {
			t.Fatalf("two items of the path %q", path)
		} else {
			seen[path] = true
		}
		if len(item.Fields) == 0 {
			t.Fatalf("item %q has no field", item.Path)
		}
	}
}

// Time parses RFC 3339.
func Time(t testing.TB, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
