package formats_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"filippo.io/age"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/bundle"
	"kai/internal/vault/transfer/formats"
	"kai/internal/vault/transfer/transfertest"
)

func TestAll(t *testing.T) {
	var names []string
	for _, format := range formats.All() {
		names = append(names, format.Name)
		found, err := formats.ByName(format.Name)
		if err != nil || found.Sentence != format.Sentence || format.Sentence == "" {
			t.Errorf("ByName(%q) = %v, %v", format.Name, found.Sentence, err)
		}
		// Nothing is no store of any format but dotenv, where it is an empty one.
		store, err := format.Read(context.Background(), transfer.Source{Name: "x", Reader: strings.NewReader("")}, transfer.Options{})
		if (err == nil) != (format.Name == "dotenv") || (err == nil) != (store != nil) {
			t.Errorf("%s reads nothing as %v, %v", format.Name, store, err)
		}
	}
	// The formats that 30-vault.md §1 lists.
	if got, want := strings.Join(names, " "), "kai dotenv json pass passage sops bitwarden-json bitwarden-csv keepass-xml keepass-csv"; got != want {
		t.Errorf("formats are %s, want %s", got, want)
	}
	if _, err := formats.ByName("Kai"); !errors.Is(err, formats.ErrUnknown) {
		t.Errorf("error %v", err)
	}
}

// errReader fails after some bytes.
type errReader struct{ text *strings.Reader }

var errDisk = errors.New("disk error")

func (r errReader) Read(p []byte) (int, error) {
	if r.text.Len() == 0 {
		return 0, errDisk
	}
	return r.text.Read(p)
}

// TestReadErrors: an error of the file is none of its content.
func TestReadErrors(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range formats.All() {
		if format.Directory || format.Name == "kai" { // age tells no difference
			continue
		}
		source := transfer.Source{Name: "x", Reader: errReader{strings.NewReader("{")}}
		if _, err := format.Read(t.Context(), source, transfer.Options{Identities: []age.Identity{id}}); !errors.Is(err, errDisk) {
			t.Errorf("%s: error %v", format.Name, err)
		}
	}
}

// many is a source of n items with values of 64 bytes.
func many(tb testing.TB, name string, n int, id *age.X25519Identity) string {
	tb.Helper()
	var out bytes.Buffer
	value := strings.Repeat("v", 64)
	each := func(before, format, between, after string) string {
		out.WriteString(before)
		for i := range n {
			if i > 0 {
				out.WriteString(between)
			}
			fmt.Fprintf(&out, format, i, value)
		}
		out.WriteString(after)
		return out.String()
	}
	switch name {
	case "dotenv":
		return each("", "NAME_%d='%s'", "\n", "\n")
	case "json":
		return each("{", `"dir/%d":{"password":"%s"}`, ",\n", "}")
	case "bitwarden-json":
		return each(`{"encrypted":false,"folders":[],"items":[`, `{"id":"x","type":1,"name":"n%d","login":{"username":"u","password":"%s","uris":[{"match":null,"uri":"https://x"}]}}`, ",\n", "]}")
	case "bitwarden-csv":
		return each("folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n", "f,,login,n%d,,,0,https://x,u,%s,", "\n", "\n")
	case "keepass-xml":
		return each("<KeePassFile><Meta/><Root><Group><Name>x</Name>", "<Entry><String><Key>Title</Key><Value>n%d</Value></String><String><Key>Password</Key><Value>%s</Value></String></Entry>", "\n", "</Group></Root></KeePassFile>")
	case "keepass-csv":
		return each("Group,Title,Username,Password\n", "Root/x,n%d,u,%s", "\n", "\n")
	case "kai":
		w, err := bundle.NewWriter(&out, []age.Recipient{id.Recipient()}, bundle.Head{})
		if err != nil {
			tb.Fatal(err)
		}
		defer w.Abort()
		b := transfer.NewBuilder("x", false)
		defer b.Abort()
		for i := range n {
			item := transfer.Item{Path: "dir/" + strconv.Itoa(i), Fields: []transfer.Field{{Name: "value", Value: b.Arena().Copy([]byte(value))}}}
			if err := w.Write(&item); err != nil {
				tb.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			tb.Fatal(err)
		}
		return out.String()
	}
	tb.Fatalf("no source of format %s", name)
	return ""
}

var fileFormats = []string{"dotenv", "json", "bitwarden-json", "bitwarden-csv", "keepass-xml", "keepass-csv", "kai"}

// BenchmarkRead reads 100,000 items (30-vault.md §12, 32: at most 3 s together with the
// vault's own work). The peak is that of the whole process, as the kernel has it.
func BenchmarkRead(b *testing.B) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		b.Fatal(err)
	}
	opts := transfer.Options{Identities: []age.Identity{id}}
	for _, name := range fileFormats {
		b.Run(name, func(b *testing.B) {
			format, err := formats.ByName(name)
			if err != nil {
				b.Fatal(err)
			}
			text := many(b, name, 100_000, id)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				store, err := format.Read(b.Context(), transfertest.Source(text), opts)
				if err != nil {
					b.Fatal(err)
				}
				if store.Len() != 100_000 {
					b.Fatalf("%d items", store.Len())
				}
				store.Wipe()
			}
		})
	}
}

// TestMemory reads 100,000 items in at most 64 MiB above the input, by the kernel's
// account of the whole process.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 items")
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	opts := transfer.Options{Identities: []age.Identity{id}}
	for _, name := range fileFormats {
		text := many(t, name, 100_000, id)
		format, err := formats.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		debug.FreeOSMemory()
		// The peak begins anew (proc_pid_clear_refs(5)).
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
			t.Skip(err)
		}
		before := peak(t)
		store, err := format.Read(t.Context(), transfertest.Source(text), opts)
		if err != nil {
			t.Fatal(err)
		}
		grown := peak(t) - before
		if grown > 64<<20+len(text) {
			t.Errorf("%s: %d MiB for %d MiB", name, grown>>20, len(text)>>20)
		}
		t.Logf("%s: %d MiB for %d MiB", name, grown>>20, len(text)>>20)
		store.Wipe()
		runtime.KeepAlive(text)
	}
}

// peak is the largest resident memory of the process.
func peak(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, is := strings.CutPrefix(line, "VmHWM:"); is {
			kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Skip("the kernel tells no VmHWM")
	return 0
}
